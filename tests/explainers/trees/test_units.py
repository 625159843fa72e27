"""What the outputs of trees are called."""

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from auditkit.explainers.tree_games import READERS

NUMBERS = np.random.default_rng(0).normal(size=(400, 3))


@pytest.mark.parametrize(
    ("model", "classes", "units"),
    [
        (HistGradientBoostingClassifier(max_iter=3), 2, "log-odds"),
        (HistGradientBoostingClassifier(max_iter=3), 3, "score"),
        (GradientBoostingClassifier(n_estimators=3), 2, "log-odds"),
        (GradientBoostingClassifier(n_estimators=3), 3, "score"),
        (GradientBoostingClassifier(n_estimators=3, loss="exponential"), 2, "score"),
        (RandomForestClassifier(3), 3, "probability"),
        (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1), 2, "log-odds"),
        (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1), 3, "score"),
        (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1, sigmoid=2.0), 2, "score"),
        (xgboost.XGBClassifier(n_estimators=3, n_jobs=1), 2, "log-odds"),
        (xgboost.XGBClassifier(n_estimators=3, n_jobs=1), 3, "score"),
        (xgboost.XGBClassifier(n_estimators=3, n_jobs=1, objective="binary:hinge"), 2, "score"),
    ],
)
def test_margins_are_called_log_odds_only_where_the_logistic_function_makes_them_probabilities(
    model: object, classes: int, units: str
) -> None:
    target = np.digitize(NUMBERS[:, 0], [0.0] if classes == 2 else [-0.4, 0.4])
    fitted = model.fit(NUMBERS, target)  # type: ignore[attr-defined]
    forest = next(found for read in READERS if (found := read(fitted, 1)) is not None)
    assert forest.units == units
    raw = forest.output(NUMBERS)
    near = np.abs(1 / (1 + np.exp(-raw)) - np.asarray(fitted.predict_proba(NUMBERS))[:, 1]).max() < 1e-5
    assert near == (units == "log-odds")
