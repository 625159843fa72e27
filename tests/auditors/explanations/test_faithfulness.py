"""Faithfulness: explanations in the right order gain, in a wrong one lose, and what cannot be judged says so."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from auditkit.auditors.explanations.faithfulness import faithfulness
from auditkit.errors import InsufficientData
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
    assert float(found["background_agreement"].value or 0) > 0.8
    assert float(found["explainer_agreement"].value or 0) > 0.8
    assert 0.8 < float(found["top_agreement"].value or 0) <= 1


def test_a_black_box_has_no_second_explainer_and_says_so() -> None:
    frame = rows_of()
    model = KNeighborsClassifier(25).fit(frame[NAMES], frame["y"])
    found = measures(Subject(frame, model=model, label="y"))
    assert found["explainer_agreement"].status == "undefined"
    assert "no other explainer applies" in str(found["explainer_agreement"].reason)
    assert found["background_agreement"].status == "measured"


def test_shuffled_explanations_gain_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditkit.auditors.explanations import faithfulness as module
    from auditkit.explainers.planned import planned

    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    real = planned(subject, background=2000, budget=200_000)
    values = real.given.attributions.values
    np.random.default_rng(0).permuted(values, axis=1, out=values)
    monkeypatch.setattr(module, "planned", lambda *_, **__: real)
    gain = measures(subject)["deletion_gain"].interval
    assert gain is not None and gain.low < 0.05


def test_the_curve_shows_three_orders_that_end_alike() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    curve = next(item for item in faithfulness.run(subject, {}) if isinstance(item, Evidence))
    ends = [row[2] for row in curve.rows if row[1] == len(NAMES)]
    assert len(curve.rows) == 3 * len(NAMES) and ends == pytest.approx([ends[0]] * 3)


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
    assert found["background_agreement"].status == "insufficient"


def test_one_column_has_no_order() -> None:
    frame = rows_of()
    subject = Subject(frame[["a", "y"]], model=LogisticRegression().fit(frame[["a"]], frame["y"]), label="y")
    with pytest.raises(InsufficientData, match="reads one column"):
        faithfulness.run(subject, {})


def test_a_budget_too_small_is_told() -> None:
    frame = rows_of()
    subject = Subject(frame, model=LogisticRegression().fit(frame[NAMES], frame["y"]), label="y")
    with pytest.raises(InsufficientData, match="raise budget to"):
        faithfulness.run(subject, {"budget": 500})
