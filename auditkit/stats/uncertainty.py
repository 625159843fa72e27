"""What a measure's bounds are functions of, so that an audit is judged later without its data.

The kinds are in `estimates` and `comparisons`; here they are found by the names they have in the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from auditkit.stats.comparisons import Extreme, Gap, Pair, WorstPair
from auditkit.stats.estimates import (
    AreaUnderCurve,
    EffectiveProportion,
    Exact,
    Normal,
    Proportion,
    Range,
    Replicates,
    Uncertainty,
)
from auditkit.stats.paired import PairedDifference

__all__ = [
    "AreaUnderCurve",
    "EffectiveProportion",
    "Exact",
    "Extreme",
    "Gap",
    "Normal",
    "Pair",
    "PairedDifference",
    "Proportion",
    "Range",
    "Replicates",
    "Uncertainty",
    "WorstPair",
    "from_dict",
]

_KINDS: dict[str, Any] = {
    cls.kind: cls
    for cls in (
        Proportion,
        EffectiveProportion,
        Normal,
        AreaUnderCurve,
        Pair,
        WorstPair,
        Extreme,
        PairedDifference,
        Range,
        Exact,
        Replicates,
    )
}


def from_dict(data: Mapping[str, Any]) -> Uncertainty:
    """Return the uncertainty that ``as_dict`` wrote.

    Raises
    ------
    ValueError
        If its kind is unknown.
    """
    rest = {name: value for name, value in data.items() if name != "kind"}
    if data["kind"] not in _KINDS:
        raise ValueError(f"unknown kind of uncertainty {data['kind']!r}")
    if "members" in rest:
        rest["members"] = tuple(from_dict(member) for member in rest["members"])
    for name in ("quantiles", "runs"):
        if name in rest:
            rest[name] = tuple(rest[name])
    return cast("Uncertainty", _KINDS[data["kind"]](**rest))
