"""A whole audit, energy with it, opens no socket and writes no file."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from auditkit.auditing import audit
from auditkit.energy.tracking import track_training
from auditkit.subject import Subject

ROWS = 240


def people(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"income": rng.normal(size=ROWS), "age": rng.integers(20, 60, ROWS)})
    frame["sex"] = rng.choice(["f", "m"], ROWS)
    frame["repaid"] = np.where(frame.income + rng.normal(size=ROWS) > 0, "yes", "no")
    return frame


def test_codecarbon_s_first_stop_in_a_process_binds_no_socket(tmp_path: Path) -> None:
    """Urllib3, which comes with it, would bind one when it is imported, to see whether there is IPv6."""
    code = f"""
import socket, sys
seen = socket.has_ipv6

class Refused(socket.socket):
    def __init__(self, *_, **__):
        raise AssertionError("a socket was opened")

socket.socket = Refused
from auditkit.energy.tracking import track_training
with track_training({str(tmp_path / "a.json")!r}, cpu_watts=40):
    sum(range(2_000_000))
assert socket.has_ipv6 == seen
import urllib3.util.connection
assert urllib3.util.connection.HAS_IPV6 == seen
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_audit_with_sockets_forbidden_measures_energy_and_all_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def forbid(name: str) -> None:
        def refuse(*_: object, **__: object) -> None:
            asked.append(name)
            raise OSError(f"{name} is forbidden here")

        monkeypatch.setattr(socket, name, refuse)

    monkeypatch.chdir(tmp_path)
    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        forbid(name)
    train, test = people(0), people(1)
    features = ["income", "age"]
    model = LogisticRegression()
    with track_training(tmp_path / "training.json", country="FRA", cpu_watts=40) as run:
        model.fit(train[features], train["repaid"])
    subject = Subject(
        test,
        model=model,
        train=train,
        label="repaid",
        favorable="yes",
        sensitive=["sex"],
        features=features,
        carbon={"country": "FRA", "training": run.record, "predictions_per_year": 1000},
    )
    options = {"carbon.inference": {"seconds": 0.1}}
    found = audit(subject, options=options, fast=True, progress=False)
    assert asked == []
    measured = {finding.id for finding in found.findings if finding.status == "measured"}
    assert {"carbon.inference", "carbon.training", "fairness.demographic_parity"} <= measured
    assert [path.name for path in tmp_path.iterdir()] == ["training.json"]
