"""What the card formats share: measures worth a line, texts that people gave, energy in its units, names that are safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.energy.quantities import factor
from auditkit.finding import Measure
from auditkit.record import Record

# Headline measures first; of groups and gaps those that reviewers ask for. All others are in audit.json.
_WANTED = (
    "performance.classification.accuracy",
    "performance.classification.balanced_accuracy",
    "performance.classification.precision",
    "performance.classification.recall",
    "performance.classification.f1",
    "performance.classification.roc_auc",
    "performance.classification.brier",
    "performance.multiclass.macro_precision",
    "performance.multiclass.macro_recall",
    "performance.multiclass.macro_f1",
    "performance.regression.mae",
    "performance.regression.rmse",
    "performance.regression.r2",
    "performance.calibration.ece",
    "fairness.demographic_parity.selection_rate",
    "fairness.demographic_parity.ratio",
    "fairness.demographic_parity.difference",
    "fairness.equal_opportunity.true_positive_rate",
    "fairness.equal_opportunity.difference",
    "fairness.equalized_odds.difference",
    "privacy.k_anonymity.k",
    "privacy.membership_inference.largest_auc",
    "privacy.membership_inference.auc",
)
MOST = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One measured number with what it speaks of."""

    id: str
    name: str
    about: str
    measure: Measure

    @property
    def value(self) -> float:
        """The number."""
        assert self.measure.value is not None  # lines() takes measured ones alone
        return float(self.measure.value)


def lines(record: Record, *, most: int = MOST) -> list[Line]:
    """Return measured numbers of the measures that cards show, headline first, at most `most`."""
    found = [
        Line(f"{finding.id}.{measure.name}", measure.name, about(measure), measure)
        for finding in record.audit.findings
        for measure in finding.measures
        if measure.value is not None and measure.dataset == "test" and f"{finding.id}.{measure.name}" in _WANTED
    ]
    found.sort(
        key=lambda one: (len(one.measure.group.columns) + len(one.measure.over), _WANTED.index(one.id), one.about)
    )
    return found[:most]


def about(measure: Measure) -> str:
    """Return what a measure speaks of: ``overall``, ``sex=f``, or ``over sex``."""
    if measure.over:
        return f"over {' x '.join(measure.over)}"
    if measure.group:
        items = measure.group.as_dict().items()
        return ", ".join(f"{column}={'(missing)' if value is None else value}" for column, value in items)
    return "overall"


def shown(value: float) -> str:
    """Return a number as text that gives the same number back.

    Examples
    --------
    >>> shown(0.83), shown(5.0), shown(1e-9)
    ('0.83', '5', '1e-09')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def card_text(record: Record, key: str) -> str | None:
    """Return what people said under a key of ``card:``, or None."""
    card = record.audit.subject.get("card")
    value = card.get(key) if isinstance(card, Mapping) else None
    return str(value) if value else None


def missing(what: str) -> str:
    """Return the sentence that stands where people said nothing."""
    return f"Not given: {what} was not stated in audit.yaml."


def roles(record: Record) -> Mapping[str, Any]:
    """Return the roles of columns."""
    found = record.audit.subject.get("roles")
    return found if isinstance(found, Mapping) else {}


def sensitive(record: Record) -> list[str]:
    """Return the columns whose groups are compared."""
    return [str(column) for column in roles(record).get("sensitive") or ()]


def model(record: Record) -> Mapping[str, Any]:
    """Return kind, description and digest of the model; empty where the data held predictions."""
    found = record.audit.provenance.get("model")
    return found if isinstance(found, Mapping) else {}


def datasets(record: Record) -> dict[str, Mapping[str, Any]]:
    """Return provenance of the tables by name."""
    found = record.audit.provenance.get("data")
    return {str(name): about for name, about in found.items()} if isinstance(found, Mapping) else {}


def measured(record: Record, identifier: str) -> Measure | None:
    """Return the measure over all rows with a full name, if it was measured."""
    finding_id, _, name = identifier.rpartition(".")
    for finding in record.audit.findings:
        if finding.id == finding_id:
            for measure in finding.measures:
                if measure.name == name and not measure.group and not measure.over and measure.value is not None:
                    return measure
    return None


def grams(measure: Measure) -> float:
    """Return a mass of CO2e in grams, whatever unit the measure has.

    Raises
    ------
    ValueError
        If its unit is no mass of CO2e.
    """
    return _in(measure, "gCO2e")


def tonnes(measure: Measure) -> float:
    """Return a mass of CO2e in tonnes."""
    return _in(measure, "tCO2e")


def kilowatt_hours(measure: Measure) -> float:
    """Return an energy in kWh, whatever unit the measure has."""
    return _in(measure, "kWh")


def _in(measure: Measure, unit: str) -> float:
    try:
        return float(measure.value or 0.0) * factor(measure.unit.split("/")[0].split(" ")[0], unit)
    except ValueError as error:
        raise ValueError(f"measure {measure.name!r}: {error}") from None


def day_of(record: Record) -> str:
    """Return the day of the audit, ISO."""
    return str(record.audit.run.get("started", ""))[:10] or "1970-01-01"


def slug(text: str, most: int = 63) -> str:
    """Return a name of letters, digits and single dashes.

    Examples
    --------
    >>> slug("Credit model (v2)!")
    'Credit-model-v2'
    """
    found = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
    return found[:most].strip("-") or "model"


def verdict_lines(record: Record) -> Iterator[str]:
    """Yield the verdict and each ruling in a line of plain words."""
    decision = record.decision
    if decision is None:
        yield "No policy was judged."
        return
    yield f"Policy {decision.policy}: {decision.verdict}."
    for ruling in decision.rulings:
        yield f"{ruling.status}: {ruling.rule} ({ruling.measure}): {ruling.message}"
