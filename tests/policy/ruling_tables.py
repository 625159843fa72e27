"""The four tables of rulings.yaml: read, and made into the page docs/rulings.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SOURCE = Path(__file__).with_name("rulings.yaml")
PAGE = Path(__file__).parents[2] / "docs" / "rulings.md"
BREACH = ("fail", "inconclusive")

HEAD = """\
# What a gate decides

Made from `tests/policy/rulings.yaml` by `AUDITKIT_WRITE_GOLDEN=1 pytest tests/policy/test_rulings.py`; the test suite holds
every combination of these rows against the code. The tables follow each other: what the bounds say, whether a breach is
accepted, and what the verdict is.

Exit codes of every command: 0 pass, warnings included · 1 a blocking rule failed · 2 usage or configuration · 3 an auditor
died, or a blocking rule's measure is missing or insufficient · 4 evidence invalid or expired · 5 nothing was evaluated ·
130 interrupted. Where several hold: 2, 3, 4, 1, 5, 0, the first that does.
"""


@cache
def tables() -> Mapping[str, Any]:
    """Return the content of rulings.yaml."""
    loaded: Mapping[str, Any] = YAML(typ="safe", pure=True).load(SOURCE.read_text(encoding="utf-8"))
    return loaded


def one_of_limits(measure: str, form: str) -> list[str]:
    """Return the rulings of a form on a measure, before anything is accepted."""
    return _listed(next(row[form] for row in tables()["limits"]["rows"] if row["measure"] == measure))


def one_of_changes(baseline: str, form: str) -> list[str]:
    """Return the rulings of a form on a change, before anything is accepted."""
    return _listed(next(row[form] for row in tables()["changes"]["rows"] if row["baseline"] == baseline))


def accepted(was: str, baseline: str, waiver: str) -> tuple[str, str]:
    """Return the ruling and what is noted of the waiver; exactly one row must speak of it."""
    found = [row for row in tables()["accepted"]["rows"] if _speaks(row, was, baseline, waiver)]
    assert len(found) == 1, (was, baseline, waiver, found)
    ruling = found[0]["ruling"]
    return (was if ruling == "breach" else ruling), found[0]["note"]


def _speaks(row: Mapping[str, str], was: str, baseline: str, waiver: str) -> bool:
    if row["was"] != ("breach" if was in BREACH else was):
        return False
    named = [other["baseline"] for other in tables()["accepted"]["rows"]]
    meant = row["baseline"] in ("any", baseline) or (row["baseline"] == "any other" and baseline not in named)
    return meant and (row["waiver"] == waiver or (row["waiver"] == "any" and waiver != "none"))


def exit_code(rulings: Iterable[str], severity: str, prove: str, on_missing: str, died: bool) -> int:
    """Return the exit code of rulings of one severity."""
    codes = {_code(ruling, severity, prove, on_missing) for ruling in rulings}
    if died or 3 in codes:
        return 3
    return 1 if 1 in codes else 5 if codes == {5} else 0


def _code(ruling: str, severity: str, prove: str, on_missing: str) -> int:
    whens = ("", f"prove {prove}", f"on_missing {on_missing}")
    found = [row for row in tables()["verdict"]["rows"] if row["ruling"] == ruling and row["when"] in whens]
    assert len(found) == 1, (ruling, found)
    return int(found[0][severity])


def _listed(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def page() -> str:
    """Return docs/rulings.md."""
    parts = [HEAD]
    for table in tables().values():
        rows = table["rows"]
        names = list(rows[0])
        parts.append(f"## {table['title']}\n\n{table['about'].strip()}\n")
        lines = [
            _line(names),
            _line(["---"] * len(names)),
            *(_line([_cell(row[name]) for name in names]) for row in rows),
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if isinstance(value, list):
        return value[0] if len(set(value)) == 1 else f"{value[0]} (lower), {value[1]} (upper)"
    return str(value)
