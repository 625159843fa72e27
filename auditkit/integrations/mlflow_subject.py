"""From what MLflow evaluates to what auditkit audits."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.subject import Subject

if TYPE_CHECKING:
    import pandas as pd

_AUDITING = ("only", "skip", "options")
_OWN = ("policy", "columns", "answers", *_AUDITING)
_GIVEN = ("self", "test", "model", "label")  # what MLflow itself hands over
_ANSWERS = ("prediction", "score")


@dataclass(frozen=True, slots=True)
class Configured:
    """What ``evaluator_config`` asks for."""

    roles: Mapping[str, Any]
    auditing: Mapping[str, Any]
    policy: str | Path | None
    columns: Any
    answers: str

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Configured:
        """Read the configuration of the evaluator.

        Raises
        ------
        ConfigurationError
            If a key does not exist.
        """
        roles = [name for name in inspect.signature(Subject.__init__).parameters if name not in _GIVEN]
        for name in given:
            if name not in roles and name not in _OWN:
                hint = did_you_mean(str(name), [*roles, *_OWN])
                raise ConfigurationError(f"evaluator_config of auditkit has no key {name!r}.{hint}")
        answers = given.get("answers", "prediction")
        if answers not in _ANSWERS:
            raise ConfigurationError(f"answers: got {answers!r}, wanted 'prediction' or 'score'")
        return cls(
            roles={name: value for name, value in given.items() if name in roles},
            auditing={name: given[name] for name in _AUDITING if name in given},
            policy=given.get("policy"),
            columns=given.get("columns"),
            answers=answers,
        )


def subject_of(configured: Configured, dataset: Any, model: Any, model_type: str, predictions: str | None) -> Subject:
    """Return the subject of an evaluation.

    Parameters
    ----------
    configured : Configured
    dataset : mlflow.data.evaluation_dataset.EvaluationDataset
    model : mlflow.pyfunc.PyFuncModel or None
        A scikit-learn estimator inside of it is audited itself, so that it can be explained; of others the answers are.
    model_type : {'classifier', 'regressor'}
    predictions : str, optional
        The column of the model's answer that is evaluated.

    Raises
    ------
    ConfigurationError
        If columns are missing or of another length.
    """
    frame = _frame(dataset)
    _add_columns(frame, configured.columns)
    roles = dict(configured.roles)
    if dataset.has_targets:
        roles["label"] = dataset.targets_name or "label"
        frame[roles["label"]] = dataset.labels_data
    if model_type == "regressor":
        roles.setdefault("task", "regression")
    estimator = _estimator(model)
    if estimator is None and not {"prediction", "score"} & roles.keys():
        column = configured.answers
        if column in frame.columns:
            raise ConfigurationError(
                f"the data have a column {column!r} already; name it as {column} in evaluator_config"
            )
        frame[column] = _answers(model, dataset, predictions)
        roles[column] = column
    return Subject(frame, model=estimator, **roles)


def _frame(dataset: Any) -> pd.DataFrame:
    import pandas as pd

    features = dataset.features_data
    return (
        features.copy() if isinstance(features, pd.DataFrame) else pd.DataFrame(features, columns=dataset.feature_names)
    )


def _add_columns(frame: pd.DataFrame, given: Any) -> None:
    if given is None:
        return
    for name in given:
        values = list(given[name])
        if len(values) != len(frame):
            raise ConfigurationError(f"columns: {name!r} has {len(values)} values, the data have {len(frame)} rows")
        if name in frame.columns:
            raise ConfigurationError(f"columns: the data have a column {name!r} already; leave one of them out")
        frame[name] = values


def _estimator(model: Any) -> Any:
    """Return the scikit-learn estimator inside of a model of MLflow, if there is one."""
    if model is None or not hasattr(model, "get_raw_model"):
        return None
    try:
        inner = model.get_raw_model()
    except NotImplementedError:  # how a flavour of MLflow says that it holds no raw model
        return None
    return inner if hasattr(inner, "predict") and hasattr(inner, "get_params") else None


def _answers(model: Any, dataset: Any, predictions: str | None) -> Any:
    if model is None:
        if not dataset.has_predictions:
            raise ConfigurationError("there is neither a model nor a column of predictions; pass model or predictions")
        return dataset.predictions_data
    answered = model.predict(dataset.features_data)
    if getattr(answered, "ndim", 1) == 1:
        return answered
    if hasattr(answered, "columns"):
        if predictions is None and len(answered.columns) > 1:
            raise ConfigurationError(
                f"the model answers with columns {list(answered.columns)!r}; name one as predictions"
            )
        return answered[predictions or answered.columns[0]].to_numpy()
    if answered.shape[1] != 1:
        raise ConfigurationError(f"the model answers with {answered.shape[1]} columns; wanted one")
    return answered[:, 0]
