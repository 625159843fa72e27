"""auditkit: may this model be deployed, and on what evidence?

>>> import auditkit as ak
>>> sorted(ak.__all__)[:3]
['Audit', 'AuditkitError', 'Evidence']

Names are imported when they are first used, so that ``import auditkit`` and ``auditkit --help`` cost next to nothing.
"""

from __future__ import annotations

import builtins
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditkit.auditing import Audit, audit
    from auditkit.charts.svg import draw
    from auditkit.data.counting import count_rows
    from auditkit.data.scan import scan
    from auditkit.declare import auditor
    from auditkit.energy.tracking import track_training
    from auditkit.errors import AuditkitError
    from auditkit.explainers.local import explain
    from auditkit.fairlearn_bridge import to_metric_frame
    from auditkit.finding import Evidence, Finding, Measure
    from auditkit.policy import Policy
    from auditkit.record import load
    from auditkit.run import render
    from auditkit.subject import Subject
    from auditkit.tally import Tally

__version__ = "0.1.0"

__all__ = [
    "Audit",
    "AuditkitError",
    "Evidence",
    "Finding",
    "Measure",
    "Policy",
    "Subject",
    "Tally",
    "__version__",
    "audit",
    "auditor",
    "count_rows",
    "draw",
    "explain",
    "load",
    "render",
    "scan",
    "to_metric_frame",
    "track_training",
]

_HOMES = {
    "Audit": "auditing",
    "AuditkitError": "errors",
    "Evidence": "finding",
    "Finding": "finding",
    "Measure": "finding",
    "Policy": "policy",
    "Subject": "subject",
    "Tally": "tally",
    "audit": "auditing",
    "auditor": "declare",
    "count_rows": "data.counting",
    "draw": "charts.svg",
    "explain": "explainers.local",
    "load": "record",
    "render": "run",
    "scan": "data.scan",
    "to_metric_frame": "fairlearn_bridge",
    "track_training": "energy.tracking",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'auditkit' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"auditkit.{home}"), name)
    if hasattr(builtins, "get_ipython"):
        importlib.import_module("auditkit.notebook").register()
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
