"""One decision for machines: JSON, JUnit, SARIF, GitHub, GitLab, a comment, a badge, OpenMetrics."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from auditkit.codes import codes
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.exports.gate_lines import Line, Places, lines, others, summary
from auditkit.policy import Decision
from auditkit.record import Record

MOST_COMMENT = 60_000
MARKER = "<!-- auditkit gate -->"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _decided(record: Record) -> Decision:
    if record.decision is None:
        raise ConfigurationError("nothing was judged, so there is no decision to write; name a policy")
    return record.decision


def decision_json(record: Record, places: Places) -> bytes:
    """Return the decision as JSON."""
    decision = _decided(record)
    found = {
        "name": record.audit.name,
        "policy": decision.policy,
        "policy_digest": decision.policy_digest,
        "as_of": decision.as_of.isoformat(),
        "verdict": decision.verdict,
        "inconclusive": decision.inconclusive,
        "exit_code": decision.exit_code,
        "evidence_digest": record.evidence_digest,
        "rulings": [_plain(line) for line in lines(decision, places)],
        "notes": others(decision),
    }
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _plain(line: Line) -> dict[str, Any]:
    ruling = line.ruling
    return {
        "rule": ruling.rule,
        "code": line.code,
        "level": line.level,
        "measure": ruling.measure,
        "dataset": ruling.dataset,
        "over": list(ruling.over),
        "group": ruling.group.as_dict() if ruling.group else None,
        "status": ruling.status,
        "severity": ruling.severity,
        "value": ruling.value,
        "low": ruling.low,
        "high": ruling.high,
        "limit": ruling.limit,
        "limit_kind": ruling.limit_kind,
        "of_change": ruling.of_change,
        "rows": ruling.rows,
        "rows_needed": ruling.rows_needed,
        "message": ruling.message,
        "waived_until": ruling.waiver.until.isoformat() if ruling.waiver else None,
    }


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)


def junit(record: Record, places: Places) -> bytes:
    """Return JUnit XML: a testcase for each ruling, its numbers as properties."""
    decision = _decided(record)
    found = lines(decision, places)
    failures = sum(line.level == "error" and line.ruling.status not in ("missing", "insufficient") for line in found)
    errors = sum(line.level == "error" for line in found) - failures + len(decision.problems)
    skipped = sum(line.level != "error" and line.ruling.status in ("missing", "insufficient") for line in found)
    counts = {
        "tests": str(len(found) + len(decision.problems)),
        "failures": str(failures),
        "errors": str(errors),
        "skipped": str(skipped),
        "time": "0",
    }
    root = ElementTree.Element("testsuites", {"name": "auditkit", **counts})
    stamp = str(record.audit.run.get("started", decision.as_of.isoformat()))[:19]
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": _xml(decision.policy), "timestamp": stamp, "hostname": "auditkit", **counts}
    )
    for line in found:
        ruling = line.ruling
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": _xml(ruling.measure), "name": _xml(line.name), "file": _xml(line.file), "line": str(line.line), "time": "0"}
        )  # fmt: skip
        properties = ElementTree.SubElement(case, "properties")
        for key, value in _plain(line).items():
            if isinstance(value, str | int | float) and value != "":
                ElementTree.SubElement(properties, "property", {"name": key, "value": _xml(str(value))})
        if line.level == "error":
            kind = "error" if ruling.status in ("missing", "insufficient") else "failure"
            ElementTree.SubElement(case, kind, {"message": _xml(line.text)[:500], "type": line.code}).text = _xml(
                line.text
            )
        elif ruling.status in ("missing", "insufficient"):
            ElementTree.SubElement(case, "skipped", {"message": _xml(line.text)[:500]})
        elif line.level != "none":
            ElementTree.SubElement(case, "system-out").text = _xml(line.text)
    for problem in decision.problems:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": "auditkit", "name": _xml(problem.partition(":")[0]), "time": "0"}
        )
        ElementTree.SubElement(case, "error", {"message": _xml(problem)[:500], "type": "AK-G05"}).text = _xml(problem)
    ElementTree.indent(root, " ")
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def sarif(record: Record, places: Places) -> bytes:
    """Return SARIF 2.1.0: a result for each ruling that is no pass, located in the policy."""
    decision = _decided(record)
    found = [line for line in lines(decision, places) if line.level != "none"]
    known = codes()
    used = sorted({line.code for line in found} | ({"AK-G05"} if decision.problems else set()))
    rules = [
        {
            "id": code,
            "name": known[code].title,
            "shortDescription": {"text": known[code].title},
            "fullDescription": {"text": known[code].means},
            "help": {"text": str(known[code])},
        }
        for code in used
    ]
    results = [
        {
            "ruleId": line.code,
            "ruleIndex": used.index(line.code),
            "level": line.level,
            "message": {"text": f"{line.name}: {line.text}"},
            "locations": [_location(line.file, line.line, line.column)],
            "partialFingerprints": {"auditkitRuling/v1": _fingerprint(line)},
            "properties": {
                key: value for key, value in _plain(line).items() if key in ("value", "low", "high", "limit", "rows")
            },
        }
        for line in found
    ]
    results += [
        {
            "ruleId": "AK-G05",
            "ruleIndex": used.index("AK-G05"),
            "level": "error",
            "message": {"text": f"died: {problem}"},
            "locations": [_location("audit.yaml", 1, 1)],
        }
        for problem in decision.problems
    ]
    driver = {
        "name": "auditkit",
        "version": str(record.audit.provenance.get("auditkit")),
        "rules": rules,
    }
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "utf16CodeUnits"}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, indent=1, ensure_ascii=False) + "\n").encode()


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": region}}


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file)


def _fingerprint(line: Line) -> str:
    group = line.ruling.group.as_dict() if line.ruling.group else {}
    parts = [
        line.ruling.rule,
        line.ruling.measure,
        line.ruling.dataset,
        list(line.ruling.over),
        group,
        line.ruling.limit_kind,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def github(record: Record, places: Places) -> bytes:
    """Return workflow commands that GitHub shows as annotations."""
    decision = _decided(record)
    word = {"error": "error", "warning": "warning", "note": "notice"}
    made = []
    for line in lines(decision, places):
        if line.level == "none":
            continue
        where = f"file={_property(line.file)},line={line.line},col={line.column},title={_property(f'{line.code} {line.name}')}"
        made.append(f"::{word[line.level]} {where}::{_data(line.text)}")
    made += [f"::error title={_property('AK-G05 an auditor died')}::{_data(problem)}" for problem in decision.problems]
    made.append(f"::notice title=auditkit::{_data(summary(decision))}")
    return ("\n".join(made) + "\n").encode()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(record: Record, places: Places) -> bytes:
    """Return a GitLab code quality report."""
    severity = {"error": "blocker", "warning": "major", "note": "info"}
    decision = _decided(record)
    found = [
        {
            "description": f"{line.name}: {line.text}",
            "check_name": line.code,
            "fingerprint": _fingerprint(line),
            "severity": severity[line.level],
            "location": {"path": line.file, "lines": {"begin": line.line}},
        }
        for line in lines(decision, places)
        if line.level != "none"
    ]
    found += [
        {
            "description": f"died: {problem}",
            "check_name": "AK-G05",
            "fingerprint": hashlib.sha256(problem.encode()).hexdigest()[:32],
            "severity": "blocker",
            "location": {"path": "audit.yaml", "lines": {"begin": 1}},
        }
        for problem in decision.problems
    ]
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def comment(record: Record, places: Places) -> bytes:
    """Return a Markdown comment with a marker to find it by, below 60 kB: what is cut is said."""
    decision = _decided(record)
    order = {"error": 0, "warning": 1, "note": 2, "none": 3}
    found = sorted(lines(decision, places), key=lambda line: order[line.level])
    head = [
        MARKER,
        f"### auditkit: {_md(record.audit.name)}",
        "",
        f"**{_md(summary(decision))}**",
        "",
        "| | rule | measured | says |",
        "|---|---|---:|---|",
    ]
    rows = [_row(line) for line in found]
    tail = [
        "",
        *(f"- {_md(text)}" for text in others(decision)),
        "",
        f"Evidence {record.evidence_digest[:12]}. What a code means: `auditkit explain AK-G01`.",
    ]
    for kept in range(len(rows), -1, -1):
        cut = [f"| | | | {len(rows) - kept} more in audit.json |"] if kept < len(rows) else []
        text = "\n".join([*head, *rows[:kept], *cut, *tail]) + "\n"
        if len(text.encode()) < MOST_COMMENT:
            return text.encode()
    return ("\n".join(head[:4]) + "\n").encode()[:MOST_COMMENT]


def _row(line: Line) -> str:
    ruling = line.ruling
    value = "" if ruling.value is None else f"{ruling.value:.3g}"
    word = {"fail": "❌ fail", "pass": "✅ pass"}.get(ruling.status, ruling.status)
    return f"| {word} | {_md(line.name)[:400]} | {value} | {_md(line.text)[:1200]} |"


def _md(text: str) -> str:
    folded = " ".join(_HIDDEN.sub("", text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for letter in "\\`*_{}[]#|~!@":
        folded = folded.replace(letter, f"\\{letter}")
    return folded


def badge(record: Record, _: Places) -> bytes:
    """Return an SVG badge with the verdict in words."""
    decision = _decided(record)
    colour = {"pass": "#1b6a47", "pass with warnings": "#845200", "fail": "#a12a1e"}.get(decision.verdict, "#51575f")
    word = decision.verdict + (", inconclusive" if decision.inconclusive else "")
    left, right = 62, 12 + 7 * len(word)
    said = escape(f"auditkit: {word}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{said}">'
        f'<title>{said}</title><rect width="{left + right}" height="20" rx="3" fill="#17191c"/>'
        f'<rect x="{left}" width="{right}" height="20" rx="3" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14">auditkit</text><text x="{left + 6}" y="14">{escape(word)}</text></g></svg>\n'
    ).encode()


def openmetrics(record: Record, places: Places) -> bytes:
    """Return OpenMetrics text: what was judged, its bounds and limits, how each ruling ended, and the verdict."""
    decision = _decided(record)
    found = lines(decision, places)
    started = str(record.audit.run.get("started", ""))
    when = f" {int(datetime.fromisoformat(started).timestamp())}" if started else ""
    made: list[str] = []
    seen: set[str] = set()
    for name, help_text in (
        ("value", "What was measured."),
        ("low", "Lower bound that was judged."),
        ("high", "Upper bound that was judged."),
        ("limit", "Limit of the rule."),
    ):
        made += [f"# TYPE auditkit_ruling_{name} gauge", f"# HELP auditkit_ruling_{name} {help_text}"]
        for line in found:
            value: float | None = getattr(line.ruling, name)
            key = f"auditkit_ruling_{name}{_labels(record, line)}"
            if value is not None and key not in seen:
                seen.add(key)
                made.append(f"{key} {float(value)!r}{when}")
    statuses = ("pass", "fail", "inconclusive", "insufficient", "missing", "waived", "adopted")
    made += ["# TYPE auditkit_ruling_status stateset", "# HELP auditkit_ruling_status How a rule ended."]
    for line in found:
        for status in statuses:
            key = f"auditkit_ruling_status{_labels(record, line, auditkit_ruling_status=status)}"
            if key not in seen:
                seen.add(key)
                made.append(f"{key} {int(line.ruling.status == status)}{when}")
    name = _label(record.audit.name)
    made += [
        "# TYPE auditkit_gate_open gauge",
        "# HELP auditkit_gate_open 1 if the verdict lets the model be deployed.",
        f'auditkit_gate_open{{model="{name}",policy="{_label(decision.policy)}"}} {int(decision.exit_code == 0)}{when}',
        "# EOF",
    ]
    return ("\n".join(made) + "\n").encode()


def _labels(record: Record, line: Line, **more: str) -> str:
    ruling = line.ruling
    about = " × ".join(ruling.over) if ruling.over else str(ruling.group) if ruling.group else ""
    pairs = {
        "model": record.audit.name,
        "rule": ruling.rule,
        "measure": ruling.measure,
        "about": about,
        "dataset": ruling.dataset,
        "side": ruling.limit_kind,
        **more,
    }
    return "{" + ",".join(f'{key}="{_label(value)}"' for key, value in pairs.items()) + "}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", " ")


OUTPUTS: dict[str, Callable[[Record, Places], bytes]] = {
    "json": decision_json,
    "junit": junit,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "comment": comment,
    "badge": badge,
    "openmetrics": openmetrics,
}


def written(record: Record, name: str, places: Places) -> bytes:
    """Return one output.

    Raises
    ------
    ConfigurationError
        If there is none of this name.
    """
    if name not in OUTPUTS:
        raise ConfigurationError(f"there is no output {name!r}.{did_you_mean(name, OUTPUTS)}")
    return OUTPUTS[name](record, places)
