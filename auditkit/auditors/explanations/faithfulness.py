"""Whether explanations say what the model does, and say it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.declare import auditor
from auditkit.errors import InsufficientData
from auditkit.explainers.attribution import Attributions, Floats, Task
from auditkit.explainers.deletion import deletion_curves, rank_correlations, shared_top
from auditkit.explainers.permutation import explain_permutation, model_rows
from auditkit.explainers.planned import planned
from auditkit.finding import Column, Evidence, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.uncertainty import Normal
from auditkit.subject import Subject

_ID = "explanations.faithfulness"
_ORDERS = ("most important first", "in random order", "least important first")
_DRAWS, _FEWEST, _CHECKED = 5, 30, 40


@auditor(
    title="Faithfulness of explanations",
    needs=("model",),
    measures=("deletion_gain", "background_agreement", "top_agreement", "explainer_agreement"),
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
        Explained test rows whose columns are taken away, at most.
    background, budget : int
        As in feature importance; taking columns away has the same budget once more.

    Notes
    -----
    deletion_gain: columns of a row are replaced one after another by those of 5 background rows, in the order of abs(φ)
    from the largest, and in a random order; the distance of the mean output from where it was, averaged over all steps,
    is compared between the two, as a share of the mean distance with everything replaced. Above 0 the explanation's order
    moves the model faster than chance. background_agreement: Spearman's correlation, within a row, of abs(φ) against either
    half of the background (or from either half of the walks, where values are sampled), and top_agreement the share of the
    three largest that both have. explainer_agreement: the same correlation with the permutation sampler on 40 rows, the
    same game, where the explanation did not come from it. Means over rows, 95 % Student's t; of the gain a ratio of means
    (delta method).

    Misleads when
    -------------
    Replacing columns makes rows that no person has, on which models may behave oddly. Agreement of two explainers that
    share a mistake is no proof. The sampler's own noise lowers explainer_agreement where shares are close to each other.

    References
    ----------
    .. [1] Samek et al. 2017, doi:10.1109/TNNLS.2016.2599820 (deletion); Hooker et al. 2019, arXiv:1806.10758 (its critique)
    """
    found = planned(subject, background=background, budget=budget)
    given, attributions = found.given, found.given.attributions
    columns = attributions.values.shape[1]
    if columns < 2:
        raise InsufficientData("the model reads one column, so there is no order of columns to judge")
    n = min(rows, found.rows, budget // (len(_ORDERS) * columns * _DRAWS + 1))
    if n < _FEWEST:
        needed = _FEWEST * (len(_ORDERS) * columns * _DRAWS + 1)
        raise InsufficientData(f"{n} rows can be looked at, at least {_FEWEST} are needed; raise budget to {needed:,}")
    features = list(given.features)
    frame = given.frame[features].iloc[:n].reset_index(drop=True)
    rng = subject.rng(_ID)
    sizes = np.abs(attributions.values[:n])
    answer = subject.predict_scores if subject.task != "regression" else subject.predict
    falling = np.argsort(-sizes, axis=1, kind="stable")
    orders = np.stack([falling, rng.permuted(np.tile(np.arange(columns), (n, 1)), axis=1), falling[:, ::-1]])
    met = rng.integers(0, len(given.reference), (n, _DRAWS))
    curves = deletion_curves(lambda asked: np.asarray(answer(asked), np.float64), frame, given.reference, orders, met)
    yield _gain(curves, n)
    yield _curve(curves, n, "probability" if subject.task != "regression" else "target")
    yield from _repeated(attributions)
    yield _other_explainer(subject, given, attributions)


def _gain(curves: Floats, n: int) -> Measure:
    """Return the mean distance won over a random order, as a share of the distance with all columns replaced."""
    won = curves[0].mean(axis=1) - curves[1].mean(axis=1)
    whole = curves[0][:, -1]
    base = Measure(name="deletion_gain", value=0.0, unit="share", direction="higher", n=n)
    if whole.mean() <= 0:
        return replace(base, value=None, status="undefined", reason="the output is the same whatever is replaced")
    share = float(won.mean() / whole.mean())
    error = float((won - share * whole).std(ddof=1) / whole.mean() / np.sqrt(n))
    uncertainty = Normal(share, error, "identity", n - 1.0)
    return replace(base, value=share, interval=two_sided(uncertainty, "delta method"), uncertainty=uncertainty)


def _curve(curves: Floats, n: int, unit: str) -> Evidence:
    means = curves.mean(axis=1)
    rows = [
        (name, step + 1, float(means[order, step]))
        for order, name in enumerate(_ORDERS)
        for step in range(curves.shape[2])
    ]
    return Evidence(
        id=f"{_ID}.deletion",
        kind="curve",
        title="How fast the output moves as columns are replaced",
        caption=(
            f"Mean distance of the output from where it was, over {n:,} rows. An explanation is faithful if the first "
            "columns that it names move the output most."
        ),
        alt="Distance of the output by the number of columns replaced, for three orders of columns",
        columns=(Column("order", role="label"), Column("columns replaced", "", "x"), Column("distance", unit, "y")),
        rows=tuple(rows),
    )


def _repeated(attributions: Attributions) -> Iterator[Measure]:
    """Yield how far two halves of what the explanation rests on agree."""
    names = ("background_agreement", "top_agreement")
    if attributions.by_part is not None:
        half = len(attributions.by_part) // 2
        pair = attributions.by_part[:half].mean(axis=0), attributions.by_part[half:].mean(axis=0)
    elif attributions.halves is not None:
        pair = attributions.halves[0], attributions.halves[1]
    else:
        for name in names:
            reason = "the explanation rests on no sample that could be halved"
            yield Measure(
                name=name, value=None, unit="correlation", direction="higher", status="undefined", reason=reason
            )
        return
    first, second = np.abs(pair[0]), np.abs(pair[1])
    yield _mean(names[0], rank_correlations(first, second), "correlation")
    yield _mean(names[1], shared_top(first, second), "share")


def _other_explainer(subject: Subject, given: Any, attributions: Attributions) -> Measure:
    base = Measure(
        name="explainer_agreement", value=None, unit="correlation", direction="higher", status="undefined", reason="-"
    )
    if attributions.halves is not None:
        return replace(base, reason="the explanation is the sampler's own; no other explainer applies to this model")
    if attributions.units not in ("log-odds", "probability", "target"):
        return replace(base, reason=f"the sampler cannot ask the model for its output in {attributions.units}")
    features = list(given.features)
    n = min(_CHECKED, len(attributions.values))
    task = Task(
        None,
        _asked(subject, attributions.units),
        None,
        given.frame[features].iloc[:n].reset_index(drop=True),
        given.reference,
        subject.rng(f"{_ID}.sampler"),
        model_rows(n, len(features), len(given.reference)),
    )
    other = explain_permutation(task)
    return _mean(
        "explainer_agreement", rank_correlations(np.abs(attributions.values[:n]), np.abs(other.values)), "correlation"
    )


def _asked(subject: Subject, units: str) -> Any:
    if units == "target":
        return lambda frame: np.asarray(subject.predict(frame), dtype=np.float64)
    if units == "probability":
        return subject.predict_scores

    def log_odds(frame: Any) -> Floats:
        p = np.clip(subject.predict_scores(frame), 1e-12, 1 - 1e-12)
        found: Floats = np.log(p / (1 - p))
        return found

    return log_odds


def _mean(name: str, values: Floats, unit: str) -> Measure:
    known = values[~np.isnan(values)]
    base = Measure(name=name, value=0.0, unit=unit, direction="higher", n=len(known))
    if len(known) < _FEWEST:
        reason = f"{len(known)} rows have shares that differ, at least {_FEWEST} are needed"
        return replace(base, value=None, status="insufficient", reason=reason)
    error = float(known.std(ddof=1) / np.sqrt(len(known)))
    low = -1.0 if unit == "correlation" else 0.0
    uncertainty = Normal(float(known.mean()), error, "identity", len(known) - 1.0, low, 1.0)
    return replace(
        base, value=uncertainty.value, interval=two_sided(uncertainty, "Student's t"), uncertainty=uncertainty
    )
