"""--output FORMAT[=PATH]: what a decision is written as, checked before anything runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli_completion import decision_formats
from auditkit.errors import ConfigurationError, OutputError, did_you_mean

if TYPE_CHECKING:  # what the annotations name costs 0.3 s to import, and --help needs none of it
    from auditkit.exports.gate_lines import Sources
    from auditkit.policy import Decision, Policy
    from auditkit.record import Record

Wanted = tuple[tuple[str, Path | None], ...]
GITHUB = "github"
SUMMARY = "GITHUB_STEP_SUMMARY"


def parsed(context: click.Context, _: click.Parameter, values: Sequence[str]) -> Wanted:
    """Return format and path of each ``--output``; no path, or ``-``, is standard output.

    Raises
    ------
    ConfigurationError
        If a format does not exist, two outputs would be written to one place, or a path cannot be written.
    """
    if not values or context.resilient_parsing:  # a shell that completes a line waits for it
        return ()
    from auditkit.exports.gate_outputs import OUTPUTS

    found: list[tuple[str, Path | None]] = []
    for value in values:
        name, _given, path = value.partition("=")
        if name not in OUTPUTS:
            raise ConfigurationError(f"--output: there is no format {name!r}.{did_you_mean(name, OUTPUTS)}")
        place = Path(path) if path and path != "-" else None
        if place is not None:
            _check(name, place)
        same = next((other for other, taken in found if _same(taken, place)), None)
        if same is not None:
            where = "standard output" if place is None else place.name
            raise ConfigurationError(f"--output: {same} and {name} both go to {where}; give one of them another path")
        found.append((name, place))
    return tuple(found)


def _check(name: str, place: Path) -> None:
    if _is_special(place):
        return
    if place.is_dir():
        raise ConfigurationError(f"--output {name}: {place.name!r} is a folder; name a file in it")
    if not place.parent.is_dir():
        raise ConfigurationError(f"--output {name}: no such folder for {place.name!r}; make it first")
    if not os.access(place.parent, os.W_OK):
        raise ConfigurationError(f"--output {name}: the folder of {place.name!r} cannot be written; name another path")


def _is_special(place: Path) -> bool:
    """Return whether a path is a pipe or a device, which is written to and not replaced."""
    return place.exists() and not place.is_file() and not place.is_dir()


def _same(first: Path | None, second: Path | None) -> bool:
    return first is second if first is None or second is None else first.resolve() == second.resolve()


outputs = click.option(
    "--output",
    "wanted",
    multiple=True,
    callback=parsed,
    shell_complete=decision_formats,
    metavar="FORMAT[=PATH]",
    help="Write the decision also as json, junit, sarif, github, gitlab, comment, badge or openmetrics; without a path to "
    "standard output. Repeatable.",
)


def sources_of(policy: Policy, path: Path, audit: Path | None = None) -> Sources:
    """Return where the rules of a policy and the audit stand, by paths from the top of their repository.

    An audit that is not named is the audit.yaml beside the policy, or else is told of at the policy.
    """
    from auditkit.exports.gate_lines import Sources

    places = {rule: place._replace(file=_shown(Path(place.file))) for rule, place in policy.places.items()}
    beside = path.parent / "audit.yaml"
    return Sources(places, _shown(path), _shown(audit or (beside if beside.is_file() else path)))


def sources_of_audit(path: Path, policy: Path | None = None) -> Sources:
    """Return the same for a policy, or else the one that an audit.yaml names.

    Raises
    ------
    ConfigurationError
        If it names none, or either file is wrong.
    """
    from auditkit.config import load_config
    from auditkit.policy import Policy

    policy = policy or load_config(path).policy
    if policy is None:
        raise ConfigurationError("--output writes a decision, and audit.yaml names no policy; add policy: policy.yaml")
    return sources_of(Policy.load(policy), policy, path)


def _shown(path: Path) -> str:
    """Return the path from the top of the repository, else from the working folder, else the name alone."""
    full = path.resolve()
    top = next((folder for folder in full.parents if (folder / ".git").exists()), Path.cwd())
    return full.relative_to(top).as_posix() if full.is_relative_to(top) else full.name


def write_outputs(record: Record, sources: Sources, wanted: Wanted) -> None:
    """Write all outputs, each whole or not at all; on GitHub also the step's summary.

    Raises
    ------
    OutputError
        If a path cannot be written; no file is then written in part.
    """
    from auditkit.exports.gate_outputs import written

    made = [(place, written(record, name, sources)) for name, place in wanted]
    files = []
    for place, content in made:
        if place is not None:
            end = place if _is_special(place) else Path(os.path.realpath(place))
            incoming = end if _is_special(place) else end.with_name(f".{end.name}.incoming-{os.getpid()}")
            files.append((incoming, end, content))
    try:
        for incoming, place, content in files:
            with _named(place):
                incoming.write_bytes(content)
        for incoming, place, _ in files:
            if incoming != place:
                with _named(place):
                    incoming.replace(place)
    finally:
        for incoming, place, _ in files:
            if incoming != place:
                incoming.unlink(missing_ok=True)
    for place, content in made:
        if place is None:
            click.echo(content, nl=False)
    summary = os.environ.get(SUMMARY)
    if summary and any(name == GITHUB for name, _ in wanted):
        with _named(Path(summary)), Path(summary).open("ab") as stream:
            stream.write(written(record, "comment", sources))


@contextmanager
def _named(place: Path) -> Iterator[None]:
    """Turn what the system refuses into a line that names the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{place.name} cannot be written: {error.strerror or error}; name another path") from None


def tell(decision: Decision, quiet: bool, wanted: Wanted = ()) -> None:
    """Print the decision for people: a table at a terminal, else lines; on standard error where an output has the other."""
    from auditkit.exports.terminal import plain, show

    stream = sys.stderr if claims_output(wanted) else sys.stdout
    if stream.isatty() and not quiet:
        show(decision, stream)
    else:
        click.echo(plain(decision, quiet=quiet), file=stream)


def claims_output(wanted: Wanted) -> bool:
    """Return whether standard output belongs to an output alone; annotations may stand among lines for people."""
    return any(place is None and name != GITHUB for name, place in wanted)
