"""How subjects, findings, audits and decisions look in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from auditkit.auditing import Audit
from auditkit.explainers.local import Explanation
from auditkit.finding import Finding, Measure
from auditkit.policy import Decision
from auditkit.record import Record
from auditkit.subject import Subject

_STYLE = "border-collapse:collapse;font:13px/1.4 system-ui,sans-serif;font-variant-numeric:tabular-nums;margin:4px 0"
_CELL = "padding:4px 12px 4px 0;text-align:left;border-bottom:1px solid #8884;background:none;vertical-align:top"
_SHAPES = {
    "pass": "●",
    "fail": "■",
    "inconclusive": "◆",
    "insufficient": "○",
    "missing": "–",
    "waived": "△",
    "adopted": "△",
}
_SHOWN = 25


def register() -> None:
    """Teach IPython these displays; does nothing elsewhere."""
    get_ipython = getattr(sys.modules.get("builtins"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/html"]
    displays: dict[type, Callable[[Any], str]] = {
        Subject: subject_html,
        Finding: finding_html,
        Audit: audit_html,
        Decision: decision_html,
        Record: record_html,
        Explanation: explanation_html,
    }
    for kind, display in displays.items():
        formatter.for_type(kind, display)


def subject_html(subject: Subject) -> str:
    """Return what is audited, as a table of facts."""
    summary = subject.summary()
    model = summary["model"]
    rows: Any = summary["rows"]
    roles: Any = summary["roles"]
    facts = [
        ("task", summary["task"]),
        ("rows", ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)),
        ("label", roles["label"] or "none"),
        ("positive, favourable", f"{summary['positive']!r}, {summary['favorable']!r}"),
        ("sensitive", ", ".join(roles["sensitive"]) or "none"),
        ("model", model["description"] if isinstance(model, dict) else "none, predictions only"),
    ]
    return _titled(subject.name, _table((), facts))


def finding_html(finding: Finding) -> str:
    """Return a finding's measures with their intervals."""
    if finding.status != "measured":
        return _titled(finding.title, f"<p>{escape(finding.status)}: {escape(finding.reason or '')}</p>")
    rows = [_measure(measure) for measure in finding.measures[:_SHOWN]]
    more = f"<p>and {len(finding.measures) - _SHOWN} more in .measures</p>" if len(finding.measures) > _SHOWN else ""
    head = ("measure", "over or group", "value", "95 % interval", "n")
    return _titled(finding.title, f"<p>{escape(finding.description)}</p>{_table(head, rows)}{more}")


def audit_html(audit: Audit) -> str:
    """Return one line per finding."""
    rows = [(f.id, f.title, f.status, len(f.measures), f.reason or "") for f in audit.findings]
    return _titled(f"Audit of {audit.name}", _table(("id", "finding", "status", "measures", "reason"), rows))


def decision_html(decision: Decision) -> str:
    """Return the verdict and one line per ruling."""
    rows = [
        (f"{_SHAPES[r.status]} {r.status}", r.severity, r.rule, " × ".join(r.over) or str(r.group or ""), r.message)
        for r in decision.rulings
    ]
    mark = ", INCONCLUSIVE in part" if decision.inconclusive else ""
    title = f"{decision.verdict}{mark} (policy {decision.policy}, exit code {decision.exit_code})"
    return _titled(title, _table(("ruling", "severity", "rule", "over", "message"), rows))


def record_html(record: Record) -> str:
    """Return the audit and, if there is one, its decision."""
    decided = decision_html(record.decision) if record.decision else ""
    return decided + audit_html(record.audit)


def explanation_html(explanation: Explanation) -> str:
    """Return the first row's way from the base to the output."""
    first = explanation.waterfall(explanation.rows[0])
    rows = [(label, f"{value:+.4g}" if kind == "part" else f"{value:.4g}") for label, value, kind in first.rows]
    others = len(explanation.rows) - 1
    more = f"<p>and {others:,} more rows: .values, .waterfall(row)</p>" if others else ""
    return _titled(first.title, f"<p>{escape(first.caption)}</p>{_table((), rows)}{more}")


def _measure(measure: Measure) -> tuple[object, ...]:
    interval = f"{measure.interval.low:.3g} to {measure.interval.high:.3g}" if measure.interval else ""
    value = f"{measure.value:.3g}" if measure.value is not None else f"{measure.status}: {measure.reason}"
    over = f"over {' × '.join(measure.over)}" if measure.over else str(measure.group)
    return measure.name, over, value, interval, "" if measure.n is None else f"{measure.n:,}"


def _titled(title: str, body: str) -> str:
    return f'<div style="all:revert"><strong>{escape(title)}</strong>{body}</div>'


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="{_CELL}">{escape(str(cell))}</{tag}>' for cell in cells) + "</tr>"

    top = f"<thead>{line(head, 'th')}</thead>" if head else ""
    return f'<table style="{_STYLE}">{top}<tbody>{"".join(line(row, "td") for row in rows)}</tbody></table>'
