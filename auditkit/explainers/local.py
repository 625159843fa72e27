"""The explanation of single rows: what each column adds to the model's answer, with its noise where it is sampled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.table import scalar
from auditkit.errors import DataError, did_you_mean
from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import BACKGROUND, BUDGET, Certificate
from auditkit.explainers.repetition import explain_repeatedly
from auditkit.explainers.wording import one_line, shown
from auditkit.finding import Column, Evidence, Scalar
from auditkit.subject import Subject

PARTS = 12


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """Rows with what each column adds to the base to make the model's output.

    ``base + Σ values = output`` up to `residual`; a value of 0 means that the column does not move this row's output away
    from the reference rows. Values speak of the model, not of causes. They are about single persons: nothing of them
    enters an audit or a report.

    Attributes
    ----------
    rows : tuple
        Positions in the test table, or the index of the frame that was given.
    features : tuple of str
    base, output : array, shape (rows,)
    units : str
        ``log-odds``, ``probability``, ``score`` or ``target``.
    target : str
        What `output` is: the prediction, or the log-odds, probability or score of which label.
    certificate : Certificate
        Method, reference rows with their digest, additivity.
    half_width : array, shape (rows, features), or None
        Of the 95 % intervals of sampled values; None where values are exact.
    uses_reference : bool
        False where values compare with the trees' own record of training, not with the reference rows.
    """

    rows: tuple[Scalar, ...]
    features: tuple[str, ...]
    shares: Floats
    base: Floats
    output: Floats
    units: str
    target: str
    certificate: Certificate
    half_width: Floats | None
    uses_reference: bool
    given: Any

    @property
    def values(self) -> Any:
        """Return a frame of shape (rows, features), in `units`; a copy."""
        import pandas as pd

        return pd.DataFrame(self.shares.copy(), index=list(self.rows), columns=list(self.features))

    @property
    def residual(self) -> Floats:
        """Return output − base − Σ values, shape (rows,)."""
        gap: Floats = self.output - self.base - self.shares.sum(axis=1)
        return gap

    def place(self, row: Scalar) -> int:
        """Return where a row stands.

        Raises
        ------
        DataError
            If it was not explained.
        """
        if row not in self.rows:
            shown = ", ".join(str(known) for known in self.rows[:8])
            raise DataError(f"row {row!r} was not explained; explained are {shown}{', …' * (len(self.rows) > 8)}")
        return self.rows.index(row)

    def waterfall(self, row: Scalar) -> Evidence:
        """Return one row's way from the base to the output: largest parts first, the smallest ones together.

        Raises
        ------
        DataError
            If it was not explained.
        """
        place = self.place(row)
        shares = self.shares[place]
        order = sorted(range(len(shares)), key=lambda at: (-abs(shares[at]), self.features[at]))
        own, rest = order[:PARTS], order[PARTS:]
        if len(rest) == 1:
            own, rest = order, []
        parts = [
            (f"{one_line(self.features[at])} = {shown(self.value(place, at))}", float(shares[at]), "part") for at in own
        ]
        if rest:
            parts.append((f"{len(rest)} other columns", math.fsum(shares[rest].tolist()), "part"))
        ends = (float(self.base[place]), float(self.output[place]))
        return Evidence(
            id=f"explanation.{row}",
            kind="waterfall",
            title=f"Row {row}: {self.target}",
            caption=f"From the mean of the reference to this row; {self.certificate}. {self.noise()}",
            alt=f"Base {ends[0]:.3g}, output {ends[1]:.3g}; largest: {', '.join(part[0] for part in parts[:3])}",
            columns=(Column("part", role="label"), Column(self.units, self.units, "value"), Column("kind")),
            rows=(("mean of the reference", ends[0], "base"), *parts, (self.target, ends[1], "output")),
        )

    def value(self, place: int, feature: int) -> Scalar:
        """Return what a row holds in a column; None where it is missing."""
        return scalar(self.given[self.features[feature]].iloc[place])

    def noise(self) -> str:
        """Return whether values are exact, or how far noise has gone down."""
        if self.half_width is None:
            return "Values are computed, not sampled."
        return f"Values are sampled: 95 % intervals are ± {float(self.half_width.max(initial=0.0)):.2g} or narrower."

    def text(self, row: Scalar) -> str:
        """Return one row's explanation as a table for a terminal."""
        lines = [
            (str(label), f"{value:+.4g}" if kind == "part" else f"{value:.4g}", kind)
            for label, value, kind in self.waterfall(row).rows
        ]
        wide = min(60, max(len(label) for label, _, _ in lines))
        head = f"row {row}: {self.target}"
        body = [f"  {_cut(label, wide):{wide}}  {value:>10}" for label, value, _ in lines]
        return "\n".join([head, *body, f"  {self.certificate}", f"  {self.noise()}"])

    def __repr__(self) -> str:
        size = f"{len(self.rows):,} row{'s' * (len(self.rows) != 1)} × {len(self.features)} columns"
        lines = [f"Explanation({size}, {self.target})"]
        for row in self.rows[:5]:
            _, *parts, _ = self.waterfall(row).rows
            said = ", ".join(f"{label} {value:+.3g}" for label, value, _ in parts[:3])
            place = self.place(row)
            lines.append(f"  row {row}: {self.base[place]:.3g} → {self.output[place]:.3g}; {said}")
        more = [f"  and {len(self.rows) - 5:,} more"] if len(self.rows) > 5 else []
        return "\n".join([*lines, *more, f"  {self.certificate}", f"  {self.noise()}"])


def explain(
    subject: Subject,
    rows: Any,
    *,
    reference: Any = None,
    named: str = "",
    background: int = BACKGROUND,
    budget: int = BUDGET,
) -> Explanation:
    """Explain single rows: for each column its Shapley value, against stated reference rows.

    φ of a column = its share of output − base, the mean output of the reference rows; Σ φ = output − base. Exact for linear
    models and trees; sampled for all else, and then repeated as far as the budget goes, with 95 % intervals.

    Parameters
    ----------
    subject : Subject
        With a model; of classes, one that gives probabilities.
    rows : frame, int or sequence of int
        Rows with at least the model's features, or positions in the test table from 0.
    reference : frame, optional
        Rows to compare with; by default `background` training rows, or test rows where there are none.
    named : str
        What these reference rows are.
    background, budget : int
        Size of the default reference; rows that the model is asked for at most, where it can only be asked.

    Returns
    -------
    Explanation
        Of fewer rows than given where the budget does not suffice for all; the certificate then says so.

    Raises
    ------
    NotApplicable
        If there is no model, or it gives no probabilities.
    InsufficientData
        If the budget does not suffice.
    DataError
        If a position lies outside the test table, a frame lacks a feature, or a row is named twice.

    Notes
    -----
    Misleads when columns are correlated: rows are then compared with combinations of values that nobody has. Another
    reference gives other values.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.5], "y": [0.0, 2.0, 4.0, 7.0]})
    >>> model = LinearRegression().fit(frame[["x"]], frame["y"])
    >>> subject = Subject(frame, model=model, label="y", task="regression")
    >>> print(explain(subject, 0, reference=frame.iloc[1:2]).values.round(6))
         x
    0 -2.0
    """
    frame, labels = rows_of(subject, rows)
    if reference is not None:
        _require(subject, reference, "the reference")
        named = named or "given rows"
    given, half_width = explain_repeatedly(subject, frame, reference, named, background, budget)
    found = given.attributions
    kept = len(found.values)
    frame = frame.iloc[:kept]
    target = "prediction" if subject.task == "regression" else f"{found.units} of {subject.positive!r}"
    return Explanation(
        labels[:kept],
        given.features,
        _frozen(found.values),
        _frozen(found.base),
        _frozen(found.output),
        found.units,
        target,
        given.certificate,
        None if half_width is None else _frozen(half_width),
        found.uses_background,
        frame,
    )


def rows_of(subject: Subject, rows: Any) -> tuple[Any, tuple[Scalar, ...]]:
    """Return rows as a pandas frame, and what each is called.

    Raises
    ------
    DataError
        As `explain`.
    """
    if hasattr(rows, "columns"):
        from auditkit.data.frames import table_from_frame

        _require(subject, rows, "the rows")
        index = getattr(rows, "index", range(len(rows)))
        frame, labels = table_from_frame(rows).frame(), tuple(scalar(label) for label in index)
    else:
        table = subject.table()
        places = [int(place) for place in np.atleast_1d(np.asarray(rows, dtype=object)).tolist()]
        for place in places:
            if not 0 <= place < table.rows:
                raise DataError(f"row {place}: the test table has rows 0 to {table.rows - 1:,}")
        frame, labels = table.frame(rows=np.array(places, dtype=np.int64)), tuple(places)
    if not labels:
        raise DataError("no rows were named; pass positions in the test table, or a frame with rows")
    twice = (
        next((label for at, label in enumerate(labels) if label in labels[:at]), None)
        if len(set(labels)) < len(labels)
        else None
    )
    if twice is not None:
        raise DataError(f"row {twice!r} is named twice; name each once, or reset the frame's index")
    return frame.reset_index(drop=True), labels


def _require(subject: Subject, frame: Any, what: str) -> None:
    lacking = [name for name in subject.features if name not in frame.columns]
    if lacking:
        raise DataError(f"{what} lack the feature {lacking[0]!r}.{did_you_mean(lacking[0], map(str, frame.columns))}")
    if not len(frame):
        raise DataError(f"{what} are a frame without rows; pass at least one")


def _frozen(values: Any) -> Floats:
    kept: Floats = np.array(values, dtype=np.float64)
    kept.flags.writeable = False
    return kept


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else f"{text[: wide - 1]}…"
