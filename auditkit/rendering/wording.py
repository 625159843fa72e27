"""Plain sentences: what a measure is called, and what a ruling says of it."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.auditing import Audit
from auditkit.finding import Group
from auditkit.policy import Ruling
from auditkit.rendering.numbers import count, interval, limit, number, percent

_NAMES = {
    "fairness.demographic_parity.ratio": "Impact ratio",
    "fairness.demographic_parity.difference": "Selection rate gap",
    "fairness.demographic_parity.selection_rate": "Selection rate",
    "fairness.equal_opportunity.ratio": "Recall ratio",
    "fairness.equal_opportunity.difference": "Recall gap",
    "fairness.equal_opportunity.true_positive_rate": "Recall",
    "fairness.equalized_odds.difference": "Equalized odds gap",
    "fairness.equalized_odds.ratio": "Equalized odds ratio",
    "fairness.equalized_odds.false_positive_rate": "False positive rate",
    "fairness.equalized_odds.false_positive_rate_difference": "False positive rate gap",
    "fairness.equalized_odds.false_positive_rate_ratio": "False positive rate ratio",
    "fairness.predictive_parity.ratio": "Precision ratio",
    "fairness.predictive_parity.difference": "Precision gap",
    "fairness.accuracy_equality.ratio": "Accuracy ratio",
    "fairness.accuracy_equality.difference": "Accuracy gap",
    "fairness.treatment_equality.ratio": "Misses per false alarm, ratio",
    "fairness.treatment_equality.difference": "Misses per false alarm, gap",
    "performance.calibration.ece": "Expected calibration error",
    "performance.calibration.in_the_large": "Mean score less base rate",
    "performance.calibration.in_the_large_difference": "Mean score less base rate, gap",
    "performance.calibration.slope": "Calibration slope",
    "performance.classification.log_loss": "Log loss",
    "performance.slices.slices_found": "Slices with more errors",
    "performance.slices.worst_excess": "Errors in the worst slice beyond the rest",
    "performance.multiclass.macro_f1": "Macro F1",
    "performance.multiclass.macro_f1_difference": "Macro F1 gap",
    "performance.multiclass.macro_recall": "Macro recall",
    "performance.multiclass.macro_recall_difference": "Macro recall gap",
    "performance.multiclass.macro_precision": "Macro precision",
    "performance.multiclass.macro_precision_difference": "Macro precision gap",
    "fairness.frontier.accuracy_cost": "Accuracy that a bound on the gap costs",
    "performance.classification.mcc": "Matthews correlation",
    "performance.classification.pr_auc": "PR AUC",
    "fairness.conditional_parity.difference": "Selection rate within strata, gap",
    "fairness.conditional_parity.ratio": "Selection rate within strata, ratio",
    "fairness.conditional_parity.pooled_difference": "Selection rate gap, pooled over strata",
    "fairness.conditional_parity.pooled_ratio": "Impact ratio, pooled over strata",
    "fairness.counterfactual_flip.share_changed": "Decisions that change with the attribute alone",
    "fairness.counterfactual_flip.share_to_favorable": "Decisions gained by changing the attribute",
    "fairness.counterfactual_flip.share_to_unfavorable": "Decisions lost by changing the attribute",
    "fairness.generalized_entropy.generalized_entropy": "Generalized entropy of the benefit",
    "fairness.generalized_entropy.theil": "Theil index of the benefit",
    "fairness.generalized_entropy.between_group_share": "Share of inequality between groups",
    "fairness.individual_consistency.consistency": "Consistency among neighbours",
    "performance.classification.roc_auc": "ROC AUC",
    "performance.classification.brier": "Brier score",
    "performance.classification.f1": "F1 score",
    "performance.regression.mae": "Mean absolute error",
    "performance.regression.rmse": "Root mean squared error",
    "performance.regression.r2": "R²",
    "privacy.k_anonymity.k": "k-anonymity",
    "privacy.k_anonymity.share_unique": "Share of unique rows",
    "privacy.k_anonymity.share_small": "Share of rows in small classes",
    "privacy.membership_inference.auc": "Membership inference, AUC",
    "privacy.membership_inference.advantage": "Membership inference, advantage",
    "carbon.inference.energy_per_1000": "Energy per 1,000 predictions",
    "carbon.inference.emissions_per_1000": "Emissions per 1,000 predictions",
    "carbon.inference.emissions_per_year": "Emissions per year",
    "carbon.inference.latency_ms_p50": "Median latency of one prediction",
    "carbon.inference.throughput": "Throughput",
    "carbon.inference.energy_per_1000_correct": "Energy per 1,000 right decisions",
    "carbon.inference.energy_per_1000_above_idle": "Energy per 1,000 predictions above idle",
    "carbon.inference.energy_per_year": "Energy per year",
    "carbon.inference.method_grade": "Grade of the method",
    "carbon.inference.sci": "Software carbon intensity",
    "carbon.inference.latency_ms_p95": "Slow latency (95th percentile)",
    "carbon.inference.latency_ms_p99": "Slowest latency (99th percentile)",
    "carbon.smaller_models.accuracy_gained": "Accuracy over a smaller model",
    "carbon.smaller_models.energy_ratio": "Energy against a smaller model",
    "carbon.smaller_models.energy_per_extra_correct": "Energy per extra right decision",
    "carbon.smaller_models.emissions_per_extra_correct": "Emissions per extra right decision",
    "carbon.training.energy": "Energy of training",
    "carbon.training.emissions": "Emissions of training",
    "carbon.training.method_grade": "Grade of the method",
    "data.missing_values.gap": "Gap in missing values",
    "data.missing_values.share_missing": "Share of missing values",
    "data.drift.classifier_auc": "Training told from test, AUC",
    "data.drift.label_change": "Change of the favourable label",
    "data.drift.prediction_change": "Change of the favourable decision",
    "data.labels.label_share": "Share of a label",
    "data.labels.smallest_label_share": "Smallest share of a label",
    "data.labels.ratio": "Ratio of base rates",
    "data.labels.difference": "Gap in base rates",
    "data.leakage.largest_column_auc": "Label told by one column, AUC",
    "data.leakage.least_error": "Error that equal rows make certain",
    "data.representation.share": "Share of rows",
    "data.representation.share_to_reference": "Share against the reference",
    "data.representation.smallest_to_reference": "Smallest share against the reference",
    "data.representation.smallest_share": "Smallest share of a group",
}
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
    return _NAMES.get(measure) or name[:1].upper() + name[1:]


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
