"""What a shell may complete at each place, without an import of what is named: a keystroke waits for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DECISION_FORMATS = ("json", "junit", "sarif", "github", "gitlab", "comment", "badge", "openmetrics")
CARD_FORMATS = ("huggingface", "cyclonedx", "sagemaker", "model-card-toolkit", "croissant")
DOCUMENTS = (
    "model_card",
    "gate_report",
    "bias_audit_summary",
    "technical_file",
    "review_board_questionnaire",
    "coverage",
)
_PACKAGE = Path(__file__).parent
_PACK_PREFIX = "auditkit:"


def auditor_ids() -> list[str]:
    """Return the ids of all auditors, those of this package by the path of their file."""
    from importlib.metadata import entry_points

    files = (_PACKAGE / "auditors").glob("*/*.py")
    own = [f"{file.parent.name}.{file.stem}" for file in files if not file.stem.startswith("_")]
    return sorted([*own, *(point.load().id for point in entry_points(group="auditkit.auditors"))])


def pack_names() -> list[str]:
    """Return the built-in policies as a policy names them."""
    return sorted(_PACK_PREFIX + file.stem for file in (_PACKAGE / "policies").glob("*.yaml"))


def coverage_names() -> list[str]:
    """Return the built-in coverage packs."""
    return sorted(file.stem for file in (_PACKAGE / "coverage" / "frameworks").glob("*.yaml"))


def codes() -> list[str]:
    """Return the codes that ``auditkit explain`` knows."""
    return sorted(re.findall(r"^ +(AK-\w+):", (_PACKAGE / "codes.yaml").read_text(encoding="utf-8"), re.MULTILINE))


def auditors(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete an auditor's id or a family."""
    known = auditor_ids()
    return _beginning([*sorted({name.partition(".")[0] for name in known}), *known], incomplete)


def decision_formats(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete ``FORMAT`` or ``FORMAT=PATH``."""
    name, given, path = incomplete.partition("=")
    if given:
        return [f"{name}={file}" for file in _files(path)]
    return _beginning(DECISION_FORMATS, incomplete)


def card_formats(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete a format of cards."""
    return _beginning([*CARD_FORMATS, "all"], incomplete)


def documents(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete a document."""
    return _beginning(DOCUMENTS, incomplete)


def coverage_packs(_: click.Context, __: click.Parameter, incomplete: str) -> list[str] | list[CompletionItem[str]]:
    """Complete a coverage pack, or a file where none begins so."""
    return _beginning(coverage_names(), incomplete) or _any_file(incomplete)


def policies(_: click.Context, __: click.Parameter, incomplete: str) -> list[str] | list[CompletionItem[str]]:
    """Complete a file, or a built-in policy once something of ``auditkit:`` is written and no file begins so."""
    packs = _beginning(pack_names(), incomplete) if incomplete else []
    return packs if packs and not list(_files(incomplete)) else _any_file(incomplete)


def files_or_codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[str] | list[CompletionItem[str]]:
    """Complete a file, or a code once ``AK`` is written."""
    if incomplete.upper().startswith("AK"):
        return _beginning(codes(), incomplete.upper())
    return _any_file(incomplete)


def _any_file(incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell to complete a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str) -> Iterator[str]:
    folder, _, name = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    for found in sorted(place.iterdir()) if place.is_dir() else ():
        if found.name.startswith(name) and (name or not found.name.startswith(".")):
            yield incomplete[: len(incomplete) - len(name)] + found.name + ("/" if found.is_dir() else "")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    r"""Print the script that lets a SHELL complete commands, auditors, documents, formats, packs, codes and files.

    \b
    bash  auditkit completion bash > ~/.local/share/bash-completion/completions/auditkit
    zsh   auditkit completion zsh > "${fpath[1]}/_auditkit"
    fish  auditkit completion fish > ~/.config/fish/completions/auditkit.fish
    """
    from auditkit.cli_shells import answer

    return answer(context.find_root().command, f"{shell}_source")
