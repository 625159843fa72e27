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
