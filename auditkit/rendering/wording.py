"""Plain sentences: what a measure is called, and what a ruling says of it."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.auditing import Audit
from auditkit.finding import Group
from auditkit.policy import Ruling
from auditkit.rendering.measure_names import MEASURE_NAMES
from auditkit.rendering.numbers import count, interval, limit, number, percent

_HOW = {"ratio": "lowest ÷ highest", "difference": "highest − lowest"}
STATUS_WORDS = {
    "fail": "Fail",
    "inconclusive": "Inconclusive",
    "insufficient": "Insufficient",
    "missing": "Missing",
    "waived": "Waived",
    "adopted": "Adopted",
    "pass": "Pass",
}
ORDER = tuple(STATUS_WORDS)


def measure_name(measure: str) -> str:
    """Return what people call a measure.

    Examples
    --------
    >>> measure_name("fairness.demographic_parity.ratio"), measure_name("own.thing.share_late")
    ('Impact ratio', 'Share late')
    """
    name = measure.rpartition(".")[2].replace("_", " ")
    return MEASURE_NAMES.get(measure) or name[:1].upper() + name[1:]


def ruling_name(ruling: Ruling) -> str:
    """Return a ruling's measure with what it runs over: "Impact ratio over sex"."""
    name = measure_name(ruling.measure)
    if ruling.of_change:
        name = f"Change in {name[:1].lower()}{name[1:]}"
    if ruling.over:
        name = f"{name} over {' × '.join(ruling.over)}"
    if ruling.group:
        name = f"{name} for {group_name(ruling.group)}"
    return f"{name}{of_dataset(ruling.dataset)}"


def of_dataset(dataset: str) -> str:
    """Return what is added to a name where it does not speak of the test rows."""
    return {"train": ", training data", "released": ", released table"}.get(dataset, "")


def group_name(group: Group) -> str:
    """Return a group's values, or "all rows"."""
    return str(group) if group else "all rows"


def how(ruling: Ruling) -> str:
    """Return how a gap is formed, or an empty text."""
    return _HOW.get(ruling.unit, "") if ruling.over else ""


def headline(ruling: Ruling, audit: Audit) -> str:
    """Return the sentence that leads a fail: natural frequencies where two groups are compared."""
    pair = _pair(ruling, audit)
    if pair is None:
        side = "above" if ruling.limit_kind == "max" else "below"
        return f"{ruling_name(ruling)} is {side} its limit."
    (worst, low), (best, high), rate = pair
    if rate == "selection_rate" and high > 0 and low <= high:
        return f"Among equal numbers, {round(100 * low / high)} from {worst} are selected for every 100 from {best}."
    positive = audit.subject.get("positive")
    if rate == "true_positive_rate":
        return f"Of 100 labelled {positive!r}, the model finds {round(100 * low)} among {worst} and {round(100 * high)} among {best}."
    return (
        f"Of 100 not labelled {positive!r}, the model takes {round(100 * low)} for {positive!r} among {worst} and "
        f"{round(100 * high)} among {best}."
    )


def limit_of(ruling: Ruling) -> str:
    """Return a ruling's limit: "≤ 0.100", or "measured" where that is enough."""
    return "measured" if ruling.limit is None else limit(ruling.limit, ruling.limit_kind, ruling.unit)


def measured(ruling: Ruling) -> str:
    """Return "The impact ratio over sex is measured at 0.292; the limit is at least 0.800"."""
    name = ruling_name(ruling)
    if ruling.limit is None:
        return f"{name}: measured {number(ruling.value, ruling.unit)}; that it was measured is enough."
    side = "at most" if ruling.limit_kind == "max" else "at least"
    return f"{name}: measured {number(ruling.value, ruling.unit)}; the limit is {side} {number(ruling.limit, ruling.unit)}."


def _pair(ruling: Ruling, audit: Audit) -> tuple[tuple[str, float], tuple[str, float], str] | None:
    rates = {
        "fairness.demographic_parity.ratio": "selection_rate",
        "fairness.demographic_parity.difference": "selection_rate",
        "fairness.equal_opportunity.ratio": "true_positive_rate",
        "fairness.equal_opportunity.difference": "true_positive_rate",
        "fairness.equalized_odds.false_positive_rate_ratio": "false_positive_rate",
        "fairness.equalized_odds.false_positive_rate_difference": "false_positive_rate",
    }
    rate = rates.get(ruling.measure)
    if rate is None or not ruling.worst or not ruling.best:
        return None
    values = {
        measure.group: measure.value
        for finding in audit.findings
        if finding.id == ruling.evidence
        for measure in finding.measures
        if measure.name == rate and measure.dataset == ruling.dataset
    }
    low, high = values.get(ruling.worst), values.get(ruling.best)
    if low is None or high is None:
        return None
    return (str(ruling.worst), float(low)), (str(ruling.best), float(high)), rate


def how_sure(ruling: Ruling) -> str:
    """Return how far a ruling's measure is from its limit and how sure that is."""
    return _SENTENCES[ruling.underlying](ruling)


def _fail(ruling: Ruling) -> str:
    if ruling.value is None or ruling.limit is None:
        return ruling.message
    beyond = number(abs(ruling.value - ruling.limit), ruling.unit)
    if ruling.kind == "exact":
        return f"Exact count: exceeded by {beyond}"
    if ruling.kind == "range":
        return f"Whole range {interval(ruling.low, ruling.high, ruling.unit)} exceeds the limit"
    bound = ruling.low if ruling.limit_kind == "max" else ruling.high
    least = "" if bound is None else f"; by at least {number(abs(bound - ruling.limit), ruling.unit)}"
    return f"Exceeded by {beyond}{least} at {percent(ruling.adjusted_confidence)} confidence"


def _passed(ruling: Ruling) -> str:
    if ruling.limit is None:
        return "Measured, as the rule asks"
    if ruling.kind == "exact":
        return "Exact count: within the limit"
    if ruling.kind == "range":
        return f"Whole range {interval(ruling.low, ruling.high, ruling.unit)} keeps the limit"
    side, bound = ("At most", ruling.high) if ruling.limit_kind == "max" else ("At least", ruling.low)
    return f"{side} {number(bound, ruling.unit)} at {percent(ruling.confidence)} confidence"


def _inconclusive(ruling: Ruling) -> str:
    if ruling.kind == "range":
        return f"Range {interval(ruling.low, ruling.high, ruling.unit)}: the limit lies inside the range"
    upper = ruling.limit_kind == "max"
    low_sure, high_sure = (
        (ruling.adjusted_confidence, ruling.confidence) if upper else (ruling.confidence, ruling.adjusted_confidence)
    )
    low, high = number(ruling.low, ruling.unit), number(ruling.high, ruling.unit)
    return f"At least {low} at {percent(low_sure)}, at most {high} at {percent(high_sure)}: the limit lies between"


def _insufficient(ruling: Ruling) -> str:
    return f"Not ruled: {ruling.message}"


def _missing(ruling: Ruling) -> str:
    return f"Not measured because {ruling.message}"


def _waived(ruling: Ruling) -> str:
    return ruling.message


_SENTENCES: dict[str, Callable[[Ruling], str]] = {
    "fail": _fail,
    "pass": _passed,
    "inconclusive": _inconclusive,
    "insufficient": _insufficient,
    "missing": _missing,
    "waived": _waived,
    "adopted": _waived,
}


def tally_of(statuses: list[str]) -> str:
    """Return "2 fail, 1 waived" in the order of severity."""
    return ", ".join(f"{count(statuses.count(status))} {status}" for status in ORDER if status in statuses)
