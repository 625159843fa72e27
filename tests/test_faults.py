"""Whatever breaks, the gate does not open: no exit code 0, no report written in part, and a report that says what happened."""

from __future__ import annotations

import errno
import faulthandler
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit import workers
from auditkit.auditing import Audit, audit, package_versions
from auditkit.catalog import catalogue
from auditkit.cli import main
from auditkit.finding import Column, Evidence, Finding, Interval, Measure
from auditkit.policy import Policy, Rule
from auditkit.run import write
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject

pytestmark = pytest.mark.faults
DAY = date(2026, 11, 25)
AUDITORS = sorted(catalogue())
KILLS = int(os.environ.get("AUDITKIT_KILLS", "8"))  # 50 by hand: each is a whole run


@pytest.fixture(scope="module")
def subject() -> Subject:
    frame = pd.DataFrame({"sex": ["f", "m"] * 30, "age": [30, 40, 50] * 20, "y": [0, 1, 1, 0] * 15, "p": [0, 1] * 30})
    return Subject(frame, label="y", prediction="p", sensitive=["sex"], quasi_identifiers=["age", "sex"])


RULE = Rule(id="kept", measure="data.missing_values.share", max=1.0, severity="info", on_missing="warn")


def exit_code(found: Audit) -> int:
    """Judge by a policy that no other finding can fail."""
    return Policy(name="p", rules=(RULE,)).judge(found, as_of=DAY).exit_code


# -------------------------------------------------------------- every auditor, in every way


def number(value: float, **more: Any) -> Measure:
    return Measure(name="n", value=value, unit="rate", direction="none", n=60, **more)


def raises(error: BaseException) -> Callable[..., Any]:
    def broken(*_: object, **__: object) -> Any:
        raise error

    return broken


@dataclass(frozen=True)
class Odd:
    """An uncertainty that cannot be written."""

    kind: str = "normal"
    estimate: float = 0.5

    def as_dict(self) -> dict[str, Any]:
        return {"kind": "normal", "value": np.float32(0.5)}


class Panic(BaseException):
    """What a library in another language raises; it is no Exception."""


NAN = float("nan")
BROKEN: dict[str, tuple[Callable[..., Any], str]] = {
    "raises": (raises(ValueError("out of luck")), "ValueError: out of luck"),
    "runs out of memory": (raises(MemoryError()), "MemoryError"),
    "leaves": (raises(SystemExit(0)), "SystemExit: 0"),
    "panics": (raises(Panic("from afar")), "Panic: from afar"),
    "returns NaN": (lambda *_, **__: [number(NAN)], "nan"),
    "returns infinity": (lambda *_, **__: [number(float("inf"))], "inf"),
    "returns an interval of NaN": (
        lambda *_, **__: [number(0.5, interval=Interval(NAN, 1.0, 0.95, "two", "interval", "m"))],
        "not finite",
    ),
    "returns bounds of NaN": (lambda *_, **__: [number(0.5, uncertainty=Normal(0.5, NAN))], "cannot be written"),
    "returns what cannot be written": (lambda *_, **__: [number(0.5, uncertainty=Odd())], "cannot be written"),
    "returns NaN in a table": (
        lambda *_, **__: [
            Evidence(id="t", kind="table", title="t", caption="", alt="", columns=(Column("x"),), rows=((NAN,),))
        ],
        "nan in a cell",
    ),
    "returns a bare number": (lambda *_, **__: [0.5], "gave a float, wanted a Measure"),
    "returns nothing": (lambda *_, **__: None, "TypeError"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_every_auditor_that_breaks_is_an_error_and_exit_3(how: str, subject: Subject) -> None:
    function, said = BROKEN[how]
    for name in AUDITORS:
        entry = catalogue()[name]
        finding = workers.run_one(replace(entry, function=function), subject, {})
        assert (finding.id, finding.status, finding.measures, finding.evidence) == (name, "error", (), ())
        assert said in str(finding.reason)
        assert exit_code(Audit(name="m", subject={}, provenance={}, findings=(finding,))) == 3


def ends(how: str) -> None:
    faulthandler.disable()
    {
        "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "is told to end": lambda: os.kill(os.getpid(), signal.SIGTERM),
        "leaves at once": lambda: os._exit(0),
        "hangs": lambda: time.sleep(600),
    }[how]()


@pytest.mark.parametrize("how", ["is killed", "crashes", "is told to end", "leaves at once", "hangs"])
def test_every_auditor_whose_process_ends_or_hangs_is_an_error_of_its_own(
    how: str, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, one after another and beside each other; of those that end, the one that does not is measured."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    healthy, original = ("" if how == "hangs" else "data.representation"), workers.run_one

    def run_one(entry: Any, *rest: Any) -> Finding:
        if entry.id != healthy:
            ends(how)
        return original(entry, *rest)

    monkeypatch.setattr(workers, "run_one", run_one)
    timeout = 0.2 if how == "hangs" else 60.0
    found = audit(subject, only=AUDITORS, isolate=True, timeout=timeout, progress=False)
    assert [finding.id for finding in found.findings] == AUDITORS
    said = "it ran longer than 0.2 s" if how == "hangs" else "its process ended with code"
    for finding in found.findings:
        if finding.id == healthy:
            assert finding.status == "measured"
        else:
            assert finding.status == "error" and said in str(finding.reason)
    assert exit_code(found) == 3


def test_the_report_names_every_auditor_that_died_and_why(subject: Subject, tmp_path: Path) -> None:
    findings = []
    for place, name in enumerate(AUDITORS):
        broken = replace(catalogue()[name], function=raises(RuntimeError(f"reason number {place}")))
        findings.append(workers.run_one(broken, subject, {}))
    found = Audit(
        name="m",
        subject=subject.summary(),
        provenance={**package_versions(), **subject.provenance()},
        findings=tuple(findings),
        run={"started": "2026-11-25T10:00:00+00:00"},
    )
    decision = Policy(name="p", rules=(RULE,)).judge(found, as_of=DAY)
    report = write(found, decision, tmp_path / "report")
    text = (report.folder / "gate_report.md").read_text()
    plain = text.replace("\\", "")
    assert decision.exit_code == 3 and len(decision.problems) == len(AUDITORS)
    for place, name in enumerate(AUDITORS):
        assert catalogue()[name].title in plain and f"reason number {place}" in plain, name


def test_auditors_run_beside_each_other(subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two auditors each wait for the other to have begun: one after another, neither would end in time."""
    pair, original = ("data.representation", "privacy.k_anonymity"), workers.run_one

    def run_one(entry: Any, *rest: Any) -> Finding:
        (tmp_path / entry.id).touch()
        while not all((tmp_path / name).exists() for name in pair):
            time.sleep(0.01)
        return original(entry, *rest)

    monkeypatch.setattr(workers, "run_one", run_one)
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 2)
    found = audit(subject, only=pair, isolate=True, timeout=60, progress=False)
    assert {finding.status for finding in found.findings} == {"measured"}


# -------------------------------------------------------------------------- a whole run


AUDIT = """\
name: lending
data: {test: test.csv}
columns: {label: repaid, favorable: "yes", score: score, sensitive: [sex], quasi_identifiers: [age, sex]}
audit: {skip: [explanations, carbon, privacy.personal_data, data.proxies, performance.slices]}
policy: policy.yaml
"""
POLICY = "policy: gate\nrules:\n  - {id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.5}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 300), "age": rng.integers(20, 60, 300), "score": rng.random(300)}
    )
    frame["repaid"] = np.where(rng.random(300) < frame.score, "yes", "no")
    frame.to_csv(tmp_path / "test.csv", index=False)
    (tmp_path / "audit.yaml").write_text(AUDIT)
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def is_whole(folder: Path) -> bool:
    """Whether a report holds just the files that its manifest names, each with its digest."""
    named = json.loads((folder / "manifest.json").read_bytes())["files"]
    files = [file for file in folder.iterdir() if file.name != "manifest.json"]
    return named == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def reports(project: Path) -> list[Path]:
    """The report, wherever a run that was killed between two renames left it."""
    return [project / "auditkit-report"] if (project / "auditkit-report").exists() else [*project.glob("*.outgoing-*")]


# A process that has imported all and run nothing: what it forks starts at once, as a run of its own. (This process may have
# threads, of the library that typesets among others, and forking a process with threads can hang.)
SERVER = """
import json, os, sys
import auditkit.run, duckdb, jsonschema, matplotlib.figure, pandas, scipy.special
from auditkit.cli import main
for line in sys.stdin:
    asked = json.loads(line)
    identifier = os.fork()
    if identifier == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2)
        code = 70
        try:
            exec(asked["before"])
            main(asked["arguments"])
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            os._exit(code)
    print(identifier, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(identifier, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Server:
    """Starts runs, one after another."""

    process: subprocess.Popen[str]

    def start(self, project: Path, *arguments: str, before: str = "") -> int:
        """Start a run of the project's audit and return the id of its process, which leads a group."""
        asked = {"arguments": ["run", str(project / "audit.yaml"), "--quiet", *arguments], "before": before}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self._read()

    def ended(self) -> int:
        """Wait for the run and return its exit code."""
        return self._read()

    def _read(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Server(process)


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see which processes run")
def test_a_run_killed_at_any_moment_leaves_a_whole_report_and_no_process(project: Path, server: Server) -> None:
    """At moments drawn with a fixed seed over the length of a run; AUDITKIT_KILLS sets how many."""
    lengths = []
    for _ in range(2):
        began = time.monotonic()
        server.start(project, "--no-cache")
        assert server.ended() == 0
        lengths.append(time.monotonic() - began)
    rng, killed = np.random.default_rng(8), 0
    for moment in rng.uniform(0, min(lengths), KILLS):
        running = server.start(project, "--no-cache")
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.kill(running, signal.SIGKILL)
        code = server.ended()
        killed += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL)
        (report,) = reports(project)
        assert is_whole(report)
        deadline = time.monotonic() + 20
        while members(running) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert members(running) == []
    print(f"killed {killed} of {KILLS} runs, each of about {min(lengths):.1f} s, and found a whole report each time")
    assert killed >= KILLS // 2
    server.start(project, "--no-cache")
    assert server.ended() == 0 and is_whole(project / "auditkit-report")
    assert [path.name for path in project.iterdir() if "incoming" in path.name or "outgoing" in path.name] == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_gives_130_and_leaves_the_report_as_it_was(name: str, project: Path, server: Server) -> None:
    server.start(project)
    assert server.ended() == 0
    before = (project / "auditkit-report" / "manifest.json").read_bytes()
    hang = f"""
import time
from pathlib import Path
from auditkit import workers
workers.run_one = lambda *_: (Path({str(project / "began")!r}).touch(), time.sleep(600))
"""
    running = server.start(project, "--no-cache", before=hang)
    deadline = time.monotonic() + 60
    while not (project / "began").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running, getattr(signal, name))
    assert server.ended() == 130
    assert members(running) == []
    assert (project / "auditkit-report" / "manifest.json").read_bytes() == before
    assert [path.name for path in project.iterdir() if "incoming" in path.name] == []


# ------------------------------------------------------------------------ full and read-only


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB; where none may be mounted, the test is skipped."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_gives_one_line_and_leaves_the_earlier_report(
    project: Path, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_disk / "out").mkdir()
    assert call("run", project / "audit.yaml", "--quiet", "--out", small_disk / "out") == 2
    printed = capfd.readouterr().err
    assert printed == "auditkit: out cannot be written: No space left on device; name another folder with --out\n"
    assert list(small_disk.iterdir()) == [small_disk / "out"] and list((small_disk / "out").iterdir()) == []


def test_a_full_disk_for_the_cache_costs_nothing(project: Path, small_disk: Path) -> None:
    (project / ".auditkit-cache").symlink_to(small_disk)
    (small_disk / "filler").write_bytes(b"x" * 195_000)
    assert call("run", project / "audit.yaml", "--quiet") == 0
    assert [file.name for file in small_disk.iterdir() if "incoming" in file.name] == []
    assert call("run", project / "audit.yaml", "--quiet") == 0


def test_a_disk_that_may_only_be_read_gives_one_line(
    project: Path, small_disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    assert call("run", project / "audit.yaml", "--quiet", "--out", small_disk / "out") == 2
    assert "out cannot be written: Read-only file system" in capfd.readouterr().err


def test_files_that_may_not_grow_are_no_pass_and_leave_the_earlier_report(project: Path, server: Server) -> None:
    """A limit on the size of files stands for a full disk where none can be mounted."""
    server.start(project)
    assert server.ended() == 0
    before = sorted(file.read_bytes() for file in (project / "auditkit-report").iterdir())
    limit = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
"""
    server.start(project, "--no-cache", before=limit)
    assert server.ended() in (2, 3)  # 3: what typesets pages finds no room for its own files
    assert sorted(file.read_bytes() for file in (project / "auditkit-report").iterdir()) == before
    assert [path.name for path in project.iterdir() if "incoming" in path.name] == []


def test_a_decision_that_cannot_be_written_is_no_pass(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record = project / "auditkit-report" / "audit.json"
    assert call("run", project / "audit.yaml", "--quiet") == 0
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    assert call("gate", record, "--policy", project / "policy.yaml", "--output", "json=/dev/full") == 2
    assert "full cannot be written: No space left on device" in capfd.readouterr().err


@pytest.mark.parametrize("quiet", ["--quiet", ""])
def test_a_verdict_that_nobody_can_read_is_no_pass(quiet: str, project: Path) -> None:
    assert call("run", project / "audit.yaml", "--quiet") == 0
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    arguments = ["gate", str(project / "auditkit-report" / "audit.json"), "--policy", str(project / "policy.yaml")]
    command = [sys.executable, "-m", "auditkit", *arguments, *([quiet] if quiet else [])]
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (3, f"auditkit: standard output: {os.strerror(errno.ENOSPC)}\n")
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (gone.returncode, gone.stderr) == (3, "")


# ---------------------------------------------------------------------------- policies


def dangling(project: Path) -> None:
    (project / "policy.yaml").unlink()
    (project / "policy.yaml").symlink_to("gone.yaml")


def folder(project: Path) -> None:
    (project / "policy.yaml").unlink()
    (project / "policy.yaml").mkdir()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a link to nothing": dangling,
    "a folder": folder,
    "no text": lambda project: (project / "policy.yaml").write_bytes(b"\x80\x81\xff"),
    "empty": lambda project: (project / "policy.yaml").write_text(""),
    "cut short": lambda project: (project / "policy.yaml").write_text(POLICY[:70]),
    "a damaged baseline": lambda project: (project / "auditkit-baseline.json").write_text("{"),
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("command", ["run", "gate"])
def test_a_policy_that_cannot_be_read_gives_2_before_anything_runs(
    command: str, what: str, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if command == "gate":
        assert call("run", project / "audit.yaml", "--quiet", "--only", "fairness.demographic_parity") == 0
    UNREADABLE[what](project)
    capfd.readouterr()
    monkeypatch.setattr("auditkit.run.audit", lambda *_, **__: pytest.fail("an auditor ran"))
    record = project / "auditkit-report" / "audit.json"
    arguments = ["audit.yaml", "--quiet"] if command == "run" else [record, "--policy", project / "policy.yaml"]
    monkeypatch.chdir(project)
    assert call(command, *arguments) == 2
    printed = capfd.readouterr().err
    assert printed.startswith("auditkit: ") and len(printed.splitlines()) <= 2 and "Traceback" not in printed
