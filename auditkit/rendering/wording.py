"""Plain sentences: what a measure is called, and what a ruling says of it."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.auditing import Audit
from auditkit.finding import Group
from auditkit.policy import Ruling
from auditkit.rendering.language import spoken
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
    known = MEASURE_NAMES.get(measure)
    return spoken(known) if known else name[:1].upper() + name[1:]


def ruling_name(ruling: Ruling) -> str:
    """Return a ruling's measure with what it runs over: "Impact ratio over sex"."""
    name = measure_name(ruling.measure)
    if ruling.of_change:
        name = spoken("Change in {name}", name=f"{name[:1].lower()}{name[1:]}")
    if ruling.over:
        name = spoken("{name} over {columns}", name=name, columns=" × ".join(ruling.over))
    if ruling.group:
        name = spoken("{name} for {group}", name=name, group=group_name(ruling.group))
    return f"{name}{of_dataset(ruling.dataset)}"


def of_dataset(dataset: str) -> str:
    """Return what is added to a name where it does not speak of the test rows."""
    if dataset == "train":
        return spoken(", training data")
    return spoken(", released table") if dataset == "released" else ""


def group_name(group: Group) -> str:
    """Return a group's values, or "all rows"."""
    return str(group) if group else spoken("all rows")


def how(ruling: Ruling) -> str:
    """Return how a gap is formed, or an empty text."""
    return spoken(_HOW[ruling.unit]) if ruling.over and ruling.unit in _HOW else ""


def headline(ruling: Ruling, audit: Audit) -> str:
    """Return the sentence that leads a fail: natural frequencies where two groups are compared."""
    pair = _pair(ruling, audit)
    if pair is None:
        if ruling.limit_kind == "max":
            return spoken("{name} is above its limit.", name=ruling_name(ruling))
        return spoken("{name} is below its limit.", name=ruling_name(ruling))
    (worst, low), (best, high), rate = pair
    if rate == "selection_rate" and high > 0 and low <= high:
        return spoken(
            "Among equal numbers, {n} from {worst} are selected for every 100 from {best}.",
            n=round(100 * low / high),
            worst=worst,
            best=best,
        )
    positive = audit.subject.get("positive")
    if rate == "true_positive_rate":
        return spoken(
            "Of 100 labelled {label}, the model finds {low} among {worst} and {high} among {best}.",
            label=repr(positive),
            low=round(100 * low),
            worst=worst,
            high=round(100 * high),
            best=best,
        )
    return spoken(
        "Of 100 not labelled {label}, the model takes {low} for {label} among {worst} and {high} among {best}.",
        label=repr(positive),
        low=round(100 * low),
        worst=worst,
        high=round(100 * high),
        best=best,
    )


def limit_of(ruling: Ruling) -> str:
    """Return a ruling's limit: "≤ 0.100", or "measured" where that is enough."""
    return spoken("measured") if ruling.limit is None else limit(ruling.limit, ruling.limit_kind, ruling.unit)


def measured(ruling: Ruling) -> str:
    """Return "The impact ratio over sex is measured at 0.292; the limit is at least 0.800"."""
    name = ruling_name(ruling)
    if ruling.limit is None:
        return spoken(
            "{name}: measured {value}; that it was measured is enough.",
            name=name,
            value=number(ruling.value, ruling.unit),
        )
    value, line = number(ruling.value, ruling.unit), number(ruling.limit, ruling.unit)
    if ruling.limit_kind == "max":
        return spoken("{name}: measured {value}; the limit is at most {limit}.", name=name, value=value, limit=line)
    return spoken("{name}: measured {value}; the limit is at least {limit}.", name=name, value=value, limit=line)


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
        return spoken("Exact count: exceeded by {beyond}", beyond=beyond)
    if ruling.kind == "range":
        return spoken("Whole range {range} exceeds the limit", range=interval(ruling.low, ruling.high, ruling.unit))
    bound = ruling.low if ruling.limit_kind == "max" else ruling.high
    sure = percent(ruling.adjusted_confidence)
    if bound is None:
        return spoken("Exceeded by {beyond} at {sure} confidence", beyond=beyond, sure=sure)
    least = number(abs(bound - ruling.limit), ruling.unit)
    return spoken(
        "Exceeded by {beyond}; by at least {least} at {sure} confidence", beyond=beyond, least=least, sure=sure
    )


def _passed(ruling: Ruling) -> str:
    if ruling.limit is None:
        return spoken("Measured, as the rule asks")
    if ruling.kind == "exact":
        return spoken("Exact count: within the limit")
    if ruling.kind == "range":
        return spoken("Whole range {range} keeps the limit", range=interval(ruling.low, ruling.high, ruling.unit))
    sure = percent(ruling.confidence)
    if ruling.limit_kind == "max":
        return spoken("At most {bound} at {sure} confidence", bound=number(ruling.high, ruling.unit), sure=sure)
    return spoken("At least {bound} at {sure} confidence", bound=number(ruling.low, ruling.unit), sure=sure)


def _inconclusive(ruling: Ruling) -> str:
    if ruling.kind == "range":
        return spoken(
            "Range {range}: the limit lies inside the range", range=interval(ruling.low, ruling.high, ruling.unit)
        )
    upper = ruling.limit_kind == "max"
    low_sure, high_sure = (
        (ruling.adjusted_confidence, ruling.confidence) if upper else (ruling.confidence, ruling.adjusted_confidence)
    )
    low, high = number(ruling.low, ruling.unit), number(ruling.high, ruling.unit)
    return spoken(
        "At least {low} at {low_sure}, at most {high} at {high_sure}: the limit lies between",
        low=low,
        low_sure=percent(low_sure),
        high=high,
        high_sure=percent(high_sure),
    )


def _insufficient(ruling: Ruling) -> str:
    return spoken("Not ruled: {reason}", reason=ruling.message)


def _missing(ruling: Ruling) -> str:
    return spoken("Not measured because {reason}", reason=ruling.message)


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
    return ", ".join(f"{count(statuses.count(status))} {spoken(status)}" for status in ORDER if status in statuses)
