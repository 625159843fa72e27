"""Measures as metrics of MLflow, whose names hold letters, digits and few signs, and are at most 250 long."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from auditkit.auditing import Audit
from auditkit.finding import MISSING_LABEL, Finding, Measure

LONGEST = 250
_FORBIDDEN = re.compile(r"[^\w. -]")


def metrics_of(audit: Audit, prefix: str) -> list[dict[str, Any]]:
    """Return a row for each measure: the name of its metric (None where there is no value), and all that a metric lacks."""
    taken: set[str] = set()
    return [_row(finding, measure, prefix, taken) for finding, measure in _measures(audit)]


def _measures(audit: Audit) -> Iterator[tuple[Finding, Measure]]:
    for finding in audit.findings:
        for measure in finding.measures:
            yield finding, measure


def _row(finding: Finding, measure: Measure, prefix: str, taken: set[str]) -> dict[str, Any]:
    name = None
    if measure.value is not None:
        name = metric_name(prefix, finding.id, measure)
        number = 2
        while name in taken:
            name = _cut(f"{metric_name(prefix, finding.id, measure)} {number}")
            number += 1
        taken.add(name)
    interval = measure.interval
    return {
        "metric": name,
        "auditor": finding.id,
        "measure": measure.name,
        "dataset": measure.dataset,
        "over": list(measure.over),
        "group": measure.group.as_dict(),
        "value": measure.value,
        "unit": measure.unit,
        "n": measure.n,
        "status": measure.status,
        "reason": measure.reason,
        "interval": None if interval is None else asdict(interval),
    }


def metric_name(prefix: str, auditor: str, measure: Measure) -> str:
    """Return the name of a measure as a metric; other signs than MLflow allows on every system become ``_``.

    Examples
    --------
    >>> from auditkit.finding import Measure
    >>> metric_name("auditkit", "fairness.four_fifths", Measure(name="ratio", value=0.9, unit="ratio", direction="higher", over=("sex", "a/b")))
    'auditkit/fairness.four_fifths/ratio over sex and a_b'
    """
    about = ""
    if measure.over:
        about = f" over {' and '.join(measure.over)}"
    elif measure.group.items:
        about = f" for {' and '.join(f'{column} {_shown(value)}' for column, value in measure.group.items)}"
    where = "" if measure.dataset in ("test", "none") else f" on {measure.dataset}"
    parts = (prefix, auditor, f"{measure.name}{about}{where}")
    return _cut("/".join(_FORBIDDEN.sub("_", part).strip() for part in parts))


def _shown(value: object) -> str:
    return MISSING_LABEL.strip("()") if value is None else str(value)


def _cut(name: str) -> str:
    """Return a name that MLflow takes; of one that is too long the end becomes a digest of all of it."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 13]} {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
