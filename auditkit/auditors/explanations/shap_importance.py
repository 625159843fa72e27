"""Which columns drive the model's answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from auditkit.declare import auditor
from auditkit.explainers.attribution import Attributions, Floats
from auditkit.explainers.explained import Certificate, explained
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.uncertainty import Exact, Normal, Uncertainty
from auditkit.subject import Subject

_FEWEST = 50
_Z = 1.959964


@auditor(
    title="Feature importance", needs=("model",), measures=("additivity_error", "largest_share", "sensitive_share")
)
def shap_importance(
    subject: Subject, *, rows: int = 1000, background: int = 200, budget: int = 200_000
) -> Iterator[Measure | Evidence]:
    """Which columns move the model's answers, how much, and which differences in rank are settled.

    Notes
    -----
    Importance of a column = mean over sampled test rows of abs(φ), φ its Shapley value: its share of the difference
    between the row's output and the mean output of a background sample (histogram boosting: of the training rows, as
    the trees count them). Linear models in closed form, trees through
    shap, pipelines in their original columns (the sum of encoded attributions), all else by permutation sampling;
    shares are always checked to add up. Normal 95 % intervals; a tier holds columns whose paired differences are not
    significant. Sampled values inflate the mean of abs(φ); 2·abs(φ of K passes) − abs(φ of K/2) takes most of that out.

    Misleads when
    -------------
    Columns are correlated: shares then depend on the background. Importance is about the model, not about causes.

    References
    ----------
    .. [1] Lundberg, Lee 2017, A Unified Approach to Interpreting Model Predictions, arXiv:1705.07874
    """
    given = explained(subject, rows=rows, background=background, budget=budget)
    features, found = list(given.features), given.attributions
    yield Measure(
        name="additivity_error",
        value=found.additivity_error,
        unit=found.units,
        direction="lower",
        n=len(found.values),
        interval=_exact(found.additivity_error),
        uncertainty=Exact(found.additivity_error),
    )
    means = np.maximum(0.0, found.sizes.mean(axis=0))
    yield from _shares(subject, features, found.sizes)
    yield _evidence(features, found, means, given.certificate)


def _errors(sizes: Floats) -> Floats:
    spread: Floats = sizes.std(axis=0, ddof=1) if len(sizes) > 1 else np.zeros(sizes.shape[1])
    return spread / math.sqrt(len(sizes))


def _exact(value: float) -> Interval:
    return Interval(value, value, None, "each", "exact", "computed, not estimated")


def _shares(subject: Subject, features: list[str], sizes: Floats) -> Iterator[Measure]:
    """Ratios of mean sizes, with the delta method's standard error of a ratio of means."""
    whole = sizes.sum(axis=1)
    used = [place for place, name in enumerate(features) if name in subject.roles.sensitive]
    for name, places in (("largest_share", [int(sizes.mean(axis=0).argmax())]), ("sensitive_share", used)):
        if whole.mean() <= 0:
            reason = "undefined: the output is the same for all rows"
            yield Measure(
                name=name, value=None, unit="share", direction="none", n=len(sizes), status="undefined", reason=reason
            )
            continue
        part = sizes[:, places].sum(axis=1)
        share = float(part.mean() / whole.mean())
        uncertainty: Uncertainty | None = None if places else Exact(0.0)
        interval = None if places else _exact(0.0)
        if places and len(sizes) > 1:
            error = float((part - share * whole).std(ddof=1) / (whole.mean() * math.sqrt(len(sizes))))
            uncertainty = Normal(share, error, "identity", None, 0.0, 1.0)
            interval = two_sided(uncertainty, "delta method")
        yield Measure(
            name=name,
            value=share,
            unit="share",
            direction="none",
            n=len(sizes),
            interval=interval,
            uncertainty=uncertainty,
        )


def _evidence(features: list[str], found: Attributions, means: Floats, certificate: Certificate) -> Evidence:
    order = sorted(range(len(features)), key=lambda place: (-means[place], features[place]))
    nonzero = (found.values != 0).sum(axis=0)
    sizes = found.sizes
    errors, tiers = _errors(sizes), _tiers(sizes, order)
    n = len(found.values)
    rows = []
    for place in order:
        enough = nonzero[place] >= _FEWEST
        half = _Z * float(errors[place])
        mean = float(means[place])
        rows.append(
            (
                features[place],
                n,
                mean,
                max(0.0, mean - half) if enough else None,
                mean + half if enough else None,
                str(tiers[place]) if enough else f"{nonzero[place]} rows are not zero, {_FEWEST} are needed",
            )
        )
    caption = (
        f"Mean size of the share in the output ({found.units}) over {n:,} test rows; {certificate}. "
        "Columns of one tier are not separated by these rows."
    )
    return Evidence(
        id="explanations.shap_importance.importance",
        kind="intervals",
        title="What drives the output",
        caption=caption,
        alt=f"Importance by column, largest first: {', '.join(str(row[0]) for row in rows[:5])}",
        columns=(
            Column("column", role="label"),
            Column("rows", "rows", "n"),
            Column(f"mean abs(φ), {found.units}", found.units, "value"),
            Column("low", found.units, "low"),
            Column("high", found.units, "high"),
            Column("tier"),
        ),
        rows=tuple(rows),
    )


def _tiers(size: Floats, order: list[int]) -> dict[int, int]:
    tiers, tier, head = dict[int, int](), 1, order[0]
    for place in order:
        difference = size[:, head] - size[:, place]
        error = float(_errors(difference[:, None])[0])
        if place != head and difference.mean() > _Z * error:
            tier, head = tier + 1, place
        tiers[place] = tier
    return tiers
