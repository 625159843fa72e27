"""The commands about evidence: verify, sign, keygen."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import click

from auditkit.cli_completion import card_formats, policies
from auditkit.cli_options import day, policy_file, record_file


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("auditkit-report"))
@click.option(
    "--key", "keys", multiple=True, type=click.Path(path_type=Path), help="A public key that is trusted; repeatable."
)
@click.option(
    "--threshold", type=click.IntRange(1), default=1, show_default=True, help="So many of the keys must have signed."
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    callback=policy_file,
    shell_complete=policies,
    help="The policy that must have been judged.",
)
@click.option("--model", type=click.Path(path_type=Path), help="The model file that must be the one that was audited.")
@click.option("--previous", type=click.Path(path_type=Path), help="The report, or its statements, that came before.")
@click.option(
    "--templates", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The documents' own templates."
)
@click.option("--as-of", callback=day, metavar="DATE", help="The day on which it must hold (default: today, UTC).")
def verify(
    folder: Path,
    keys: tuple[Path, ...],
    threshold: int,
    policy: Path | None,
    model: Path | None,
    previous: Path | None,
    templates: Path | None,
    as_of: date | None,
) -> int:
    """Check a report FOLDER offline: files, signatures, statements, policy, expiry, and that documents show the record.

    The exit code is 4 where the evidence is invalid or expired, else the gate's own.
    """
    from auditkit.attest.verifying import lines
    from auditkit.attest.verifying import verify as verified

    found = verified(
        folder,
        keys,
        threshold=threshold,
        policy=policy,
        model=model,
        previous=previous,
        templates=templates,
        as_of=as_of,
    )
    for line in lines(found):
        click.echo(line)
    return found.exit_code


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("auditkit-report"))
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), help="Your private key (PEM; auditkit keygen makes one)."
)
@click.option(
    "--previous", type=click.Path(path_type=Path), help="The report before this one, to be named in the statements."
)
def sign(folder: Path, key: Path, previous: Path | None) -> int:
    """Add your signature to the statements of a report FOLDER; several people can sign.

    A password of the key is read from AUDITKIT_KEY_PASSWORD.
    """
    from auditkit.attest.bundle import sign as signed

    password = os.environ.get("AUDITKIT_KEY_PASSWORD")
    keyid, number = signed(folder, key, password=password.encode() if password else None, previous=previous)
    click.echo(f"signed with key {keyid[:16]}; {number} signature{'s' if number > 1 else ''} on each statement")
    return 0


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
def keygen(name: Path) -> int:
    """Make a key pair: NAME.pem for you alone, NAME.pub.pem for those who verify."""
    from auditkit.attest.dsse import new_key

    private, public = name.with_name(f"{name.name}.pem"), name.with_name(f"{name.name}.pub.pem")
    made = new_key(private, public)
    click.echo(f"wrote {private.name} (keep it secret) and {public.name}; key {made[:16]}")
    return 0


@click.command()
@click.argument("record", type=click.Path(path_type=Path), default="audit.json", callback=record_file)
@click.option(
    "--format",
    "names",
    multiple=True,
    required=True,
    shell_complete=card_formats,
    help="huggingface, cyclonedx, sagemaker, model-card-toolkit, croissant, or all.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the cards (default: here).",
)
def export(record: Path, names: tuple[str, ...], out: Path) -> int:
    """Write cards in formats that others read, from an audit.json; none takes a number from anywhere else."""
    from auditkit.errors import NotApplicable, OutputError
    from auditkit.exports.formats import FORMATS, exported
    from auditkit.record import load

    loaded = load(record)
    made: dict[str, bytes] = {}
    for name in FORMATS if "all" in names else names:
        try:
            file, content = exported(loaded, name)
        except NotApplicable as error:
            if "all" not in names:
                raise
            click.echo(f"left out {name}: {error}", err=True)
            continue
        made[file] = content
    if "README.md" in made and not _may_write_over(out / "README.md"):
        raise OutputError("README.md is there already and is no card of auditkit's; name another folder with --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, content in made.items():
            incoming = out / f".{file}.incoming"
            incoming.write_bytes(content)
            incoming.replace(out / file)
    except OSError as error:
        raise OutputError(
            f"{out.name or '.'} cannot be written: {error.strerror or error}; name a folder with --out"
        ) from None
    for file in made:
        click.echo(f"wrote {out / file}")
    return 0


def _may_write_over(card: Path) -> bool:
    """Return whether a README.md is absent or was exported earlier: its metadata then name auditkit's measures."""
    try:
        start, _, rest = card.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return start == "---" and " auditkit: " in rest.partition("\n---")[0]
