"""A few rules that imitate the model, and how well they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.data.counting import cluster_buckets
from auditkit.data.frames import table_from_frame
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.explainers.proxies import value_codes
from auditkit.explainers.surrogate import Surrogate, fit_surrogate
from auditkit.finding import Cell, Column, Evidence, Group, Measure
from auditkit.group_cells import Rate
from auditkit.group_rates import rate_measure, two_sided
from auditkit.stats.cross_fit import halves
from auditkit.stats.fidelity import explained_share
from auditkit.stats.weighting import clustered_proportion, estimated_clusters
from auditkit.subject import Subject
from auditkit.tally import BUCKETS

_ID = "explanations.surrogate"
_FEWEST_ROWS = 100
Floats = npt.NDArray[np.float64]
Buckets = npt.NDArray[np.integer]


@auditor(
    title="Rules that imitate the model", needs=("model",), measures=("r_squared", "agreement", "constant_agreement")
)
def surrogate(
    subject: Subject,
    *,
    rows: int = 5000,
    depth: int = 4,
    leaves: int = 12,
    fewest: int = 20,
    bar: float = 0.5,
) -> Iterator[Measure | Evidence]:
    """How much of the model's behaviour a few rules describe, and what these rules are.

    Parameters
    ----------
    subject : Subject
        With a model.
    rows : int
        Rows to make the rules from, training rows where there are any; and as many test rows to check them.
    depth, leaves : int
        Conditions in a rule and rules, at most.
    fewest : int
        Rows that a rule and a value named in it must have, at least.
    bar : float
        Unless the lower end of the interval of r_squared is above it, the rules are said not to describe the model well.

    Notes
    -----
    A regression tree on the original columns is fitted to the model's output (the probability of the positive label; its
    decision, where it gives no probabilities; the predicted number of a regression; of more classes, only the positive one's) and checked on test rows that it has not
    seen. r_squared = 1 − Σ(output − rule's)² / Σ(output − constant)² there, the constant being the mean output in the fitted
    rows: 0, no better than one number for all; 1, the rules are the model. Interval by the
    jackknife on ln(1 − R²). agreement = share of test rows for which the rule's decision, the most frequent of the model's among its
    fitted rows, is the model's (Wilson); constant_agreement = the same if the most frequent decision is said of all. Where
    rows have clusters, bounds rest on these.

    Misleads when
    -------------
    Read as how the model works: rules that imitate an output may use other columns than the model, and are wrong for
    the rows in which they disagree. High agreement beside an equally high constant_agreement says nothing. Fidelity in the
    test rows says nothing of people unlike them. The same model may be imitated as well by other rules.

    References
    ----------
    .. [1] Craven, Shavlik 1996, Extracting Tree-Structured Representations of Trained Networks, NIPS 8; Rudin 2019,
       doi:10.1038/s42256-019-0048-x
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if not subject.features:
        raise NotApplicable("the model reads no named columns; pass features=[…]")
    for name, value in (("depth", depth), ("leaves", leaves), ("fewest", fewest)):
        if value < 1:
            raise ConfigurationError(f"option {name!r} of {_ID}: got {value}, wanted at least 1")
    made, source = _parts(subject, rows)
    fitted, checked = (_asked(subject, frame) for frame in made)
    tree = fit_surrogate(fitted.frame, subject.features, fitted.output, depth=depth, leaves=leaves, fewest=fewest)
    said = _said(tree, fitted)
    place = tree.leaves(checked.frame)
    measures = [_r_squared(subject, said, place, fitted, checked), *_agreements(said, place, fitted, checked)]
    yield from measures
    yield _rules(
        subject, said, place, checked, measures, source=source, fewest=fewest, bar=bar, fitted=len(fitted.frame)
    )


# --------------------------------------------------------------------------------------------------- rows and answers


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Rows, the model's output, its decisions as codes (None for a regression) and buckets of clusters, if any."""

    frame: Any
    output: Floats
    decisions: list[Any] | None
    buckets: Buckets | None


def _parts(subject: Subject, rows: int) -> tuple[tuple[Any, Any], str]:
    """Return rows to fit to and other rows to check on, and what the first ones are."""
    if subject.summary()["rows"]["train"]:  # type: ignore[index]
        parts, source = (subject.sample(rows, "train"), subject.sample(rows)), "training rows"
    else:
        frame = subject.sample(2 * rows)
        second = halves(np.zeros(len(frame), dtype=np.int64), _buckets(subject, frame))
        parts, source = (frame[~second].reset_index(drop=True), frame[second].reset_index(drop=True)), "other test rows"
    least = min(len(part) for part in parts)
    if least < _FEWEST_ROWS:
        raise InsufficientData(f"{least} rows to make or to check rules with, at least {_FEWEST_ROWS} are needed")
    return parts, source


def _buckets(subject: Subject, frame: Any) -> Buckets | None:
    cluster = subject.roles.cluster
    known = cluster is not None and cluster in frame.columns
    return cluster_buckets(table_from_frame(frame), str(cluster)) if known else None


def _asked(subject: Subject, frame: Any) -> _Asked:
    assert subject.model is not None  # its absence was said before
    buckets = _buckets(subject, frame)
    if subject.task == "regression":
        return _Asked(frame, np.asarray(subject.predict(frame), dtype=np.float64), None, buckets)
    decisions = np.asarray(subject.predict(frame)).tolist()
    if subject.model.has_scores:
        return _Asked(frame, subject.predict_scores(frame), decisions, buckets)
    output = np.array([float(one == subject.positive) for one in decisions])
    return _Asked(frame, output, decisions, buckets)


# ------------------------------------------------------------------------------------------------------- the measures


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What each rule says: the mean output and the most frequent decision of its fitted rows, and those of all."""

    tree: Surrogate
    outputs: Floats
    constant: float
    decisions: tuple[Any, ...]
    usual: Any


def _said(tree: Surrogate, fitted: _Asked) -> _Said:
    place, count = tree.leaves(fitted.frame), len(tree.rules)
    sizes = np.bincount(place, minlength=count)
    outputs = np.bincount(place, weights=fitted.output, minlength=count) / sizes
    if fitted.decisions is None:
        return _Said(tree, outputs, float(fitted.output.mean()), (), None)
    codes = value_codes(fitted.decisions)
    values = [fitted.decisions[int(first)] for first in np.unique(codes, return_index=True)[1]]
    table = np.bincount(place * len(values) + codes, minlength=count * len(values)).reshape(count, len(values))
    chosen = tuple(values[best] for best in table.argmax(axis=1).tolist())
    return _Said(tree, outputs, float(fitted.output.mean()), chosen, values[int(table.sum(axis=0).argmax())])


def _r_squared(subject: Subject, said: _Said, place: npt.NDArray[np.int64], fitted: _Asked, checked: _Asked) -> Measure:
    found = explained_share(checked.output, said.outputs[place], said.constant, checked.buckets)
    base = Measure(name="r_squared", value=0.0, unit="share", direction="higher", n=len(place))
    if np.ptp(fitted.output) == 0 or found is None:
        reason = "undefined: the model's output is the same for all rows, or for all but one"
        return replace(base, value=None, status="undefined", reason=reason)
    method = "jackknife, on ln(1 − R²)" + ("" if checked.buckets is None else ", over buckets of clusters")
    return replace(base, value=found.value, interval=two_sided(found, method), uncertainty=found)


def _agreements(said: _Said, place: npt.NDArray[np.int64], fitted: _Asked, checked: _Asked) -> Iterator[Measure]:
    if fitted.decisions is None or checked.decisions is None:
        return
    own = checked.decisions
    by_rule = np.array([said.decisions[leaf] == one for leaf, one in zip(place.tolist(), own, strict=True)], dtype=bool)
    usual = np.array([said.usual == one for one in own], dtype=bool)
    yield rate_measure("agreement", _rate(by_rule, checked.buckets), "higher")
    yield rate_measure("constant_agreement", _rate(usual, checked.buckets), "none")


def _rate(hits: npt.NDArray[np.bool_], buckets: Buckets | None) -> Rate:
    n, found = len(hits), int(hits.sum())
    if buckets is None:
        return Rate(Group(), found, n, n)
    parts = (hits.astype(np.float64), np.ones(n))
    hit, base = (np.bincount(buckets, weights=part, minlength=BUCKETS).astype(np.float64) for part in parts)
    return Rate(Group(), found, n, n, clustered_proportion(hit, base, n), estimated_clusters(base > 0))


# ------------------------------------------------------------------------------------------------------- the evidence


def _rules(
    subject: Subject,
    said: _Said,
    place: npt.NDArray[np.int64],
    checked: _Asked,
    measures: list[Measure],
    *,
    source: str,
    fewest: int,
    bar: float,
    fitted: int,
) -> Evidence:
    order = np.argsort(-said.outputs, kind="stable").tolist()
    withheld = _withheld(place, len(order), fewest)
    rows = [_row(said, leaf, place == leaf, checked, leaf in withheld) for leaf in order]
    decided = (Column("decision"), Column("agreement", "share", "value")) if said.decisions else ()
    unit = "target" if subject.task == "regression" else "probability"
    output = f"P({subject.positive})" if unit == "probability" else "output"
    if unit == "probability" and not (subject.model is not None and subject.model.has_scores):
        output, unit = f"share decided {subject.positive}", "share"
    return Evidence(
        id=f"{_ID}.rules",
        kind="table",
        title="The rules, highest output first",
        caption=f"{_fidelity(measures, bar)} Made from {fitted:,} {source}, checked on {len(place):,} test rows.{_note(withheld, fewest)}",
        alt=f"{len(rows)} rules, that with the highest output first: {rows[0][0]}",
        columns=(
            Column("rule", role="label"),
            Column("test rows", "rows", "n"),
            Column("share of rows", "share", "value"),
            Column(f"mean {output} of the model", unit, "value"),
            Column(f"{output} by the rule", unit, "value"),
            *decided,
        ),
        rows=tuple(rows),
    )


def _withheld(place: npt.NDArray[np.int64], count: int, fewest: int) -> set[int]:
    """Return the rules with too few test rows to show, and one more where a single one would follow from the others."""
    sizes = np.bincount(place, minlength=count)
    order = np.argsort(sizes, kind="stable").tolist()
    few = int((sizes < fewest).sum())
    return set(order[: 2 if few == 1 else few])


def _note(withheld: set[int], fewest: int) -> str:
    if not withheld:
        return ""
    return f" Rules with fewer than {fewest} test rows, and the next larger where there is but one, show no figures of these."


def _row(said: _Said, leaf: int, here: npt.NDArray[np.bool_], checked: _Asked, withheld: bool) -> tuple[Cell, ...]:
    n, own = int(here.sum()), np.flatnonzero(here).tolist()
    shown: tuple[Cell, ...] = (None, None, None) if withheld else (n, n / len(here), float(checked.output[here].mean()))
    head = (said.tree.rules[leaf], *shown, float(said.outputs[leaf]))
    if checked.decisions is None:
        return head
    same = sum(1 for row in own if checked.decisions[row] == said.decisions[leaf])
    return (*head, str(said.decisions[leaf]), None if withheld else same / n)


def _fidelity(measures: list[Measure], bar: float) -> str:
    first = measures[0]
    if first.value is None or first.interval is None:
        return "The model's output is the same for all rows, or all but one, so there is nothing to imitate."
    said = f"R² {first.value:.2f} (95 % interval {first.interval.low:.2f} to {first.interval.high:.2f}; one number for all rows: 0)"
    if len(measures) > 1 and measures[1].value is not None and measures[2].value is not None:
        said += f"; the model's decision in {measures[1].value:.1%} of rows (the same decision for all: {measures[2].value:.1%})"
    if first.interval.low > bar:
        return f"These rules imitate the model with {said}."
    return (
        f"These rules do not describe the model well: {said}, and the interval is not above {bar:g}. Do not read them as what "
        "the model does."
    )
