"""Columns to spare, duplicates of training rows, and what a model's output tells of a sensitive value."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from auditkit.auditors.privacy.attribute_inference import _gain, attribute_inference
from auditkit.auditors.privacy.duplicates import duplicates
from auditkit.auditors.privacy.minimisation import minimisation
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(seed: int = 0, n: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "idle"])
    frame["sex"] = rng.choice(["f", "m"], n)
    frame["age"] = rng.integers(18, 90, n)
    frame["y"] = (2 * frame["a"] + frame["b"] + rng.normal(size=n) > 0).astype(int)
    return frame


def measures(found: list[Measure | Evidence]) -> dict[str, Measure]:
    return {f"{m.name} {'×'.join(m.over)}".strip(): m for m in found if isinstance(m, Measure)}


# --------------------------------------------------------------- minimisation


def test_columns_that_add_nothing_can_be_spared_and_those_that_do_cannot() -> None:
    frame = rows_of()
    names = ["a", "b", "idle", "age"]
    model = LogisticRegression(max_iter=500).fit(frame[names], frame["y"])
    subject = Subject(frame, model=model, label="y", sensitive=["sex"], quasi_identifiers=["age", "sex"])
    found = minimisation.run(subject, {"margin": 0.01})
    by_name = measures(found)
    assert (
        by_name["columns_to_spare"].value,
        by_name["identifying_inputs"].value,
        by_name["sensitive_inputs"].value,
    ) == (2, 1, 0)
    table = next(e for e in found if isinstance(e, Evidence))
    assert {row[0] for row in table.rows if row[4]} == {"idle", "age"}
    assert next(row[6] for row in table.rows if row[0] == "age") <= 0  # type: ignore[operator]


@pytest.mark.parametrize(("columns", "risky"), [(["idle"], 1), (["idle", "b"], 0), (["sex"], 0), (["sex", "idle"], 1)])
def test_columns_to_spare_that_help_to_find_people_are_counted(columns: list[str], risky: int) -> None:
    frame = rows_of().assign(idle=lambda rows: rows["idle"].round(1))
    model = LogisticRegression().fit(frame[["a", "b", "idle"]], frame["y"])
    found = minimisation.run(Subject(frame, model=model, label="y", quasi_identifiers=columns), {"margin": 0.01})
    assert measures(found)["identifying_to_spare"].value == risky
    table = next(e for e in found if isinstance(e, Evidence))
    verdict = next(row[4] for row in table.rows if row[0] == "idle")
    assert verdict == "can be spared" + ", and helps to find people" * risky


def test_what_cannot_be_judged_says_why() -> None:
    frame = rows_of(n=300)
    model = LogisticRegression().fit(frame[["a", "b"]], frame["y"])
    with pytest.raises(InsufficientData, match="at least 400"):
        minimisation.run(Subject(frame, model=model, label="y"), {})
    with pytest.raises(NotApplicable, match="pass model="):
        minimisation.run(Subject(frame.assign(p=1), prediction="p", label="y"), {})
    frame = rows_of()
    one = LogisticRegression().fit(frame[["a"]], frame["y"])
    with pytest.raises(InsufficientData, match="reads one column"):
        minimisation.run(Subject(frame, model=one, label="y"), {})


# ----------------------------------------------------------------- duplicates


def test_a_random_split_has_no_more_near_rows_than_training_has() -> None:
    found = measures(duplicates.run(Subject(rows_of(1), train=rows_of(2)), {}))
    assert found["share_exact"].value == 0.0
    interval = found["near_excess"].interval
    assert interval is not None and interval.low <= 0 <= interval.high


def test_rows_copied_over_are_found_exactly_and_nearly() -> None:
    train = rows_of(2)
    test = pd.concat([rows_of(1, 1500), train.iloc[:500]])
    assert measures(duplicates.run(Subject(test, train=train), {}))["share_exact"].value == pytest.approx(0.25)
    moved = train.iloc[:500].assign(a=lambda rows: rows["a"] + 0.001)
    found = measures(duplicates.run(Subject(pd.concat([rows_of(1, 1500), moved]), train=train), {}))
    assert found["share_exact"].value == 0.0
    # A quarter of the test rows were copied, and half of the training rows are looked at.
    interval = found["near_excess"].interval
    assert interval is not None and 0.05 < interval.low < 0.125 < interval.high


def test_the_nearest_row_is_that_of_a_loop() -> None:
    from auditkit.auditors.privacy.duplicates import _nearest

    some, others = rows_of(1, 20), rows_of(2, 30)
    some.loc[0, "a"], others.loc[3, "a"] = np.nan, np.nan
    columns = ["a", "sex", "age"]
    both = pd.concat([some, others])
    widths = {c: both[c].max() - both[c].min() for c in ("a", "age")}
    for place, row in enumerate(some[columns].itertuples(index=False)):
        gaps = []
        for other in others[columns].itertuples(index=False):
            gap = abs(row.a - other.a) / widths["a"]
            gap = (0.0 if np.isnan(row.a) and np.isnan(other.a) else 1.0) if np.isnan(gap) else gap
            gaps.append((gap + (row.sex != other.sex) + abs(row.age - other.age) / widths["age"]) / 3)
        assert _nearest(some, others, columns)[place] == pytest.approx(min(gaps))


@pytest.mark.statistics
@pytest.mark.parametrize("sizes", [(1500, 1500), (2500, 500)])
def test_people_who_are_alike_are_no_excess_whatever_the_sizes_of_the_tables(sizes: tuple[int, int]) -> None:
    """Rows of few values, so that most equal another; drawn by one key, they would seem too unlike, or too alike."""
    rng, covered, total = np.random.default_rng(12), 0, 0.0
    for seed in range(100):
        frame = pd.DataFrame({"age": rng.binomial(40, 0.5, sum(sizes)), "priors": rng.poisson(2, sum(sizes))})
        frame["town"] = rng.choice(list("abcdef"), sum(sizes))
        train, test = frame.iloc[: sizes[0]], frame.iloc[sizes[0] :]
        subject = Subject(test, train=train, label="town", seed=seed)
        found = measures(duplicates.run(subject, {"rows": 200, "pool": 400}))["near_excess"]
        assert found.interval is not None
        covered += found.interval.low <= 0 <= found.interval.high
        total += float(found.value or 0)
    assert (
        covered >= 87 and abs(total / 100) < 0.02
    )  # 95 % promised; of 100 the exact one-sided p of less is below .001


# ---------------------------------------------------------- attribute inference


def test_a_model_that_reads_the_sensitive_column_gives_it_away_and_one_that_does_not_gives_nothing() -> None:
    frame = rows_of(0, 4000)
    frame["y"] = ((frame["sex"] == "f") * 2.0 + frame["a"] + np.random.default_rng(1).normal(size=4000) > 1).astype(int)
    tells = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(frame[["sex"]], frame["y"])
    found = measures(
        attribute_inference.run(Subject(frame, model=tells, label="y", features=["sex"], sensitive=["sex"]), {})
    )
    assert float(found["gain sex"].value or 0) > 0.2
    silent = LogisticRegression().fit(frame[["b"]], frame["y"])
    found = measures(
        attribute_inference.run(Subject(frame, model=silent, label="y", features=["b"], sensitive=["sex"]), {})
    )
    interval = found["gain sex"].interval
    assert interval is not None and interval.low <= 0.01 and abs(float(found["gain sex"].value or 0)) < 0.02


def test_what_other_columns_tell_is_not_called_a_leak() -> None:
    frame = rows_of(0, 2000)
    frame["proxy"] = (frame["sex"] == "f") + np.random.default_rng(1).normal(0, 0.3, 2000)
    model = LogisticRegression().fit(frame[["proxy"]], frame["y"])
    found = measures(
        attribute_inference.run(Subject(frame, model=model, label="y", features=["proxy"], sensitive=["sex"]), {})
    )
    assert float(found["accuracy_without_model sex"].value or 0) > 0.9
    assert abs(float(found["gain sex"].value or 0)) < 0.02


def test_an_attacker_who_gains_nothing_is_not_certain_of_it() -> None:
    right = np.arange(1000) % 3 > 0
    interval = _gain(right, right, "sex").interval
    assert interval is not None and -0.005 < interval.low < -0.0005 and 0.0005 < interval.high < 0.005


@pytest.mark.statistics
@pytest.mark.parametrize(("won", "lost"), [(0.001, 0.001), (0.01, 0.002), (0.1, 0.1)])
def test_the_interval_of_a_gain_covers_it(won: float, lost: float) -> None:
    rng, covered = np.random.default_rng(4), 0
    for _ in range(2000):
        drawn = rng.random(1000)
        gained, gone, both = drawn < won, (drawn >= won) & (drawn < won + lost), drawn > 0.5
        interval = _gain(gained | both, gone | both, "sex").interval
        assert interval is not None
        covered += interval.low <= won - lost <= interval.high
    assert covered / 2000 >= 0.934  # 95 % promised; less has an exact one-sided p below .001
