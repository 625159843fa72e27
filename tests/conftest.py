"""Where the real data lie."""

import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

# No test is timed: a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real datasets: AUDITKIT_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("AUDITKIT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set AUDITKIT_DATA to the folder that holds adult, compas and german")
    return folder


@pytest.fixture(scope="session")
def adult_names() -> list[str]:
    """The columns of adult.data and adult.test in their order."""
    return [
        "age",
        "workclass",
        "fnlwgt",
        "education",
        "education-num",
        "marital-status",
        "occupation",
        "relationship",
        "race",
        "sex",
        "capital-gain",
        "capital-loss",
        "hours-per-week",
        "native-country",
        "income",
    ]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the figures that tests recorded with `record_property`, from whichever process."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, figure in getattr(report, "user_properties", []):
            terminalreporter.write_line(f"{name}: {figure}")
