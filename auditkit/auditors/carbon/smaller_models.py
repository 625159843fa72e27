"""What the accuracy that a model has over a smaller one costs in energy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.attacks.steps import Step, tell
from auditkit.declare import auditor
from auditkit.energy.grid import grid_of
from auditkit.energy.measures import insufficient, ranged, undefined
from auditkit.energy.measuring import measure
from auditkit.energy.quantities import Quantity, emitted
from auditkit.energy.scoring import PER, Scored, score
from auditkit.energy.smaller import KINDS, checked_kinds, named, unfitted
from auditkit.errors import ON_REQUEST, ConfigurationError, NotApplicable
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.stats.uncertainty import PairedDifference, Range
from auditkit.subject import Subject

REPEATS = 3
Z = 1.959963984540054
_COST = ("energy_per_extra_correct", "Wh"), ("emissions_per_extra_correct", "gCO2e")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model with what it took to train and to score, and which test rows it is right on."""

    name: str
    scored: Scored
    right: npt.NDArray[np.bool_]
    training: Quantity | None = None

    @property
    def accuracy(self) -> float:
        """Share of test rows that it is right on."""
        return float(self.right.mean())


@auditor(
    title="Accuracy and energy beside smaller models",
    needs=("model", "label", "train"),
    volatile=True,
    alone=True,
    slow=True,
    measures=("accuracy_gained", "energy_ratio", "energy_per_extra_correct", "emissions_per_extra_correct"),
)
def smaller_models(
    subject: Subject,
    *,
    models: tuple[str, ...] = (),
    seconds: float = 1.0,
    batch: int = 1000,
    train_rows: int = 20_000,
) -> Iterator[Measure | Evidence]:
    r"""What the model's accuracy over a smaller one costs in energy, on this machine; only on request.

    Parameters
    ----------
    subject : Subject
        With a model, labels and training rows.
    models : sequence of {'logistic_regression', 'shallow_tree'}
        The smaller models, trained on the training rows as they are; none by default, and then nothing is measured.
    seconds : float
        Least duration of each of three loops per model.
    batch : int
        Rows scored per round.
    train_rows : int
        Most training rows that the smaller models learn from.

    Notes
    -----
    Each model scores the same rows in three loops, as in the energy of inference. The model is set against the most accurate
    of the smaller ones: ``accuracy_gained`` is the difference of their accuracies on the test rows (Newcombe's interval for
    paired rates), ``energy_ratio`` the ratio of their energies per prediction, from the least to the most favourable of the
    loops: the power model is the same for both and goes out of it. Energy per extra correct decision =
    :math:`(E - E') / (1000 (a - a'))` with E the energy of 1,000 predictions and a the accuracy; low to high
    joins the spread of power models with the interval of the gain. Where the gain may be none, it has no value.

    Misleads when
    -------------
    The smaller model could be made better with features or tuning that it is not given here, what errors cost differs by
    kind, or most of the energy is that of the frame around the model (encoding, calls), which both share. Rows count as
    independent and equally.

    References
    ----------
    .. [1] Newcombe 1998, Statistics in Medicine 17, 2635-2650; Schwartz et al. 2020, Green AI, doi:10.1145/3381831
    """
    kinds = checked_kinds(models)
    if not kinds:
        raise NotApplicable(f"{ON_REQUEST}: pass options {{carbon.smaller_models: {{models: [{', '.join(KINDS)}]}}}}")
    if seconds <= 0 or batch <= 0 or train_rows <= 0:
        raise ConfigurationError("carbon.smaller_models: seconds, batch and train_rows must be above 0")
    if subject.task == "regression" or subject.roles.label is None:
        raise NotApplicable("accuracy is one of decisions; this needs classes and their labels")
    own = _own(subject, seconds, batch)
    others = []
    for place, kind in enumerate(kinds, 1):
        tell(Step(f"energy beside a {named(kind)}", place, len(kinds), REPEATS * seconds * (len(kinds) + 1 - place)))
        others.append(_candidate(subject, kind, seconds, batch, train_rows))
    best = max(others, key=lambda other: other.accuracy)
    gained = PairedDifference.of(own.right, best.right)
    yield _gain(gained, best.name)
    yield _ratio(own, best)
    yield from _cost(own, best, gained)
    yield _table(own, others)


def _own(subject: Subject, seconds: float, batch: int) -> Candidate:
    errors, _ = subject.row_errors()
    rows = subject.sample(batch)
    return Candidate("the model", _scored(subject, lambda: subject.predict(rows), len(rows), seconds), errors == 0)


def _candidate(subject: Subject, kind: str, seconds: float, batch: int, train_rows: int) -> Candidate:
    label, features = str(subject.roles.label), list(subject.features)
    train, test = subject.sample(train_rows, "train"), subject.table().frame()
    types = subject.table("train").types
    numbers = [name for name in features if types[name] in ("integer", "number")]
    words = [name for name in features if name not in numbers]
    for frame in (train, test):
        frame[words] = frame[words].astype(object).where(frame[words].notna(), "").astype(str)
        frame[numbers] = frame[numbers].astype(float)
    fitted = unfitted(kind, numbers, words)
    training = measure(lambda: fitted.fit(train[features], train[label].astype(str)), 0.0, _grid(subject))
    spent = training.energy.times(1 / len(training.rounds))
    rows: Any = test[features].iloc[:batch]
    right = np.asarray(fitted.predict(test[features])) == test[label].astype(str).to_numpy()
    scored = _scored(subject, lambda: fitted.predict(rows), len(rows), seconds)
    return Candidate(named(kind), scored, right, spent)


def _scored(subject: Subject, work: Any, rows: int, seconds: float) -> Scored:
    return score(work, rows, seconds=seconds, grid=_grid(subject), repeats=REPEATS)


def _grid(subject: Subject) -> Any:
    country, region = (subject.carbon.get(name) for name in ("country", "region"))
    return grid_of(None if country is None else str(country), None if region is None else str(region))


def _gain(gained: PairedDifference, other: str) -> Measure:
    low, high = gained.limits(Z)
    return Measure(
        name="accuracy_gained",
        value=gained.estimate,
        unit="difference",
        direction="higher",
        n=gained.n,
        interval=Interval(low, high, 0.95, "two", "interval", f"Newcombe, paired; over the {other}"),
        uncertainty=gained,
        volatile=True,
    )


def _ratio(own: Candidate, other: Candidate) -> Measure:
    mine, theirs = own.scored.energy.amount, other.scored.energy.amount
    found = Range(min(mine.runs) / max(theirs.runs), mine.value / theirs.value, max(mine.runs) / min(theirs.runs))
    method = f"least to most of {REPEATS} loops each, against the {other.name}"
    return ranged("energy_ratio", found, "ratio", own.scored.rows, method)


def _cost(own: Candidate, other: Candidate, gained: PairedDifference) -> Iterator[Measure]:
    n = own.scored.rows
    low_gain, high_gain = gained.limits(Z)
    mine, theirs = own.scored.energy.amount, other.scored.energy.amount
    extra = mine.value - theirs.value
    if gained.estimate <= 0:
        reason = f"the {other.name} is right as often; the energy buys no right decision"
        yield from (undefined(name, unit, n, reason) for name, unit in _COST)
    elif extra <= 0:
        reason = f"the model takes no more energy than the {other.name}"
        yield from (undefined(name, unit, n, reason) for name, unit in _COST)
    elif low_gain <= 0:
        reason = (
            f"the gain lies between {low_gain:+.4f} and {high_gain:+.4f}, so it may be none; more test rows settle it"
        )
        yield from (insufficient(name, unit, n, reason) for name, unit in _COST)
    else:
        share = extra / mine.value / PER
        energy = Quantity(
            Range(mine.low * share / high_gain, mine.value * share / gained.estimate, mine.high * share / low_gain),
            own.scored.energy.unit,
        )
        grid = own.scored.grid
        method = f"over the {other.name}; {own.scored.reading.spread}; gain {low_gain:.4f} to {high_gain:.4f}"
        yield ranged("energy_per_extra_correct", energy.amount, energy.unit, n, method)
        emissions = emitted(energy, grid.range)
        about = f"{grid}; {grid.spread}; {method}"
        yield ranged("emissions_per_extra_correct", emissions.amount, emissions.unit, n, about)


def _table(own: Candidate, others: list[Candidate]) -> Evidence:
    rows = []
    for one in (own, *others):
        energy = one.scored.energy.to("Wh").amount.value
        correct = energy / one.accuracy if one.accuracy > 0 else None
        training = None if one.training is None else one.training.to("Wh").amount.value
        rows.append((one.name, one.accuracy, energy, correct, training))
    return Evidence(
        id="smaller_models",
        kind="table",
        title="The model beside smaller ones",
        caption=(
            "Accuracy on the test rows and central estimates of energy on this machine. The smaller models got the same columns "
            "as they are, without tuning; what training the model took is in the energy of training."
        ),
        alt="Accuracy and energy of the model and of smaller models",
        columns=(
            Column("Model", role="label"),
            Column("Accuracy", "rate", "value"),
            Column("Per 1,000 predictions", "Wh", "value"),
            Column("Per 1,000 right decisions", "Wh", "value"),
            Column("Training once", "Wh", "value"),
        ),
        rows=tuple(rows),
        volatile=True,
    )
