"""Decisions that the tests of outputs share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import gate_samples

from auditkit.record import Record


@pytest.fixture(params=["every", "hostile"])
def record(request: pytest.FixtureRequest) -> Record:
    """A decision in which rulings end in every way, and the same with hostile names."""
    return gate_samples.every() if request.param == "every" else gate_samples.hostile()
