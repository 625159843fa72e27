"""Audits in MLflow: logged to a run as metrics, tags, parameters and artifacts, and as an evaluator.

MLflow imports this module whenever it looks for evaluators, so everything else is imported where it is used.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.auditing import Audit
    from auditkit.policy import Decision
    from auditkit.record import Record

METRICS_AT_ONCE = 1000  # MLflow takes no more in one call
_MODEL_TYPES = ("classifier", "regressor")


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged: the run, the metrics by name, and the folder under the run's artifacts."""

    run_id: str
    metrics: Mapping[str, float]
    folder: str


def log_audit(
    audit: Audit | Record | str | Path,
    decision: Decision | None = None,
    *,
    run_id: str | None = None,
    prefix: str = "auditkit",
) -> Logged:
    """Log an audit to a run of MLflow.

    The report goes under the artifact folder ``<prefix>/report``, as it is if a report folder is given, so that
    ``auditkit verify`` holds there, too. Each measure that has a value becomes a metric
    ``<prefix>/<auditor>/<measure> over <columns>`` (or ``for <column> <value>``), the gate's exit code and how many rulings
    ended in which way become ``<prefix>/gate/…``; verdict, policy and digests become tags; version and digests of data and
    model parameters. MLflow knows neither units nor intervals nor undefined values: ``<prefix>/measures.json`` lists all
    measures with these, and what was not measured is no metric, never NaN or 0.

    Parameters
    ----------
    audit : Audit, Record or path
        An audit, what `auditkit.load` gives, a report folder, or an audit.json.
    decision : Decision, optional
        With an `Audit`; the others bring their own.
    run_id : str, optional
        Default the active run.
    prefix : str
        Keeps two audits in one run apart.

    Returns
    -------
    Logged

    Raises
    ------
    ConfigurationError
        If there is no run, or MLflow is not installed.
    AuditkitError
        If a file is missing or wrong.
    """
    from auditkit.integrations.mlflow_names import metrics_of

    client, run = _client(), run_id or _active_run()
    with TemporaryDirectory(prefix="auditkit-") as scratch:
        record, folder = _report(audit, decision, Path(scratch) / "report")
        client.log_artifacts(run, str(folder), artifact_path=f"{prefix}/report")
    measures = metrics_of(record.audit, prefix)
    client.log_dict(run, {"measures": measures}, f"{prefix}/measures.json")
    metrics = {row["metric"]: float(row["value"]) for row in measures if row["metric"] is not None}
    metrics |= _gate(record, prefix)
    _log(client, run, metrics, _params(record, prefix), _tags(record, prefix))
    return Logged(run, metrics, prefix)


def _client() -> Any:
    from auditkit.errors import ConfigurationError

    try:
        from mlflow import MlflowClient
    except ImportError:
        raise ConfigurationError("mlflow is not installed; pip install 'auditkit[mlflow]'") from None
    return MlflowClient()


def _active_run() -> str:
    import mlflow

    from auditkit.errors import ConfigurationError

    run = mlflow.active_run()
    if run is None:
        raise ConfigurationError("there is no active run to log to; use mlflow.start_run(), or name one with run_id")
    return str(run.info.run_id)


def _report(audit: Audit | Record | str | Path, decision: Decision | None, scratch: Path) -> tuple[Record, Path]:
    from auditkit.record import load
    from auditkit.run import render

    if isinstance(audit, str | Path):
        path = Path(audit)
        if path.is_dir():
            return load(path / "audit.json"), path
        audit = load(path)
    return render(audit, scratch, decision=decision).record, scratch


def _gate(record: Record, prefix: str) -> dict[str, float]:
    from auditkit.exports.gate_lines import counted

    if record.decision is None:
        return {}
    ended = {status: float(number) for status, number in counted(record.decision).items()}
    found = {"exit_code": float(record.decision.exit_code), **ended}
    return {f"{prefix}/gate/{name}": value for name, value in found.items()}


def _tags(record: Record, prefix: str) -> dict[str, str]:
    decision = record.decision
    found = {"name": record.audit.name, "evidence_digest": record.evidence_digest}
    if decision is not None:
        found |= {"verdict": decision.verdict, "policy": decision.policy, "policy_digest": decision.policy_digest}
        found["as_of"] = decision.as_of.isoformat()
    return {f"{prefix}.{name}": value for name, value in found.items()}


def _params(record: Record, prefix: str) -> dict[str, str]:
    provenance = record.audit.provenance
    found = {"version": str(provenance.get("auditkit"))}
    data, model = provenance.get("data"), provenance.get("model")
    if isinstance(data, Mapping):
        found |= {f"data.{name}.content_sha256": str(about["content_sha256"]) for name, about in sorted(data.items())}
    if isinstance(model, Mapping) and model.get("digest"):
        found["model.sha256"] = str(model["digest"]).removeprefix("sha256:")
    return {f"{prefix}.{name}": value for name, value in found.items()}


def _log(client: Any, run: str, metrics: dict[str, float], params: dict[str, str], tags: dict[str, str]) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    given = [Metric(name, value, now, 0) for name, value in metrics.items()]
    for start in range(0, len(given), METRICS_AT_ONCE):
        client.log_batch(run, metrics=given[start : start + METRICS_AT_ONCE])
    parameters = [Param(name, value) for name, value in params.items()]
    client.log_batch(run, params=parameters, tags=[RunTag(name, value) for name, value in tags.items()])


class AuditEvaluator:
    """The evaluator ``auditkit`` of ``mlflow.models.evaluate``; MLflow asks no more of one than these two methods.

    ``evaluator_config`` takes what `auditkit.Subject` takes (``favorable``, ``sensitive``, …), and:

    policy : path, or one such as ``"auditkit:starter"``
    only, skip, options : as for `auditkit.audit`
    columns : frame or mapping
        Columns that are no features of the model, row by row beside the data, such as the sensitive ones.
    answers : {'prediction', 'score'}
        What a model answers that is no scikit-learn estimator, or the column of predictions holds; default predictions.

    The exit code is the metric ``auditkit/gate/exit_code``: ``mlflow.validate_evaluation_results`` with
    ``MetricThreshold(threshold=0, greater_is_better=False)`` closes the gate.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str | None, evaluator_config: Mapping[str, Any] | None, **_: Any) -> bool:
        """Return whether there is a configuration: an evaluation that names no evaluator is not audited by surprise."""
        return model_type in _MODEL_TYPES and bool(evaluator_config)

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: Mapping[str, Any],
        model: Any = None,
        predictions: str | None = None,
        **_: Any,
    ) -> Any:
        """Audit the model on the dataset, judge, log to the run, and return metrics and the record."""
        import json

        from mlflow.models import EvaluationResult
        from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact

        from auditkit.auditing import audit
        from auditkit.integrations.mlflow_subject import Configured, subject_of
        from auditkit.policy import Policy
        from auditkit.policy.loading import policy_path
        from auditkit.record import dump

        configured = Configured.of(evaluator_config)
        subject = subject_of(configured, dataset, model, model_type, predictions)
        found = audit(subject, **configured.auditing, progress=False)
        policy = configured.policy
        decision = None if policy is None else Policy.load(policy_path(policy)).judge(found)
        logged = log_audit(found, decision, run_id=run_id)
        uri = f"{_client().get_run(run_id).info.artifact_uri}/{logged.folder}/report/audit.json"
        artifact = JsonEvaluationArtifact(uri=uri, content=json.loads(dump(found, decision)))
        return EvaluationResult(dict(logged.metrics), {"auditkit/audit.json": artifact}, run_id)
