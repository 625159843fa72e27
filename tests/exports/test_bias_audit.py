"""The summary of a bias audit as files: safe in a spreadsheet, equal to the record, written where it was asked for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.errors import NotApplicable
from auditkit.exports.bias_audit import bias_audit_csv, bias_audit_files, bias_audit_json
from auditkit.record import Record, load
from auditkit.run import render
from auditkit.subject import Subject

ID = "fairness.local_law_144"
HOSTILE = '=HYPERLINK("http://example.org","x")'


def audited(race: str = "a", **options: object) -> Audit:
    frame = pd.DataFrame(
        {
            "sex": ["f", "m", None] * 40,
            "race": [race, "b", "b", race] * 30,
            "score": [float(place % 37) for place in range(120)],
            "selected": [1, 0, 0, 1, 1] * 24,
        }
    )
    subject = Subject(frame, prediction="selected", favorable=1, card={"version": "2.1"}, name="ranking")
    given = {"sex": "sex", "race_ethnicity": "race", "score": "score", **options}
    return audit(subject, only=[ID], options={ID: given}, progress=False)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_has_a_row_for_each_category_of_each_table_with_unrounded_numbers() -> None:
    found = audited()
    written = rows(bias_audit_csv(Record(found, None)))
    shown = [(item.id, row) for item in found[ID].evidence if len(item.columns) > 2 for row in item.rows]
    assert len(written) == len(shown) == 2 * (2 + 2 + 4)
    for line, (identifier, row) in zip(written, shown, strict=True):
        assert identifier.startswith(f"{ID}.{line['basis']}.")
        n, hits, rate, ratio, share, _ = row[-6:]
        assert (int(line["persons_assessed"]), int(line["persons_selected_or_above_median"])) == (n, hits)
        assert (float(line["rate"]), float(line["impact_ratio"]), float(line["share_of_persons"])) == (
            rate,
            ratio,
            share,
        )


@pytest.mark.parametrize("name", [HOSTILE, "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_category_is_a_formula_in_a_spreadsheet(name: str) -> None:
    written = rows(bias_audit_csv(Record(audited(name), None)))
    categories = {line["category"] for line in written if line["grouping"] == "race"}
    assert f"'{name}" in categories
    assert not any(value.startswith(("=", "+", "-", "@", "\t")) for line in written for value in line.values())


def test_json_states_what_the_rule_asks_for() -> None:
    content = json.loads(bias_audit_json(Record(audited(distribution_date="2026-01-15", data_kind="historical"), None)))
    assert "not a bias audit by an independent auditor" in content["notice"]
    assert (content["tool"], content["tool_version"]) == ("ranking", "2.1")
    assert (content["distribution_date"], content["data_kind"], content["data_source"]) == (
        "2026-01-15",
        "historical",
        None,
    )
    assert content["persons_of_unknown"] == {"sex": 40, "race": 0, "sex or race": 40}
    assert content["sample_median"] is not None
    assert [table["basis"] for table in content["tables"]] == ["selection"] * 3 + ["scoring"] * 3


def test_excluded_category_carries_its_justification() -> None:
    frame = pd.DataFrame({"sex": ["f", "m"] * 99 + ["x"], "race": ["a"] * 199, "p": ([1, 0, 1] * 67)[:199]})
    options = {
        "sex": "sex",
        "race_ethnicity": "race",
        "exclude_below": 0.02,
        "exclusion_reason": "One person says nothing.",
    }
    found = audit(Subject(frame, prediction="p", favorable=1), only=[ID], options={ID: options}, progress=False)
    out = [line for line in rows(bias_audit_csv(Record(found, None))) if line["excluded"] == "yes"]
    assert [line["category"] for line in out] == ["x", "x, a"]
    assert {line["exclusion_justification"] for line in out} == {"One person says nothing."}
    assert {line["impact_ratio"] for line in out} == {""}


def test_files_are_written_where_the_figures_were_measured_and_nowhere_else(tmp_path: Path) -> None:
    names = {f"bias_audit_summary.{end}" for end in ("csv", "json", "html", "md", "pdf")}
    assert names <= set(render(audited(), tmp_path / "asked").files)
    frame = pd.DataFrame({"sex": ["f", "m"] * 40, "p": [0, 1, 1, 0] * 20})
    plain = audit(Subject(frame, prediction="p", favorable=1, sensitive=["sex"]), only=["fairness"], progress=False)
    assert not names & set(render(plain, tmp_path / "plain").files)
    assert bias_audit_files(Record(plain, None)) == {}
    with pytest.raises(NotApplicable, match="race_ethnicity"):
        bias_audit_json(Record(plain, None))


def test_record_gives_the_same_files_again_without_data(tmp_path: Path) -> None:
    first = render(audited(), tmp_path / "one")
    again = render(load(first.folder / "audit.json"), tmp_path / "two")
    for name in ("bias_audit_summary.csv", "bias_audit_summary.html", "bias_audit_summary.md"):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
