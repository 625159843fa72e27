"""A decision for people at a terminal: a table there, plain lines elsewhere."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from auditkit.exports.gate_lines import level_of, others, summary, where
from auditkit.exports.plain_text import visible
from auditkit.policy import Decision, Ruling

if TYPE_CHECKING:
    from rich.text import Text

NARROW = 72
_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan", "none": "green"}


def plain(decision: Decision, *, quiet: bool = False) -> str:
    """Return the decision as lines of text; `quiet`: the verdict alone."""
    made = [f"verdict: {summary(decision)}"]
    if quiet:
        return made[0]
    for ruling in decision.rulings:
        about = visible(f"{ruling.rule}: {ruling.measure}{where(ruling)}: {ruling.message}")
        made.append(f"  {ruling.status:12} {ruling.severity:5} {about}")
        if ruling.waiver is not None:
            made.append(f"  {'':18} {_waiver(ruling)}")
    return "\n".join([*made, *(f"  {text}" for text in others(decision))])


def show(decision: Decision, stream: IO[str], *, width: int | None = None) -> None:
    """Write the decision to a terminal as a table, as wide as the terminal is; to a narrow one as lines."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, width=width, highlight=False)
    if console.width < NARROW:
        console.print(Text(plain(decision)))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ended", no_wrap=True)
    table.add_column("rule", overflow="fold", ratio=1)
    for name in ("measured", "bounds", "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    for ruling in decision.rulings:
        ended = Text(ruling.status, style=_STYLES[level_of(ruling, decision)])
        ended.append(f"\n{ruling.severity}", style="dim")
        table.add_row(ended, _about(ruling), _number(ruling.value), _bounds(ruling), _limit(ruling))
    style = {0: "bold green", 1: "bold red"}.get(decision.exit_code, "bold yellow")
    if decision.rulings:
        console.print(table)
    for text in others(decision):
        console.print(Text(text, style="yellow"))
    console.print(Text(f"verdict: {summary(decision)}", style=style))


def _about(ruling: Ruling) -> Text:
    from rich.text import Text

    said = Text(visible(ruling.rule), style="bold")
    said.append(f"\n{visible(f'{ruling.measure}{where(ruling)}')}", style="dim")
    if ruling.value is None or ruling.status == "adopted" or ruling.of_change:
        said.append(f"\n{visible(ruling.message)}")
    if ruling.waiver is not None:
        said.append(f"\n{_waiver(ruling)}")
    return said


def _waiver(ruling: Ruling) -> str:
    if ruling.waiver is None:
        return ""
    state = "expired" if ruling.waiver_expired else "waived until"
    return visible(f"{state} {ruling.waiver.until.isoformat()}: {ruling.waiver.reason}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _bounds(ruling: Ruling) -> str:
    if ruling.low is None or ruling.high is None:
        return ""
    return "exact" if ruling.kind == "exact" else f"{ruling.low:.3g} to {ruling.high:.3g}"


def _limit(ruling: Ruling) -> str:
    if ruling.limit is None:
        return ""
    return f"{'≥' if ruling.limit_kind == 'min' else '≤'} {ruling.limit:.3g}"
