"""The commands about audit.yaml and policy.yaml as files: check, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from auditkit.yamlfile import Document

_DEFAULT = ("audit.yaml", "policy.yaml")


@click.command()
@click.argument("name", type=click.Choice(["audit", "policy", "record", "coverage"]))
def schema(name: str) -> int:
    """Print the JSON Schema of audit.yaml, policy.yaml, audit.json or a coverage pack, for editors and other tools."""
    from auditkit.starting import schema_text

    click.echo(schema_text(name), nl=False)
    return 0


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> int:
    """Check audit.yaml and policy.yaml (or FILES, coverage packs too) without model or data; each mistake with its line.

    What a policy extends, and the policy and packs that an audit names are read, too. Data and models may be elsewhere.
    """
    from auditkit.errors import ConfigurationError

    chosen = files or tuple(Path(name) for name in _DEFAULT if Path(name).is_file())
    if not chosen:
        raise click.UsageError("neither audit.yaml nor policy.yaml is here; name the files to check")
    wrong = 0
    for file in chosen:
        try:
            _check(file)
        except ConfigurationError as error:
            wrong += 1
            click.echo(f"auditkit: {error}", err=True)
            if error.source is not None:
                click.echo(f"    {error.source}", err=True)
    if wrong:
        return 2
    click.echo(f"{len(chosen)} file{'s' if len(chosen) > 1 else ''} can be used")
    return 0


def _check(file: Path) -> None:
    from auditkit.config import coverage_of, on_a_known_grid
    from auditkit.coverage.packs import load_pack
    from auditkit.policy import Policy
    from auditkit.yamlfile import load_yaml, schema

    if _has_key(file, "pack:"):
        load_pack(file)
        return
    if not _is_audit(file):
        Policy.load(file)
        return
    document = load_yaml(file, schema("audit"))
    _check_auditors(document)
    coverage_of(document)
    for part in ("carbon", "training"):
        on_a_known_grid(document, part)
    named = document.data.get("policy")
    if named is not None:
        if not (file.parent / named).is_file():
            raise document.error(f"policy: no such file: {named!r}", "policy")
        Policy.load(file.parent / named)


def _is_audit(file: Path) -> bool:
    """Return whether a file describes an audit: by its name, else by a key at its left edge that no policy has."""
    if file.stem.startswith(("audit", "policy")):
        return file.stem.startswith("audit")
    return _has_key(file, "data:", "columns:", "model:")


def _has_key(file: Path, *keys: str) -> bool:
    """Return whether one of the keys stands at the file's left edge."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False  # whoever reads it as a policy says what is wrong
    return any(line.startswith(keys) for line in text.splitlines())


def _check_auditors(document: Document) -> None:
    from auditkit.catalog import catalogue, select
    from auditkit.errors import ConfigurationError, did_you_mean

    run = document.data.get("audit", {})
    for index, name in enumerate(run.get("skip", ())):
        try:
            select((), [name])
        except ConfigurationError as error:
            raise document.error(f"skip: {error.message}", "audit", "skip", index) from None
    for name, values in run.get("options", {}).items():
        if name not in catalogue():
            hint = did_you_mean(name, catalogue())
            raise document.error(f"options: there is no auditor {name!r}.{hint}", "audit", "options", name)
        try:
            catalogue()[name].options(values)
        except ConfigurationError as error:
            raise document.error(error.message, "audit", "options", name) from None
