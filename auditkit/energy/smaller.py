"""Smaller models to set a model against: a logistic regression and a shallow tree of the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.errors import ConfigurationError, did_you_mean

KINDS = ("logistic_regression", "shallow_tree")
DEPTH = 4
RAREST = 10  # rows: rarer words are one


def checked_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds without repetition.

    Raises
    ------
    ConfigurationError
        If one is unknown.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigurationError(
                f"carbon.smaller_models: there is no model {kind!r}.{did_you_mean(str(kind), KINDS)}"
            )
    return tuple(dict.fromkeys(kinds))


def unfitted(kind: str, numbers: Sequence[str], words: Sequence[str]) -> Any:
    """Return a pipeline that takes columns as they are: numbers imputed by their median, words as indicators.

    Parameters
    ----------
    kind : {'logistic_regression', 'shallow_tree'}
        With L2 penalty 1 on standardised numbers; with at most four splits in a row.
    numbers, words : sequence of str
        Columns of either sort.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    indicators = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RAREST, sparse_output=False)
    encode = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), list(numbers)),
            ("words", indicators, list(words)),
        ]
    )
    last = (
        LogisticRegression(max_iter=500)
        if kind == "logistic_regression"
        else DecisionTreeClassifier(max_depth=DEPTH, random_state=0)
    )
    return make_pipeline(encode, last)


def named(kind: str) -> str:
    """Return a kind as people say it."""
    return {"logistic_regression": "logistic regression", "shallow_tree": f"tree of depth {DEPTH}"}[kind]
