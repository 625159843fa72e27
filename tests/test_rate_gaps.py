"""Each group against a reference, and the rule that chose it."""

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.errors import ConfigurationError
from auditkit.finding import Finding, Group
from auditkit.rate_gaps import Comparison
from auditkit.subject import Subject

ID = "fairness.demographic_parity"


def finding(**options: object) -> Finding:
    rng = np.random.default_rng(3)
    group = np.repeat(["big", "good", "small", None], [500, 200, 40, 60])
    rate = {"big": 0.4, "good": 0.8, "small": 0.2, None: 0.9}
    decided = rng.random(len(group)) < [rate[value] for value in group]
    frame = pd.DataFrame({"g": group, "p": np.where(decided, "yes", "no")})
    subject = Subject(frame, prediction="p", favorable="yes", sensitive=["g"])
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


@pytest.mark.parametrize(
    ("options", "reference", "words"),
    [
        ({}, "big", "the largest group"),
        ({"reference": "best"}, "good", "the group at the better end"),
        ({"reference_group": {"g": "small"}}, "small", "named in the options"),
    ],
)
def test_the_reference_is_chosen_by_the_rule_and_the_rule_is_printed(options: dict, reference: str, words: str) -> None:
    found = finding(**options)
    table = next(item for item in found.evidence if item.id.endswith(".reference"))
    assert words in table.caption
    against = [m for m in found.measures if m.name == "difference_to_reference"]
    assert {m.best for m in against} == {Group.of({"g": reference})}
    assert len(against) == 3


def test_missing_values_are_compared_but_are_never_the_reference() -> None:
    found = finding(reference="best")
    rate = found.measure("selection_rate", {"g": None}).value
    other = found.measure("selection_rate", {"g": "good"}).value
    assert rate > other
    assert found.measure("difference_to_reference", {"g": None}).value == pytest.approx(rate - other)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="wanted one of largest, best"):
        Comparison(finding="f", name="n", title="t", caption="c", direction="none", reference="biggest")


def test_a_gap_stands_beside_its_expectation_and_the_gap_that_could_have_been_seen() -> None:
    gap = finding().measure("difference", over="g")
    assert gap.worst == Group.of({"g": "small"})
    assert gap.best == Group.of({"g": None})
    assert 0 < gap.expected < gap.detectable < gap.value
