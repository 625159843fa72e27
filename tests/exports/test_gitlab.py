"""A Code Quality report as GitLab reads it."""

import json
import re
from typing import Any

import gate_samples
from gate_samples import SOURCES, record_of, ruling

from auditkit.exports.gitlab import gitlab
from auditkit.record import Record


def issues(record: Record) -> list[dict[str, Any]]:
    found = json.loads(gitlab(record, SOURCES))
    assert isinstance(found, list)
    return found


def test_each_issue_has_what_gitlab_demands(record: Record) -> None:
    found = issues(record)
    for issue in found:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["description"] and issue["check_name"]
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{32}", issue["fingerprint"])
        assert issue["location"]["lines"]["begin"] >= 1 and not issue["location"]["path"].startswith(("./", "/"))
    assert len({issue["fingerprint"] for issue in found}) == len(found)


def test_only_what_closes_the_gate_is_a_blocker() -> None:
    found = issues(gate_samples.every())
    blockers = [issue["check_name"] for issue in found if issue["severity"] == "blocker"]
    assert blockers == ["r1", "r3", "r4", "r7", "r11", "AK-G05"]


def test_a_waivers_issue_does_not_change_with_the_days_that_are_left() -> None:
    first, second = (
        issues(record_of(ruling(0, "pass"), expiring_waivers=(f"r1: ends on 2026-12-01, in {days} days",)))[0]
        for days in (6, 5)
    )
    assert first["fingerprint"] == second["fingerprint"] and first["description"] != second["description"]
    assert (first["severity"], first["location"]["lines"]["begin"]) == ("minor", 7)


def test_passes_are_no_issues() -> None:
    assert issues(record_of(ruling(0, "pass"))) == []


def test_a_mended_rule_takes_its_issue_away_and_leaves_the_others() -> None:
    before = {issue["fingerprint"] for issue in issues(record_of(ruling(0, "fail"), ruling(1, "fail")))}
    after = {
        issue["fingerprint"] for issue in issues(record_of(ruling(0, "pass"), ruling(1, "inconclusive", value=0.1)))
    }
    assert after < before and len(after) == 1
