"""How much energy training took, and what that emitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditkit.declare import auditor
from auditkit.energy.equivalents import likened
from auditkit.energy.quantities import Quantity
from auditkit.energy.reading import GRADES
from auditkit.energy.training import TrainingEnergy, training_energy
from auditkit.errors import NotApplicable
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.stats.uncertainty import Exact
from auditkit.subject import Subject


@auditor(title="Energy of training", measures=("energy", "emissions", "method_grade"), volatile=True, public=True)
def training(subject: Subject) -> Iterator[Measure | Evidence]:
    """Energy and emissions of training the model: tracked while it ran, or by formula from what its owner declares.

    Notes
    -----
    Tracked: what codecarbon ascribed to the training. Declared: kWh = hours · (cores · watts per core + GPUs · watts per GPU +
    GB · 0.3725 W) · PUE ÷ 1,000. Emissions = energy × carbon intensity of the grid. Low to high is the spread of power models
    on one machine without a sensor, less where a sensor was read, and for emissions also that of the data on the grid: not a
    confidence interval. A rule fails only if low exceeds its limit and passes only if high keeps it. ``method_grade`` is 0
    where the energy was declared, 1 where it was estimated while training ran, 2 where a power sensor was read.

    Misleads when
    -------------
    Only the last run was tracked and not the search before it, the processor's rated power is far from what it drew, or the
    country is not that of the machine. The making of the hardware and the moving of data are left out.

    References
    ----------
    .. [1] Lannelongue, Grealey, Inouye 2021, Green Algorithms, doi:10.1002/advs.202100707; codecarbon,
       https://mlco2.github.io/codecarbon
    """
    given = subject.carbon.get("training")
    if not isinstance(given, Mapping) or not given:
        raise NotApplicable(
            "nothing was given on training; track it (ak.track_training, or auditkit track) or declare "
            "training: {hours, cpu_cores, watts_per_core, memory_gb, country} in audit.yaml"
        )
    country, region = (subject.carbon.get(name) for name in ("country", "region"))
    taken = training_energy(given, None if country is None else str(country), None if region is None else str(region))
    yield _range("energy", taken.energy, taken.spread)
    yield _range("emissions", taken.emissions, f"{taken.grid}; {taken.grid.spread}; {taken.spread}")
    yield Measure(
        name="method_grade",
        value=taken.grade,
        unit="count",
        direction="higher",
        dataset="none",
        interval=Interval(taken.grade, taken.grade, None, "two", "exact", GRADES[taken.grade]),
        uncertainty=Exact(taken.grade),
        volatile=True,
    )
    yield _table(taken)
    yield likened(taken.emissions, "the emissions of training", volatile=True)


def _range(name: str, quantity: Quantity, method: str) -> Measure:
    amount = quantity.amount
    return Measure(
        name=name,
        value=amount.value,
        unit=quantity.unit,
        direction="lower",
        dataset="none",
        interval=Interval(amount.low, amount.high, None, "two", "range", method),
        uncertainty=amount,
        volatile=True,
    )


def _table(taken: TrainingEnergy) -> Evidence:
    rows = (
        ("Method", taken.method),
        ("Grade of the method", GRADES[taken.grade]),
        ("Spread of the range", taken.spread),
        ("Grid", str(taken.grid)),
        ("Spread of the grid's data", taken.grid.spread),
        ("Country", taken.grid.country or "not given: world average"),
        ("Year of the grid's datum", "not dated" if taken.grid.year is None else str(taken.grid.year)),
    )
    return Evidence(
        id="training_method",
        kind="table",
        title="How the energy of training is known",
        caption=f"Emissions use {taken.grid}.",
        alt="Method, grid and country of the energy of training",
        columns=(Column("What", role="label"), Column("Value")),
        rows=rows,
        volatile=True,
    )
