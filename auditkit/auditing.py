"""Runs auditors on a subject: order, progress, isolation of failures, time."""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from auditkit.cache import Cache, Described
from auditkit.catalog import select
from auditkit.declare import Auditor
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.finding import Finding, Measure
from auditkit.progress import Progress, reporting
from auditkit.subject import Subject
from auditkit.workers import Clock, finding_of, in_process, isolated, run_one

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("numpy", "pandas", "pyarrow", "narwhals", "scikit-learn", "scipy", "shap", "codecarbon", "duckdb", "skops")
__all__ = ["PACKAGES", "Audit", "Progress", "audit", "package_versions", "recalled", "run_one"]
_TIMEOUT = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All findings on one subject, with what is needed to trust them. It knows no decision.

    Examples
    --------
    ``audit["fairness.demographic_parity"]`` is a finding, ``audit.measures`` all measures as a frame.
    """

    name: str
    subject: Mapping[str, object]
    provenance: Mapping[str, object]
    findings: tuple[Finding, ...]
    run: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        measured = sum(finding.status == "measured" for finding in self.findings)
        return f"Audit({self.name!r}, {measured} of {len(self.findings)} findings measured)"

    def __getitem__(self, identifier: str) -> Finding:
        for finding in self.findings:
            if finding.id == identifier:
                return finding
        raise KeyError(f"no finding {identifier!r}.{did_you_mean(identifier, [f.id for f in self.findings])}")

    @property
    def measures(self) -> pd.DataFrame:
        """One row per measure: finding, name, group, value, bounds shown, n, status."""
        import pandas as pd

        return pd.DataFrame([_row(finding, measure) for finding in self.findings for measure in finding.measures])


def _row(finding: Finding, measure: Measure) -> dict[str, object]:
    return {
        "finding": finding.id,
        "measure": measure.name,
        "dataset": measure.dataset,
        "over": ", ".join(measure.over),
        "group": str(measure.group),
        "value": measure.value,
        "low": measure.interval.low if measure.interval else None,
        "high": measure.interval.high if measure.interval else None,
        "n": measure.n,
        "unit": measure.unit,
        "status": measure.status,
        "reason": measure.reason,
    }


def audit(
    subject: Subject,
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
    isolate: bool = False,
    timeout: float = _TIMEOUT,
    progress: bool | Progress = True,
    fast: bool = False,
    budget: float = math.inf,
    cache: Cache | None = None,
) -> Audit:
    """Run the auditors on a subject.

    Parameters
    ----------
    subject : Subject
    only, skip : iterable of str
        Auditor ids or families.
    options : mapping of id to options
    isolate : bool
        Run each auditor in a process of its own, so that one that dies or overruns `timeout` (seconds) costs its
        finding alone. The command line does so.
    progress : bool or callable
        True shows a bar; a callable gets (auditor id, done, total).
    fast : bool
        Leave out the auditors that take long; their findings say so, and a rule on them is missing.
    budget : float
        Seconds for all auditors; what is then not done is left out in the same way.
    cache : Cache, optional
        Where findings are kept that nothing has changed for.

    Returns
    -------
    Audit

    Raises
    ------
    ConfigurationError
        If an auditor or an option does not exist.
    """
    if not isinstance(subject, Subject):
        raise ConfigurationError(
            f"audit takes a Subject, got {type(subject).__name__}; build one with ak.Subject(frame, …)"
        )
    plan = _plan(only, skip, options)
    if budget <= 0:
        raise ConfigurationError(f"budget: got {budget:g}, wanted seconds above 0")
    began, clock = datetime.now(UTC), Clock(timeout, budget, time.monotonic())
    keeper = None if cache is None else cache.of(subject, package_versions())
    findings: list[Finding] = []
    hits: list[str] = []
    with reporting(progress) as report:

        def take(finding: Finding) -> None:
            findings.append(finding)
            report(finding.id, len(findings), len(plan.chosen))

        waiting = []
        for entry in plan.chosen:
            options_of = plan.settings[entry.id]
            known = keeper.get(entry, options_of) if keeper is not None else None
            if known is not None:
                hits.append(entry.id)
                take(known)
            elif subject.disclosure == "public" and not entry.public:
                take(
                    finding_of(entry, options_of, "skipped", "left out of a public record: it shows parts of the rows")
                )
            elif fast and entry.slow:
                take(finding_of(entry, options_of, "skipped", "left out: it takes long, and --fast was asked for"))
            else:
                waiting.append(entry)
        runner = isolated if isolate and hasattr(os, "fork") else in_process
        for finding in runner(subject, waiting, plan.settings, clock):
            if keeper is not None:
                keeper.put(finding, plan.settings[finding.id])
            take(finding)
    about = Described(subject.name, subject.summary(), subject.provenance())
    return _audit_of(about, plan, findings, hits, began, clock)


def recalled(
    cache: Cache,
    files: str,
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
) -> Audit | None:
    """Return the audit of files that were audited before, if all its findings were kept: then nothing is loaded.

    Parameters
    ----------
    cache : Cache
    files : str
        A digest of audit.yaml and of the content of all files that it names; see `Cache.remember`.
    """
    plan = _plan(only, skip, options)
    began, clock = datetime.now(UTC), Clock(_TIMEOUT, math.inf, time.monotonic())
    found = cache.recall(files, package_versions())
    if found is None:
        return None
    about, keeper = found
    findings = [keeper.get(entry, plan.settings[entry.id]) for entry in plan.chosen]
    kept = [finding for finding in findings if finding is not None]
    if len(kept) < len(findings):
        return None
    return _audit_of(about, plan, kept, [finding.id for finding in kept], began, clock)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which auditors run, with which options."""

    chosen: Sequence[Auditor]
    left_out: Sequence[str]
    settings: Mapping[str, Mapping[str, object]]


def _plan(only: Iterable[str], skip: Iterable[str], options: Mapping[str, Mapping[str, object]] | None) -> _Plan:
    chosen, left_out = select(only, skip)
    known = {entry.id for entry in select()[0]}
    for name in options or {}:
        if name not in known:
            raise ConfigurationError(
                f"options name the auditor {name!r}, which does not exist.{did_you_mean(name, known)}"
            )
    return _Plan(chosen, left_out, {entry.id: entry.options((options or {}).get(entry.id, {})) for entry in chosen})


def _audit_of(
    about: Described, plan: _Plan, findings: Sequence[Finding], hits: Sequence[str], began: datetime, clock: Clock
) -> Audit:
    return Audit(
        name=about.name,
        subject=about.summary,
        provenance={
            **package_versions(),
            **about.provenance,
            "options": {name: dict(values) for name, values in sorted(plan.settings.items())},
            "skipped": plan.left_out,
        },
        findings=tuple(sorted(findings, key=lambda finding: finding.id)),
        run={
            "started": began.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock.began, 3),
            **({} if about.summary.get("disclosure") == "public" else {"host": platform.node()}),
            "platform": platform.platform(),
            "python": sys.version.split()[0],
            "cached": sorted(hits),
        },
    )


def package_versions() -> dict[str, object]:
    """Return the versions of auditkit and of the packages that results depend on."""
    versions: dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    try:
        own = version("auditkit")
    except PackageNotFoundError:
        own = "0+unknown"
    return {"auditkit": own, "packages": versions}
