"""Gates in a test suite: ``assert_gate`` inside of a test, and ``pytest --auditkit audit.yaml``, which makes a test of each ruling.

pytest imports this module at each start, so what costs time is imported where an audit is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import pytest

if TYPE_CHECKING:
    from auditkit.exports.gate_lines import Line, Sources
    from auditkit.gate_assertion import GateFailure, assert_gate
    from auditkit.policy import Decision

__all__ = ["GateFailure", "GateWarning", "assert_gate"]


class GateWarning(pytest.PytestWarning):
    """What a gate warns of; ``-W error::auditkit.pytest_plugin.GateWarning`` lets it fail."""


def __getattr__(name: str) -> object:
    if name not in ("GateFailure", "assert_gate"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from auditkit import gate_assertion

    return getattr(gate_assertion, name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("auditkit", "gates for machine-learning models")
    group.addoption(
        "--auditkit",
        action="append",
        default=[],
        metavar="FILE",
        help="Run the audit of this audit.yaml, or take this audit.json, and make a test of each ruling of its policy. "
        "Repeatable.",
    )
    group.addoption(
        "--auditkit-policy",
        metavar="FILE",
        help="The policy to judge by, or one such as auditkit:starter (default: the one that audit.yaml names).",
    )
    group.addoption("--auditkit-baseline", metavar="FILE", help="What changes are measured against.")
    group.addoption("--auditkit-as-of", metavar="DATE", help="The day waivers are read at (default: today, UTC).")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the audits beside whatever else is collected."""
    # A part of an audit may be among the arguments, and a worker of pytest-xdist is handed those of the first process.
    named = {(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args}
    for path in _asked(config):
        if not path.is_file():
            raise pytest.UsageError(f"--auditkit: no such file: {path.name!r}; wanted an audit.yaml or an audit.json")
        if path not in named:
            config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take an audit that was asked for as a file of tests."""
    if file_path.resolve() not in _asked(parent.config):
        return None
    return AuditFile.from_parent(parent, path=file_path)


def _asked(config: pytest.Config) -> list[Path]:
    return [(config.invocation_params.dir / name).resolve() for name in config.getoption("--auditkit")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one test ends, and what it says."""

    name: str
    outcome: Literal["pass", "fail", "xfail", "skip", "warn"]
    text: str = ""
    place: tuple[str, int] | None = None
    numbers: tuple[tuple[str, object], ...] = ()
    warnings: tuple[str, ...] = ()


class AuditFile(pytest.File):
    """An audit.yaml or audit.json; its tests are the rulings of the policy."""

    def collect(self) -> Iterator[pytest.Item]:
        """Audit, judge, and yield a test for each ruling; what goes wrong is an error of the collection.

        Raises
        ------
        CollectError
            With one line for each mistake that a user can mend.
        """
        from auditkit.errors import AuditkitError

        try:
            decision, sources = _decided(self.path, self.config)
        except AuditkitError as error:
            raise self.CollectError(f"auditkit: {error}") from None
        for ending in endings(decision, sources):
            yield RulingItem.from_parent(self, name=ending.name, ending=ending)


class RulingItem(pytest.Item):
    """One ruling as a test."""

    ending: Ending

    @classmethod
    def from_parent(cls, parent: Any, *, name: str, ending: Ending, **more: Any) -> Self:  # type: ignore[override]
        """Make the test of an ending."""
        item = super().from_parent(parent, name=name, **more)
        item.ending = ending
        item.user_properties.extend(ending.numbers)
        return item

    def runtest(self) -> None:
        """End as the ruling did.

        Raises
        ------
        GateFailure
            If it closes the gate.
        """
        from auditkit.gate_assertion import GateFailure

        for text in self.ending.warnings:
            self.warn(GateWarning(text))
        if self.ending.outcome == "xfail":
            pytest.xfail(self.ending.text)  # does nothing under --runxfail, where what is waived fails
        if self.ending.outcome == "skip":
            pytest.skip(self.ending.text)  # the ruling does not apply; the text says why
        if self.ending.outcome in ("fail", "xfail"):
            raise GateFailure(self.ending.text)
        if self.ending.outcome == "warn":
            self.warn(GateWarning(self.ending.text))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what the gate says, without the lines of code that say it."""
        from auditkit.gate_assertion import GateFailure

        return str(excinfo.value) if isinstance(excinfo.value, GateFailure) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the rule stands in the policy."""
        file, line = self.ending.place or (str(self.path), 1)
        return Path(file), line - 1, self.name


def _decided(path: Path, config: pytest.Config) -> tuple[Decision, Sources]:
    from auditkit.auditing_apart import audited_apart
    from auditkit.config import load_config
    from auditkit.errors import ConfigurationError
    from auditkit.exports.gate_lines import Sources
    from auditkit.policy import Policy
    from auditkit.policy.loading import policy_path
    from auditkit.record import load
    from auditkit.run import baseline_for

    given = config.getoption("--auditkit-policy")
    described = None if path.suffix == ".json" else load_config(path)
    policy = policy_path(given) if given else described.policy if described else None
    if policy is None:
        raise ConfigurationError(f"{path.name} names no policy; name one with --auditkit-policy")
    rules = Policy.load(policy)
    kept = config.getoption("--auditkit-baseline")
    before = baseline_for(policy, Path(kept) if kept else None)
    day = _day(config.getoption("--auditkit-as-of"))
    found = load(path).audit if described is None else audited_apart(path)
    decision = rules.judge(found, as_of=day, baseline=before)
    return decision, Sources(rules.places, str(policy), str(path))


def _day(text: str | None) -> date | None:
    from auditkit.errors import ConfigurationError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigurationError(f"--auditkit-as-of: got {text!r}, wanted a date like 2027-06-30") from None


def endings(decision: Decision, sources: Sources) -> list[Ending]:
    """Return the tests of a decision: one for each ruling, each auditor that died and each rule for another deployment.

    If the gate is closed and none of them fails, as when nothing was evaluated, one more does.
    """
    from auditkit.exports.gate_lines import deaths, lines, notices, summary

    found = [_of_line(line) for line in lines(decision, sources)]
    for death in deaths(decision):
        found.append(Ending(name=f"auditor: {death.auditor}", outcome="fail", text=f"died: {death.reason}"))
    for text in decision.not_applied:
        found.append(Ending(name=text, outcome="skip", text=f"not for this deployment: {text}"))
    if decision.exit_code != 0 and not any(one.outcome == "fail" for one in found):
        found.append(
            Ending(name="verdict", outcome="fail", text=f"verdict: {summary(decision)}; nothing was evaluated")
        )
    for notice in notices(decision, sources):
        here = (notice.place.file, notice.place.line)
        at = next((number for number, one in enumerate(found) if one.place == here), 0)
        found[at] = replace(found[at], warnings=(*found[at].warnings, notice.text))
    return _apart(found)


def _of_line(line: Line) -> Ending:
    from auditkit.exports.gate_lines import UNMEASURED, numbers_of

    status = line.ruling.status
    outcome: Literal["pass", "fail", "xfail", "skip", "warn"] = "pass"
    if line.level == "error":
        outcome = "fail"
    elif status in ("waived", "adopted"):
        outcome = "xfail"
    elif status in UNMEASURED:
        outcome = "skip"
    elif line.level == "warning":
        outcome = "warn"
    told = [("status", status), ("severity", line.ruling.severity), *numbers_of(line.ruling).items()]
    hint = f"; auditkit explain {line.code}" if outcome == "fail" and line.code else ""
    place = (line.place.file, line.place.line)
    return Ending(name=line.name, outcome=outcome, text=line.text + hint, place=place, numbers=tuple(told))


def _apart(found: list[Ending]) -> list[Ending]:
    """Return the tests under names that differ: the rule, and in brackets what it is about, as pytest writes parameters."""
    seen: Counter[tuple[str, str]] = Counter()
    named = []
    for one in found:
        rule, _, about = one.name.replace("::", ": :").partition(": ")
        seen[rule, about] += 1
        number = f" ({seen[rule, about]})" if seen[rule, about] > 1 else ""
        named.append(replace(one, name=f"{rule}[{about}{number}]" if about else f"{rule}{number}"))
    return named
