"""The tables of Local Law 144: the rule's own example rows, who is left out, and what the figures give rise to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auditkit as ak
from auditkit.auditing import audit
from auditkit.finding import Evidence, Finding
from auditkit.subject import Subject

ID = "fairness.local_law_144"
# The example of 6 RCNY § 5-301: category → persons, selected, impact ratio as printed.
SELECTED_BY_SEX = {"Male": (1390, 667, 1.00), "Female": (1181, 555, 0.979)}
SELECTED_BY_RACE = {
    "Hispanic or Latino": (408, 204, 0.97),
    "White": (797, 412, 1.00),
    "Black or African American": (390, 170, 0.84),
    "Native Hawaiian or Pacific Islander": (119, 52, 0.85),
    "Asian": (616, 302, 0.95),
    "Native American or Alaska Native": (41, 18, 0.85),
    "Two or More Races": (213, 96, 0.87),
}
# Its second example: category → persons, above the median, rate and impact ratio as printed.
SCORED_BY_SEX = {"Male": (92, 50, 0.543, 1.00), "Female": (76, 34, 0.447, 0.82)}
SCORED_BY_RACE = {
    "Hispanic or Latino": (28, 18, 0.642, 1.00),
    "White": (40, 15, 0.375, 0.58),
    "Black or African American": (32, 16, 0.500, 0.78),
    "Native Hawaiian or Pacific Islander": (8, 5, 0.625, 0.97),
    "Asian": (24, 10, 0.417, 0.65),
}


def people(counts: dict[str, tuple]) -> tuple[list[str], list[int]]:
    names = [name for name, (n, *_) in counts.items() for _ in range(n)]
    hits = [int(place < k) for n, k, *_ in counts.values() for place in range(n)]
    return names, hits


def run(frame: pd.DataFrame, roles: dict | None = None, **options: object) -> Finding:
    roles = {"prediction": "selected", "favorable": 1} if roles is None else roles
    given = {"sex": "sex", "race_ethnicity": "race", **options}
    found = audit(Subject(frame, **roles), only=[ID], options={ID: given}, progress=False)[ID]
    assert found.status == "measured", found.reason
    return found


def table(finding: Finding, name: str) -> Evidence:
    return next(item for item in finding.evidence if item.id == f"{ID}.{name}")


def rows(finding: Finding, name: str) -> dict[object, dict[str, object]]:
    found = table(finding, name)
    labels = sum(column.role == "label" for column in found.columns)
    names = [column.name for column in found.columns]
    return {
        row[0] if labels == 1 else row[:labels]: dict(zip(names[labels:], row[labels:], strict=True))
        for row in found.rows
    }


def lines(finding: Finding) -> dict[str, str]:
    return {str(topic): str(text) for topic, text in table(finding, "lines").rows}


def example() -> pd.DataFrame:
    """Persons with the margins of the rule's example; 13 more have a race than a sex."""
    races, hits = people(SELECTED_BY_RACE)
    sexes, sex_hits = people(SELECTED_BY_SEX)
    assert sum(hits) - sum(sex_hits) == 32
    of_race = pd.DataFrame({"race": races, "selected": hits}).sort_values("selected", kind="stable")
    of_sex = pd.DataFrame({"sex": sexes, "selected": sex_hits}).sort_values("selected", kind="stable")
    one, other = (
        pd.concat(
            [
                of_race[of_race.selected == hit].reset_index(drop=True)[["race"]],
                of_sex[of_sex.selected == hit].reset_index(drop=True)[["sex"]],
            ],
            axis=1,
        ).assign(selected=hit)
        for hit in (0, 1)
    )
    return pd.concat([one, other], ignore_index=True)


def test_example_of_the_rule_selection_by_sex_and_by_race() -> None:
    finding = run(example())
    for name, expected in (("selection.sex", SELECTED_BY_SEX), ("selection.race", SELECTED_BY_RACE)):
        found = rows(finding, name)
        assert set(found) == set(expected)
        for category, (n, hits, printed) in expected.items():
            assert (found[category]["Persons"], found[category]["Selected"]) == (n, hits)
            assert found[category]["Rate"] == hits / n
            assert found[category]["Impact ratio"] == pytest.approx(printed, abs=0.01)
    # 204/408 ÷ 412/797 from unrounded rates; from the rounded ones it would be 0.962.
    assert rows(finding, "selection.race")["Hispanic or Latino"]["Impact ratio"] == pytest.approx(0.9672, abs=5e-5)


def test_example_of_the_rule_scoring_rates() -> None:
    sexes, above = people(SCORED_BY_SEX)
    races, race_above = people(SCORED_BY_RACE)
    frame = pd.DataFrame({"sex": sexes, "above": above}).sort_values("above", kind="stable").reset_index(drop=True)
    by_race = pd.DataFrame({"race": races, "above": race_above}).sort_values("above", kind="stable")
    frame["race"] = None
    for hit in (0, 1):
        names = by_race.race[by_race.above == hit].tolist()
        frame.loc[frame.index[frame.above == hit][: len(names)], "race"] = names
    frame["score"] = np.linspace(0.1, 0.4, len(frame)) + frame.above
    finding = run(frame, {}, score="score", rates="scoring")
    for name, expected in (("scoring.sex", SCORED_BY_SEX), ("scoring.race", SCORED_BY_RACE)):
        found = rows(finding, name)
        assert set(found) == set(expected)
        for category, (n, hits, rate, ratio) in expected.items():
            assert (found[category]["Persons"], found[category]["Above median"]) == (n, hits)
            assert found[category]["Rate"] == pytest.approx(rate, abs=0.01)
            assert found[category]["Impact ratio"] == pytest.approx(ratio, abs=0.01)


def test_each_table_has_its_own_denominator_and_its_own_highest() -> None:
    finding = run(example())
    totals = {
        name: sum(row["Persons"] for row in rows(finding, f"selection.{name}").values())
        for name in ("sex", "race", "sex+race")
    }
    assert totals["sex"] == 2571
    assert totals["race"] == 2584
    known = example().dropna()
    assert totals["sex+race"] == len(known)
    both = rows(finding, "selection.sex+race")
    assert max(row["Impact ratio"] for row in both.values()) == 1.0
    rate = known.groupby(["sex", "race"]).selected.mean()
    for key, row in both.items():
        assert row["Rate"] == pytest.approx(rate[key])
        assert row["Impact ratio"] == pytest.approx(rate[key] / rate.max())


def test_persons_of_unknown_category_are_counted_and_in_no_table() -> None:
    frame = pd.DataFrame(
        {
            "sex": ["f", "f", "m", "m", "Not disclosed", None],
            "race": ["a", "b", "a", None, "b", "a"],
            "selected": [1, 0, 1, 0, 1, 1],
        }
    )
    finding = run(frame, unknown=["Not disclosed"])
    assert table(finding, "persons").rows == (
        ("Persons assessed", 6),
        ("of unknown sex", 2),
        ("of unknown race", 1),
        ("of unknown sex or race", 3),
    )
    assert set(rows(finding, "selection.sex")) == {"f", "m"}
    assert set(rows(finding, "selection.sex+race")) == {("f", "a"), ("f", "b"), ("m", "a")}


def test_no_category_is_too_small_and_none_is_suppressed() -> None:
    frame = pd.DataFrame(
        {"sex": ["f", "m"] * 50 + ["x"], "race": ["a"] * 100 + ["b"], "selected": [1, 0] * 50 + [1]},
    )
    finding = run(frame)
    assert rows(finding, "selection.sex")["x"] == {
        "Persons": 1,
        "Selected": 1,
        "Rate": 1.0,
        "Impact ratio": 1.0,
        "Share of persons": 1 / 101,
        "Left out of the ratios": False,
    }
    assert {measure.status for measure in finding.measures} == {"measured"}


def test_median_is_that_of_all_persons_scored_and_only_more_counts() -> None:
    frame = pd.DataFrame({"sex": ["f"] * 3 + ["m"] * 3, "race": ["a"] * 6, "s": [1.0, 3.0, 5.0, 3.0, 3.0, 9.0]})
    finding = run(frame, {}, score="s", rates="scoring")
    assert finding.measure("sample_median").value == 3.0
    assert {k: v["Above median"] for k, v in rows(finding, "scoring.sex").items()} == {"f": 1, "m": 1}


def test_a_line_says_when_leaving_unknowns_out_of_the_median_would_change_a_ratio() -> None:
    scores = [1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 9.0]
    known = pd.DataFrame({"sex": ["f"] * 4 + ["m"] * 4, "race": ["a"] * 8, "s": scores})
    unknown = pd.DataFrame({"sex": [None] * 6, "race": ["a"] * 6, "s": [0.1] * 6})
    frame = pd.concat([known, unknown], ignore_index=True)
    said = lines(run(frame, {}, score="s", rates="scoring"))
    median = float(np.median(frame.s))
    rate = (known.s > median).groupby(known.sex).mean()
    other = (known.s > known.s.median()).groupby(known.sex).mean()
    assert rate.min() / rate.max() != other.min() / other.max()
    assert "1 of 2 impact ratios would differ" in said["Median and sex"]
    assert "Median and race" not in said
    assert "Median and sex" not in lines(run(known, {}, score="s", rates="scoring"))


def test_ties_that_collapse_the_rates_are_said() -> None:
    frame = pd.DataFrame({"sex": ["f", "m"] * 10, "race": ["a"] * 20, "s": [0.0] * 3 + [5.0] * 17})
    finding = run(frame, {}, score="s", rates="scoring")
    said = lines(finding)
    assert "17 of 20 scores (85.0%) equal the median" in said["Ties at the median"]
    assert "no scoring rate is above 0" in said["Ties at the median"]
    assert rows(finding, "scoring.sex")["f"]["Impact ratio"] is None
    assert "No impact ratio of sex" in said
    apart = pd.DataFrame({"sex": ["f", "m"] * 10, "race": ["a"] * 20, "s": np.arange(20.0)})
    assert "Ties at the median" not in lines(run(apart, {}, score="s", rates="scoring"))


def test_excluded_category_keeps_number_and_rate_has_no_ratio_and_is_not_the_highest() -> None:
    frame = pd.DataFrame(
        {
            "sex": ["f"] * 100 + ["m"] * 100 + ["x"] * 3,
            "race": ["a"] * 203,
            "selected": [1] * 40 + [0] * 60 + [1] * 50 + [0] * 50 + [1] * 3,
        }
    )
    kept = rows(run(frame), "selection.sex")
    assert kept["x"]["Impact ratio"] == 1.0
    assert kept["m"]["Impact ratio"] == 0.5
    finding = run(frame, exclude_below=0.02, exclusion_reason="Three persons say nothing of the tool.")
    out = rows(finding, "selection.sex")
    assert (out["x"]["Persons"], out["x"]["Rate"], out["x"]["Impact ratio"]) == (3, 1.0, None)
    assert out["x"]["Left out of the ratios"] is True
    assert out["m"]["Impact ratio"] == 1.0
    assert out["f"]["Impact ratio"] == 0.8
    assert lines(finding)["Justification of the exclusion"] == "Three persons say nothing of the tool."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exclude_below": 0.01}, "needs a justification"),
        ({"exclude_below": 0.05, "exclusion_reason": "x"}, "below 0.02"),
        ({"rates": "selecton"}, "Did you mean 'selection'"),
        ({"sex": "sexx"}, "Did you mean 'sex'"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options: dict, message: str) -> None:
    given = {"sex": "sex", "race_ethnicity": "race", **options}
    subject = Subject(example(), prediction="selected", favorable=1)
    found = audit(subject, only=[ID], options={ID: given}, progress=False)[ID]
    assert found.status == "error"
    assert message in str(found.reason)


def test_without_named_columns_it_is_not_applicable_and_says_what_to_pass() -> None:
    subject = Subject(example().dropna(), prediction="selected", favorable=1, sensitive=["sex", "race"])
    found = audit(subject, only=[ID], progress=False)[ID]
    assert found.status == "not applicable"
    assert "race_ethnicity" in str(found.reason)


def test_scores_of_the_unfavourable_label_are_turned_round() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 200), "race": "a", "risk": rng.random(200), "bad": rng.integers(0, 2, 200)}
    )
    roles = {"label": "bad", "positive": 1, "favorable": 0, "score": "risk"}
    found = rows(run(frame, roles, rates="scoring"), "scoring.sex")
    low = (frame.risk < frame.risk.median()).groupby(frame.sex).sum()
    assert {key: row["Above median"] for key, row in found.items()} == low.to_dict()


def test_tool_that_classifies_has_one_table_per_class() -> None:
    frame = pd.DataFrame({"sex": ["f", "m"] * 6, "race": ["a"] * 12, "group": ["x", "y", "z", "x", "y", "z"] * 2})
    finding = run(frame, {"prediction": "group", "favorable": "x"}, rates="selection")
    tables = [item for item in finding.evidence if item.id.startswith(f"{ID}.selection") and item.id.endswith(".sex")]
    assert len(tables) == 3
    assert [("classified as" in item.caption) for item in tables] == [True] * 3
    assert {m.name for m in finding.measures} == {"selection_rate", "selection_impact_ratio"}


def test_the_law_has_no_limit_of_four_fifths_and_the_figures_carry_none() -> None:
    finding = run(example())
    words = " ".join([finding.description, finding.method, *(e.caption for e in finding.evidence)])
    assert "0.8" not in words
    assert all(m.uncertainty is None for m in finding.measures if m.name.endswith("impact_ratio"))


def test_rows_that_stay_in_their_files_give_the_same_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m", None], 600),
            "race": rng.choice(["a", "b"], 600),
            "hired": rng.integers(0, 2, 600),
            "selected": rng.integers(0, 2, 600),
            "chance": rng.integers(0, 20, 600) / 20,
        }
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    roles = {
        "label": "hired",
        "prediction": "selected",
        "score": "chance",
        "favorable": 1,
        "sensitive": ["sex", "race"],
    }
    given = {"sex": "sex", "race_ethnicity": "race"}
    one, other = (
        audit(Subject(rows, **roles), only=[ID], options={ID: given}, progress=False)[ID]
        for rows in (frame, ak.scan(tmp_path / "rows.parquet"))
    )
    assert one.status == other.status == "measured", other.reason
    assert [(e.id, e.rows) for e in one.evidence] == [(e.id, e.rows) for e in other.evidence]


def test_rows_of_clusters_have_rates_without_bounds() -> None:
    frame = example().assign(who=lambda rows: rows.index // 2)
    finding = run(frame, {"prediction": "selected", "favorable": 1, "cluster": "who"})
    assert all(m.uncertainty is None for m in finding.measures)
    assert rows(finding, "selection.sex") == rows(run(example()), "selection.sex")


def test_weighted_rows_are_no_persons_and_have_no_table() -> None:
    subject = Subject(example().assign(w=2.0), prediction="selected", favorable=1, weight="w")
    given = {"sex": "sex", "race_ethnicity": "race"}
    found = audit(subject, only=[ID], options={ID: given}, progress=False)[ID]
    assert found.status == "not applicable"
    assert "weighted by 'w'" in str(found.reason)
