"""Energy of inference: ordered, labelled, and leaving nothing behind."""

import logging
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from auditkit.auditors.carbon.inference import inference
from auditkit.energy.grid import WORLD_AVERAGE, grid_of
from auditkit.energy.measuring import measure
from auditkit.errors import AuditkitError, ConfigurationError, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

SHORT = {"seconds": 0.05}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 3)), columns=list("abc"))
    return table.assign(y=(table["a"] > 0).astype(int))


@pytest.fixture(scope="module")
def subject(frame: pd.DataFrame) -> Subject:
    return Subject(frame, model=LogisticRegression().fit(frame[list("abc")], frame["y"]), label="y")


def measures(subject: Subject, **options: object) -> dict[str, Measure]:
    results = inference.run(subject, {**inference.defaults, **SHORT, **options})
    return {item.name: item for item in results if isinstance(item, Measure)}


def test_it_leaves_no_file_no_socket_no_handler_no_thread_and_no_word(
    subject: Subject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "__init__", refuse)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    disabled = logging.getLogger("codecarbon").disabled
    threads = threading.active_count()
    inference.run(subject, SHORT)
    assert list(tmp_path.iterdir()) == []
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert logging.getLogger("codecarbon").disabled == disabled
    assert threading.active_count() <= threads
    assert capfd.readouterr() == ("", "")


def test_energy_is_a_range_around_an_estimate(subject: Subject) -> None:
    energy = measures(subject)["energy_per_1000"]
    assert energy.interval is not None and energy.value is not None and energy.uncertainty is not None
    assert 0 < energy.interval.low < energy.value < energy.interval.high
    assert (energy.interval.kind, energy.interval.level) == ("range", None)
    assert energy.uncertainty.upper(0.95) == energy.interval.high
    assert "not a confidence interval" in energy.interval.method


def test_emissions_are_energy_times_the_intensity_of_the_grid(subject: Subject) -> None:
    found = measures(subject, country="FRA")
    energy, emissions = found["energy_per_1000"].value, found["emissions_per_1000"].value
    assert energy is not None and emissions is not None
    assert emissions == pytest.approx(energy / 1000 * grid_of("FRA").intensity)


def test_all_its_numbers_are_volatile(subject: Subject) -> None:
    results = inference.run(subject, SHORT)
    assert inference.volatile and inference.alone
    assert all(item.volatile for item in results)


def test_without_a_country_the_number_is_labelled_a_world_average(subject: Subject) -> None:
    results = inference.run(subject, SHORT)
    emissions = next(item for item in results if isinstance(item, Measure) and item.name == "emissions_per_1000")
    table = next(item for item in results if isinstance(item, Evidence))
    assert emissions.interval is not None
    assert "world average" in emissions.interval.method
    assert "world average" in table.caption
    assert grid_of(None).intensity == WORLD_AVERAGE


def test_the_subjects_country_is_used_unless_the_option_names_another(frame: pd.DataFrame) -> None:
    model = LogisticRegression().fit(frame[list("abc")], frame["y"])
    subject = Subject(frame, model=model, label="y", carbon={"country": "SWE"})
    for options, name in (({}, "Sweden"), ({"country": "POL"}, "Poland")):
        interval = measures(subject, **options)["emissions_per_1000"].interval
        assert interval is not None and interval.method.startswith(name)


@pytest.mark.parametrize(("country", "near"), [("fra", "FRA"), ("France", "FRA"), ("GERMANY", "DEU")])
def test_a_misspelt_country_is_refused_with_the_nearest_names(country: str, near: str) -> None:
    with pytest.raises(NotApplicable, match=near):
        grid_of(country)


def test_an_unknown_country_is_never_replaced(subject: Subject) -> None:
    with pytest.raises(NotApplicable, match="no grid for the country 'XX'"):
        measures(subject, country="XX")


def test_a_year_scales_with_its_predictions(subject: Subject) -> None:
    found = measures(subject, predictions_per_year=2_000_000)
    year, thousand = found["emissions_per_year"].value, found["emissions_per_1000"].value
    assert year is not None and thousand is not None
    assert year == pytest.approx(thousand * 2000 / 1000)


def test_no_year_is_given_without_a_volume(subject: Subject) -> None:
    assert set(measures(subject)) == {
        "energy_per_1000",
        "energy_per_1000_above_idle",
        "method_grade",
        "latency_ms_p99",
        "energy_per_1000_correct",
        "emissions_per_1000",
        "latency_ms_p50",
        "latency_ms_p95",
        "throughput",
    }


@pytest.mark.parametrize("volume", ["many", 0, 1.5])
def test_a_volume_that_is_no_whole_number_is_refused(subject: Subject, volume: object) -> None:
    with pytest.raises(ConfigurationError, match="wanted a whole number above 0"):
        measures(subject, predictions_per_year=volume)


def test_a_tracker_that_gives_no_measurement_is_an_error_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codecarbon.OfflineEmissionsTracker.start", lambda _: None)
    with pytest.raises(AuditkitError, match="codecarbon did not start"):
        measure(lambda: None, 0.01, grid_of(None))


def test_the_work_is_repeated_until_the_time_is_over() -> None:
    taken = measure(lambda: sum(range(1000)), 0.05, grid_of(None))
    assert taken.seconds >= 0.05
    assert len(taken.rounds) > 1


def test_a_loop_of_no_time_is_refused(subject: Subject) -> None:
    with pytest.raises(ConfigurationError, match="above 0"):
        measures(subject, seconds=0.0)


def test_the_volume_power_usage_and_place_of_audit_yaml_are_used(frame: pd.DataFrame) -> None:
    model = LogisticRegression().fit(frame[list("abc")], frame["y"])
    carbon = {"country": "USA", "region": "California", "predictions_per_year": 2_000_000, "pue": 1.5}
    found = measures(Subject(frame, model=model, label="y", carbon=carbon))
    thousand, year = found["energy_per_1000"].value, found["energy_per_year"].value
    assert thousand is not None and year is not None
    assert year == pytest.approx(thousand * 2000 * 1.5 / 1000)
    assert found["energy_per_year"].unit == "kWh"
    interval = found["emissions_per_year"].interval
    assert interval is not None and "California" in interval.method and "PUE 1.5" in interval.method


def test_emissions_are_as_wide_as_power_models_and_grid_data_together(subject: Subject) -> None:
    found = measures(subject, country="FRA")
    energy, emissions, grid = (
        found["energy_per_1000"].interval,
        found["emissions_per_1000"].interval,
        grid_of("FRA").range,
    )
    assert energy is not None and emissions is not None
    assert emissions.low == pytest.approx(energy.low * grid.low / 1000)
    assert emissions.high == pytest.approx(energy.high * grid.high / 1000)
    assert grid.high > 1.5 * grid.value
    assert "France, 2023" in emissions.method and "grid data 56 to 96" in emissions.method


def test_energy_above_idle_is_a_second_measure_and_never_the_larger(subject: Subject) -> None:
    found = measures(subject)
    above, energy = found["energy_per_1000_above_idle"], found["energy_per_1000"]
    assert above.status == "undefined" or above.value < energy.value
    assert above.reason or "nothing is done" in above.interval.method


def test_repeated_runs_carry_what_must_be_the_same_to_compare_them(subject: Subject) -> None:
    found = measures(subject, repeats=3, country="FRA")
    energy, emissions = found["energy_per_1000"].uncertainty, found["emissions_per_1000"].uncertainty
    assert energy is not None and emissions is not None
    assert len(energy.runs) == len(emissions.runs) == 3
    assert "threads" in energy.conditions and "codecarbon" in energy.conditions
    assert "France, 2023: 56.039 gCO2e/kWh" in emissions.conditions
    assert min(energy.runs) <= energy.value <= max(energy.runs)


def test_whose_energy_it_is_stands_in_the_method(subject: Subject) -> None:
    for mode, said in (("process", "this process"), ("machine", "the whole machine")):
        results = inference.run(subject, {**inference.defaults, **SHORT, "mode": mode})
        tables = {item.id: item for item in results if isinstance(item, Evidence)}
        assert said in dict(tables["method"].rows)["Method"]
        assert said in tables["method"].caption
        assert set(tables) == {"method", "equivalents"}
    with pytest.raises(ConfigurationError, match="wanted 'process' or 'machine'"):
        measures(subject, mode="proces")


def test_of_a_remote_model_only_what_is_known_is_told(frame: pd.DataFrame) -> None:
    class Elsewhere:
        remote = True

        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return (rows["a"] > 0).astype(int).to_numpy()

    subject = Subject(frame, model=Elsewhere(), label="y", features=list("abc"), carbon={"predictions_per_year": 1000})
    found = measures(subject)
    assert found["energy_per_1000"].status == found["emissions_per_1000"].status == "undefined"
    assert "another machine" in (found["energy_per_1000"].reason or "")
    assert found["latency_ms_p50"].value > 0 and found["throughput"].value > 0
    assert not {"emissions_per_year", "energy_per_1000_correct", "sci"} & set(found)


@pytest.mark.parametrize("pue", [0.9, "low", float("inf")])
def test_a_power_usage_below_one_is_refused(frame: pd.DataFrame, pue: object) -> None:
    model = LogisticRegression().fit(frame[list("abc")], frame["y"])
    with pytest.raises(ConfigurationError, match="pue: got"):
        measures(Subject(frame, model=model, label="y", carbon={"pue": pue, "predictions_per_year": 10}))
