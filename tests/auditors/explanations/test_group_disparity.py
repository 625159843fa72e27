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


def test_the_direct_part_pays_for_picking_the_pair_of_groups() -> None:
    from scipy.special import stdtrit

    frame = rows_of(1500)
    frame["race"] = pd.Categorical(frame["race"]).codes  # a number that a linear model reads
    measures, evidence = run(made(frame, None, [*NAMES, "race"]))
    direct, table = measures["direct_contribution"], evidence["explanations.group_disparity.carried.race"]
    row = next(row for row in table.rows if row[0] == "race")
    assert direct.interval is not None and "picked out of 3" in direct.interval.method and direct.value == row[2]
    half, freedom = (direct.interval.high - direct.interval.low) / 2, direct.uncertainty.df  # type: ignore[union-attr]
    at_once = (float(row[4]) - float(row[3])) / 2  # type: ignore[arg-type]  for 3 pairs of 4 columns
    error = at_once / stdtrit(freedom, 1 - 0.025 / 12)
    assert half >= error * stdtrit(freedom, 1 - 0.025 / 3)
    assert direct.uncertainty.upper(0.95) - row[2] == pytest.approx(error * stdtrit(freedom, 1 - 0.05 / 3))  # type: ignore[union-attr, operator]


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


def two_columns(rows: int = 1500) -> pd.DataFrame:
    frame = rows_of(rows)
    frame["sex"] = np.where(frame["b"] + np.random.default_rng(4).normal(size=rows) > 0, "f", "m")
    return frame


def test_two_sensitive_columns_stay_within_one_budget_and_each_compares_its_own_rows() -> None:
    asked: list[int] = []
    frame = two_columns()

    class Remote:
        classes_ = (0, 1)
        feature_names_in_ = tuple(NAMES)

        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            asked.append(len(rows))
            share = 1 / (1 + np.exp(-(rows["a"] + rows["b"]).to_numpy()))
            return np.column_stack([1 - share, share])

        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return (self.predict_proba(rows)[:, 1] >= 0.5).astype(int)

    subject = Subject(frame, model=Remote(), label="y", sensitive=["race", "sex"])
    asked.clear()
    measures, evidence = run(subject, budget=20_000, background=200)
    assert sum(asked) <= 20_000 and max(asked) <= 10_000
    assert {row[0] for row in evidence["explanations.group_disparity.carried.sex"].rows} == set(NAMES)
    sizes = [measures[f"output {group}"].n for group in ("x", "y", "z", "f", "m")]
    assert min(sizes) >= 50  # type: ignore[type-var]


def test_each_sensitive_column_says_what_it_would_say_alone() -> None:
    frame = two_columns()
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    both, alone = (
        run(Subject(frame, model=model, label="y", features=NAMES, sensitive=sensitive))[1]
        for sensitive in (["race", "sex"], ["sex"])
    )
    for name, evidence in alone.items():
        for row, other in zip(evidence.rows, both[name].rows, strict=True):
            assert row[:2] == other[:2]
            assert row[2] == pytest.approx(other[2], rel=1e-9)
            width = float(row[4]) - float(row[3])  # type: ignore[arg-type]
            assert row[3:] == pytest.approx(other[3:], abs=0.05 * width)  # fewer rows tell the background's part


@pytest.mark.statistics
def test_intervals_of_all_parts_hold_at_once_when_rows_and_background_are_drawn_anew() -> None:
    """800 audits of 800 rows against 400 background rows: at least 93 % of audits have all parts right at once."""
    rng = np.random.default_rng(2)

    def people(rows: int) -> pd.DataFrame:
        frame = pd.DataFrame({"a": rng.exponential(size=rows) ** 1.3, "b": rng.normal(size=rows)})
        frame["c"], frame["race"] = rng.normal(size=rows), rng.choice(["x", "y"], rows)
        frame["a"] += 0.4 * (frame["race"] == "x")
        frame["b"] += 0.3 * (frame["race"] == "y")
        return frame.assign(y=(frame["a"] * frame["b"] + frame["c"] + rng.normal(size=rows) > 0.5).astype(int))

    first = people(4000)
    model = GradientBoostingClassifier(n_estimators=8, max_depth=2, random_state=0).fit(first[NAMES], first["y"])

    def parts(rows: int, background: int, most: int) -> dict[str, tuple[float, float, float]]:
        subject = Subject(
            people(rows), train=people(background), model=model, label="y", features=NAMES, sensitive=["race"]
        )
        _, evidence = run(subject, rows=most, background=background)
        sign = 1 if evidence["explanations.group_disparity.carried.race"].caption.startswith("y less x") else -1
        found = {}
        for name, _, *numbers in evidence["explanations.group_disparity.carried.race"].rows:
            value, low, high = (sign * float(one) for one in numbers)  # type: ignore[arg-type]
            found[str(name)] = (value, min(low, high), max(low, high))
        return found

    truth = parts(60_000, 20_000, 25_000)
    audits = [parts(800, 400, 400) for _ in range(800)]
    inside = [[low <= truth[name][0] <= high for name, (_, low, high) in found.items()] for found in audits]
    assert 0.93 <= np.mean(np.all(inside, axis=1)) <= 0.985
