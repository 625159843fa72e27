"""The subject of an audit: a model, its data and the roles of columns, checked once and then left alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.answers import Answers, Floats
from auditkit.data.binning import checked_cuts
from auditkit.data.counting import (
    check_weights,
    cluster_buckets,
    count_table,
    grouping,
    grouping_values,
    merged,
    recoded,
)
from auditkit.data.frames import table_from_frame
from auditkit.data.permitted import Permitted, permitted_changes
from auditkit.data.scan import Scan
from auditkit.data.table import Coded, Table
from auditkit.error_tally import ErrorTally, errors_of
from auditkit.errors import DataError, NotApplicable
from auditkit.finding import Group, Scalar
from auditkit.group_cells import DEPTH, levels
from auditkit.models.local import model_from_object
from auditkit.models.model import Model
from auditkit.outcome import outcome_of
from auditkit.roles import (
    Roles,
    Task,
    check_features,
    check_quasi_identifiers,
    check_sensitive,
    checked_hierarchies,
    checked_reference,
    checked_roles,
    names_of,
)
from auditkit.scanned import anchor_near, prepare_scan, scan_errors, scan_scores, scan_tally
from auditkit.score_tally import ScoreTally
from auditkit.suppression import THRESHOLD, pooled, publishable
from auditkit.tally import BUCKET, LABEL, PREDICTION, Axis, Codes, Tally

POOLED = "(small groups)"


class Subject:
    """A model, its data and the roles of columns.

    Parameters
    ----------
    test : pandas, polars or pyarrow frame, or Scan
        The rows to audit. Of a `Scan` (``ak.scan("rows/*.parquet")``) only what tallies need is read, in its files.
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
    bins : mapping of sensitive column to cut points, optional
        ``{"age": [25, 60]}`` compares under 25, 25 to under 60, and 60 and over.
    weight : str, optional
        Performance and fairness then speak of Σw; what counts rows (explanations, privacy, data) still does.
    cluster : str, optional
        Rows of one value are not independent: bounds come from a jackknife over 100 buckets of clusters.
    time : str, optional
    task : {'binary', 'multiclass', 'regression'}, optional
        Inferred from the label when absent.
    score_kind : {'probability', 'rank'}
    seed : int
    recourse : mapping, optional
        Which columns a person could change, as in audit.yaml: ``{"columns": {"income": {"direction": "up"}}}``.
    deployment : mapping, optional
        ``environment`` and ``risk_class``: rules of a policy may be for some of them only.
    disclosure : {'internal', 'public'}
        ``public``: groups with a count below 5 are taken together before anything is measured, combinations of columns
        that would give one away are left out, and so are auditors that show parts of the rows.
    released, population : frame or Scan, optional
        The table that is handed out, and all people out of whom the test rows came: for privacy only.
    hierarchies : mapping of quasi-identifier to mapping of value to its ancestors, optional
        How coarser values would be published: ``{"age": {"37": ["35-39", "30-39"]}}``.
    reference : mapping of sensitive column to mapping of group to share, optional
        The people whom the model will meet: ``{"sex": {"Female": 0.51, "Male": 0.49}}``.
    datasheet : mapping of str to str, optional
        Answers to questions about the data that no table can answer; `data.datasheet` lists them.
    questionnaire, technical_file : mapping of str to str, optional
        What people say to the review board's questions and to the points of the technical file. An empty mapping asks for
        the document all the same.

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
        bins: Mapping[str, Sequence[float]] | None = None,
        time: str | None = None,
        features: Sequence[str] | None = None,
        drop: Sequence[str] = (),
        task: Task | None = None,
        score_kind: Literal["probability", "rank"] = "probability",
        seed: int = 0,
        synthetic: bool = False,
        card: Mapping[str, str] | None = None,
        carbon: Mapping[str, object] | None = None,
        recourse: Mapping[str, object] | None = None,
        deployment: Mapping[str, str] | None = None,
        disclosure: Literal["internal", "public"] = "internal",
        released: object | None = None,
        population: object | None = None,
        hierarchies: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
        reference: Mapping[str, Mapping[str, float]] | None = None,
        datasheet: Mapping[str, str] | None = None,
        questionnaire: Mapping[str, str] | None = None,
        technical_file: Mapping[str, str] | None = None,
    ) -> None:
        if threshold is not None and score_kind == "probability" and not 0 <= threshold <= 1:
            raise DataError(f"threshold: got {threshold!r}, wanted a probability between 0 and 1")
        self.name, self.seed, self.synthetic, self.score_kind = name, seed, synthetic, score_kind
        self.card, self.carbon, self.deployment = dict(card or {}), dict(carbon or {}), dict(deployment or {})
        self.disclosure, self.suppressed = disclosure, tuple[str, ...]()
        self._pooled: dict[str, frozenset[Scalar]] = {}
        self._shown: frozenset[tuple[str, ...]] | None = None
        self._rows: dict[str, Table | Scan] = {"test": test if isinstance(test, Scan) else table_from_frame(test)}
        if train is not None:
            self._rows["train"] = table_from_frame(train)
        self.model: Model | None = (
            None if model is None else model if isinstance(model, Model) else model_from_object(model)
        )
        roles = Roles(
            label=label,
            prediction=prediction,
            score=score,
            sensitive=names_of("sensitive", sensitive),
            quasi_identifiers=names_of("quasi_identifiers", quasi_identifiers),
            weight=weight,
            cluster=cluster,
            time=time,
            drop=names_of("drop", drop),
        )
        known = self._rows.get("train")
        asked = self.model.feature_names if self.model is not None else None
        self.roles = checked_roles(
            roles, self._rows["test"], known if isinstance(known, Table) else None, features, asked
        )
        if self.model is not None:
            for which, rows in self._rows.items():
                check_features(which, rows.columns, self.roles.features)
        self.hierarchies = checked_hierarchies(hierarchies or {}, self.roles.quasi_identifiers)
        self.reference = checked_reference(reference or {}, self.roles.sensitive)
        self.datasheet = dict(datasheet or {})
        told = {"questionnaire": questionnaire, "technical_file": technical_file}
        self._told = {part: dict(texts) for part, texts in told.items() if texts is not None}
        self._cuts = {column: checked_cuts(column, cuts) for column, cuts in (bins or {}).items()}
        if isinstance(test, Scan):
            prepare_scan(test, self.roles, self._cuts)
        self._check_groups()
        self.recourse: Permitted | None = None
        if recourse is not None:
            names, kept = self.roles.features, self.roles.sensitive
            rows_given = list(self._rows.values())
            self.recourse = permitted_changes(recourse, features=names, sensitive=kept, rows=rows_given)
        self.outcome = outcome_of(
            self._rows["test"],
            self.roles,
            self.model.classes if self.model is not None else None,
            task=task,
            favorable=favorable,
            positive=positive,
            score_of=score_of,
        )
        self._answering = Answers(self.model, self.outcome, self.roles, threshold, score_kind == "probability")
        self._cells: dict[str, Tally] = {}
        self._answers: dict[str, tuple[npt.NDArray[Any], Floats | None]] = {}
        for rows in self._rows.values():
            if isinstance(rows, Table):
                check_weights(rows, self.roles.weight, self.roles.cluster)
        if isinstance(self._rows["test"], Table) and (self.model is not None or prediction or score):
            self._answer("test")
        if disclosure == "public":
            self._suppress()
        for which, given in (("released", released), ("population", population)):
            if given is not None:
                self._rows[which] = given if isinstance(given, Scan) else table_from_frame(given)
                check_quasi_identifiers(which, self._rows[which].columns, self.roles.quasi_identifiers)

    def _check_groups(self) -> None:
        test = self._rows["test"]
        for column in self._cuts:
            if column not in self.roles.sensitive:
                raise DataError(
                    f"bins name {column!r}, which is no sensitive column; the sensitive columns are "
                    f"{', '.join(map(repr, self.roles.sensitive)) or 'none'}"
                )
        for column in self.roles.sensitive:
            values = (
                self.groups_of(column).values if isinstance(test, Table) else grouping_values(test, column, self._cuts)
            )
            check_sensitive(column, values, test.types[column] in ("integer", "number"))

    def _suppress(self) -> None:
        """Take small groups together and choose the combinations that can be shown; done before anything is measured."""
        if self.weighted or not isinstance(self._rows["test"], Table):
            raise DataError(
                "disclosure: public counts rows in memory without weights or clusters; keep disclosure: internal, or load them"
            )
        if (self._cells_of(()) < THRESHOLD).any():
            raise DataError(
                f"disclosure: public: fewer than {THRESHOLD} rows have some label and prediction, over all groups; such an "
                "audit cannot be made public"
            )
        kept, told = [], []
        for column in self.roles.sensitive:
            groups, cells = self.groups_of(column).values, self._cells_of((column,))
            together = pooled(cells)
            if together.all():
                told.append(f"{column}: its groups cannot be told apart, each split leaves fewer than {THRESHOLD} rows")
                continue
            kept.append(column)
            if together.any():
                self._pooled[column] = frozenset(group for group, one in zip(groups, together, strict=True) if one)
                told.append(f"{column}: {int(together.sum())} groups with few rows are taken together")
        self.roles = replace(self.roles, sensitive=tuple(kept))
        if kept:
            self._shown = publishable(self._cells_of(tuple(kept)), kept)
            left_out = [level for level in levels(kept) if level not in self._shown]
            told += [
                f"{' × '.join(level)}: not shown, it would give away fewer than {THRESHOLD} rows" for level in left_out
            ]
        self.suppressed = tuple(told)

    def _cells_of(self, by: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """Return counts by groups of each column and by label and prediction, as many as there are, as the last axis."""
        coded = [self.groups_of(column) for column in by]
        shape = [len(values.values) for values in coded]
        place = np.zeros(self.table().rows, dtype=np.int64)
        for values in coded:
            place = place * len(values.values) + values.codes
        rest = 1
        if self.task != "regression":
            parts = [self._label_codes(self.table())] if self.roles.label else []
            parts += [self._answer("test")[0]] if self._answering.possible else []
            for codes in parts:
                place, rest = place * len(self.labels) + codes, rest * len(self.labels)
        counts = np.bincount(place, minlength=math.prod(shape) * rest)
        return counts.reshape(*shape, rest) if by else counts.reshape(1, rest)

    def levels(self, depth: int = DEPTH) -> Iterator[tuple[str, ...]]:
        """Yield each sensitive column, then each combination of them up to `depth` columns that may be shown.

        Raises
        ------
        NotApplicable
            If there is no sensitive column.
        """
        if not self.roles.sensitive and self.suppressed:
            raise NotApplicable("no sensitive column can be shown in a public record")
        yield from (
            level for level in levels(self.roles.sensitive, depth) if self._shown is None or level in self._shown
        )

    @property
    def task(self) -> Task:
        """What is predicted: binary, multiclass or regression."""
        return self.outcome.task

    @property
    def labels(self) -> tuple[Scalar, ...]:
        """The labels, sorted; empty for a regression."""
        return self.outcome.labels

    @property
    def favorable(self) -> Scalar:
        """The label that is good for the person."""
        return self.outcome.favorable

    @property
    def positive(self) -> Scalar:
        """The label that TP, TPR and precision speak of."""
        return self.outcome.positive

    @property
    def threshold(self) -> float:
        """What turns scores into decisions, with ≥."""
        return self._answering.cut

    @property
    def weighted(self) -> bool:
        """Whether rows have weights or clusters."""
        return self.roles.weight is not None or self.roles.cluster is not None

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
            If no training rows were given, or the rows stay in their files.
        """
        rows = self.rows_of(dataset)
        if isinstance(rows, Scan):
            raise NotApplicable("the rows stay in their files, and this needs them in memory; pass a frame or one file")
        return rows

    def rows_of(self, dataset: str = "test") -> Table | Scan:
        """Return the rows of a dataset, in memory or in their files.

        Raises
        ------
        NotApplicable
            If no such data were given.
        """
        if dataset not in self._rows:
            raise NotApplicable(f"no {dataset} data were given; pass {dataset}= (data: {{{dataset}: …}} in audit.yaml)")
        return self._rows[dataset]

    def predict(self, frame: Any) -> npt.NDArray[Any]:
        """Return the model's decisions for a pandas frame, shape (rows,)."""
        return self._answering.predict(frame)

    def predict_probabilities(self, frame: Any) -> Floats:
        """Return probabilities, shape (rows, classes), in the order of the model's classes."""
        return self._answering.probabilities(frame)

    def predict_scores(self, frame: Any) -> Floats:
        """Return the score of `positive`, shape (rows,)."""
        return self._answering.scores(frame)

    def _answer(self, dataset: str) -> tuple[npt.NDArray[Any], Floats | None]:
        """Return decisions (codes into `labels`, or numbers) and scores of `positive`, computed once."""
        if dataset not in self._answers:
            self._answers[dataset] = self._answering.of(self.table(dataset), dataset)
        return self._answers[dataset]

    # -------------------------------------------------------------- two doors

    def groups_of(self, column: str, dataset: str = "test") -> Coded:
        """Return a column as codes of the groups it makes: its values, or its bins where cut points were stated."""
        found = grouping(self.table(dataset), column, self._cuts)
        together = self._pooled.get(column)
        return found if together is None else merged(found, together, POOLED)

    def tally(self, by: Sequence[str] = (), dataset: str = "test") -> Tally:
        """Return cells of `by` × label × prediction (× bucket of clusters) over all rows, with weights if there are any.

        One pass counts all sensitive columns at once; each call is a marginal of that.

        Raises
        ------
        NotApplicable
            If there is neither label nor prediction, or the task is a regression. Without predictions the cells are
            those of labels.
        """
        if self.task == "regression":
            raise NotApplicable("the task is a regression; rates of decisions need classes")
        if any(column not in self.roles.sensitive for column in by):
            return self._count(tuple(by), dataset)
        if dataset not in self._cells:
            self._cells[dataset] = self._count(self.roles.sensitive, dataset)
        rest = [name for name in self._cells[dataset].names if name in (LABEL, PREDICTION, BUCKET)]
        return self._cells[dataset].marginal(*by, *rest)

    def _count(self, by: tuple[str, ...], dataset: str) -> Tally:
        rows = self.rows_of(dataset)
        if isinstance(rows, Scan):
            return scan_tally(rows, self._answering, by, self._cuts)
        coded = [self.groups_of(column, dataset) for column in by]
        axes = [Axis(column, values.values) for column, values in zip(by, coded, strict=True)]
        columns: list[Codes] = [values.codes for values in coded]
        if self.roles.label:
            axes.append(Axis(LABEL, self.labels))
            columns.append(self._label_codes(rows))
        if self._answering.possible or not self.roles.label:
            axes.append(Axis(PREDICTION, self.labels))
            columns.append(self._answer(dataset)[0])
        return count_table(rows, axes, columns, self.roles.weight, self.roles.cluster)

    def _label_codes(self, table: Table) -> Codes:
        return recoded(table.coded(str(self.roles.label)), self.labels, f"label column {self.roles.label!r}")

    def scores(self, by: Sequence[str] = (), dataset: str = "test", half: bool | None = None) -> ScoreTally:
        """Return counts of positives and negatives by group and score of `positive`; of one half of the rows on request.

        Raises
        ------
        NotApplicable
            If there is no label or no score.
        """
        rows = self.rows_of(dataset)
        if isinstance(rows, Scan) and self.task != "regression" and half is None:
            return scan_scores(rows, self._answering, by, self._cuts)
        table = self.table(dataset)
        scores = self._answer(dataset)[1] if self.task != "regression" else None
        if scores is None:
            raise NotApplicable("no scores: name a score column, or use a model with predict_proba")
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        groups, index = self._group_index(by, dataset)
        hit = self._label_codes(table) == self.labels.index(self.positive)
        if half is not None:
            some = self.halves(dataset) == half
            return ScoreTally.of(groups, index[some], scores[some], hit[some])
        return ScoreTally.of(groups, index, scores, hit, weight=self._weight(table), bucket=self._bucket(table))

    def class_scores(self, dataset: str = "test") -> list[ScoreTally]:
        """Return for each label, in their order, the counts of it and of the rest by the model's probability of it.

        Raises
        ------
        NotApplicable
            If there is no label, or no model that gives probabilities.
        """
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        table = self.table(dataset)
        found = self._answering.probabilities(table.frame(columns=list(self.features)))
        classes = self._answering.needed().classes or self.labels
        codes, everyone = self._label_codes(table), np.zeros(table.rows, dtype=np.int8)
        weight, bucket = self._weight(table), self._bucket(table)
        return [
            ScoreTally.of(
                [Group()], everyone, found[:, classes.index(label)].copy(), codes == place, weight=weight, bucket=bucket
            )
            for place, label in enumerate(self.labels)
        ]

    def error_tally(self, by: Sequence[str] = (), dataset: str = "test") -> ErrorTally:
        """Return exact sums of labels and errors by group; row order does not change a bit.

        Raises
        ------
        NotApplicable
            If the task is no regression, or there is no label.
        """
        if self.task != "regression":
            raise NotApplicable(f"the task is {self.task}; this measures the errors of a regression")
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        rows = self.rows_of(dataset)
        if isinstance(rows, Scan):
            return scan_errors(rows, self._answering, by, self._cuts)
        label = rows.numbers(self.roles.label)
        groups, index = self._group_index(by, dataset)
        return ErrorTally.of(
            groups,
            index,
            label,
            self._answer(dataset)[0],
            anchor=anchor_near(math.fsum(label.tolist()) / len(label)),
            weight=self._weight(rows),
            bucket=self._bucket(rows),
        )

    def row_errors(self, dataset: str = "test") -> tuple[Floats, bool]:
        """Return each row's error, and whether errors are 0 or 1: a wrong decision, or the absolute error of a regression."""
        if self.roles.label is None:
            raise NotApplicable("no label column was named; pass label=")
        table = self.table(dataset)
        answer = self._answer(dataset)[0]
        if self.task == "regression":
            return np.abs(errors_of(table.numbers(self.roles.label), answer)), False
        return (answer != self._label_codes(table)).astype(np.float64), True

    def halves(self, dataset: str = "test") -> npt.NDArray[np.bool_]:
        """Return which rows are in the first half, by a keyed hash of their content: row order does not matter."""
        return (self._hashes(dataset, self.seed) >> np.uint64(63)).astype(np.bool_)

    def _weight(self, table: Table) -> Floats | None:
        return table.numbers(self.roles.weight) if self.roles.weight else None

    def _bucket(self, table: Table) -> Codes | None:
        return cluster_buckets(table, self.roles.cluster) if self.roles.cluster else None

    def _group_index(self, by: Sequence[str], dataset: str) -> tuple[list[Group], Codes]:
        table = self.table(dataset)
        if not by:
            return [Group()], np.zeros(table.rows, dtype=np.int64)
        coded = [self.groups_of(column, dataset) for column in by]
        found = Tally.of([Axis(c, v.values) for c, v in zip(by, coded, strict=True)], [v.codes for v in coded])
        key = np.zeros(table.rows, dtype=np.int64)
        cells = np.zeros(len(found.counts), dtype=np.int64)
        for place, values in enumerate(coded):
            key = key * len(values.values) + values.codes
            cells = cells * len(values.values) + found.codes[:, place]
        return found.groups(by), np.searchsorted(cells, key)

    def sample(self, n: int, dataset: str = "test", stratify: str | None = None) -> Any:
        """Return `n` rows as a pandas frame: those with the smallest keyed hashes of (seed, table, content, occurrence).

        The order of the rows in the file does not matter. With `stratify`, each value of that column gets rows in
        proportion to its size. Each table is drawn by a key of its own, so that a row which is in two of them is not more
        likely to be drawn from both.
        """
        rows = self.rows_of(dataset)
        seed = self.seed if dataset == "test" else int(self.rng(dataset).integers(2**62))
        if isinstance(rows, Scan):
            return rows.sample(n, seed).frame()
        table = self.table(dataset)
        order = np.argsort(self._hashes(dataset, seed), kind="stable")
        if n < table.rows and stratify is not None:
            codes = self.groups_of(stratify, dataset).codes[order]
            share = n / table.rows
            picked = [
                np.flatnonzero(codes == code)[: max(1, round(share * int((codes == code).sum())))]
                for code in np.unique(codes)
            ]
            order = order[np.sort(np.concatenate(picked))]
        return table.frame(rows=order[:n])

    def _hashes(self, dataset: str, seed: int) -> npt.NDArray[np.uint64]:
        content = self.table(dataset).row_hashes(seed)
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
            "favorable_inferred": self.outcome.favorable_inferred,
            "threshold": None if self._answering.threshold is None and model is not None else self.threshold,
            "score_kind": self.score_kind,
            "synthetic": self.synthetic,
            "disclosure": self.disclosure,
            "suppressed": list(self.suppressed),
            "bins": {column: list(cuts) for column, cuts in self._cuts.items()},
            "roles": {k: v for k, v in self.roles.as_dict().items() if k != "features"},
            "features": list(self.roles.features) if model is not None else [],
            "sensitive_features": [column for column in self.roles.sensitive if column in asked],
            "rows": {
                "test": self._rows["test"].rows,
                "train": self._rows["train"].rows if "train" in self._rows else None,
            },
            "model": None
            if model is None
            else {"kind": model.kind, "description": model.description, "digest": model.digest},
            "card": dict(self.card),
            "deployment": dict(self.deployment),
            **self._told,
        }

    def summary(self) -> dict[str, object]:
        """Return what was audited, as JSON-safe values."""
        return dict(self._summary)

    def fingerprint(self) -> dict[str, object]:
        """Return all that findings on this subject depend on, as JSON-safe values: what a cache is keyed by."""
        return {
            "name": self.name,
            "summary": {key: value for key, value in self._summary.items() if key not in self._told},
            "provenance": self.provenance(),
            "carbon": {name: str(value) for name, value in sorted(self.carbon.items())},
            "recourse": repr(self.recourse),
            "hierarchies": {column: list(rows.items()) for column, rows in sorted(self.hierarchies.items())},
            "reference": self.reference,
            "datasheet": self.datasheet,
        }

    def provenance(self) -> dict[str, object]:
        """Return digests and types of the data and the model, as JSON-safe values."""
        data = {
            name: {**table.source, "content_sha256": table.digest, "rows": table.rows, "columns": dict(table.types)}
            for name, table in self._rows.items()
        }
        return {"seed": self.seed, "data": data, "model": self._summary["model"]}

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {table.rows:,} rows" for name, table in self._rows.items())
        return f"Subject({self.name!r}, {self.task}, {rows}, sensitive={list(self.roles.sensitive)!r})"
