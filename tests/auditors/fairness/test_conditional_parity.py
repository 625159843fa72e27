"""Conditional parity: Berkeley's admissions show Simpson's paradox; strata, references, edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Evidence, Finding
from auditkit.subject import Subject

ID = "fairness.conditional_parity"


def run(frame: pd.DataFrame, sensitive: list[str], prediction: str, favorable: object, **options: object) -> Finding:
    subject = Subject(frame, prediction=prediction, favorable=favorable, sensitive=sensitive)
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def admissions(data_folder: Path) -> pd.DataFrame:
    cells = pd.read_csv(data_folder / "ucb_admissions" / "UCBAdmissions.csv")
    people = cells.loc[cells.index.repeat(cells.Freq), ["Admit", "Gender", "Dept"]].reset_index(drop=True)
    assert len(people) == 4526
    return people


def table(finding: Finding, name: str) -> Evidence:
    return next(item for item in finding.evidence if item.id == f"{ID}.{name}")


def test_berkeley_admissions_show_simpsons_paradox(data_folder: Path) -> None:
    finding = run(admissions(data_folder), ["Gender"], "Admit", "Admitted", strata=["Dept"])
    summary = table(finding, "pooled.Gender")
    ((group, crude, pooled, low, high, ratio, higher, lower, reading),) = summary.rows
    assert (group, higher, lower) == ("Female", 4, 2)
    assert crude == pytest.approx(0.30354 - 0.44519, abs=1e-5)
    assert pooled > 0
    assert low < pooled < high
    assert ratio == pytest.approx(finding.measure("pooled_ratio", {"Gender": "Female"}).value)
    assert ratio > 1
    assert reading == "direction reverses; its interval contains 0"
    assert "the direction reverses" in summary.title
    assert "The direction reverses for Female" in summary.caption
    assert "Simpson" in summary.caption


def test_berkeley_departments_are_those_published(data_folder: Path) -> None:
    finding = run(admissions(data_folder), ["Gender"], "Admit", "Admitted", strata=["Dept"])
    rows = {row[0]: row for row in table(finding, "strata.Gender").rows}
    assert rows["A"][2:6] == ("Female", pytest.approx(89 / 108), "Male", pytest.approx(512 / 825))
    worst = finding.measure("difference", over="Gender")
    assert worst.value == pytest.approx(89 / 108 - 512 / 825)
    assert worst.worst is not None
    assert worst.worst.as_dict() == {"Gender": "Male", "Dept": "A"}
    assert worst.n == 4526
    # Department B has 25 women, too few to compare: its 585 rows are not covered.
    assert rows["B"][2] is None
    assert worst.not_covered == pytest.approx(585 / 4526)


def test_pooled_ratio_of_the_admissions_is_that_of_statsmodels(data_folder: Path) -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    people = admissions(data_folder)
    finding = run(people, ["Gender"], "Admit", "Admitted", strata=["Dept"])
    tables = [
        pd.crosstab(part.Gender, part.Admit).loc[["Female", "Male"], ["Admitted", "Rejected"]].to_numpy()
        for _, part in people.groupby("Dept")
    ]
    peer = StratifiedTable(tables)
    assert finding.measure("pooled_ratio", {"Gender": "Female"}).value == pytest.approx(peer.riskratio_pooled)


def test_no_reversal_is_claimed_where_there_is_none() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": rng.choice(["a", "b"], 4000), "s": rng.choice(["x", "y"], 4000)})
    frame["p"] = (rng.random(4000) < np.where(frame.g == "a", 0.5, 0.3)).astype(int)
    summary = table(run(frame, ["g"], "p", 1, strata=["s"]), "pooled.g")
    assert "reverses" not in summary.title + summary.caption
    assert summary.rows[0][-1] == "same direction"


def test_reference_is_the_largest_or_the_one_named() -> None:
    frame = pd.DataFrame(
        {"g": ["a"] * 100 + ["b"] * 200 + ["c"] * 60, "s": ["x", "y"] * 180, "p": [0, 0, 1, 1, 0] * 72}
    )
    assert "minus that of b" in table(run(frame, ["g"], "p", 1, strata=["s"]), "pooled.g").caption
    named = run(frame, ["g"], "p", 1, strata=["s"], reference={"g": "c"})
    assert "minus that of c" in table(named, "pooled.g").caption
    assert "does not occur" in str(run(frame, ["g"], "p", 1, strata=["s"], reference={"g": "z"}).reason)


def test_without_strata_it_is_not_applicable_and_says_what_to_pass() -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 40, "s": ["x", "y"] * 40, "p": [0, 1] * 40})
    finding = run(frame, ["g"], "p", 1)
    assert finding.status == "not applicable"
    assert "strata" in str(finding.reason)
    assert "no column 'ss'" in str(run(frame, ["g"], "p", 1, strata=["ss"]).reason)


def test_groups_that_never_meet_in_a_stratum_are_not_compared() -> None:
    frame = pd.DataFrame({"g": ["a"] * 50 + ["b"] * 50, "s": ["x"] * 50 + ["y"] * 50, "p": [0, 1] * 50})
    finding = run(frame, ["g"], "p", 1, strata=["s"])
    assert finding.measure("pooled_difference", {"g": "b"}).status == "insufficient"
    assert finding.measure("difference", over="g").status == "insufficient"
    assert table(finding, "pooled.g").rows[0][-1] == "no stratum has rows of both groups"


def test_weighted_rows_give_the_figures_of_the_people_they_stand_for(data_folder: Path) -> None:
    cells = pd.read_csv(data_folder / "ucb_admissions" / "UCBAdmissions.csv")
    options = {"strata": ["Dept"], "min_group_size": 1, "min_denominator": 1}
    people = run(admissions(data_folder), ["Gender"], "Admit", "Admitted", **options)
    subject = Subject(cells, prediction="Admit", favorable="Admitted", sensitive=["Gender"], weight="Freq")
    weighted = audit(subject, only=[ID], options={ID: options}, progress=False)[ID]
    for name in ("pooled_difference", "pooled_ratio"):
        value = people.measure(name, {"Gender": "Female"}).value
        assert weighted.measure(name, {"Gender": "Female"}).value == pytest.approx(value)
    assert weighted.measure("difference", over="Gender").value == pytest.approx(
        people.measure("difference", over="Gender").value
    )
    assert "the direction reverses" in table(weighted, "pooled.Gender").title


def test_clusters_of_one_row_give_nearly_the_plain_interval_and_doubled_rows_do_not_narrow_it(
    data_folder: Path,
) -> None:
    people = admissions(data_folder).assign(who=range(4526))
    twice = pd.concat([people, people], ignore_index=True)
    plain = run(people, ["Gender"], "Admit", "Admitted", strata=["Dept"]).measure(
        "pooled_difference", {"Gender": "Female"}
    )

    def clustered(frame: pd.DataFrame) -> float:
        subject = Subject(frame, prediction="Admit", favorable="Admitted", sensitive=["Gender"], cluster="who")
        found = audit(subject, only=[ID], options={ID: {"strata": ["Dept"]}}, progress=False)[ID]
        measure = found.measure("pooled_difference", {"Gender": "Female"})
        assert measure.value == pytest.approx(plain.value)
        assert measure.interval is not None
        return measure.interval.high - measure.interval.low

    assert plain.interval is not None
    width = plain.interval.high - plain.interval.low
    assert clustered(people) == pytest.approx(width, rel=0.3)
    assert clustered(twice) == pytest.approx(clustered(people), rel=1e-9)
