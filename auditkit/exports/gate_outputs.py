"""The outputs of a decision by name."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.exports.badge import badge
from auditkit.exports.comment import comment
from auditkit.exports.decision_json import decision_json
from auditkit.exports.gate_lines import Sources
from auditkit.exports.github import github
from auditkit.exports.gitlab import gitlab
from auditkit.exports.junit import junit
from auditkit.exports.openmetrics import openmetrics
from auditkit.exports.sarif import sarif
from auditkit.record import Record

OUTPUTS: dict[str, Callable[[Record, Sources], bytes]] = {
    "json": decision_json,
    "junit": junit,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "comment": comment,
    "badge": badge,
    "openmetrics": openmetrics,
}


def written(record: Record, name: str, sources: Sources) -> bytes:
    """Return one output: the same bytes for the same decision.

    Raises
    ------
    ConfigurationError
        If there is no such format, or nothing was judged.
    """
    if name not in OUTPUTS:
        raise ConfigurationError(f"there is no output {name!r}.{did_you_mean(name, OUTPUTS)}")
    return OUTPUTS[name](record, sources)
