"""What carries the gap between groups: parts add up, small groups are named, what the model does not read carries nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from auditkit.auditors.explanations.group_disparity import group_disparity
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

NAMES = ["a", "b", "c"]


def rows_of(n: int = 1200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=NAMES)
    frame["race"] = rng.choice(["x", "y", "z", "rare"], n, p=[0.5, 0.3, 0.19, 0.01])
    frame["a"] += frame["race"].map({"x": 0.0, "y": 1.0, "z": 0.4, "rare": 0.0})
    frame["y"] = (2 * frame["a"] + frame["b"] + rng.normal(size=n) > 0.5).astype(int)
    return frame


def made(frame: pd.DataFrame, model: object | None = None, names: list[str] = NAMES, **more: object) -> Subject:
    fitted = (LogisticRegression() if model is None else model).fit(frame[names], frame["y"])  # type: ignore[attr-defined]
    return Subject(frame, model=fitted, label="y", features=names, sensitive=["race"], **more)  # type: ignore[arg-type]


def run(subject: Subject, **options: object) -> tuple[dict[str, Measure], dict[str, Evidence]]:
    found = group_disparity.run(subject, options)
    measures = {f"{m.name} {m.group}".strip(): m for m in found if isinstance(m, Measure)}
    return measures, {e.id: e for e in found if isinstance(e, Evidence)}


@pytest.mark.parametrize("model", [LogisticRegression(), GradientBoostingClassifier(n_estimators=20, random_state=0)])
def test_the_parts_add_up_to_the_gap_in_mean_output(model: object) -> None:
    measures, evidence = run(made(rows_of(), model))
    gap = measures["output_gap"]
    parts = sum(float(row[2]) for row in evidence["explanations.group_disparity.carried.race"].rows)  # type: ignore[arg-type]
    assert gap.value == pytest.approx(abs(parts), abs=1e-9)
    assert gap.value == pytest.approx(float(measures["output y"].value or 0) - float(measures["output x"].value or 0))


def test_the_column_that_differs_carries_the_gap() -> None:
    _, evidence = run(made(rows_of()))
    table = evidence["explanations.group_disparity.carried.race"]
    assert table.rows[0][0] == "a"
    low, high = table.rows[0][3], table.rows[0][4]
    assert float(low) > 0 and float(high) > float(low)  # type: ignore[arg-type]
    for row in table.rows[1:]:
        assert float(row[3]) <= 0 <= float(row[4])  # type: ignore[arg-type]


def test_the_part_of_a_sensitive_column_that_is_not_read_is_exactly_nothing() -> None:
    measures, _ = run(made(rows_of()))
    direct = measures["direct_contribution"]
    assert direct.value == 0.0 and direct.interval is not None and direct.interval.kind == "exact"


def test_the_part_of_a_sensitive_column_that_is_read_is_measured() -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = rows_of()
    first = ColumnTransformer([("w", OneHotEncoder(), ["race"])], remainder="passthrough")
    measures, _ = run(made(frame, make_pipeline(first, LogisticRegression()), [*NAMES, "race"]))
    assert measures["direct_contribution"].value != 0.0


def test_small_groups_are_left_out_and_named() -> None:
    measures, evidence = run(made(rows_of()))
    assert "output rare" not in measures
    assert "rare" in evidence["explanations.group_disparity.carried.race"].caption


def test_a_black_box_is_cut_by_its_budget_alike_in_all_groups() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    measures, _ = run(made(rows_of(), KNeighborsClassifier(15)), budget=20_000, background=200)
    sizes = [measures[f"output {group}"].n for group in "xyz"]
    assert max(sizes) - min(sizes) <= 1  # type: ignore[type-var, operator]
    assert sum(sizes) < 1200  # type: ignore[arg-type]


def test_a_budget_too_small_and_no_group_large_enough_are_told() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    with pytest.raises(InsufficientData, match="raise budget"):
        run(made(rows_of(), KNeighborsClassifier(15)), budget=3_000, background=200)
    with pytest.raises(InsufficientData, match="no sensitive column has two groups of at least 5000"):
        run(made(rows_of()), fewest=5000, rows=5000)


def test_without_sensitive_columns_there_is_nothing_to_compare() -> None:
    frame = rows_of()
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    with pytest.raises(NotApplicable, match="no sensitive column"):
        run(Subject(frame, model=model, label="y", features=NAMES))


def test_the_same_comes_again_whatever_the_order_of_rows() -> None:
    frame = rows_of()
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    again = frame.sample(frac=1, random_state=3)
    first, second = (
        group_disparity.run(Subject(one, model=model, label="y", features=NAMES, sensitive=["race"]), {})
        for one in (frame, again)
    )
    assert first == second
