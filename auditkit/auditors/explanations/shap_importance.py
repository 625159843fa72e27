"""Which columns drive the model's answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from auditkit.declare import auditor
from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import Explained
from auditkit.explainers.planned import planned
from auditkit.explainers.swarm import swarm
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.importance import Spread, spread, tiers
from auditkit.stats.uncertainty import Exact, Normal, Uncertainty
from auditkit.subject import Subject

FEWEST = 50
_ID = "explanations.shap_importance"


@auditor(
    title="Feature importance",
    needs=("model",),
    measures=("additivity_error", "largest_share", "sensitive_share", "background_share"),
)
def shap_importance(
    subject: Subject,
    *,
    rows: int = 1000,
    most_rows: int = 5000,
    half_width: float = 0.05,
    background: int = 2000,
    budget: int = 200_000,
    encoded_game: bool = False,
    path_dependent: bool = False,
) -> Iterator[Measure | Evidence]:
    """Which columns move the model's answers, how much, and which differences in rank are settled.

    Parameters
    ----------
    subject : Subject
        With a model.
    rows, most_rows : int
        Test rows explained, at least and at most; 200 others say how many it takes.
    half_width : float
        The interval wanted of the columns that carry 90 % of the importance, as a share of it.
    background : int
        Rows to compare with, from the training rows where there are any.
    budget : int
        Rows that the model is asked for at most, where it can only be asked.
    encoded_game : bool
        In a pipeline, add up the shares of encoded columns instead of replacing those of one original column together.
    path_dependent : bool
        Trees compare with their own counts of training rows, not with the background.

    Notes
    -----
    Importance of a column = mean over sampled test rows of abs(φ), φ its Shapley value: its share of the difference
    between the row's output and the mean output of the background rows, all of which are used. Linear models in closed
    form; trees of scikit-learn, LightGBM and XGBoost exactly, with the original column as the player; all else by
    permutation sampling of the original columns. Shares that do not add up to the model's output are never shown. How
    many rows it takes comes from 200 other rows, not from looking. 95 % intervals over the people whom the test rows stand
    for; variance between rows, plus that between 8 parts of the background / 8, Student's t. A column opens a lower
    tier if its paired difference from the head of the last one is significant (Bonferroni). Sampled values inflate the
    mean of abs(φ); what halves and fifths of the walks give shows by how much, and most of it is taken out. A column below
    twice of what noise alone would show is not separable from noise.

    Misleads when
    -------------
    Columns are correlated: shares then depend on the background. Importance is about the model, not about causes.

    References
    ----------
    .. [1] Lundberg, Lee 2017, A Unified Approach to Interpreting Model Predictions, arXiv:1705.07874
    """
    plan = planned(
        subject,
        rows=rows,
        most_rows=most_rows,
        half_width=half_width,
        background=background,
        budget=budget,
        encoded_game=encoded_game,
        path_dependent=path_dependent,
    )
    given, chosen = plan.given, plan.rows
    sizes = given.attributions.sizes[:chosen]
    yield Measure(
        name="additivity_error",
        value=given.certificate.additivity_error,
        unit=given.certificate.units,
        direction="lower",
        n=len(given.attributions.values),
        interval=_exact(given.certificate.additivity_error),
        uncertainty=Exact(given.certificate.additivity_error),
    )
    known = given.attributions.by_part
    by_part = None if known is None else np.abs(known).mean(axis=1)
    yield from _shares(subject, list(given.features), sizes, by_part)
    sure = spread(sizes, by_part)
    if by_part is not None:
        yield Measure(  # exact: what part of the variance that these very intervals were made of
            name="background_share",
            value=sure.share,
            unit="share",
            direction="lower",
            n=len(by_part),
            interval=_exact(sure.share),
            uncertainty=Exact(sure.share),
        )
    remarks = f"{plan.said} {_population(chosen, subject.table().rows)} {_moved(by_part is not None, sure.share)}"
    yield _evidence(given, chosen, sure, tiers(sizes, _order(given, sizes), by_part), remarks)
    yield swarm(given, f"{_ID}.beeswarm", chosen)


def _population(chosen: int, total: int) -> str:
    factor = math.sqrt(max(0.0, 1 - chosen / total)) if total else 0.0
    own = "exact" if factor == 0 else f"{factor:.2f} times as wide"
    return f"Intervals speak of the people whom the {total:,} test rows stand for; of these rows themselves they would be {own}."


def _moved(known: bool, share: float) -> str:
    if not known:
        return "They hold for this background."
    return f"They count the sampling of rows and of the background, which brings {share:.0%} of the variance."


def _exact(value: float) -> Interval:
    return Interval(value, value, None, "each", "exact", "computed, not estimated")


def _shares(subject: Subject, features: list[str], sizes: Floats, by_part: Floats | None) -> Iterator[Measure]:
    """Ratios of mean sizes, with the delta method's standard error of a ratio of means and that between backgrounds."""
    whole = sizes.sum(axis=1)
    used = [place for place, name in enumerate(features) if name in subject.roles.sensitive]
    for name, places in (("largest_share", [int(sizes.mean(axis=0).argmax())]), ("sensitive_share", used)):
        base = Measure(name=name, value=0.0, unit="share", direction="none", n=len(sizes))
        if whole.mean() <= 0:
            reason = "undefined: the output is the same for all rows"
            yield replace(base, value=None, status="undefined", reason=reason)
            continue
        part = sizes[:, places].sum(axis=1)
        share = float(min(1.0, max(0.0, part.mean() / whole.mean())))
        uncertainty: Uncertainty | None = None if places else Exact(0.0)
        interval = None if places else _exact(0.0)
        if places and len(sizes) > 1:
            ratios = None if by_part is None else by_part[:, places].sum(axis=1) / by_part.sum(axis=1)
            sure = spread(((part - share * whole) / whole.mean())[:, None], None if ratios is None else ratios[:, None])
            freedom = None if ratios is None else float(sure.freedom[0])
            uncertainty = Normal(share, float(sure.error[0]), "identity", freedom, 0.0, 1.0)
            interval = two_sided(uncertainty, "delta method")
        yield replace(base, value=share, interval=interval, uncertainty=uncertainty)


def _order(given: Explained, sizes: Floats) -> npt.NDArray[np.int64]:
    means = sizes.mean(axis=0)
    return np.array(sorted(range(len(means)), key=lambda place: (-means[place], given.features[place])))


def _evidence(given: Explained, chosen: int, sure: Spread, tier_of: list[int], remarks: str) -> Evidence:
    found, features = given.attributions, given.features
    sizes = found.sizes[:chosen]
    means = np.maximum(0.0, sizes.mean(axis=0))
    halves = sure.half_width()
    nonzero = (found.values[:chosen] != 0).sum(axis=0)
    rows = []
    for place in _order(given, sizes).tolist():
        mean, half = float(means[place]), float(halves[place])
        enough = nonzero[place] >= FEWEST
        tier = str(tier_of[place])
        if not enough:
            tier = f"{nonzero[place]} rows are not zero, {FEWEST} are needed"
        elif found.noise is not None and mean < 2 * float(found.floor[place]):
            tier = "not separable from noise"
        cells = (max(0.0, mean - half), mean + half) if enough else (None, None)
        noise = () if found.noise is None else (float(found.floor[place]),)
        rows.append((features[place], chosen, mean, *cells, tier, *noise))
    caption = (
        f"Mean size of the share in the output ({found.units}) over {chosen:,} test rows; {given.certificate}. {remarks} "
        "Columns of one tier are not separated by these rows."
    )
    noise_column = () if found.noise is None else (Column("noise alone", found.units, "text"),)
    return Evidence(
        id=f"{_ID}.importance",
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
            *noise_column,
        ),
        rows=tuple(rows),
    )
