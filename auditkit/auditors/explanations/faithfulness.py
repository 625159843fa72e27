"""Whether explanations say what the model does, and say it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.declare import auditor
from auditkit.errors import InsufficientData
from auditkit.explainers.deletion import deletion_curves, deletion_gain, rank_correlations, shared_top
from auditkit.explainers.explained import Explained, require_explainable
from auditkit.explainers.permutation import model_rows
from auditkit.explainers.second_opinion import (
    Answer,
    another_game,
    answer_as_explained,
    explained_twice,
    sampled_twice,
)
from auditkit.finding import Cell, Column, Evidence, Measure, MeasureStatus
from auditkit.group_rates import two_sided
from auditkit.stats.row_means import Clusters, Floats, mean_over_rows, share_over_rows
from auditkit.stats.uncertainty import Uncertainty
from auditkit.subject import Subject

_ID = "explanations.faithfulness"
_ORDERS = ("most important first", "in random order", "least important first")
_DRAWS, _FEWEST, _CHECKED, _TOP = 5, 30, 40, 3
_ROUNDS, _STEADY = 4, 0.8


@auditor(
    title="Faithfulness of explanations",
    needs=("model",),
    measures=("deletion_gain", "seed_agreement", "top_agreement", "explainer_agreement"),
    slow=True,
)
def faithfulness(
    subject: Subject, *, rows: int = 200, background: int = 2000, budget: int = 200_000
) -> Iterator[Measure | Evidence]:
    r"""Whether the columns that an explanation calls important move the model, and whether it says the same twice.

    Parameters
    ----------
    subject : Subject
        With a model.
    rows : int
        Explained test rows, at most.
    background : int
        Rows to compare with, in either explanation.
    budget : int
        Rows that the model is asked for, at most, for each: either explanation, where it can only be asked, the curves, and the
        other explainer.

    Notes
    -----
    deletion_gain: columns of a row are replaced one after another by those of background rows (5 for each row), in the
    order of abs(φ) from the largest, and in a random order. A_i, B_i: the distance of the mean output from where it was,
    averaged over the steps of either order; R_i: the furthest that row got in any order. deletion_gain = mean(A − B) ÷
    mean(R), between −1 and 1; 0: the order says no more than chance. It is judged in the output that was explained. seed_agreement: Spearman's correlation, within a row, of abs(φ) against either of two
    samples of background rows with none in common (where values are sampled: walked anew), and top_agreement the share of
    the three largest that both have. explainer_agreement: the correlation with the permutation sampler on 40 rows, where it
    plays the same game and the explanation did not come from it, each value the mean of up to 4 runs; how far the sampler
    agrees with itself stands beside it, and where that is below 0.8 its noise would be taken for disagreement: *insufficient*.
    Means over rows: Student's t, of the gain by the delta method, of a share Wilson's at the effective size. The
    background rows count as given. Rows count once, whatever their weight; clusters are what is drawn, where there are any.

    Misleads when
    -------------
    Replacing columns makes rows that no person has, on which models may behave oddly, the more so where columns are
    correlated: a gain then speaks of the model off its data. It shows that an order moves the model, not that the model is
    right to move. Agreement of two explainers that share a mistake is no proof; what noise of the sampler is left lowers it
    where shares are close to each other.

    References
    ----------
    .. [1] Samek et al. 2017, doi:10.1109/TNNLS.2016.2599820; Petsiuk, Das, Saenko 2018, arXiv:1806.07421 (deletion); Hooker et
       al. 2019, arXiv:1806.10758 (its critique)
    """
    require_explainable(subject)
    columns = len(subject.features)
    if columns < 2:
        raise InsufficientData("the model reads one column, so there is no order of columns to judge")
    given, again = explained_twice(subject, rows, background, budget, _FEWEST)
    n = _enough(min(len(given.attributions.values), len(again.attributions.values)), columns, given, budget)
    clusters = _codes(given.frame[subject.roles.cluster])[:n] if subject.roles.cluster else None
    answer = answer_as_explained(subject, given)
    if answer is None:
        yield _nothing("deletion_gain", "share", "undefined", _not_asked(given))
    else:
        curves = _curves(subject, given, n, answer)
        yield _gain(curves, clusters)
        yield _curve(curves, n, given.certificate.units)
    first, second = (np.abs(one.attributions.values[:n]) for one in (given, again))
    agreed = _agreement("seed_agreement", rank_correlations(first, second), clusters)
    yield agreed
    yield _top(first, second, clusters)
    other, beside = _other_explainer(subject, given, answer, clusters, budget)
    yield other
    yield _side_by_side(given, [(f"against {len(again.reference):,} other background rows", agreed), *beside])


def _enough(explained: int, columns: int, given: Explained, budget: int) -> int:
    """Return how many rows can be looked at.

    Raises
    ------
    InsufficientData
        If these are too few to speak of.
    """
    each = len(_ORDERS) * columns * _DRAWS + 1
    n = min(explained, budget // each)
    if n >= _FEWEST:
        return n
    asked = model_rows(_FEWEST, columns, len(given.reference)) if given.attributions.asked else 0
    needed = max(asked, _FEWEST * each)
    told = f"; raise budget to {needed:,}" if needed > budget else ""
    raise InsufficientData(f"{n} rows can be looked at, at least {_FEWEST} are needed{told}")


def _not_asked(given: Explained) -> str:
    return f"the model cannot be asked for the output that was explained ({given.certificate.units})"


def _codes(column: Any) -> Any:
    import pandas as pd

    return pd.factorize(column)[0]


# ------------------------------------------------------------------------------------------------ taking columns away


def _curves(subject: Subject, given: Explained, n: int, answer: Answer) -> Floats:
    sizes, rng = np.abs(given.attributions.values[:n]), subject.rng(_ID)
    falling = np.argsort(-sizes, axis=1, kind="stable")
    chance = rng.permuted(np.tile(np.arange(sizes.shape[1]), (n, 1)), axis=1)
    met = rng.integers(0, len(given.reference), (n, _DRAWS))
    frame = given.frame[list(given.features)].iloc[:n].reset_index(drop=True)
    return deletion_curves(answer, frame, given.reference, np.stack([falling, chance, falling[:, ::-1]]), met)


def _gain(curves: Floats, clusters: Clusters | None) -> Measure:
    found = deletion_gain(curves, clusters)
    if found is None:
        return _nothing("deletion_gain", "share", "undefined", "the output is the same whatever is replaced")
    return _found("deletion_gain", "share", found, curves.shape[1], "delta method")


def _curve(curves: Floats, n: int, units: str) -> Evidence:
    means = curves.mean(axis=1)
    rows = [
        (name, step, 0.0 if step == 0 else float(means[order, step - 1]))
        for order, name in enumerate(_ORDERS)
        for step in range(curves.shape[2] + 1)
    ]
    return Evidence(
        id=f"{_ID}.deletion",
        kind="curve",
        title="How fast the output moves as columns are replaced",
        caption=(
            f"Mean distance of the output ({units}) from where it was, over {n:,} rows. An explanation is faithful if the first "
            "columns that it names move the output most. Rows with some columns replaced may be like no person's."
        ),
        alt="Distance of the output by the number of columns replaced, for three orders of columns",
        columns=(Column("order", role="label"), Column("columns replaced", "", "x"), Column("distance", units, "y")),
        rows=tuple(rows),
    )


# ------------------------------------------------------------------------------------------------------- saying it again


def _agreement(name: str, correlations: Floats, clusters: Clusters | None) -> Measure:
    known = ~np.isnan(correlations)
    if known.sum() < _FEWEST:
        reason = f"{int(known.sum())} rows have shares that differ, at least {_FEWEST} are needed"
        return _nothing(name, "correlation", "insufficient", reason)
    found = mean_over_rows(correlations[known], None if clusters is None else clusters[known], -1.0, 1.0)
    return _found(name, "correlation", found, int(known.sum()), "Student's t")


def _top(first: Floats, second: Floats, clusters: Clusters | None) -> Measure:
    if first.shape[1] <= _TOP:
        reason = f"the model reads {first.shape[1]} columns, and the largest {_TOP} of these are all"
        return _nothing("top_agreement", "share", "undefined", reason)
    moved = (first.max(axis=1) > 0) & (second.max(axis=1) > 0)
    if moved.sum() < _FEWEST:
        reason = f"{int(moved.sum())} rows have shares that differ, at least {_FEWEST} are needed"
        return _nothing("top_agreement", "share", "insufficient", reason)
    found = share_over_rows(shared_top(first, second, _TOP)[moved], None if clusters is None else clusters[moved])
    return _found("top_agreement", "share", found, int(moved.sum()), "Wilson at the effective size")


def _other_explainer(
    subject: Subject, given: Explained, answer: Answer | None, clusters: Clusters | None, budget: int
) -> tuple[Measure, list[tuple[str, Measure]]]:
    """Return how far the sampler agrees, if it answers the same question, and what to compare that with."""
    name, why = "explainer_agreement", another_game(given.attributions)
    if why is not None:
        return _nothing(name, "correlation", "undefined", why), []
    if answer is None:
        return _nothing(name, "correlation", "undefined", _not_asked(given)), []
    columns, known = len(given.features), len(given.reference)
    n = min(_CHECKED, len(given.attributions.values), (budget // 2 - known) // model_rows(1, columns, 0))
    if n < _FEWEST:
        needed = 2 * model_rows(_FEWEST, columns, known)
        why = f"the sampler cannot explain the {_FEWEST} rows that are needed, twice; raise budget to {needed:,}"
        return _nothing(name, "correlation", "insufficient", why), []
    some = None if clusters is None else clusters[:n]
    rounds = min(_ROUNDS, budget // 2 // model_rows(n, columns, known))
    one, other = (np.abs(values) for values in sampled_twice(subject, given, answer, n, rounds))
    agreed = _agreement(name, rank_correlations(np.abs(given.attributions.values[:n]), one), some)
    itself = _agreement(name, rank_correlations(one, other), some)
    if itself.value is not None and itself.value < _STEADY:
        why = (
            f"the sampler agrees with itself to {itself.value:.2f} only, at least {_STEADY} are needed: its noise would be taken "
            f"for disagreement{'; raise budget' if rounds < _ROUNDS else ''}"
        )
        agreed = _nothing(name, "correlation", "insufficient", why)
    return agreed, [("with the permutation sampler", agreed), ("the sampler with itself", itself)]


def _side_by_side(given: Explained, seen: list[tuple[str, Measure]]) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for said, measure in seen:
        ends = (None, None) if measure.interval is None else (measure.interval.low, measure.interval.high)
        rows.append((said, measure.n, measure.value, *ends))
    return Evidence(
        id=f"{_ID}.agreement",
        kind="intervals",
        title="Whether the explanation says the same twice",
        caption=(
            f"Spearman's correlation of abs(φ) within a row, mean over rows, 95 % intervals; {given.certificate}. What the "
            "sampler does not agree with in itself is its noise, and no disagreement of explainers."
        ),
        alt="Correlation of explanations of the same rows: " + ", ".join(said for said, _ in seen),
        columns=(
            Column("compared", role="label"),
            Column("rows", "rows", "n"),
            Column("correlation", "correlation", "value"),
            Column("low", "correlation", "low"),
            Column("high", "correlation", "high"),
        ),
        rows=tuple(rows),
    )


def _found(name: str, unit: str, uncertainty: Uncertainty, n: int, method: str) -> Measure:
    return Measure(
        name=name,
        value=uncertainty.estimate,
        unit=unit,
        direction="higher",
        n=n,
        interval=two_sided(uncertainty, method),
        uncertainty=uncertainty,
    )


def _nothing(name: str, unit: str, status: MeasureStatus, reason: str) -> Measure:
    return Measure(name=name, value=None, unit=unit, direction="higher", status=status, reason=reason)
