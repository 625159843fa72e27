"""What people call measures."""

from auditkit.catalog import catalogue
from auditkit.rendering.measure_names import MEASURE_NAMES


def test_names_are_of_measures_that_an_auditor_makes_and_tell_them_apart() -> None:
    made = {f"{identifier}.{measure}" for identifier, entry in catalogue().items() for measure in entry.measures}
    assert set(MEASURE_NAMES) <= made
    for identifier in catalogue():
        names = [name for measure, name in MEASURE_NAMES.items() if measure.rpartition(".")[0] == identifier]
        assert len(set(names)) == len(names), identifier
