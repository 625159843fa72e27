"""The commands around an audit: init, compare, list."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from auditkit.cli_completion import auditors, policies
from auditkit.cli_options import policy_file


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--train", type=click.Path(path_type=Path), help="The rows the model learned from.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="The model file (default: model.skops, .joblib or .pkl here)."
)
@click.option("--label", help="The column with what really happened.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the files go (default: beside DATA)."
)
@click.option("--yes", "-y", is_flag=True, help="Take what is proposed, ask nothing.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def init(
    data: Path, train: Path | None, model: Path | None, label: str | None, folder: Path | None, yes: bool, force: bool
) -> int:
    """Look at DATA and propose audit.yaml and policy.yaml, with the reason for each line.

    Asks in a terminal; with --yes, or elsewhere, takes what names and values suggest.
    """
    from auditkit.data.files import read_table
    from auditkit.errors import ConfigurationError, did_you_mean
    from auditkit.starting import audit_yaml, model_in, policy_yaml, propose, write_both

    table = read_table(data)
    if label is not None and label not in table.columns:
        raise ConfigurationError(f"--label: the data have no column {label!r}.{did_you_mean(label, table.columns)}")
    for given, what in ((train, "--train"), (model, "--model")):
        if given is not None and not given.is_file():
            raise ConfigurationError(f"{what}: no such file: {given.name!r}")
    target = folder or data.parent
    found = propose(table, label=label)
    if not yes and sys.stdin.isatty():
        _ask(found, table)
    chosen = model if model is not None else model_in(target)
    stem = data.resolve().parent.name if chosen is None or chosen.stem == "model" else chosen.stem
    name = stem.replace("_", "-").lower() or "model"
    files = {"test": _beside(data, target), "train": _beside(train, target) if train is not None else None}
    placed = None if chosen is None else target / _beside(chosen, target)
    written = write_both(target, audit_yaml(found, files, name, placed), policy_yaml(name, found), force=force)
    for place in written:
        click.echo(f"wrote {place}")
    if found.favorable is None and found.label is not None:
        click.echo("say which outcome is good for the person: favorable in audit.yaml")
    click.echo(f"next: read both files, then auditkit run {written[0]}")
    return 0


def _beside(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _ask(found: Any, table: Any) -> None:
    from auditkit.errors import did_you_mean

    def columns(question: str, proposed: list[str]) -> list[str]:
        while True:
            said = click.prompt(question, default=", ".join(proposed) or "none")
            named = [part.strip() for part in said.split(",") if part.strip() and part.strip() != "none"]
            unknown = [name for name in named if name not in table.columns]
            if not unknown:
                return named
            click.echo(f"the data have no column {unknown[0]!r}.{did_you_mean(unknown[0], table.columns)}")

    label = columns("Which column says what really happened?", [found.label] if found.label else [])
    if (label[0] if label else None) != found.label:
        found.label, found.favorable = (label[0] if label else None), None
    if found.label is not None:
        values = {str(value): value for value in table.values(found.label) if value is not None}
        if len(values) <= 20:
            proposed = None if found.favorable is None else str(found.favorable)
            said = click.prompt(
                "Which outcome is good for the person?", type=click.Choice(list(values)), default=proposed
            )
            found.favorable = values[said]
    found.sensitive = columns("Whose groups are compared?", found.sensitive)
    for column in found.sensitive:
        found.why.setdefault(column, "as you said")
    found.quasi_identifiers = columns("What may others know of a person?", found.quasi_identifiers)


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    callback=policy_file,
    shell_complete=policies,
    help="Judge SECOND by this policy, with FIRST as its baseline.",
)
@click.option("--all", "every", is_flag=True, help="Show also what is not shown to have changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(first: Path, second: Path, policy: Path | None, every: bool, as_json: bool) -> int:
    """Say what changed from the audit.json FIRST to SECOND, with intervals that hold at once.

    Without a policy the exit code is 0; with one it is the policy's.
    """
    from auditkit.comparing import compare as compare_audits
    from auditkit.policy import Policy, baseline_of
    from auditkit.record import load

    before, after = load(first).audit, load(second).audit
    found = compare_audits(before, after)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
    else:
        _print_changes(found, every)
    if policy is None:
        return 0
    decision = Policy.load(policy).judge(after, baseline=baseline_of(before, f"{first.name}"))
    click.echo(f"verdict: {decision.verdict.upper()} (policy {decision.policy}, exit code {decision.exit_code})")
    for ruling in decision.rulings:
        click.echo(f"  {ruling.status:12} {ruling.severity:5} {ruling.rule}: {ruling.message}")
    return decision.exit_code


def _print_changes(found: Any, every: bool) -> None:
    for note in found.notes:
        click.echo(f"note: {note}")
    shown = [one for one in found.changes if every or one.moved != "not shown"]
    for one in shown:
        bounds = "exact" if one.kind == "exact" else f"{one.low:+.3g} to {one.high:+.3g}"
        click.echo(
            f"{one.moved:9} {one.measure} ({one.about}): {one.was:.3g} → {one.now:.3g}, change {one.now - one.was:+.3g} ({bounds})"
        )
    silent = len(found.changes) - sum(one.moved != "not shown" for one in found.changes)
    click.echo(
        f"{len(found.changes)} measures compared, bounds hold at once at 95 %; of {silent} no change is shown, which does "
        "not say that there is none"
    )
    for what, names in (("only in the first", found.gone), ("only in the second", found.new)):
        if names:
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""
            click.echo(f"{what}: {', '.join(names[:10])}{more}")


def _list_packs(name: str | None, as_json: bool) -> int:
    from auditkit.coverage.packs import built_in, load_packs

    packs = load_packs([name] if name else built_in(), Path())
    if as_json:
        click.echo(json.dumps([dict(pack.data) for pack in packs], indent=1, ensure_ascii=False))
        return 0
    for pack in packs:
        click.echo(f"{pack.id:32} {pack.title}; {len(pack.items)} items, law as of {pack.legal_status_as_of}")
        for item in pack.items if name else ():
            click.echo(f"        {item.id}: {item.text}")
    return 0


@click.command("list")
@click.argument("identifier", required=False, shell_complete=auditors)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--coverage", is_flag=True, help="List the coverage packs: laws, standards and frameworks.")
def list_(identifier: str | None, as_json: bool, coverage: bool) -> int:
    """List the auditors and what each needs; with IDENTIFIER (an id or a family) also measures and options."""
    if coverage:
        return _list_packs(identifier, as_json)
    from auditkit.catalog import select
    from auditkit.codes import code_of

    chosen = select([identifier] if identifier else (), ())[0]
    if as_json:
        rows = [
            {
                "id": entry.id,
                "code": code_of(entry.id),
                "title": entry.title,
                "needs": list(entry.needs),
                "measures": list(entry.measures),
                "options": entry.defaults,
            }
            for entry in chosen
        ]
        click.echo(json.dumps(rows, indent=1, default=str))
        return 0
    for entry in chosen:
        needs = ", ".join(entry.needs) or "nothing"
        click.echo(f"{code_of(entry.id):7} {entry.id:38} {entry.title}; needs {needs}")
        if identifier:
            click.echo(f"        measures: {', '.join(entry.measures)}")
            for name, value in entry.defaults.items():
                click.echo(f"        option {name}: {value!r}")
    return 0
