"""Each trap of codecarbon, and that it is closed."""

from __future__ import annotations

import json
import logging
import signal
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import codecarbon
import pytest
from codecarbon.core import hardware_cache
from codecarbon.external.hardware import CPU

from auditkit.energy.grid import Grid, grid_of
from auditkit.energy.held import Held, _parts, counted
from auditkit.energy.measuring import idle, measure
from auditkit.energy.records import read_training
from auditkit.energy.tracking import track_training
from auditkit.errors import AuditkitError, ConfigurationError, DataError, NotApplicable, OutputError

FRANCE = grid_of("FRA")


def counted_by(grid: Grid, cpu_watts: float = 40.0) -> Any:
    held = Held(grid, "process", 1, cpu_watts)
    held.start()
    sum(range(2_000_000))
    threading.Event().wait(0.06)
    held.stop()
    return held


# ------------------------------------------------------------------ what stays behind


def test_options_of_the_environment_and_of_files_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A lock that is held, another country, power usage and endpoint, files and the interface of codecarbon's own service."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue=9\ncloud_provider=gcp\ncloud_region=us-east1\n")
    lock = Path(tempfile.gettempdir()) / ".codecarbon.lock"
    ours = not lock.exists()
    for name, value in {
        "COUNTRY_ISO_CODE": "POL",
        "REGION": "mazovia",
        "PUE": "7",
        "ALLOW_MULTIPLE_RUNS": "False",
        "OUTPUT_METHODS": "csv,api,http",
        "EMISSIONS_ENDPOINT": "http://localhost:1",
        "FORCE_CARBON_INTENSITY_G_CO2E_KWH": "1",
        "TRACKING_MODE": "machine",
        "LOG_LEVEL": "debug",
        "FORCE_RAM_POWER": "9999",
        "GPU_IDS": "0",
    }.items():
        monkeypatch.setenv(f"CODECARBON_{name}", value)
    if ours:
        lock.touch()
    try:
        reading = counted_by(FRANCE).read()
    finally:
        if ours:
            lock.unlink()
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]
    assert capfd.readouterr() == ("", "")
    assert reading.mode == "process"
    memory = next(part for part in reading.parts if part.name == "memory")
    assert memory.kilowatt_hours * 3.6e6 / reading.seconds < 100  # neither 9,999 W nor seven times as much


def test_level_and_handlers_of_its_logger_are_put_back() -> None:
    logger = logging.getLogger("codecarbon")
    before = logger.level, list(logger.handlers), logger.disabled
    logger.setLevel(logging.INFO)
    try:
        counted_by(FRANCE)
        assert logger.level == logging.INFO
        assert (logger.handlers, logger.disabled) == (before[1], before[2])
    finally:
        logger.setLevel(before[0])


def test_a_signal_handler_that_it_sets_is_taken_off_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    start = codecarbon.OfflineEmissionsTracker.start

    def seizing(tracker: Any) -> Any:
        signal.signal(signal.SIGTERM, lambda *_: None)
        return start(tracker)

    monkeypatch.setattr(codecarbon.OfflineEmissionsTracker, "start", seizing)
    counted_by(FRANCE)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_start_with_a_stated_power_looks_for_no_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    import cpuinfo

    def asked() -> None:
        raise AssertionError("the processor was looked for, which takes a second and more")

    monkeypatch.setattr(cpuinfo, "get_cpu_info", asked)
    monkeypatch.setattr(hardware_cache, "_plans", {})
    monkeypatch.setattr(hardware_cache, "_tdp", None)
    reading = counted_by(FRANCE, 41.5).read()
    assert "rated power stated as 41.5 W" in reading.method
    assert hardware_cache._tdp is None  # codecarbon's own trackers look for themselves


# --------------------------------------------------------------- None and wrong grids


def test_an_answer_of_none_is_an_error_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecarbon.OfflineEmissionsTracker, "stop", lambda _: None)
    before = threading.active_count()
    with pytest.raises(AuditkitError, match="ended without a measurement"):
        measure(lambda: None, 0.01, FRANCE)
    threading.Event().wait(0.05)
    assert threading.active_count() <= before  # its threads would log for as long as the process lives


def test_an_option_that_it_refuses_is_an_error_though_it_swallows_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from codecarbon.emissions_tracker import BaseEmissionsTracker

    monkeypatch.setattr(BaseEmissionsTracker, "_initialize_scheduler_state", lambda _: 1 / 0)
    with pytest.raises(AuditkitError, match="it refused an option"):
        Held(FRANCE, "process", 1, 40).start()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"energy_consumed": 1.0, "emissions": 0.475, "country_iso_code": "FRA"}, "counted with 475 gCO2e/kWh"),
        ({"energy_consumed": 1.0, "emissions": FRANCE.intensity / 1000, "country_iso_code": "POL"}, "names the country 'POL'"),
        ({"energy_consumed": 0.0, "emissions": 0.0, "country_iso_code": "FRA"}, "measured 0.0 kWh"),
        ({"energy_consumed": None, "emissions": None, "country_iso_code": "FRA"}, "without a measurement"),
    ],
)  # fmt: skip
def test_the_grid_that_was_used_is_the_grid_that_is_named(data: dict[str, Any], message: str) -> None:
    with pytest.raises(AuditkitError, match=message):
        counted(SimpleNamespace(final_emissions_data=SimpleNamespace(**data)), FRANCE)


@pytest.mark.parametrize(
    ("country", "region", "message"),
    [
        ("fra", None, r"Nearest: FRA \(France\)"),
        ("Germany", None, r"DEU \(Germany\)"),
        ("USA", "Californa", "Nearest: California"),
        ("CAN", "nowhere", "Known are alberta"),
        ("FRA", "Paris", "no regions are known of FRA"),
        (None, "California", "give country too"),
        ("FRA", "aws/us-east-1", "known of gcp alone.*Nearest: gcp/us-east1"),
        ("FRA", "gcp/us-east1", "is in USA, but the country given is FRA"),
    ],
)
def test_an_unknown_country_or_region_stops_with_the_nearest_names(
    country: str | None, region: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(NotApplicable, match=message):
        grid_of(country, region)
    with pytest.raises(ConfigurationError, match=message):
        track_training(tmp_path / "a.json", country=country, region=region)


def test_a_region_is_counted_with_its_own_datum_and_year() -> None:
    """The 2025 figure of the Swedish zone, the US EPA's 2023 figure for California in lb/MWh, Google's for Paris."""
    zone, state, cloud = grid_of("SWE", "SE3"), grid_of("USA", "California"), grid_of(None, "gcp/europe-west9")
    assert (zone.intensity, zone.year) == (27.0, 2025)
    path = Path(codecarbon.__file__).parent / "data" / "private_infra" / "2023" / "usa_emissions.json"
    pounds = json.loads(path.read_text())["california"]["emissions"]
    assert state.intensity == pytest.approx(pounds * 453.59237 / 1000)
    assert (cloud.country, "Paris" in cloud.name) == ("FRA", True)
    assert zone.range.low <= zone.intensity < zone.range.high
    assert counted_by(zone).read().energy.amount.value > 0


def test_grids_are_those_of_codecarbon_and_none_is_zero() -> None:
    """Codecarbon's table has 0 for one country, whose plants would then emit nothing over their lives."""
    from auditkit.energy.grid_data import countries

    path = Path(codecarbon.__file__).parent / "data" / "private_infra" / "global_energy_mix.json"
    published = {code: entry["carbon_intensity"] for code, entry in json.loads(path.read_text()).items()}
    for code, datum in countries().items():
        assert 0 < datum.low <= datum.intensity <= datum.high, code
        assert not published[code] or datum.intensity == published[code]
    assert countries()["CAF"].intensity > 20
    everywhere = grid_of(None).range
    assert everywhere.low < 30 and everywhere.high > 1000


# ------------------------------------------------------------------- what a training keeps


def test_a_measurement_that_fails_at_the_end_keeps_what_was_trained_and_the_audit_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecarbon.OfflineEmissionsTracker, "stop", lambda _: None)
    trained = []
    with (
        pytest.warns(RuntimeWarning, match="the training ran, but its energy is not recorded"),
        track_training(tmp_path / "a.json", cpu_watts=40) as run,
    ):
        trained.append("model")
    assert trained == ["model"] and run.failure is not None and run.record is None
    with pytest.raises(DataError, match="failed: codecarbon ended without a measurement"):
        read_training(tmp_path / "a.json")


def test_a_tracker_that_does_not_start_stops_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecarbon.OfflineEmissionsTracker, "start", lambda _: None)
    trained = []
    with pytest.raises(AuditkitError, match="did not start"), track_training(tmp_path / "a.json", cpu_watts=40):
        trained.append("model")
    assert trained == [] and list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_stops_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="cannot be made"), track_training(tmp_path / "taken" / "a.json"):
        raise AssertionError("it ran")


@pytest.mark.parametrize("options", [{"mode": "proces"}, {"cpu_watts": 0.0}, {"cpu_watts": float("nan")}])
def test_options_that_make_no_sense_are_refused_in_one_line(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="wanted"):
        track_training(tmp_path / "a.json", **options)


def test_codecarbon_s_file_names_the_grid_that_was_used_not_the_cloud_region_that_it_keeps(tmp_path: Path) -> None:
    """A region of a cloud without a figure is counted with the country's grid, and the file keeps the region's name."""
    head = (
        "duration,emissions,energy_consumed,country_name,country_iso_code,region,on_cloud,cloud_provider,cloud_region\n"
    )
    cloud, world = tmp_path / "cloud.csv", tmp_path / "world.csv"
    cloud.write_text(f"{head}10,{FRANCE.intensity / 1000},1.0,France,FRA,,Y,aws,us-east-1\n")
    found = read_training(cloud)["tracked"]
    assert found["grid"] == "France" and found["year"] == 2023
    assert "names the cloud region aws/us-east-1 but was counted with the grid of France" in found["method"]
    world.write_text(f"{head}10,0.475,1.0,France,FRA,,N,,\n")
    found = read_training(world)["tracked"]
    assert "no grid known here has the 475 gCO2e/kWh" in found["method"]
    assert found["intensity"] == 475


# -------------------------------------------------------------------------- sensors and idle


def rapl(folder: Path) -> Path:
    """The files of one processor package with a counter, as Linux shows them."""
    package = folder / "intel-rapl:0"
    package.mkdir(parents=True)
    for name, content in {"name": "package-0", "energy_uj": "1000000", "max_energy_range_uj": "262143328850"}.items():
        (package / name).write_text(f"{content}\n")
    return folder


def test_a_sensor_that_codecarbon_reads_is_named_and_others_are_models(tmp_path: Path) -> None:
    data = SimpleNamespace(cpu_energy=2.0, ram_energy=1.0, gpu_energy=3.0, gpu_count=1, gpu_model="1 x NVIDIA A100")
    sensed = CPU(str(tmp_path), "intel_rapl", "a processor", 100, rapl_dir=str(rapl(tmp_path / "rapl")))
    modelled = CPU(str(tmp_path), "cpu_load", "a processor", 100)
    graphics = type("GPU", (), {})()
    assert [(part.name, part.sensor) for part in _parts(data, [sensed, graphics])] == [
        ("processor", "RAPL"),
        ("memory", ""),
        ("graphics", "NVML"),
    ]
    assert [part.sensor for part in _parts(data, [modelled])] == ["", "", ""]


def test_joules_of_a_counter_are_the_energy_that_is_read(tmp_path: Path) -> None:
    """Codecarbon's own reader of RAPL on files as Linux shows them: 5 J more on the counter are 5 J of the processor."""
    folder = rapl(tmp_path / "rapl")
    held = Held(FRANCE, "machine", 60, 40)
    held.start()
    sensed = CPU(str(tmp_path), "intel_rapl", "a processor", 100, rapl_dir=str(folder))
    sensed.start()
    modelled = held._tracker._total_cpu_energy.kWh  # of the start itself, before the counter took the model's place
    held._tracker._hardware = [item for item in held._tracker._hardware if type(item).__name__ == "RAM"] + [sensed]
    threading.Event().wait(0.1)
    (folder / "intel-rapl:0" / "energy_uj").write_text("6000000\n")
    held.stop()
    reading = held.read()
    processor = next(part for part in reading.parts if part.name == "processor")
    assert processor.sensor == "RAPL" and reading.sensors == ("RAPL",)
    assert (processor.kilowatt_hours - modelled) * 3.6e6 == pytest.approx(5.0, rel=1e-6)
    memory = next(part for part in reading.parts if part.name == "memory").kilowatt_hours
    assert reading.energy.amount.high == pytest.approx(1.1 * processor.kilowatt_hours + memory * 95 / 28)
    assert "processor read by RAPL" in reading.spread
    assert reading.grade == (2 if processor.kilowatt_hours > memory else 1)


def test_machine_and_process_are_told_apart_and_idle_is_what_a_process_only_holds() -> None:
    resting = idle(0.2, FRANCE)
    machine = measure(lambda: sum(range(10_000)), 0.2, FRANCE, "machine")
    assert "this process" in resting.reading.method and "the whole machine" in machine.reading.method
    assert resting.reading.conditions != machine.reading.conditions
    assert machine.reading.share == 1.0
    watts = [one.energy.to("J").amount.value / one.seconds for one in (resting, machine)]
    assert 0 < watts[0] < watts[1]
