"""An audit in a run of MLflow: names that it takes, numbers as they are, nothing where nothing was measured."""

import importlib.metadata
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.attest.verifying import verify
from auditkit.auditing import Audit, audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Group, Measure
from auditkit.integrations.mlflow import AuditEvaluator, log_audit
from auditkit.integrations.mlflow_names import LONGEST, metric_name, metrics_of
from auditkit.integrations.mlflow_subject import Configured
from auditkit.policy import Policy
from auditkit.run import render
from auditkit.subject import Subject

POLICY = """policy: gate
rules:
  - {id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.95}
  - {id: told, measure: privacy.k_anonymity.k, min: 5, severity: warn}
"""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = 600
    frame = pd.DataFrame({"income": rng.normal(size=rows), "age": rng.integers(20, 60, rows).astype(float)})
    frame["sex"] = rng.choice(["f: m/w, 50 %", "m"], rows)
    frame.loc[:4, "sex"] = "few"  # a group too small to be measured
    frame["income"] += 1.5 * (frame.sex == "m")
    frame["repaid"] = np.where(frame.income + rng.normal(size=rows) > 0.7, "yes", "no")
    frame["said"] = np.where(frame.income > 0.7, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def found(frame: pd.DataFrame) -> Audit:
    subject = Subject(frame, label="repaid", favorable="yes", prediction="said", sensitive=["sex"])
    return audit(subject, only=["fairness", "privacy.k_anonymity"], progress=False)


# ------------------------------------------------------------------- without MLflow


def test_a_value_that_mlflow_would_refuse_in_a_name_is_written_in_other_signs() -> None:
    group = Group.of({"a:b": "x/../y", "c": None})
    measure = Measure(name="rate", value=0.5, unit="share", direction="none", group=group, dataset="train")
    assert metric_name("auditkit", "performance.x", measure) == (
        "auditkit/performance.x/rate for a_b x_.._y and c missing on train"
    )


def test_long_names_are_cut_and_stay_apart() -> None:
    names = [
        metric_name(
            "p",
            "a.b",
            Measure(name="rate", value=0.5, unit="share", direction="none", group=Group.of({"c": "x" * 400 + end})),
        )
        for end in "ab"
    ]
    assert len(set(names)) == 2 and {len(name) for name in names} == {LONGEST}


def test_each_measure_with_a_value_has_a_name_of_its_own_and_no_other_has_one(found: Audit) -> None:
    rows = metrics_of(found, "auditkit")
    measures = [measure for finding in found.findings for measure in finding.measures]
    assert len(rows) == len(measures)
    named = [row["metric"] for row in rows if row["metric"] is not None]
    assert len(named) == len(set(named)) == sum(measure.value is not None for measure in measures)
    assert all(row["reason"] for row in rows if row["metric"] is None)


def test_names_that_become_the_same_get_a_number() -> None:
    from dataclasses import replace

    from auditkit.finding import Finding

    pair = tuple(
        Measure(name="rate", value=0.5, unit="share", direction="none", group=Group.of({"c": value}))
        for value in ("a:b", "a/b")
    )
    finding = Finding(id="x.y", title="t", status="measured", measures=pair)
    found = replace(Audit(name="m", subject={}, provenance={}, findings=()), findings=(finding,))
    assert [row["metric"] for row in metrics_of(found, "p")] == ["p/x.y/rate for c a_b", "p/x.y/rate for c a_b 2"]


def test_an_evaluation_that_does_not_configure_auditkit_is_not_audited() -> None:
    asked: dict[str, Any] = {"sensitive": ["sex"]}
    assert AuditEvaluator.can_evaluate(model_type="classifier", evaluator_config=asked)
    assert not AuditEvaluator.can_evaluate(model_type="classifier", evaluator_config={})
    assert not AuditEvaluator.can_evaluate(model_type="text", evaluator_config=asked)


def test_a_misspelt_key_of_the_configuration_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"no key 'sensitiv'\. Did you mean 'sensitive'"):
        Configured.of({"sensitiv": ["sex"]})
    with pytest.raises(ConfigurationError, match="wanted 'prediction' or 'score'"):
        Configured.of({"answers": "rank"})


def test_the_evaluator_is_announced_and_importing_it_costs_next_to_nothing() -> None:
    (point,) = importlib.metadata.entry_points(group="mlflow.model_evaluator", name="auditkit")
    assert point.load() is AuditEvaluator
    code = (
        "import sys, auditkit.integrations.mlflow\n"
        "print([name for name in ('numpy', 'pandas', 'mlflow', 'jinja2') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# ---------------------------------------------------------------------- with MLflow
# It and its own packages warn of one another; those warnings are no defects of ours.


@pytest.fixture(params=["file", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow with a store of its own on this disk."""
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed; it cannot share pyarrow with the rest")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(
        f"sqlite:///{tmp_path}/mlflow.db" if request.param == "sqlite" else f"file://{tmp_path}/runs"
    )
    mlflow.create_experiment("audits", artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment("audits")
    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()


def policy_file(folder: Path) -> Path:
    (folder / "policy.yaml").write_text(POLICY)
    return folder / "policy.yaml"


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore")
def test_an_audit_is_logged_with_its_numbers_its_decision_and_its_report(
    store: Any, found: Audit, tmp_path: Path
) -> None:
    decision = Policy.load(policy_file(tmp_path)).judge(found)
    with store.start_run() as run:
        logged = log_audit(found, decision)
    kept = store.get_run(run.info.run_id).data
    assert kept.metrics == pytest.approx(dict(logged.metrics)) and len(kept.metrics) > 30
    assert all(math.isfinite(value) for value in kept.metrics.values())
    ratio = found["fairness.demographic_parity"].measure("ratio", over="sex")
    assert kept.metrics["auditkit/fairness.demographic_parity/ratio over sex"] == ratio.value
    assert kept.metrics["auditkit/gate/exit_code"] == 1 and kept.metrics["auditkit/gate/fail"] == 1
    assert kept.tags["auditkit.verdict"] == "fail" and kept.tags["auditkit.policy"] == "gate"
    assert len(kept.params["auditkit.data.test.content_sha256"]) == 64
    folder = Path(
        store.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="auditkit", dst_path=str(tmp_path / "got")
        )
    )
    rows = json.loads((folder / "measures.json").read_text())["measures"]
    undefined = [row for row in rows if row["status"] != "measured"]
    assert undefined and all(row["metric"] is None and row["reason"] for row in undefined)
    assert {row["unit"] for row in rows if row["metric"] in kept.metrics} > {"ratio"}
    assert (folder / "report" / "gate_report.html").is_file()


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore")
def test_a_report_folder_is_logged_as_it_is_and_two_audits_fit_into_a_run(
    store: Any, found: Audit, tmp_path: Path
) -> None:
    decision = Policy.load(policy_file(tmp_path)).judge(found)
    written = render(found, tmp_path / "report", decision=decision)
    with store.start_run() as run:
        log_audit(written.folder)
        log_audit(written.folder / "audit.json", prefix="again")
    got = store.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="auditkit/report", dst_path=str(tmp_path / "got")
    )
    checked = verify(Path(got), policy=tmp_path / "policy.yaml")
    assert checked.exit_code == 1 and [check.what for check in checked.checks if check.passed is False] == ["verdict"]
    assert store.get_run(run.info.run_id).data.tags["again.verdict"] == "fail"


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore")
def test_without_a_run_nothing_is_logged(store: Any, found: Audit) -> None:
    with pytest.raises(ConfigurationError, match=r"no active run to log to; use mlflow\.start_run"):
        log_audit(found)
    assert store.search_runs().empty


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore")
def test_mlflow_evaluates_a_model_with_auditkit_and_its_thresholds_close_the_gate(
    store: Any, frame: pd.DataFrame, tmp_path: Path
) -> None:
    from mlflow.models import MetricThreshold
    from sklearn.linear_model import LogisticRegression

    features = frame[["income", "age"]]
    config = {
        "columns": frame[["sex"]],
        "favorable": "yes",
        "sensitive": ["sex"],
        "only": ["fairness.demographic_parity", "performance"],
        "policy": policy_file(tmp_path),
    }
    with store.start_run() as run:
        info = store.sklearn.log_model(
            LogisticRegression().fit(features, frame["repaid"]), name="model", input_example=features[:3]
        )
        result = store.models.evaluate(
            info.model_uri,
            frame[["income", "age", "repaid"]],
            targets="repaid",
            model_type="classifier",
            evaluators=["auditkit"],
            evaluator_config={"auditkit": config},
        )
    assert result.metrics["auditkit/gate/exit_code"] == 1.0
    assert 0.3 < result.metrics["auditkit/fairness.demographic_parity/ratio over sex"] < 0.7
    assert any("roc_auc" in name for name in result.metrics)  # the estimator itself was audited, with its scores
    assert result.artifacts["auditkit/audit.json"].content["name"] == "model"
    assert store.get_run(run.info.run_id).data.tags["auditkit.verdict"] == "fail"
    threshold = {"auditkit/gate/exit_code": MetricThreshold(threshold=0, greater_is_better=False)}
    with pytest.raises(Exception, match="exit_code value threshold check failed"):
        store.validate_evaluation_results(candidate_result=result, validation_thresholds=threshold)


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore")
def test_mlflow_evaluates_predictions_and_functions_with_auditkit(store: Any, frame: pd.DataFrame) -> None:
    config = {"favorable": "yes", "sensitive": ["sex"], "only": ["fairness.demographic_parity"]}
    asked: dict[str, Any] = {
        "targets": "repaid",
        "model_type": "classifier",
        "evaluators": "auditkit",
        "evaluator_config": config,
    }
    rows = frame[["income", "sex", "repaid", "said"]]
    static = store.models.evaluate(data=rows, predictions="said", **asked)

    def model(given: pd.DataFrame) -> Any:
        return np.where(given["income"] > 0.7, "yes", "no")

    asked_of = store.models.evaluate(model, rows.drop(columns="said"), **asked)
    name = "auditkit/fairness.demographic_parity/ratio over sex"
    assert static.metrics[name] == asked_of.metrics[name] < 0.7
