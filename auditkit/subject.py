"""The subject of an audit: a model, its data and the roles of columns, checked once and then left alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.data.frames import table_from_frame
from auditkit.data.table import Coded, Table
from auditkit.errors import DataError, ModelError, NotApplicable, did_you_mean
from auditkit.finding import Group, Scalar
from auditkit.models.local import model_from_object
from auditkit.models.model import Model
from auditkit.tally import LABEL, PREDICTION, Axis, Codes, ScoreTally, Tally, scalar_key

Task = Literal["binary", "multiclass", "regression"]
Floats = npt.NDArray[np.float64]
MOST_GROUPS = 100
_MOST_CLASSES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which column is what."""

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    sensitive: tuple[str, ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    weight: str | None = None
    cluster: str | None = None
    time: str | None = None
    features: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return role → column name or names."""
        pairs = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs}


@dataclass(frozen=True, slots=True)
class RegressionSums:
    """Sums over the rows of one group, of e = prediction − label and d = label − its mean: e, abs(e), e², e⁴, d², d⁴, e²d²."""

    group: Group
    n: int
    error: float
    absolute: float
    squared: float
    fourth: float
    spread: float
    spread_squared: float
    cross: float


class Subject:
    """A model, its data and the roles of columns.

    Parameters
    ----------
    test : pandas, polars or pyarrow frame
        The rows to audit.
    model : object with ``predict``, optional
        A fitted scikit-learn estimator or anything like it; absent when `test` holds predictions.
    train : frame, optional
        The rows the model learned from.
    name : str
    label : str, optional
        Column with what really happened. Without it, what needs it is *not applicable*.
    positive : scalar, optional
        The label that TP, TPR and precision speak of; default `favorable`.
    favorable : scalar, optional
        The outcome that is good for the person; default the last label in order. It gives the direction of harm.
    prediction, score : str, optional
        Columns with the model's decision and its score.
    score_of : scalar, optional
        The label that `score` is the score of; default `positive`.
    threshold : float, optional
        Turns scores into decisions with ≥; default the model's own ``predict``, or 0.5 for a column of scores.
    sensitive, quasi_identifiers, features, drop : sequence of str
    weight, cluster, time : str, optional
    task : {'binary', 'multiclass', 'regression'}, optional
        Inferred from the label when absent.
    score_kind : {'probability', 'rank'}
    seed : int

    Raises
    ------
    DataError
        If a column is missing, the label has one class or gaps, a sensitive column is constant or has more than 100
        values, a probability lies outside [0, 1], the favourable value does not occur, or train lacks columns.
    ModelError
        If the model raises, or answers with the wrong length.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [0, 1, 1, 0], "p": [0, 1, 0, 0], "sex": ["f", "m", "m", "f"]})
    >>> subject = Subject(frame, label="y", prediction="p", sensitive=["sex"])
    >>> subject.task, subject.positive, subject.tally(["sex"]).n
    ('binary', 1, 4)
    """

    def __init__(
        self,
        test: object,
        *,
        model: object | None = None,
        train: object | None = None,
        name: str = "model",
        label: str | None = None,
        positive: Scalar = None,
        favorable: Scalar = None,
        prediction: str | None = None,
        score: str | None = None,
        score_of: Scalar = None,
        threshold: float | None = None,
        sensitive: Sequence[str] = (),
        quasi_identifiers: Sequence[str] = (),
        weight: str | None = None,
        cluster: str | None = None,
        time: str | None = None,
        features: Sequence[str] | None = None,
        drop: Sequence[str] = (),
        task: Task | None = None,
        score_kind: Literal["probability", "rank"] = "probability",
        seed: int = 0,
        synthetic: bool = False,
        card: Mapping[str, str] | None = None,
        carbon: Mapping[str, object] | None = None,
    ) -> None:
        for role, column in (("weight", weight), ("cluster", cluster)):
            if column is not None:
                raise DataError(
                    f"{role}: {column!r} cannot be used yet, and bounds that ignore it would be wrong; leave it out"
                )
        if threshold is not None and score_kind == "probability" and not 0 <= threshold <= 1:
            raise DataError(f"threshold: got {threshold!r}, wanted a probability between 0 and 1")
        self.name, self.seed, self.synthetic, self.score_kind = name, seed, synthetic, score_kind
        self.card, self.carbon = dict(card or {}), dict(carbon or {})
        self._tables: dict[str, Table] = {"test": _table(test)}
        if train is not None:
            self._tables["train"] = _table(train)
        self.model: Model | None = (
            None if model is None else model if isinstance(model, Model) else model_from_object(model)
        )
        self.roles = Roles(
            label=label,
            prediction=prediction,
            score=score,
            sensitive=_names("sensitive", sensitive),
            quasi_identifiers=_names("quasi_identifiers", quasi_identifiers),
            weight=weight,
            cluster=cluster,
            time=time,
            drop=_names("drop", drop),
        )
        self._check_columns(features)
        self._check_sensitive()
        self.task, self.labels = self._infer_task(task)
        self._favorable_inferred = favorable is None
        self.favorable = self._known_label("favorable", favorable, self.labels[-1] if self.labels else None)
        self.positive = self._known_label("positive", positive, self.favorable)
        if score and positive is None and score_of is None and self.labels and self.favorable != self.labels[-1]:
            raise DataError(
                f"score: {score!r} is the score of which label? The favourable one is {self.favorable!r}, the last in order "
                f"{self.labels[-1]!r}; say positive or score_of"
            )
        self._score_of = self._known_label("score_of", score_of, self.positive)
        self._own_threshold = threshold is None
        self.threshold = 0.5 if threshold is None else float(threshold)
        self._cells: dict[str, Tally] = {}
        self._answers: dict[str, tuple[npt.NDArray[Any], Floats | None]] = {}
        if self.model is not None or prediction or score:
            self._answer("test")

    # ------------------------------------------------------------------ checks

    def _check_columns(self, features: Sequence[str] | None) -> None:
        test = self._tables["test"]
        roles = self.roles
        named = [roles.label, roles.prediction, roles.score, roles.weight, roles.cluster, roles.time]
        for column in [
            *filter(None, named),
            *roles.sensitive,
            *roles.quasi_identifiers,
            *roles.drop,
            *(features or ()),
        ]:
            if column not in test.columns:
                raise DataError(f"the test data have no column {column!r}.{did_you_mean(column, test.columns)}")
        if features is not None:
            chosen = tuple(features)
        elif self.model is not None and self.model.feature_names is not None:
            chosen = self.model.feature_names
        else:
            taken = {*filter(None, named), *roles.drop}
            chosen = tuple(column for column in test.columns if column not in taken | set(roles.sensitive))
        for which, table in self._tables.items():
            if self.model is not None and (lacking := [c for c in chosen if c not in table.columns]):
                hint = did_you_mean(lacking[0], table.columns)
                raise DataError(f"the {which} data have no column {lacking[0]!r}, which the model reads.{hint}")
        self.roles = Roles(**{**{f.name: getattr(roles, f.name) for f in fields(roles)}, "features": chosen})
        train = self._tables.get("train")
        if train is not None and roles.label and roles.label not in train.columns:
            raise DataError(f"the train data have no column {roles.label!r}.{did_you_mean(roles.label, train.columns)}")
        if train is not None and (
            lacking := [c for c in (*roles.sensitive, *roles.quasi_identifiers) if c not in train.columns]
        ):
            raise DataError(
                f"the train data have no column {lacking[0]!r}, the test data have; give both the same columns"
            )

    def _check_sensitive(self) -> None:
        for column in self.roles.sensitive:
            values = self._tables["test"].coded(column).values
            if len(values) < 2:
                raise DataError(
                    f"sensitive column {column!r} has one value, {values[0]!r}; a comparison needs at least two groups"
                )
            if len(values) > MOST_GROUPS:
                raise DataError(
                    f"sensitive column {column!r} has {len(values):,} values, at most {MOST_GROUPS} can be compared; bin it first"
                )

    def _infer_task(self, task: Task | None) -> tuple[Task, tuple[Scalar, ...]]:
        test, roles = self._tables["test"], self.roles
        column = roles.label or roles.prediction
        if column is None:
            classes = self.model.classes if self.model is not None else None
            labels = tuple(sorted(classes, key=scalar_key)) if classes else ()
            return task or ("binary" if len(labels) == 2 else "multiclass" if labels else "regression"), labels
        if roles.label and test.missing(roles.label).any():
            gaps = int(test.missing(roles.label).sum())
            raise DataError(
                f"label column {roles.label!r} is missing in {gaps:,} of {test.rows:,} rows; drop them or fill them first"
            )
        coded = test.coded(column)
        continuous = test.types[column] in ("number", "float", "double", "float64") or all(
            isinstance(v, float) for v in coded.values
        )
        many = len(coded.values) > _MOST_CLASSES and all(isinstance(v, int | float) for v in coded.values)
        if task == "regression" or (
            task is None and (many or (continuous and any(_fraction(v) for v in coded.values)))
        ):
            return "regression", ()
        labels = tuple(v for v in coded.values if v is not None)
        if self.model is not None and self.model.classes:
            extra = [v for v in labels if v not in self.model.classes]
            if extra:
                raise DataError(
                    f"label {extra[0]!r} in {column!r} is not among the model's classes {list(self.model.classes)!r}"
                )
            if roles.label is None or len(labels) >= 2:
                labels = self.model.classes
        if roles.label and len(labels) < 2:
            raise DataError(
                f"label column {column!r} has one class, {labels[0]!r}; performance and error rates need two"
            )
        if task == "binary" and len(labels) > 2:
            raise DataError(
                f"task is binary, but {column!r} has {len(labels)} labels: {list(labels)[:6]!r}; say multiclass"
            )
        labels = tuple(sorted(labels, key=scalar_key))
        return task or ("binary" if len(labels) <= 2 else "multiclass"), labels

    def _known_label(self, role: str, value: Scalar, default: Scalar) -> Scalar:
        if self.task == "regression" or value is None:
            return default
        if value in self.labels:
            return value
        squeezed = {_squeeze(label): label for label in self.labels}
        close = squeezed.get(_squeeze(value))
        if close is not None:
            raise DataError(
                f"{role}: {value!r} does not occur, but {close!r} does, which differs by case, blanks or punctuation; "
                f"write {close!r}, or clean the data"
            )
        raise DataError(
            f"{role}: {value!r} does not occur; the labels are {', '.join(repr(v) for v in self.labels[:10])}"
        )

    # ----------------------------------------------------------------- answers

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the model reads."""
        return self.roles.features

    def table(self, dataset: str = "test") -> Table:
        """Return the table of a dataset.

        Raises
        ------
        NotApplicable
            If no training rows were given.
        """
        if dataset not in self._tables:
            raise NotApplicable(f"no {dataset} data were given; pass {dataset}= (data: {{{dataset}: …}} in audit.yaml)")
        return self._tables[dataset]

    def predict(self, frame: Any) -> npt.NDArray[Any]:
        """Return the model's decisions for a pandas frame, shape (rows,)."""
        model = self._need_model()
        if self.task == "binary" and not self._own_threshold and model.has_scores:
            return self._decide(self.predict_scores(frame))
        return model.predict(frame[list(self.features)], threads=1)

    def predict_probabilities(self, frame: Any) -> Floats:
        """Return probabilities, shape (rows, classes), in the order of the model's classes."""
        model = self._need_model()
        if not model.has_scores:
            raise NotApplicable("the model gives no probabilities; use one with predict_proba")
        return model.probabilities(frame[list(self.features)], threads=1)

    def predict_scores(self, frame: Any) -> Floats:
        """Return the score of `positive`, shape (rows,)."""
        probabilities = self.predict_probabilities(frame)
        classes = self._need_model().classes or self.labels
        return np.ascontiguousarray(probabilities[:, classes.index(self.positive)])

    def _need_model(self) -> Model:
        if self.model is None:
            raise NotApplicable("no model was given, only its predictions; pass model=")
        return self.model

    def _decide(self, scores: Floats) -> npt.NDArray[Any]:
        others = [label for label in self.labels if label != self.positive]
        other = others[0] if others else None
        chosen = np.empty(len(scores), dtype=object)
        chosen[:] = other
        chosen[scores >= self.threshold] = self.positive
        return chosen

    def _answer(self, dataset: str) -> tuple[npt.NDArray[Any], Floats | None]:
        """Return decisions (codes into `labels`, or numbers) and scores of `positive`, computed once."""
        if dataset not in self._answers:
            self._answers[dataset] = self._compute(self.table(dataset), dataset)
        return self._answers[dataset]

    def _compute(self, table: Table, dataset: str) -> tuple[npt.NDArray[Any], Floats | None]:
        scores = self._scores(table)
        if self.roles.prediction and self.roles.prediction in table.columns:
            if self.task == "regression":
                return table.numbers(self.roles.prediction), scores
            coded = table.coded(self.roles.prediction)
            return self._codes(coded, f"prediction column {self.roles.prediction!r}"), scores
        if self.task == "regression":
            if self.model is None:
                raise NotApplicable(f"the {dataset} data hold no predictions and no model was given")
            return np.asarray(
                self.model.predict(table.frame(columns=list(self.features)), threads=1), dtype=np.float64
            ), scores
        if scores is not None and self.task == "binary" and (self.model is None or not self._own_threshold):
            positive = self.labels.index(self.positive)
            other = next((i for i in range(len(self.labels)) if i != positive), positive)
            return np.where(scores >= self.threshold, positive, other).astype(np.int32), scores
        if self.model is None:
            raise NotApplicable(f"the {dataset} data hold no predictions and no model was given")
        answer = self.model.predict(table.frame(columns=list(self.features)), threads=1)
        return self._codes(_coded(answer), "the model's predictions"), scores

    def _scores(self, table: Table) -> Floats | None:
        if self.roles.score and self.roles.score in table.columns:
            scores = table.numbers(self.roles.score)
            if np.isnan(scores).any():
                raise DataError(f"score column {self.roles.score!r} is missing in {int(np.isnan(scores).sum()):,} rows")
            outside = (scores < 0) | (scores > 1)
            if self.score_kind == "probability" and outside.any():
                raise DataError(
                    f"score column {self.roles.score!r} has {int(outside.sum()):,} values outside [0, 1], "
                    f"e.g. {scores[outside][0]:.6g}; say score_kind: rank if it is no probability"
                )
            if self._score_of != self.positive:
                scores = 1 - scores if self.score_kind == "probability" else -scores
            return scores
        if self.model is None or not self.model.has_scores or self.task == "regression":
            return None
        return self.predict_scores(table.frame(columns=list(self.features)))

    def _codes(self, coded: Coded, what: str) -> Codes:
        position = {label: index for index, label in enumerate(self.labels)}
        unknown = [value for value in coded.values if value not in position]
        if unknown:
            raise (ModelError if "model" in what else DataError)(
                f"{what} hold {unknown[0]!r}, which is no label; the labels are {', '.join(map(repr, self.labels[:10]))}"
            )
        mapping = np.array([position[value] for value in coded.values], dtype=np.int32)
        return mapping[coded.codes]

    # -------------------------------------------------------------- two doors

    def tally(self, by: Sequence[str] = (), dataset: str = "test") -> Tally:
        """Return cells of `by` × label × prediction over all rows.

        One pass counts all sensitive columns at once; each call is a marginal of that.

        Raises
        ------
        NotApplicable
            If there is no label or no prediction, or the task is a regression.
        """
        if self.task == "regression":
            raise NotApplicable("the task is a regression; rates of decisions need classes")
        if any(column not in self.roles.sensitive for column in by):
            return self._count(tuple(by), dataset)
        if dataset not in self._cells:
            self._cells[dataset] = self._count(self.roles.sensitive, dataset)
        axes = [axis.name for axis in self._cells[dataset].axes if axis.name in (LABEL, PREDICTION)]
        return self._cells[dataset].marginal(*by, *axes)

    def _count(self, by: tuple[str, ...], dataset: str) -> Tally:
        table = self.table(dataset)
        coded = [table.coded(column) for column in by]
        axes = [Axis(column, values.values) for column, values in zip(by, coded, strict=True)]
        columns: list[Codes] = [values.codes for values in coded]
        if self.roles.label:
            axes.append(Axis(LABEL, self.labels))
            columns.append(self._codes(table.coded(self.roles.label), f"label column {self.roles.label!r}"))
        axes.append(Axis(PREDICTION, self.labels))
        columns.append(self._answer(dataset)[0])
        return Tally.of(axes, columns)

    def scores(self, by: Sequence[str] = (), dataset: str = "test") -> ScoreTally:
        """Return counts of positives and negatives by group and distinct score of `positive`.

        Raises
        ------
        NotApplicable
            If there is no label or no score.
        """
        table = self.table(dataset)
        scores = self._answer(dataset)[1] if self.task != "regression" else None
        if scores is None:
            raise NotApplicable("no scores: name a score column, or use a model with predict_proba")
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        label = self._codes(table.coded(self.roles.label), f"label column {self.roles.label!r}")
        groups, index = self._group_index(by, dataset)
        return ScoreTally.of(groups, index, scores, label == self.labels.index(self.positive))

    def _group_index(self, by: Sequence[str], dataset: str) -> tuple[list[Group], Codes]:
        table = self.table(dataset)
        if not by:
            return [Group()], np.zeros(table.rows, dtype=np.int64)
        coded = [table.coded(column) for column in by]
        key = np.zeros(table.rows, dtype=np.int64)
        for values in coded:
            key = key * len(values.values) + values.codes
        cells, index = np.unique(key, return_inverse=True)
        groups = []
        for cell in cells.tolist():
            codes = np.unravel_index(cell, [len(column.values) for column in coded])
            named = [column.values[code] for column, code in zip(coded, codes, strict=True)]
            groups.append(Group(tuple(zip(by, named, strict=True))))
        return groups, index

    def regression_sums(self, by: Sequence[str] = (), dataset: str = "test") -> list[RegressionSums]:
        """Return exact sums of label and error by group; row order does not change a bit.

        Raises
        ------
        NotApplicable
            If the task is no regression, or there is no label.
        """
        if self.task != "regression":
            raise NotApplicable(f"the task is {self.task}; this measures the errors of a regression")
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        label = self.table(dataset).numbers(self.roles.label)
        error = self._answer(dataset)[0] - label
        if not np.isfinite(error).all():
            bad = int((~np.isfinite(error)).sum())
            raise DataError(f"{bad:,} rows have a label or prediction that is missing or not finite; mend or drop them")
        groups, index = self._group_index(by, dataset)
        return [_sums(group, label[index == place], error[index == place]) for place, group in enumerate(groups)]

    def sample(self, n: int, dataset: str = "test", stratify: str | None = None) -> Any:
        """Return `n` rows as a pandas frame: those with the smallest keyed hashes of (seed, content, occurrence).

        The order of the rows in the file does not matter. With `stratify`, each value of that column gets rows in
        proportion to its size.
        """
        table = self.table(dataset)
        order = np.argsort(self._hashes(dataset), kind="stable")
        if n < table.rows and stratify is not None:
            codes = table.coded(stratify).codes[order]
            share = n / table.rows
            picked = [
                np.flatnonzero(codes == code)[: max(1, round(share * int((codes == code).sum())))]
                for code in np.unique(codes)
            ]
            order = order[np.sort(np.concatenate(picked))]
        return table.frame(rows=order[:n])

    def _hashes(self, dataset: str) -> npt.NDArray[np.uint64]:
        content = self.table(dataset).row_hashes(self.seed)
        order = np.argsort(content, kind="stable")
        ordered = content[order]
        fresh = np.r_[True, ordered[1:] != ordered[:-1]]
        run = np.arange(len(ordered)) - np.maximum.accumulate(np.where(fresh, np.arange(len(ordered)), 0))
        mixed = np.empty_like(content)
        mixed[order] = ordered ^ (run.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        mixed ^= mixed >> np.uint64(31)
        return mixed * np.uint64(0xBF58476D1CE4E5B9)

    def rng(self, identifier: str) -> np.random.Generator:
        """Return the Generator of one auditor: a function of the seed and its id, so order never matters."""
        return np.random.default_rng([self.seed, *identifier.encode()])

    # -------------------------------------------------------------- provenance

    @cached_property
    def _summary(self) -> dict[str, object]:
        asked = set(self.roles.features) if self.model is not None else set()
        model = self.model
        return {
            "task": self.task,
            "labels": list(self.labels),
            "positive": self.positive,
            "favorable": self.favorable,
            "favorable_inferred": self._favorable_inferred,
            "threshold": None if self._own_threshold and model is not None else self.threshold,
            "score_kind": self.score_kind,
            "synthetic": self.synthetic,
            "disclosure": "internal",
            "roles": {k: v for k, v in self.roles.as_dict().items() if k != "features"},
            "features": list(self.roles.features) if model is not None else [],
            "sensitive_features": [column for column in self.roles.sensitive if column in asked],
            "rows": {
                "test": self._tables["test"].rows,
                "train": self._tables["train"].rows if "train" in self._tables else None,
            },
            "model": None
            if model is None
            else {"kind": model.kind, "description": model.description, "digest": model.digest},
            "card": dict(self.card),
        }

    def summary(self) -> dict[str, object]:
        """Return what was audited, as JSON-safe values."""
        return dict(self._summary)

    def provenance(self) -> dict[str, object]:
        """Return digests and types of the data and the model, as JSON-safe values."""
        data = {
            name: {**table.source, "content_sha256": table.digest, "rows": table.rows, "columns": dict(table.types)}
            for name, table in self._tables.items()
        }
        return {"seed": self.seed, "data": data, "model": self._summary["model"]}

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {table.rows:,} rows" for name, table in self._tables.items())
        return f"Subject({self.name!r}, {self.task}, {rows}, sensitive={list(self.roles.sensitive)!r})"


def _table(frame: object) -> Table:
    return frame if isinstance(frame, Table) else table_from_frame(frame)


def _names(role: str, names: Sequence[str]) -> tuple[str, ...]:
    listed = (names,) if isinstance(names, str) else tuple(names)
    twice = [name for index, name in enumerate(listed) if name in listed[:index]]
    if twice:
        raise DataError(f"{role} names the column {twice[0]!r} twice; name it once")
    return listed


def _fraction(value: Scalar) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _squeeze(value: Scalar) -> str:
    return "".join(ch for ch in str(value).casefold() if ch.isalnum() or ch in "<>=-+")


def _coded(answer: npt.NDArray[Any]) -> Coded:
    values, codes = np.unique(answer, return_inverse=True)
    return Coded(codes.astype(np.int32), tuple(v.item() if hasattr(v, "item") else v for v in values))


def _sums(group: Group, label: Floats, error: Floats) -> RegressionSums:
    def total(values: Floats) -> float:
        return math.fsum(values.tolist())

    squared = error**2
    around = (label - total(label) / len(label)) ** 2
    return RegressionSums(
        group=group,
        n=len(error),
        error=total(error),
        absolute=total(np.abs(error)),
        squared=total(squared),
        fourth=total(squared**2),
        spread=total(around),
        spread_squared=total(around**2),
        cross=total(squared * around),
    )
