"""Training again under a bound on the gap, by fairlearn's reductions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from auditkit.errors import NotApplicable
from auditkit.stats.frontier import GapKind
from auditkit.subject import Subject

_CONSTRAINTS = {
    "demographic_parity": "DemographicParity",
    "equal_opportunity": "TruePositiveRateParity",
    "equalized_odds": "EqualizedOdds",
}
_ROUNDS = 20


def retrained(
    subject: Subject, column: str, kind: GapKind, bounds: Sequence[float], least: int
) -> list[tuple[float, float]]:
    """Return gap and accuracy on the test rows of the estimator, trained again under each bound.

    The gap is over groups that have at least `least` rows in its denominator; without two of them there is no place.

    Raises
    ------
    NotApplicable
        If there are no training rows or labels, or the estimator cannot be cloned or takes no weights.
    """
    import fairlearn.reductions as reductions
    from fairlearn.reductions import ExponentiatedGradient
    from sklearn.base import clone

    model, label = subject.model, subject.roles.label
    if model is None or label is None:
        raise NotApplicable("training again needs a model and labels; pass model= and label=")
    train, test = subject.table("train"), subject.table("test")
    try:
        estimator = clone(model.target)
    except TypeError as error:
        raise NotApplicable(f"the model cannot be cloned ({error}), so it cannot be trained again") from None
    features = list(subject.features)
    rows, outcome = train.frame(columns=features), _positive(subject, train)
    groups = np.asarray(subject.groups_of(column, "train").codes)
    found = []
    for bound in bounds:
        constraint = getattr(reductions, _CONSTRAINTS[kind])(difference_bound=bound)
        again = ExponentiatedGradient(
            clone(estimator), constraint, eps=bound, max_iter=_ROUNDS, sample_weight_name=_weight_name(estimator)
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # fairlearn's own, of pandas 4
                again.fit(rows, outcome, sensitive_features=groups)
        except (TypeError, ValueError) as error:
            raise NotApplicable(f"the estimator cannot be trained again: {str(error).splitlines()[0]}") from None
        decided = np.asarray(again.predict(test.frame(columns=features), random_state=subject.seed)) == 1
        found.append(_judged(subject, test, column, kind, decided, least))
    return [place for place in found if place is not None]


def _positive(subject: Subject, table: Any) -> Any:
    coded = table.coded(str(subject.roles.label))
    return (np.asarray(coded.codes) == coded.values.index(subject.positive)).astype(int)


def _weight_name(estimator: Any) -> str:
    steps = getattr(estimator, "steps", None)
    return f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"


def _judged(
    subject: Subject, test: Any, column: str, kind: GapKind, decided: Any, least: int
) -> tuple[float, float] | None:
    """Return gap and accuracy; None where fewer than two groups have enough rows for a gap."""
    outcome = _positive(subject, test) == 1
    codes = np.asarray(subject.groups_of(column).codes)

    def spread(among: Any) -> float | None:
        rates = [
            decided[among & (codes == code)].mean()
            for code in np.unique(codes)
            if (among & (codes == code)).sum() >= least
        ]
        return float(max(rates) - min(rates)) if len(rates) > 1 else None

    everyone = np.ones(len(outcome), dtype=bool)
    gaps = {
        "demographic_parity": [everyone],
        "equal_opportunity": [outcome],
        "equalized_odds": [outcome, ~outcome],
    }[kind]
    spreads = [spread(among) for among in gaps]
    known = [value for value in spreads if value is not None]
    return (max(known), float((decided == outcome).mean())) if len(known) == len(gaps) else None
