"""What stands under integrations/: files that the systems they are for take, and steps that do what they say."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from auditkit.attest.bundle import sign
from auditkit.attest.dsse import new_key
from auditkit.cli import commands
from auditkit.run import run

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "integrations"
SITE = Path(np.__file__).parents[1]
ACTION = PLACE / "github" / "action.yml"
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


def documents(path: Path) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = documents(ACTION)[0]["runs"]["steps"]
    return found


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed; pip install 'auditkit[test]'")
    return found


def accepted(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# ------------------------------------------------------ the files are what the systems take


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", ACTION),
        ("vendor.gitlab-ci", PLACE / "gitlab" / "auditkit.gitlab-ci.yml"),
    ],
)
def test_ci_files_keep_the_schemas_of_their_systems(schema: str, file: Path) -> None:
    accepted(tool("check-jsonschema"), "--builtin-schema", schema, str(file))


def test_manifests_are_what_kubernetes_takes() -> None:
    files = sorted(str(file) for file in (PLACE / "kubernetes").glob("*.yaml"))
    assert len(files) == 2
    accepted(tool("kubernetes-validate"), "--strict", *files)


def test_the_dockerfile_passes_its_linter() -> None:
    accepted(tool("hadolint"), str(PLACE / "docker" / "Dockerfile"))


def test_the_image_runs_as_a_number_that_is_not_root_and_pins_its_base() -> None:
    text = (PLACE / "docker" / "Dockerfile").read_text()
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users == ["10001:10001"] and text.index("USER") < text.index("ENTRYPOINT")
    assert re.search(r"^ARG PYTHON=3\.\d+-slim", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:${PYTHON}"}
    assert "--no-cache-dir" in text


@cache
def pods() -> dict[str, Any]:
    found = [one for file in (PLACE / "kubernetes").glob("*.yaml") for one in documents(file)]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found if one["kind"] != "ConfigMap"}


@pytest.mark.parametrize("name", ["auditkit", "credit-model"])
def test_containers_have_no_rights_and_limits(name: str) -> None:
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == 10001
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
        assert not container["image"].endswith(":latest") and ":" in container["image"]


def test_commands_of_the_manifests_exist_with_their_options() -> None:
    job, verify = pods()["auditkit"]["containers"][0], pods()["credit-model"]["initContainers"][0]
    for arguments in (job["args"], verify["args"]):
        command = commands.commands[arguments[0]]
        known = {name for option in command.params for name in option.opts}
        assert {text.partition("=")[0] for text in arguments[1:] if text.startswith("--")} <= known
    given = {text.partition("=")[0] for text in verify["args"]}
    assert {"--key", "--policy", "--model"} <= given  # without one of them evidence of something else would do


def test_the_action_takes_nothing_of_others_that_is_not_pinned_by_digest() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", one) for one in used)


def test_no_input_is_written_into_a_script_of_the_action() -> None:
    scripts = [step["run"] for step in steps() if "run" in step]
    assert len(scripts) == 3 and not any("${{" in script for script in scripts)


def test_hooks_of_pre_commit_name_commands_that_exist() -> None:
    hooks = {hook["id"]: hook for hook in documents(ROOT / ".pre-commit-hooks.yaml")[0]}
    assert hooks.keys() == {"auditkit-check", "auditkit-run"}
    for hook in hooks.values():
        program, command = shlex.split(hook["entry"])
        assert program == "auditkit" and command in commands.commands and hook["language"] == "python"
    pattern = re.compile(hooks["auditkit-check"]["files"])
    taken = ("audit.yaml", "models/a/policy.yaml", "policy-strict.yml", "auditing.yaml")
    assert [bool(pattern.search(name)) for name in taken] == [True, True, True, True]
    assert not any(pattern.search(name) for name in ("my_audit.txt", "audits.py", "compose.yaml", "x/audit/a.yaml"))


# ------------------------------------------------------------- what the steps do, run here


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what auditkit needs, taken from here, and without auditkit."""
    folder = tmp_path_factory.mktemp("venv")
    accepted(sys.executable, "-m", "venv", "--without-pip", str(folder))
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "from_here.pth").write_text(f"{SITE}\n")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a model in a skops file, and an audit that passes."""
    from sklearn.linear_model import LogisticRegression
    from skops import io

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"sex": rng.choice(["f", "m"], 400), "income": rng.normal(size=400).round(3)})
    frame["income"] += 1.5 * (frame.sex == "m")
    frame["repaid"] = np.where(frame.income + rng.normal(size=400) > 0.7, "yes", "no")
    folder = tmp_path / "project"
    folder.mkdir()
    frame.to_csv(folder / "test.csv", index=False)
    io.dump(LogisticRegression().fit(frame[["income"]], frame["repaid"]), folder / "model.skops")
    others = "[carbon, data, explanations, performance, privacy]"
    (folder / "audit.yaml").write_text(
        "name: lending\nmodel: model.skops\ndata: {test: test.csv}\n"
        f'columns: {{label: repaid, favorable: "yes", sensitive: [sex]}}\naudit: {{skip: {others}}}\npolicy: policy.yaml\n'
    )
    rule = "{id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.01}"
    (folder / "policy.yaml").write_text(f"policy: lenient\nrules: [{rule}]\n")
    (folder / "strict.yaml").write_text(f"policy: strict\nrules: [{rule.replace('0.01', '0.99')}]\n")
    return folder


class Workflow:
    """Runs the steps of the action as a runner does, with the files that a runner hands to them."""

    def __init__(self, project: Path, home: Path, python: Path, **inputs: str) -> None:
        self.project, self.home = project, home
        self.inputs = {name: one.get("default", "") for name, one in documents(ACTION)[0]["inputs"].items()} | inputs
        self.outputs: dict[str, str] = {}
        self.said = ""
        (home / "temp").mkdir(parents=True)
        self.environment = {
            **{name: os.environ[name] for name in ("HOME", "OMP_NUM_THREADS") if name in os.environ},
            "PATH": f"{python}/bin:{os.environ['PATH']}",
            "RUNNER_TEMP": str(home / "temp"),
            "GITHUB_OUTPUT": str(home / "output"),
            "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
            # What is installed comes from here and not from an index.
            **{"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_IGNORE_INSTALLED": "1"},
        }

    def step(self, name: str) -> int:
        found = next(step for step in steps() if step["name"] == name)
        assert found["shell"] == "bash"
        given = {key: self.filled(text) for key, text in found.get("env", {}).items()}
        (self.home / "output").write_text("")
        ran = subprocess.run(
            [*BASH, found["run"]],
            cwd=self.project,
            env=self.environment | given,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = ran.stdout + ran.stderr
        for line in (self.home / "output").read_text().splitlines():
            key, _, value = line.partition("=")
            self.outputs[key] = value
        return ran.returncode

    def filled(self, text: str) -> str:
        """Put values in the place of expressions."""

        def value(found: re.Match[str]) -> str:
            kind, _, rest = found[1].partition(".")
            known: Mapping[str, str] = {"inputs": self.inputs, "github": {"action_path": str(ACTION.parent)}}.get(
                kind, {}
            )
            return known[rest] if kind != "steps" else self.outputs.get(rest.rpartition(".")[2], "")

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)

    def audit_and_gate(self) -> int:
        assert self.step("Audit") == 0, self.said
        said = self.said
        code = self.step("Gate")
        self.said = said
        return code


@pytest.mark.servers
def test_the_action_installs_what_it_comes_with_and_passes(project: Path, tmp_path: Path, installed: Path) -> None:
    flow = Workflow(project, tmp_path / "runner", installed)
    assert flow.step("Install auditkit") == 0, flow.said
    asked = [f"{installed}/bin/python", "-c", "import auditkit; print(auditkit.__file__)"]
    assert (
        str(installed) in subprocess.run(asked, capture_output=True, text=True, check=True, cwd=tmp_path, env={}).stdout
    )
    assert flow.audit_and_gate() == 0, flow.said
    assert flow.outputs["exit-code"] == "0" and "::notice title=auditkit::PASS" in flow.said
    assert (Path(flow.outputs["report"]) / "manifest.json").is_file()
    assert json.loads(Path(flow.outputs["sarif"]).read_text())["version"] == "2.1.0"
    comment = Path(flow.outputs["comment"]).read_text()
    assert comment.startswith("<!-- auditkit:gate:") and (tmp_path / "runner" / "summary.md").read_text() == comment
    assert not (project / "auditkit-report").exists()


@pytest.mark.servers
def test_the_action_closes_the_gate_and_still_hands_on_what_reviewers_need(
    project: Path, tmp_path: Path, installed: Path
) -> None:
    flow = Workflow(project, tmp_path / "runner", installed, policy="strict.yaml", outputs="comment\nsarif badge")
    flow.environment["PYTHONPATH"] = str(ROOT)
    assert flow.audit_and_gate() == 1, flow.said
    assert flow.outputs["exit-code"] == "1" and "::error file=strict.yaml,line=2" in flow.said
    assert Path(flow.outputs["sarif"]).is_file() and (Path(flow.outputs["folder"]) / "badge.svg").is_file()
    assert "junit" not in flow.outputs


@pytest.mark.servers
@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"audit": "no-such.yaml"}, 2),
        ({"outputs": "sarfi"}, 2),
        ({"audit": "exit.yaml"}, 3),
        ({"audit": "$(touch injected); `touch injected`.yaml"}, 2),
    ],
)
def test_the_action_is_never_green_on_an_error(
    inputs: dict[str, str], code: int, project: Path, tmp_path: Path, installed: Path
) -> None:
    text = (project / "audit.yaml").read_text().replace("model.skops", '{python: "leaves:model"}')
    (project / "exit.yaml").write_text(text)
    (project / "leaves.py").write_text("import os\ndef model(frame):\n    os._exit(0)\n")
    flow = Workflow(project, tmp_path / "runner", installed, **inputs)
    flow.environment["PYTHONPATH"] = str(ROOT)
    assert flow.audit_and_gate() == code, flow.said
    assert flow.outputs["exit-code"] == str(code) and "report" not in flow.outputs
    assert "Traceback" not in flow.said and not (project / "injected").exists()


def test_the_gate_of_the_action_is_closed_where_no_step_said_anything(tmp_path: Path) -> None:
    assert Workflow(tmp_path, tmp_path / "runner", tmp_path).step("Gate") == 3


@pytest.mark.servers
def test_the_script_for_gitlab_leaves_the_reports_that_it_names(project: Path) -> None:
    job = documents(PLACE / "gitlab" / "auditkit.gitlab-ci.yml")[0]["auditkit"]
    kept = {**os.environ, **job["variables"], "PYTHONPATH": str(ROOT), "AUDITKIT_POLICY": "strict.yaml"}
    kept["PATH"] = f"{Path(sys.executable).parent}:{kept['PATH']}"
    script = "set -e\n" + "\n".join(job["script"])
    ran = subprocess.run(["sh", "-c", script], cwd=project, env=kept, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    named = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert [name for name in named if not (project / name).exists()] == []
    (project / "audit.yaml").unlink()
    ran = subprocess.run(["sh", "-c", script], cwd=project, env=kept, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and not (project / "auditkit-report").exists()


@pytest.mark.servers
def test_the_image_can_be_built_from_what_it_is_given(tmp_path: Path) -> None:
    """Every instruction but FROM and USER, with the folder /opt/auditkit elsewhere."""
    lines = (PLACE / "docker" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    ignored = (PLACE / "docker" / "Dockerfile.dockerignore").read_text().split()
    source, target = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "COPY" and not rest.startswith("--from"):
            *names, _ = rest.split()
            for name in names:
                assert f"!{name}" in ignored and (ROOT / name).exists()
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / name, source / name)
        if word == "RUN":
            # The packages that pip would fetch are those of this environment.
            here = {
                "PYTHONPATH": str(SITE),
                "PIP_NO_DEPS": "1",
                "PIP_NO_BUILD_ISOLATION": "0",
                "PIP_IGNORE_INSTALLED": "1",
            }
            told = rest.replace("/opt/auditkit", str(target))
            ran = subprocess.run(
                ["sh", "-ec", told], cwd=source, env=os.environ | here, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
    kept = {"PATH": f"{target}/bin", "PYTHONPATH": str(SITE), "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    (packages,) = target.glob("lib/python*/site-packages")
    assert (packages / "auditkit" / "_templates").is_dir()
    ran = subprocess.run(["auditkit", "--help"], env=kept, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Usage: auditkit")


# -------------------------------------------------------------- admission by verify


@pytest.fixture
def evidence(project: Path) -> Path:
    run(project / "audit.yaml", out=project / "auditkit-report", progress=False)
    new_key(project / "release.pem", project / "release.pub.pem")
    sign(project / "auditkit-report", project / "release.pem")
    return project


def admitted(folder: Path, *before: str, **kept: Any) -> subprocess.CompletedProcess[str]:
    """Run what the first container of admission.yaml runs, with its mounts in a folder."""
    told = " ".join(pods()["credit-model"]["initContainers"][0]["args"])
    arguments = re.sub("/(evidence|trust|model)/", f"{folder}/", told).split(" ")
    command = [*before, sys.executable, "-m", "auditkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kept)


@pytest.mark.servers
def test_admission_refuses_all_but_the_model_the_policy_and_the_report_that_were_signed(evidence: Path) -> None:
    passed = admitted(evidence)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "ok  model: model.skops is the model that was audited" in passed.stdout
    files = {
        "model.skops": "NO  model: model.skops is not the model that was audited",
        "policy.yaml": "NO  policy: policy.yaml is not the policy that was judged",
        "auditkit-report/model_card.md": "NO  files: model_card.md was changed",
    }
    for name, said in files.items():
        before = (evidence / name).read_bytes()
        (evidence / name).write_bytes(before.replace(b"0.01", b"0.00") if name == "policy.yaml" else before + b" ")
        refused = admitted(evidence)
        assert refused.returncode == 4 and said in refused.stdout, refused.stdout + refused.stderr
        (evidence / name).write_bytes(before)
    new_key(evidence / "other.pem", evidence / "other.pub.pem")
    shutil.copy(evidence / "other.pub.pem", evidence / "release.pub.pem")
    refused = admitted(evidence)
    assert refused.returncode == 4 and "NO  signatures" in refused.stdout
    (evidence / "model.skops").unlink()
    assert admitted(evidence).returncode == 2


def locked(*folders: Path) -> list[str]:
    """Take away the right to write, and return what runs a command as one who has not the rights of a superuser."""
    for path in [path for folder in folders for path in [*folder.rglob("*"), folder]]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    powerless = [tool("setpriv"), "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    refused = subprocess.run([*powerless, "touch", str(folders[0] / "x")], capture_output=True, check=False)
    assert refused.returncode != 0
    return powerless


@pytest.mark.servers
def test_verify_needs_neither_a_home_nor_a_place_to_write(evidence: Path) -> None:
    kept = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    passed = admitted(evidence, *locked(evidence), env=kept, cwd="/")
    assert passed.returncode == 0, passed.stdout + passed.stderr


@pytest.mark.servers
def test_the_job_audits_a_folder_that_it_cannot_write_to(project: Path, tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    told = " ".join(pods()["auditkit"]["containers"][0]["args"])
    arguments = told.replace("/audit/", f"{project}/").replace("/evidence/", f"{tmp_path}/evidence/").split(" ")
    kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    command = [*locked(project), sys.executable, "-m", "auditkit", *arguments]
    ran = subprocess.run(command, env=kept, cwd="/", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (tmp_path / "evidence" / "auditkit-report" / "audit.intoto.jsonl").is_file()
    assert all(json.loads(line) for line in ran.stderr.splitlines())
