"""Energy of training: the formula, the record, codecarbon's file, and what each refuses."""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditkit.auditing import audit
from auditkit.cli import commands
from auditkit.energy.records import read_training
from auditkit.energy.tracking import track_training
from auditkit.energy.training import by_formula, training_energy
from auditkit.errors import AuditkitError, ConfigurationError, DataError, NotApplicable
from auditkit.subject import Subject

DECLARED = {
    "hours": 10,
    "cpu_cores": 8,
    "watts_per_core": 15,
    "gpus": 1,
    "watts_per_gpu": 250,
    "memory_gb": 100,
    "pue": 1.2,
}


def test_the_formula_is_that_of_green_algorithms() -> None:
    found = by_formula({**DECLARED, "country": "FRA"})
    watts = 8 * 15 + 250 + 100 * 0.3725
    assert found.energy.amount.value == pytest.approx(10 * watts * 1.2 / 1000)
    assert found.energy.amount.low < found.energy.amount.value < found.energy.amount.high
    assert found.emissions.amount.value == pytest.approx(found.energy.amount.value * found.grid.intensity / 1000)
    assert (found.grid.country, found.grade) == ("FRA", 0)


def test_usage_scales_processors_and_not_memory() -> None:
    half = by_formula({**DECLARED, "usage": 0.5}).energy.amount.value
    assert half == pytest.approx(10 * (0.5 * (8 * 15 + 250) + 37.25) * 1.2 / 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hours": None}, "hours: got None"),
        ({"hours": -1}, "at least 0"),
        ({"pue": 0.5}, "pue of at least 1"),
        ({"usage": 2}, "usage up to 1"),
        ({"hours": 0}, "nothing that takes power"),
        ({"cpu_cores": "many"}, "cpu_cores: got 'many'"),
    ],
)
def test_what_is_declared_wrongly_gets_one_line(change: dict, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        by_formula({**DECLARED, **change})


def test_cores_without_their_watts_and_an_unknown_country_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cpu_cores without watts_per_core"):
        by_formula({"hours": 1, "cpu_cores": 4})
    with pytest.raises(NotApplicable, match="FRA"):
        by_formula({**DECLARED, "country": "FRX"})


def test_a_tracked_training_becomes_a_record_that_the_audit_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "__init__", refuse)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with track_training(tmp_path / "runs" / "train.json", country="FRA", cpu_watts=40) as run:
        sum(i * i for i in range(3_000_000))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert not logging.getLogger("codecarbon").disabled
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["train.json"]
    assert capfd.readouterr() == ("", "")
    given = read_training(tmp_path / "runs" / "train.json")
    assert run.record is not None
    found = training_energy(given)
    assert found.energy.amount.value == run.record["energy_kwh"] > 0
    assert (found.grid.country, found.grade) == ("FRA", 1)
    assert "this process on" in found.method
    assert training_energy(run.record) == found


def test_a_decorated_function_is_tracked_and_one_that_raises_leaves_no_record(tmp_path: Path) -> None:
    @track_training(tmp_path / "a.json", cpu_watts=10)
    def fit(fail: bool) -> int:
        if fail:
            raise RuntimeError("diverged")
        return 7

    with pytest.raises(RuntimeError, match="diverged"):
        fit(True)
    assert list(tmp_path.iterdir()) == []
    assert fit(False) == 7
    assert json.loads((tmp_path / "a.json").read_text())["country"] is None


def test_an_estimator_is_fitted_and_tracked_in_one_call(tmp_path: Path) -> None:
    from sklearn.dummy import DummyClassifier

    run = track_training(tmp_path / "a.json", country="FRA", cpu_watts=10)
    model = run.fit(DummyClassifier(), [[0], [1], [2]], ["a", "a", "b"])
    assert model.predict([[5]]).tolist() == ["a"]
    assert run.record is not None
    assert (tmp_path / "a.json").exists()


def test_an_unknown_country_stops_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Nearest"):
        track_training(tmp_path / "a.json", country="fra")


def test_codecarbon_s_own_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "emissions.csv"
    head = "timestamp,duration,emissions,energy_consumed,country_name,country_iso_code,codecarbon_version\n"
    path.write_text(head + "t,10,0.1,1.0,France,FRA,3.3\n" + "t,20,0.112,2.0,France,FRA,3.3\n")
    found = training_energy(read_training(path))
    assert found.energy.amount.value == 2.0
    assert found.emissions.amount.value == pytest.approx(0.112)
    assert "last of 2 rows" in found.method


@pytest.mark.parametrize(("name", "text"), [("a.json", "{}"), ("a.json", "no"), ("a.csv", "x,y\n1,2\n"), ("a.csv", "")])
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match="training: 'a"):
        read_training(tmp_path / name)


def test_the_audit_measures_it_as_a_range_or_says_what_to_do() -> None:
    import pandas as pd

    frame = pd.DataFrame({"y": [0, 1] * 20, "p": [0, 1] * 20})
    plain = audit(Subject(frame, label="y", prediction="p"), only=["carbon.training"], progress=False).findings[0]
    assert (plain.status, "auditkit track" in (plain.reason or "")) == ("not applicable", True)
    subject = Subject(frame, label="y", prediction="p", carbon={"country": "POL", "training": DECLARED})
    found = audit(subject, only=["carbon.training"], progress=False).findings[0]
    energy, emissions = found.measure("energy"), found.measure("emissions")
    assert energy.interval.kind == emissions.interval.kind == "range"
    assert emissions.value == pytest.approx(energy.value * 0.662, rel=0.02)
    assert found.measure("method_grade").value == 0
    assert found.volatile and all(part.volatile for part in (*found.measures, *found.evidence))


def test_a_command_whose_measurement_fails_is_told_of_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import codecarbon

    monkeypatch.setattr(codecarbon.OfflineEmissionsTracker, "stop", lambda _: None)
    command = ["track", "--out", str(tmp_path / "a.json"), "--cpu-watts", "30", "--", sys.executable, "-c", "pass"]
    with pytest.raises(AuditkitError, match="ended without a measurement"):
        CliRunner().invoke(commands, command, standalone_mode=False, catch_exceptions=False)


def test_the_command_alone_is_tracked_with_its_children_on_request(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    command = [
        "track",
        "--out",
        str(out),
        "--country",
        "SWE",
        "--region",
        "SE3",
        "--cpu-watts",
        "30",
        "--mode",
        "process",
    ]
    done = CliRunner().invoke(commands, [*command, "--", sys.executable, "-c", "pass"], standalone_mode=False)
    assert done.return_value == 0, done.output
    record = json.loads(out.read_text())
    assert (record["mode"], record["region"], record["year"]) == ("process", "SE3", 2025)


def test_a_command_is_tracked_and_its_failure_is_passed_on(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    command = ["track", "--out", str(out), "--country", "FRA", "--cpu-watts", "30", "--", sys.executable, "-c"]
    done = CliRunner().invoke(commands, [*command, "sum(range(3_000_000))"], standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "the whole machine" in json.loads(out.read_text())["method"]
    out.unlink()
    failed = CliRunner().invoke(commands, [*command, "raise SystemExit(4)"])
    assert (failed.exit_code, out.exists()) == (4, False)
    unknown = CliRunner().invoke(
        commands, ["track", "--out", str(out), "--cpu-watts", "3", "--", "no-such-command-here"]
    )
    assert (unknown.exit_code, "cannot be run" in unknown.output) == (2, True)
