"""The decision at a terminal and elsewhere."""

import io
import re

import gate_samples
from gate_samples import record_of, ruling

from auditkit.exports.terminal import plain, show
from auditkit.policy import Decision


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def decision_of(hostile: bool = False) -> Decision:
    found = (gate_samples.hostile() if hostile else gate_samples.every()).decision
    assert found is not None
    return found


def shown(decision: Decision, width: int = 100) -> str:
    stream = Terminal()
    show(decision, stream, width=width)
    return stream.getvalue()


def test_quiet_is_the_verdict_alone() -> None:
    decision = record_of(ruling(0, "inconclusive")).decision
    assert decision is not None
    expected = "verdict: PASS WITH WARNINGS, INCONCLUSIVE in part (policy policy of model, exit code 0)"
    assert plain(decision, quiet=True) == expected


def test_a_line_says_status_severity_rule_measure_and_message() -> None:
    decision = record_of(ruling(0, "fail")).decision
    assert decision is not None
    assert plain(decision).split("\n")[1] == (
        "  fail         block r0: fairness.demographic_parity.ratio over sex: measured 0.7, limit at least 0.8; "
        "at least 0.65 (95.0%), at most 0.762 (99.0%)"
    )


def test_no_name_commands_the_terminal() -> None:
    decision = decision_of(hostile=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", plain(decision))
    bare = re.sub("\x1b\\[[0-9;]*m", "", shown(decision))  # colours are ours
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", bare)


def test_the_table_has_each_rule_its_numbers_and_the_verdict_last() -> None:
    decision = decision_of()
    text = re.sub("\x1b\\[[0-9;]*m", "", shown(decision))
    for one in decision.rulings:
        assert re.search(rf"^ *{one.status} +{one.rule} ", text, re.MULTILINE)
        for number in (one.value, one.limit):
            assert number is None or f"{number:.3g}" in text
    assert text.rstrip().endswith(plain(decision, quiet=True))
    assert "waived until 2027-01-31" in text and "died: data.drift" in text


def test_a_narrow_terminal_has_lines() -> None:
    decision = decision_of()
    words = " ".join(re.sub("\x1b\\[[0-9;]*m", "", shown(decision, width=50)).split())
    assert words == " ".join(plain(decision).split())
