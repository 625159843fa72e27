"""Options that several commands share."""

from __future__ import annotations

from datetime import date

import click


def day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """Return a date that was written as 2027-06-30."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"got {value!r}, wanted a date like 2027-06-30") from None
