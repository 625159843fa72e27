"""What a shell completes: the same names that the commands take, in Bash, zsh and fish."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from auditkit import cli_completion
from auditkit.catalog import catalogue
from auditkit.codes import codes
from auditkit.coverage.packs import built_in
from auditkit.exports.formats import FORMATS
from auditkit.exports.gate_outputs import OUTPUTS
from auditkit.policy.loading import PREFIX, packs
from auditkit.rendering.documents import DOCUMENTS

BIN = Path(sys.executable).parent


def environment(**more: str) -> dict[str, str]:
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8", **more}


@cache
def script(shell: str) -> str:
    made = subprocess.run(["auditkit", "completion", shell], env=environment(), capture_output=True, check=True)
    assert made.stderr == b""
    return made.stdout.decode()


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def in_bash(line: str, folder: Path) -> list[str]:
    """Call what Bash calls at a TAB, with the words as Bash parts them."""
    words = [word for word in re.split(r"([:=])|\s+", line) if word]
    if line.endswith(" "):
        words.append("")
    told = script("bash") + (
        "compopt() { :; }\n"  # it works inside of a completion only
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        '_auditkit_completion auditkit; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    ran = subprocess.run(
        ["bash", "--norc", "-c", told], env=environment(), cwd=folder, capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return ran.stdout.split()


# --------------------------------------------------- the names are those of the commands


def test_auditors_are_those_of_the_catalogue() -> None:
    assert cli_completion.auditor_ids() == list(catalogue())


def test_formats_packs_and_codes_are_those_that_exist() -> None:
    assert tuple(OUTPUTS) == cli_completion.DECISION_FORMATS
    assert tuple(FORMATS) == cli_completion.CARD_FORMATS
    assert cli_completion.pack_names() == sorted(PREFIX + name for name in packs())
    assert cli_completion.codes() == list(codes())
    assert tuple(DOCUMENTS) == cli_completion.DOCUMENTS
    assert cli_completion.coverage_names() == sorted(built_in())


def test_a_keystroke_imports_neither_numpy_nor_pandas_nor_yaml() -> None:
    code = (
        "import os, sys\n"
        "from auditkit.cli import main\n"
        "try:\n    main()\nexcept SystemExit as left:\n    assert left.code == 0\n"
        "print([name for name in ('numpy', 'pandas', 'ruamel.yaml', 'jinja2', 'pyarrow') if name in sys.modules])"
    )
    asked = environment(
        _AUDITKIT_COMPLETE="bash_complete", COMP_WORDS="auditkit run --output sarif --only fai", COMP_CWORD="5"
    )
    ran = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=True)
    assert "plain,fairness.demographic_parity" in ran.stdout and ran.stdout.endswith("[]\n")


# ------------------------------------------------------------------------------ Bash


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("auditkit compl", ["completion"]),
        ("auditkit completion ", ["bash", "zsh", "fish"]),
        ("auditkit run --only privacy.k", ["privacy.k_anonymity"]),
        ("auditkit run --skip carb", ["carbon", "carbon.inference", "carbon.smaller_models", "carbon.training"]),
        ("auditkit list data.dr", ["data.drift"]),
        ("auditkit run --output gi", ["github", "gitlab"]),
        ("auditkit run --output sarif=re", ["report.sarif", "reports/"]),
        ("auditkit export --format cy", ["cyclonedx"]),
        ("auditkit gate --policy auditkit:four", ["four-fifths"]),
        ("auditkit explain AK-G09", ["AK-G09"]),
        ("auditkit schema p", ["policy"]),
        ("auditkit render --coverage eu", ["eu-ai-act"]),
        ("auditkit render --document tech", ["technical_file"]),
        ("auditkit gate --policy re", []),  # left to Bash, which knows files
    ],
)
def test_bash_completes(line: str, wanted: list[str], tmp_path: Path) -> None:
    (tmp_path / "report.sarif").touch()
    (tmp_path / "reports").mkdir()
    assert in_bash(line, tmp_path) == wanted


def test_a_policy_that_lies_here_comes_before_built_in_ones(tmp_path: Path) -> None:
    assert "auditkit:starter" in {f"auditkit:{name}" for name in in_bash("auditkit gate --policy auditkit:", tmp_path)}
    (tmp_path / "audit-policy.yaml").touch()
    assert in_bash("auditkit gate --policy au", tmp_path) == []


def test_an_unknown_shell_is_a_mistake_of_the_user() -> None:
    asked = ["auditkit", "completion", "tcsh"]
    ran = subprocess.run(asked, env=environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "'bash', 'zsh', 'fish'" in ran.stderr and "Traceback" not in ran.stderr


# --------------------------------------------------------------------- fish and zsh


def test_fish_completes(tmp_path: Path) -> None:
    fish = needs("fish")
    (tmp_path / "auditkit.fish").write_text(script("fish"))

    def completed(line: str) -> list[str]:
        told = f"source auditkit.fish; complete --do-complete '{line}'"
        kept = environment(HOME=str(tmp_path))
        ran = subprocess.run([fish, "-c", told], env=kept, cwd=tmp_path, capture_output=True, text=True, check=True)
        return [row.split("\t")[0] for row in ran.stdout.splitlines()]

    assert completed("auditkit run --only privacy.k") == ["privacy.k_anonymity"]
    assert completed("auditkit gate --policy auditkit:four") == ["auditkit:four-fifths"]
    assert "gate" in completed("auditkit ga")


def test_zsh_completes_in_a_terminal(tmp_path: Path) -> None:
    zsh = needs("zsh")
    (tmp_path / "_auditkit").write_text(script("zsh"))
    parent, child = pty.openpty()
    kept = environment(HOME=str(tmp_path), TERM="dumb", PS1="ready> ")
    shell = subprocess.Popen([zsh, "-f", "-i"], stdin=child, stdout=child, stderr=child, env=kept, cwd=tmp_path)
    os.close(child)

    seen = b""

    def until(text: str) -> None:
        nonlocal seen
        while text.encode() not in seen:
            ready, _, _ = select.select([parent], [], [], 60)
            assert ready, f"zsh said {seen.decode(errors='replace')!r}, wanted {text!r}"
            seen += os.read(parent, 4096)
        seen = seen.partition(text.encode())[2]

    try:
        until("ready> ")
        os.write(parent, b"fpath=($PWD $fpath); autoload -Uz compinit; compinit -u; print 'set' 'up'\n")
        until("set up")
        until("ready> ")
        os.write(parent, b"auditkit run --only privacy.k\t")
        until("anonymity")
        os.write(parent, b"\x15auditkit gate --policy auditkit:four\t")
        until("fifths")
    finally:
        shell.kill()
        shell.wait()
        os.close(parent)
