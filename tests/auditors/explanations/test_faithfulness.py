"""Faithfulness: explanations in the right order gain, in a wrong one lose, and what cannot be judged says so."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from xgboost import XGBClassifier

from auditkit.auditors.explanations.faithfulness import faithfulness
from auditkit.errors import InsufficientData
from auditkit.explainers.attribution import Attributions
from auditkit.explainers.explained import explained
from auditkit.explainers.second_opinion import another_game, answer_as_explained
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

NAMES = ["a", "b", "c", "d"]


def rows_of(n: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=NAMES)
    frame["y"] = (3 * frame["a"] + frame["b"] + 0.3 * frame["c"] + rng.normal(size=n) > 0).astype(int)
    return frame


def measures(subject: Subject, **options: object) -> dict[str, Measure]:
    return {item.name: item for item in faithfulness.run(subject, options) if isinstance(item, Measure)}


@pytest.mark.parametrize("model", [LogisticRegression(), GradientBoostingClassifier(n_estimators=30, random_state=0)])
def test_exact_explanations_gain_over_chance_and_agree_with_the_sampler(model: object) -> None:
    frame = rows_of()
    fitted = model.fit(frame[NAMES], frame["y"])  # type: ignore[attr-defined]
    found = measures(Subject(frame, model=fitted, label="y"))
    gain = found["deletion_gain"].interval
    assert gain is not None and gain.low > 0.05
    assert float(found["seed_agreement"].value or 0) > 0.8
    assert float(found["explainer_agreement"].value or 0) > 0.8
    assert 0.8 < float(found["top_agreement"].value or 0) <= 1


def test_a_black_box_has_no_second_explainer_and_says_so() -> None:
    frame = rows_of()
    model = KNeighborsClassifier(25).fit(frame[NAMES], frame["y"])
    found = measures(Subject(frame, model=model, label="y"))
    assert found["explainer_agreement"].status == "undefined"
    assert "no other explainer applies" in str(found["explainer_agreement"].reason)
    assert found["seed_agreement"].status == "measured"


def test_a_black_box_walks_anew_for_the_second_explanation() -> None:
    frame = rows_of()
    model = KNeighborsClassifier(25).fit(frame[NAMES], frame["y"])
    found = measures(Subject(frame, model=model, label="y"))
    agreed = found["seed_agreement"]
    assert 0.5 < float(agreed.value or 0) < 0.99
    assert agreed.n == found["deletion_gain"].n == 200


def test_it_is_judged_in_the_output_that_was_explained() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    curve = next(item for item in faithfulness.run(subject, {}) if isinstance(item, Evidence))
    assert curve.columns[2].unit == "log-odds"


@pytest.mark.parametrize("model", [LogisticRegression(), GradientBoostingClassifier(n_estimators=20, random_state=0)])
@pytest.mark.parametrize("favorable", [0, 1, 2])
def test_the_score_of_one_of_three_classes_is_judged_as_that_and_not_as_its_probability(
    model: object, favorable: int
) -> None:
    frame = rows_of()
    frame["y"] = np.digitize(frame["a"] + 0.5 * frame["b"], [-0.5, 0.5])
    fitted = model.fit(frame[NAMES], frame["y"])  # type: ignore[attr-defined]
    subject = Subject(frame, model=fitted, label="y", favorable=favorable)
    assert float(measures(subject)["explainer_agreement"].value or 0) > 0.7
    answer = answer_as_explained(subject, explained(subject, rows=50))
    assert answer is not None
    assert answer(frame[NAMES]) == pytest.approx(fitted.decision_function(frame[NAMES])[:, favorable])


def test_a_model_trained_on_an_array_is_asked_with_arrays() -> None:
    frame = rows_of()
    model = LogisticRegression().fit(frame[NAMES].to_numpy(), np.digitize(frame["a"], [-0.5, 0.5]))
    subject = Subject(frame.assign(y=np.digitize(frame["a"], [-0.5, 0.5])), model=model, label="y", features=NAMES)
    assert measures(subject)["explainer_agreement"].status == "measured"


def test_what_the_model_cannot_be_asked_for_is_not_judged() -> None:
    frame = rows_of()
    frame["y"] = np.digitize(frame["a"] + 0.5 * frame["b"], [-0.5, 0.5])
    model = XGBClassifier(n_estimators=10).fit(frame[NAMES], frame["y"])
    found = measures(Subject(frame, model=model, label="y"))
    for name in ("deletion_gain", "explainer_agreement"):
        assert found[name].status == "undefined"
        assert "cannot be asked for the output that was explained (score)" in str(found[name].reason)
    assert found["seed_agreement"].status == "measured"


def test_explainers_of_other_games_are_not_compared() -> None:
    row = np.zeros((1, 2))
    exact = Attributions(row, row[:, 0], row[:, 0], "trees, interventional, exact", "probability")
    assert another_game(exact) is None
    assert "path-dependent" in str(another_game(replace(exact, uses_background=False)))
    assert "sampler's own" in str(another_game(replace(exact, asked=9)))
    assert "adds up encoded" in str(another_game(replace(exact, method="trees (shap), sum of encoded attributions")))
    assert another_game(replace(exact, method="linear, closed form, sum of encoded attributions")) is None


def test_what_the_sampler_agrees_on_with_itself_stands_beside() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    table = [item for item in faithfulness.run(subject, {}) if isinstance(item, Evidence)][1]
    found = measures(subject)
    assert [row[0] for row in table.rows] == [
        "against 250 other background rows",
        "with the permutation sampler",
        "the sampler with itself",
    ]
    assert table.rows[0][2] == found["seed_agreement"].value and table.rows[1][2] == found["explainer_agreement"].value
    assert all(0.5 < float(row[2] or 0) <= 1 for row in table.rows)


def test_where_the_samplers_noise_is_all_that_would_be_seen_no_agreement_is_shown() -> None:
    """Sixteen columns that matter alike: their order within a row is mostly noise of 10 pairs of walks, less of 40."""
    rng = np.random.default_rng(1)
    names = [f"c{place}" for place in range(16)]
    frame = pd.DataFrame(rng.choice([-1.0, 1.0], size=(500, 16)), columns=names)
    frame["y"] = (sum(frame[a] * frame[b] for a, b in zip(names, names[1:] + names[:1], strict=True)) > 0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(frame[names], frame["y"])
    subject = Subject(frame, model=model, label="y", features=names)
    found = measures(subject, budget=30_000, background=100)["explainer_agreement"]
    assert found.status == "insufficient" and "its noise would be taken for disagreement; raise budget" in str(
        found.reason
    )
    table = [
        item for item in faithfulness.run(subject, {"budget": 30_000, "background": 100}) if isinstance(item, Evidence)
    ][1]
    assert table.rows[1][2] is None and float(table.rows[2][2] or 0) < 0.8  # the sampler's own agreement is shown


def test_a_linear_models_background_only_moves_by_its_means() -> None:
    frame = rows_of(2000)
    model = LinearRegression().fit(frame[NAMES], frame["y"])
    found = measures(Subject(frame, model=model, label="y", task="regression"), background=1000)
    kept, other = (np.abs((frame_of - part.mean()) * model.coef_) for frame_of, part in _halves(frame, model))
    expected = [spearmanr(a, b).statistic for a, b in zip(kept.to_numpy(), other.to_numpy(), strict=True)]
    assert found["seed_agreement"].value == pytest.approx(np.mean(expected))


def _halves(frame: pd.DataFrame, model: object) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    rows = Subject(frame, model=model, label="y", task="regression").sample(2000)[NAMES]
    return [(rows.iloc[:200], rows.iloc[:1000]), (rows.iloc[:200], rows.iloc[1000:])]


def test_of_three_columns_the_largest_three_are_all() -> None:
    frame = rows_of()
    names = NAMES[:3]
    found = measures(Subject(frame, model=LogisticRegression().fit(frame[names], frame["y"]), label="y"))
    assert found["top_agreement"].status == "undefined" and "are all" in str(found["top_agreement"].reason)
    assert found["seed_agreement"].status == "measured"


def test_clusters_are_what_is_drawn() -> None:
    frame = pd.concat([rows_of(50)] * 8, ignore_index=True).assign(who=np.tile(np.arange(50), 8))
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    plain = measures(Subject(frame, model=model, label="y"))["seed_agreement"].uncertainty
    clustered = measures(Subject(frame, model=model, label="y", cluster="who"))["seed_agreement"].uncertainty
    assert plain is not None and clustered is not None
    assert clustered.as_dict()["df"] < 50 < plain.as_dict()["df"]
    assert clustered.as_dict()["standard_error"] > 1.5 * plain.as_dict()["standard_error"]


def test_order_of_rows_does_not_matter_and_the_same_comes_again() -> None:
    frame = rows_of()
    model = KNeighborsClassifier(25).fit(frame[NAMES], frame["y"])
    first = faithfulness.run(Subject(frame, model=model, label="y"), {"rows": 60})
    shuffled = frame.sample(frac=1, random_state=1)
    assert first == faithfulness.run(Subject(shuffled, model=model, label="y"), {"rows": 60})


def test_the_curve_shows_three_orders_that_end_alike() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    curve = next(item for item in faithfulness.run(subject, {}) if isinstance(item, Evidence))
    ends = [row[2] for row in curve.rows if row[1] == len(NAMES)]
    assert len(curve.rows) == 3 * (len(NAMES) + 1) and ends == pytest.approx([ends[0]] * 3)
    assert [row[2] for row in curve.rows if row[1] == 0] == [0.0] * 3


def test_a_regression_is_judged_in_its_target() -> None:
    frame = rows_of().assign(y=lambda rows: 3 * rows["a"] + rows["b"])
    subject = Subject(frame, model=LinearRegression().fit(frame[NAMES], frame["y"]), label="y")
    assert float(measures(subject)["deletion_gain"].value or 0) > 0.1


def test_constant_output_is_undefined() -> None:
    frame = rows_of()
    model = LogisticRegression().fit(frame[NAMES], frame["y"])
    model.coef_[:] = 0.0
    found = measures(Subject(frame, model=model, label="y"))
    assert found["deletion_gain"].status == "undefined"
    assert found["seed_agreement"].status == "insufficient"


def test_one_column_has_no_order() -> None:
    frame = rows_of()
    subject = Subject(frame[["a", "y"]], model=LogisticRegression().fit(frame[["a"]], frame["y"]), label="y")
    with pytest.raises(InsufficientData, match="reads one column"):
        faithfulness.run(subject, {})


def test_a_budget_too_small_is_told() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    with pytest.raises(
        InsufficientData, match="8 rows can be looked at, at least 30 are needed; raise budget to 1,830"
    ):
        faithfulness.run(subject, {"budget": 500})
    found = measures(subject, budget=1830)  # enough for the curves, not for the sampler
    assert found["deletion_gain"].n == 30
    assert found["explainer_agreement"].status == "insufficient"
    assert "raise budget to 4,160" in str(found["explainer_agreement"].reason)
    assert measures(subject, budget=4160)["explainer_agreement"].n == 30


def test_few_rows_are_no_matter_of_the_budget() -> None:
    frame = rows_of(20)
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    with pytest.raises(InsufficientData, match=r"^20 rows can be looked at, at least 30 are needed$"):
        faithfulness.run(subject, {})


@pytest.mark.parametrize("rows", [100, 200])
def test_a_black_box_is_never_asked_for_more_than_the_budget_in_each_step(rows: int) -> None:
    asked: list[int] = []

    class Counted:
        classes_, feature_names_in_ = (0, 1), tuple(NAMES)

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            asked.append(len(frame))
            p = 1 / (1 + np.exp(-(frame["a"] + frame["b"] / 2).to_numpy()))
            return np.column_stack([1 - p, p])

        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            return (frame["a"] > 0).to_numpy().astype(int)

    subject = Subject(rows_of(1000), model=Counted(), label="y")
    with pytest.raises(InsufficientData, match="at least 30 rows are needed; raise budget to 2,130"):
        faithfulness.run(subject, {"budget": 2129, "background": 300})
    asked.clear()
    faithfulness.run(subject, {"rows": rows, "budget": 8000, "background": 300})
    assert max(asked) <= 8000 and sum(asked) <= 3 * 8000
