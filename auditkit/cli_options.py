"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from click.core import ParameterSource


def day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """Return a date that was written as 2027-06-30."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"got {value!r}, wanted a date like 2027-06-30") from None


def record_file(context: click.Context, _: click.Parameter, value: Path) -> Path:
    """Return the record that is meant: without a word the audit.json that is here, else that of the report folder."""
    report = Path("auditkit-report", "audit.json")
    named = context.get_parameter_source("record") is not ParameterSource.DEFAULT
    return value if named or value.exists() or not report.is_file() else report


def policy_file(context: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    """Return the file of a policy; ``auditkit:NAME`` is one that comes with auditkit."""
    if value is None or context.resilient_parsing or not str(value).startswith("auditkit:"):
        return value
    from auditkit.policy.loading import policy_path

    return policy_path(value)


def is_built_in(policy: Path) -> bool:
    """Return whether a policy comes with auditkit, so that nothing can be kept beside it."""
    from auditkit.policy.loading import packs

    return policy in packs().values()
