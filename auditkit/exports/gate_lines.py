"""What all outputs of a decision say of a ruling: how it counts, where it stands, and in what words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditkit.codes import code_of_ruling
from auditkit.policy import Decision, Ruling

Level = Literal["error", "warning", "note", "none"]
Places = Mapping[str, tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Line:
    """One ruling as a line: `level` is ``error`` if it closes the gate."""

    ruling: Ruling
    level: Level
    name: str
    text: str
    code: str
    file: str
    line: int
    column: int


def lines(decision: Decision, places: Places) -> list[Line]:
    """Return all rulings in the order of the policy, each with its place in policy.yaml."""
    found = []
    for ruling in decision.rulings:
        file, line, column = places.get(ruling.rule, ("policy.yaml", 1, 1))
        found.append(
            Line(
                ruling,
                level_of(ruling, decision),
                name_of(ruling),
                text_of(ruling),
                code_of_ruling(ruling),
                file,
                line,
                column,
            )
        )
    return found


def level_of(ruling: Ruling, decision: Decision) -> Level:
    """Return how a ruling counts, as the verdict counts it."""
    if ruling.status == "pass" or ruling.severity == "info":
        return "none" if ruling.status == "pass" else "note"
    if ruling.status in ("waived", "adopted"):
        return "note"
    closes = ruling.status == "fail" or (ruling.status == "inconclusive" and decision.prove == "compliance")
    if ruling.status in ("missing", "insufficient"):
        closes = ruling.on_missing == "fail"
    return "error" if closes and ruling.severity == "block" else "warning"


def name_of(ruling: Ruling) -> str:
    """Return rule, measure and what it speaks of."""
    about = " × ".join(ruling.over) if ruling.over else str(ruling.group) if ruling.group else ""
    where = "" if ruling.dataset in ("test", "none") else f" ({ruling.dataset})"
    return (
        " ".join(
            part for part in (f"{ruling.rule}:", ruling.measure, f"over {about}" if ruling.over else about) if part
        )
        + where
    )


def text_of(ruling: Ruling) -> str:
    """Return what was found, and who accepted it."""
    parts = [f"{ruling.status}: {ruling.message}"]
    if ruling.waiver is not None:
        state = "waiver expired on" if ruling.waiver_expired else "waived until"
        parts.append(
            f"{state} {ruling.waiver.until.isoformat()} by {ruling.waiver.approved_by}: {ruling.waiver.reason}"
        )
    if ruling.why:
        parts.append(f"why the rule: {ruling.why}")
    return "; ".join(parts)


def summary(decision: Decision) -> str:
    """Return the verdict in a line."""
    mark = ", INCONCLUSIVE in part" if decision.inconclusive else ""
    return f"{decision.verdict.upper()}{mark} (policy {decision.policy}, exit code {decision.exit_code})"


def others(decision: Decision) -> list[str]:
    """Return what else belongs to the decision, a line each."""
    return [
        *(f"died: {text}" for text in decision.problems),
        *(f"waiver ends soon: {text}" for text in decision.expiring_waivers),
        *(f"unused waiver: {text}" for text in decision.unused_waivers),
        *(f"not for this deployment: {text}" for text in decision.not_applied),
        *([f"compared with {decision.baseline}"] if decision.baseline else []),
    ]
