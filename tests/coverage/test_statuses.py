"""What each item's rule says of an audit: met, partly, not, human input, not applicable; and never a blank."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from auditkit.auditing import Audit
from auditkit.coverage.packs import Pack, built_in, load_packs, pack_of
from auditkit.coverage.statuses import Coverage, cover
from auditkit.finding import Column, Evidence, Finding
from auditkit.policy import Decision

PRESENT = {"finding": "privacy.k_anonymity"}
ABSENT = {"finding": "privacy.membership_inference"}
SAID = {"card": "owner"}
UNSAID = {"card": "limitations"}
DECISION = samples.decision(samples.FAILED, samples.ruling(), samples.WAIVED, verdict="fail", exit_code=1)
RANKS = {"not": 0, "human input": 0, "partly": 1, "met": 2}


def pack(wants: list[dict[str, str]], **more: Any) -> Pack:
    head = {"pack": "p", "title": "t", "version": "1", "source": "s", "legal_status": "l"}
    item = {"id": "1", "text": "t", "wants": wants, **more}
    return pack_of({**head, "legal_status_as_of": "2026-11-23", "items": [item]})


def held(wants: list[dict[str, str]], audit: Audit | None = None, **more: Any) -> tuple[str, list[str]]:
    (one,) = cover(pack(wants, **more), audit or samples.audit(), DECISION).items
    return one.status, [found.text for found in one.found] + [one.reason]


@pytest.fixture(scope="module")
def packs() -> tuple[Pack, ...]:
    return load_packs(built_in(), Path())


@pytest.mark.parametrize(
    ("wants", "more", "status"),
    [
        ([PRESENT], {}, "met"),
        ([PRESENT, SAID], {}, "met"),
        ([PRESENT, ABSENT], {}, "partly"),
        ([PRESENT, UNSAID], {}, "partly"),
        ([ABSENT], {}, "not"),
        ([ABSENT, UNSAID], {}, "not"),
        ([UNSAID], {}, "human input"),
        ([UNSAID, {"person": "look"}, {"signature": "the owner"}], {}, "human input"),
        ([PRESENT, ABSENT], {"rule": "any"}, "met"),
        ([ABSENT, UNSAID], {"rule": "any"}, "not"),
        ([UNSAID, {"person": "look"}], {"rule": "any"}, "human input"),
        ([PRESENT], {"at_most": "partly", "because": "the rest"}, "partly"),
        ([ABSENT], {"at_most": "partly", "because": "the rest"}, "not"),
        ([PRESENT], {"only_if": {"task": ["regression"]}, "otherwise": "no"}, "not applicable"),
        ([PRESENT], {"only_if": {"task": ["binary"], "score": True}, "otherwise": "no"}, "met"),
        ([PRESENT], {"only_if": {"model": False}, "otherwise": "no"}, "not applicable"),
        ([PRESENT], {"only_if": {"label": True, "sensitive": True}, "otherwise": "no"}, "met"),
    ],
)
def test_status_follows_from_what_is_there(wants: list[dict[str, str]], more: dict[str, Any], status: str) -> None:
    assert held(wants, **more)[0] == status


@pytest.mark.parametrize(
    ("want", "present", "text"),
    [
        ({"finding": "fairness.*"}, True, "Fairness: 1 of 1 measured (1 fail)"),
        ({"finding": "fairness.demographic_parity"}, True, "Demographic parity (1 fail)"),
        ({"finding": "privacy.membership_inference"}, False, "not measured because no training table was given"),
        ({"finding": "data.drift"}, False, "data.drift: this auditor did not run"),
        ({"finding": "explanations.*"}, False, "Explanations: no auditor of it ran"),
        ({"measure": "fairness.demographic_parity.ratio"}, True, "Demographic parity: ratio (1 fail)"),
        ({"measure": "privacy.k_anonymity.share_unique"}, False, "k-anonymity: no share unique could be formed"),
        ({"judged": "*"}, True, "3 of 3 rulings made (1 fail, 1 pass, 1 waived)"),
        ({"judged": "fairness.*"}, True, "1 of 1 rulings on fairness made (1 fail)"),
        ({"judged": "carbon.*"}, False, "No rule on carbon in the policy"),
        ({"record": "verdict"}, True, "Gate: fail"),
        ({"record": "rulings"}, True, "3 rulings, 1 with a waiver"),
        ({"record": "baseline"}, False, "No earlier audit was given (--baseline)"),
        ({"record": "deployment"}, False, "deployment: is not stated in audit.yaml"),
        ({"record": "unmeasured"}, True, "List of what was not measured, with reasons: 1"),
        ({"record": "dated"}, True, "Dated 2026-11-23"),
        ({"record": "intervals"}, True, "8 measures with an interval"),
        ({"training": "energy"}, False, "carbon.training: this auditor did not run"),
        ({"card": "owner"}, True, "owner"),
        ({"questionnaire": "purpose"}, True, "what it decides"),
        ({"questionnaire": "consulted"}, False, "who was heard"),
        ({"technical_file": "provider"}, True, "provider"),
        ({"technical_file": "standards"}, False, "standards"),
        ({"datasheet": "consent"}, False, "consent"),
        ({"option": "fairness.local_law_144.data_kind"}, False, "Not stated: data kind"),
        ({"signature": "the owner"}, False, "Signature of the owner: comes after this page"),
        ({"person": "look at it"}, False, "Look at it"),
    ],
)
def test_each_kind_of_evidence_is_looked_for(want: dict[str, str], present: bool, text: str) -> None:
    (one,) = cover(pack([want]), samples.audit(), DECISION).items
    assert (one.found[0].present, text in one.found[0].text) == (present, True), one.found[0]


def test_evidence_that_counts_against_the_model_is_evidence_and_shows_its_ruling() -> None:
    status, texts = held([{"finding": "fairness.demographic_parity"}])
    assert status == "met"
    assert "1 fail" in texts[0]


def test_without_a_policy_nothing_was_decided() -> None:
    (one,) = cover(pack([{"record": "verdict"}, {"judged": "*"}]), samples.audit(), None).items
    assert one.status == "not"
    assert [found.text for found in one.found] == ["No policy was judged", "No policy was judged"]
    undecided = samples.decision(samples.ABSENT, verdict="not decided", exit_code=3)
    (one,) = cover(pack([{"record": "verdict"}, {"judged": "*"}]), samples.audit(), undecided).items
    assert one.status == "not"


def test_an_answer_of_the_datasheet_and_an_option_that_was_stated_count() -> None:
    asked = Evidence(
        id="data.datasheet.questions",
        kind="table",
        title="t",
        caption="c",
        alt="a",
        columns=(Column("status"), Column("key in audit.yaml")),
        rows=(("answered", "consent"), ("human input needed", "sampling")),
    )
    sheet = Finding(id="data.datasheet", title="Datasheet", status="measured", evidence=(asked,))
    stated = Finding(id="fairness.local_law_144", title="L", status="measured", options={"data_kind": "test"})
    audit = samples.audit((sheet, stated))
    assert held([{"datasheet": "consent"}, {"option": "fairness.local_law_144.data_kind"}], audit)[0] == "met"
    assert held([{"datasheet": "sampling"}], audit)[0] == "human input"
    assert held([{"option": "fairness.local_law_144.data_source"}], audit)[0] == "human input"


def test_a_text_of_blanks_is_no_answer() -> None:
    audit = samples.audit(card={"owner": "   "})
    assert held([{"card": "owner"}, {"questionnaire": "accountable"}], audit)[0] == "human input"


def test_age_is_counted_to_the_day_of_the_audit_and_not_to_today() -> None:
    old = pack([PRESENT])
    for day, stale in ((date(2027, 5, 22), False), (date(2027, 5, 23), True), (date(2020, 1, 1), False)):
        judged = replace(DECISION, as_of=day)
        assert cover(old, samples.audit(), judged).stale is stale
    assert cover(old, replace(samples.audit(), run={}), None).day is None
    assert cover(old, replace(samples.audit(), run={}), None).stale is False


def _blank(held_: Coverage) -> list[str]:
    return [
        one.item.id
        for one in held_.items
        if not any(found.text.strip() for found in one.found) and not one.reason.strip()
    ]


@pytest.mark.parametrize("state", samples.states())
def test_no_item_of_any_pack_is_blank_in_any_state(packs: tuple[Pack, ...], state: str) -> None:
    record = samples.states()[state]
    for one in packs:
        result = cover(one, record.audit, record.decision)
        assert sum(result.counts.values()) == len(one.items) == len(result.items)
        assert not _blank(result)


def test_an_empty_audit_meets_nothing(packs: tuple[Pack, ...]) -> None:
    empty = replace(samples.audit((), card={}), provenance={}, run={})
    for one in packs:
        assert cover(one, empty, None).counts["met"] == 0


@given(st.sets(st.integers(0, len(samples.FINDINGS) - 1)), st.integers(0, len(samples.FINDINGS) - 1), st.booleans())
def test_more_evidence_never_lowers_a_status(packs: tuple[Pack, ...], few: set[int], more: int, judged: bool) -> None:
    decision: Decision | None = DECISION if judged else None
    less = samples.audit(tuple(samples.FINDINGS[place] for place in few))
    greater = samples.audit(tuple(samples.FINDINGS[place] for place in few | {more}))
    for one in packs:
        pairs = zip(cover(one, less, decision).items, cover(one, greater, decision).items, strict=True)
        for before, after in pairs:
            if "not applicable" not in (before.status, after.status):
                assert RANKS[before.status] <= RANKS[after.status], before.item.id
