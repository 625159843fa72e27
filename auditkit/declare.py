"""How a function becomes an auditor."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", tuple: "a list"}
Audited = Iterable[Measure | Evidence]


@dataclass(frozen=True, slots=True)
class Auditor:
    """A function from a subject to measures, with its id, its words and its options.

    Attributes
    ----------
    id : str
        The path below ``auditors/``, e.g. ``fairness.demographic_parity``.
    needs : tuple of str
        What the subject must offer: ``label``, ``prediction``, ``score``, ``sensitive``, ``model``, ...
    measures : tuple of str
        The names of the measures it makes; a policy that names another is refused.
    volatile : bool
        Its numbers depend on a clock.
    alone : bool
        Runs last, with no other auditor beside it.
    slow : bool
        Takes long; ``--fast`` leaves it out, and says so.
    public : bool
        Counts whole groups only, so a public record may hold it; of its evidence, tables and intervals.
    """

    id: str
    title: str
    function: Callable[..., Audited]
    needs: tuple[str, ...]
    measures: tuple[str, ...]
    volatile: bool
    alone: bool
    slow: bool
    public: bool
    description: str
    method: str
    caveat: str
    reference: str

    @property
    def defaults(self) -> dict[str, object]:
        """The options with their defaults."""
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name != "rng"
        }

    def options(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return the defaults overlaid with `given`.

        Raises
        ------
        ConfigurationError
            If an option is unknown or of another type than its default.
        """
        merged = self.defaults
        for name, value in given.items():
            if name not in merged:
                raise ConfigurationError(f"{self.id} has no option {name!r}.{did_you_mean(name, merged)}")
            default = merged[name]
            if isinstance(default, tuple) and isinstance(value, list):  # as YAML and JSON write it
                value = tuple(value)  # noqa: PLW2901
            wanted = (int, float) if isinstance(default, float) else type(default)
            if default is not None and (
                not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool)
            ):
                wish = _WORDS.get(type(default), type(default).__name__)
                raise ConfigurationError(f"option {name!r} of {self.id}: got {value!r}, wanted {wish}")
            if isinstance(value, int | float) and value < 0:
                raise ConfigurationError(f"option {name!r} of {self.id}: got {value!r}, wanted a number of at least 0")
            merged[name] = value
        return merged

    def run(self, subject: Subject, options: Mapping[str, object]) -> list[Measure | Evidence]:
        """Call the function on a subject; its Generator depends on the seed and the id alone."""
        extra: dict[str, object] = {}
        if "rng" in inspect.signature(self.function).parameters:
            extra["rng"] = subject.rng(self.id)
        return list(self.function(subject, **options, **extra))


def auditor(
    *,
    title: str,
    needs: Sequence[str] = (),
    measures: Sequence[str] = (),
    volatile: bool = False,
    alone: bool = False,
    slow: bool = False,
    public: bool = False,
) -> Callable[[Callable[..., Audited]], Auditor]:
    """Turn a documented function into an `Auditor`.

    The docstring's first paragraph becomes the description, ``Notes`` the method, ``Misleads when`` the caveat and
    ``References`` the source; reports print them, so they are written once.

    Raises
    ------
    TypeError
        If the function has no docstring, or an option that is not keyword-only with a default.
    """

    def declare(function: Callable[..., Audited]) -> Auditor:
        sections = _sections(function)
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or (
                name != "rng" and parameter.default is inspect.Parameter.empty
            ):
                raise TypeError(f"auditor {function.__name__}: option {name!r} must be keyword-only with a default")
        return Auditor(
            id=_identifier(function),
            title=title,
            function=function,
            needs=tuple(needs),
            measures=tuple(measures),
            volatile=volatile,
            alone=alone,
            slow=slow,
            public=public,
            description=sections.get("", ""),
            method=sections.get("Notes", ""),
            caveat=sections.get("Misleads when", ""),
            reference=sections.get("References", ""),
        )

    return declare


def _identifier(function: Callable[..., Audited]) -> str:
    module = function.__module__
    _, found, tail = module.partition("auditors.")
    return tail if found else f"{module.rpartition('.')[2]}.{function.__name__}".removeprefix("__main__.")


def _sections(function: Callable[..., Audited]) -> dict[str, str]:
    text = inspect.getdoc(function)
    if not text:
        raise TypeError(f"auditor {function.__name__} has no docstring; a report prints it")
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    named = dict(zip(["", *parts[1::2]], [parts[0], *parts[2::2]], strict=True))
    return {name: _one_line(body) for name, body in named.items()}


def _one_line(body: str) -> str:
    plain = re.sub(r":math:`([^`]*)`", r"\1", body).replace("``", "").replace("\\\\", "\\")
    return re.sub(r"\s+", " ", re.sub(r"^\.\. \[\d+\] ", "", plain, flags=re.MULTILINE)).strip()


def generator(seed: int, identifier: str) -> np.random.Generator:
    """Return the Generator of one auditor: a function of the seed and its id, so order never matters."""
    return np.random.default_rng([seed, *identifier.encode()])
