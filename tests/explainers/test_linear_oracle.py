"""Linear attributions through the public path equal independent values on real data.

The oracle's logistic regressions are not refitted: the log-odds of their published scores are linear in the columns, so
least squares gives their weights back.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from auditkit.explainers.explained import explained
from auditkit.subject import Subject

WORDS = {"compas": ["c_charge_degree"], "german": None}


def table(folder: Path, name: str) -> tuple[pd.DataFrame, str]:
    if name == "german":
        frame = pd.read_csv(folder / "german" / "german.csv", skipinitialspace=True)
        return frame.rename(columns=str.strip), "credit"
    frame = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    kept = frame["days_b_screening_arrest"].between(-30, 30) & (frame["is_recid"] != -1)
    kept &= (frame["c_charge_degree"] != "O") & (frame["score_text"] != "N/A")
    return frame[kept].reset_index(drop=True), "two_year_recid"


def recovered(test: pd.DataFrame, scores: np.ndarray, names: list[str], words: list[str]) -> Pipeline:
    """A pipeline whose log-odds are those of the published scores."""
    encoder = ColumnTransformer([("words", OneHotEncoder(sparse_output=False), words)], remainder="passthrough")
    encoded = encoder.fit_transform(test[names])
    weights, *_ = np.linalg.lstsq(
        np.column_stack([np.ones(len(test)), encoded]), np.log(scores / (1 - scores)), rcond=None
    )
    end = LogisticRegression()
    end.classes_ = np.array([0, 1])
    end.coef_, end.intercept_, end.n_features_in_ = weights[None, 1:], weights[:1], encoded.shape[1]
    return Pipeline([("encode", encoder), ("end", end)])


@pytest.mark.parametrize("name", ["compas", "german"])
def test_shares_of_each_original_column_equal_the_oracle(data_folder: Path, name: str) -> None:
    if not (data_folder / name / "oracle_predictions.csv.gz").exists():
        pytest.skip(f"{name} is not among the real data")
    oracle = json.loads((data_folder / name / "oracle.json").read_text())["linear_shap"]
    expected = oracle["mean_abs_by_original_column"]
    frame, label = table(data_folder, name)
    known = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz")
    names = list(expected)
    words = [column for column in names if not pd.api.types.is_numeric_dtype(frame[column])]
    test, train = frame.iloc[known["row"]], frame.drop(index=known["row"])
    seen = {column: set(test[column]) for column in words}
    train = train[np.logical_and.reduce([train[column].isin(seen[column]) for column in words])]
    model = recovered(test, known["y_score"].to_numpy(), names, words)
    truth = known["y_true"].to_numpy()
    subject = Subject(
        test[names].assign(y=truth),
        train=train[names].assign(y=(train[label] == 1).astype(int)),
        model=model,
        label="y",
        features=names,
    )
    found = explained(subject, rows=10_000, background=10_000)
    assert found.certificate.units == "log-odds" and "linear" in found.certificate.method
    assert len(found.attributions.values) == len(test)
    sizes = dict(zip(found.features, np.abs(found.attributions.values).mean(axis=0), strict=True))
    tolerance = 1e-8
    assert sizes == pytest.approx(expected, abs=tolerance)
    assert found.attributions.base[0] == pytest.approx(oracle["base_value_logodds"], abs=tolerance)
