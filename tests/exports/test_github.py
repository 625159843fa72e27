"""Workflow commands as GitHub's runner reads them."""

import re

import gate_samples
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.github import MOST, github
from auditkit.record import Record

KINDS = {"error", "warning", "notice"}


def commands(record: Record) -> list[tuple[str, dict[str, str], str]]:
    """Read as the runner does: one command a line, properties apart at commas, then unescaped."""
    found = []
    for line in github(record, SOURCES).decode().rstrip("\n").split("\n"):
        kind, _, rest = line.removeprefix("::").partition(" ")
        properties, _, data = rest.partition("::")
        assert line.startswith("::") and kind in KINDS and "\r" not in line
        pairs = [part.split("=", 1) for part in properties.split(",")]
        assert all(len(pair) == 2 for pair in pairs)
        named = {key: unescaped(value).replace("%3A", ":").replace("%2C", ",") for key, value in pairs}
        assert set(named) <= {"file", "line", "col", "title"} and len(named) == len(pairs)
        found.append((kind, named, unescaped(data)))
    return found


def unescaped(text: str) -> str:
    assert re.fullmatch(r"(?:[^%]|%(?:25|3A|2C))*", text)
    return text.replace("%25", "%")


def test_each_ruling_that_is_no_pass_is_one_command(record: Record) -> None:
    assert record.decision is not None
    wrong = [one for one in record.decision.rulings if one.status != "pass"]
    found = commands(record)
    told = [name["title"].split(" ")[1] for _, name, _ in found if name["title"].startswith("AK-") and "file" in name]
    assert sorted(told) == sorted([f"{one.rule}:" for one in wrong] + ["data.drift"])
    assert len(found) == len(wrong) + 1 + 2 + 1  # what died, two waivers, the verdict


def test_errors_come_first_and_stand_at_their_rule() -> None:
    found = commands(record_of(ruling(0, "inconclusive"), ruling(1, "fail")))
    assert [kind for kind, _, _ in found] == ["error", "warning", "notice"]
    assert {key: found[0][1][key] for key in ("file", "line", "col")} == {
        "file": "models/policy.yaml",
        "line": "7",
        "col": "5",
    }
    assert found[2][2] == "FAIL, INCONCLUSIVE in part (policy policy of model, exit code 1)"


def test_what_github_would_drop_is_counted() -> None:
    found = commands(record_of(*(ruling(number, "fail") for number in range(MOST + 5))))
    errors = [data for kind, _, data in found if kind == "error"]
    assert len(errors) == MOST and errors[-1].startswith("6 more of this kind")
    exact = commands(record_of(*(ruling(number, "fail") for number in range(MOST))))
    assert not any("more of this kind" in data for _, _, data in exact)


def test_only_passes_leave_the_verdict_alone() -> None:
    assert [data for _, _, data in commands(record_of(ruling(0, "pass")))] == [
        "PASS (policy policy of model, exit code 0)"
    ]


def test_a_name_cannot_be_a_command() -> None:
    assert all(data.count("\n") == 0 for _, _, data in commands(gate_samples.hostile()))
