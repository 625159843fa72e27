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

ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]
# A workclass of ? goes with an occupation of ?: scores do not tell which of the two carries its weight.
TOGETHER = {"adult": ("workclass", "occupation")}


def table(folder: Path, name: str) -> pd.DataFrame:
    if name == "german":
        frame = pd.read_csv(folder / "german" / "german.csv", skipinitialspace=True)
        return frame.rename(columns=str.strip).assign(truth=frame["credit"] == 1)
    if name == "adult":
        files = [folder / "adult" / f"adult.{part}" for part in ("data", "test")]
        parts = [pd.read_csv(file, names=ADULT, skiprows=1, skipinitialspace=True) for file in files]
        frame = pd.concat(parts, ignore_index=True)
        return frame.assign(truth=frame["income"].str.startswith(">50K"))
    frame = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    kept = frame["days_b_screening_arrest"].between(-30, 30) & (frame["is_recid"] != -1)
    kept &= (frame["c_charge_degree"] != "O") & (frame["score_text"] != "N/A")
    return frame[kept].reset_index(drop=True).assign(truth=lambda rows: rows["two_year_recid"] == 1)


def recovered(test: pd.DataFrame, scores: np.ndarray, names: list[str], words: list[str]) -> Pipeline:
    """A pipeline whose log-odds are those of the published scores."""
    encoder = ColumnTransformer([("words", OneHotEncoder(sparse_output=False), words)], remainder="passthrough")
    encoded = encoder.fit_transform(test[names])
    exact = (scores > 1e-5) & (scores < 1 - 1e-5)  # of ten digits that were printed, more than four say something
    inputs = np.column_stack([np.ones(len(test)), encoded])[exact]
    weights, *_ = np.linalg.lstsq(inputs, np.log(scores[exact] / (1 - scores[exact])), rcond=None)
    end = LogisticRegression()
    end.classes_ = np.array([0, 1])
    end.coef_, end.intercept_, end.n_features_in_ = weights[None, 1:], weights[:1], encoded.shape[1]
    return Pipeline([("encode", encoder), ("end", end)])


@pytest.mark.parametrize("name", ["adult", "compas", "german"])
def test_shares_of_each_original_column_equal_the_oracle(data_folder: Path, name: str) -> None:
    if not (data_folder / name / "oracle_predictions.csv.gz").exists():
        pytest.skip(f"{name} is not among the real data")
    oracle = json.loads((data_folder / name / "oracle.json").read_text())["linear_shap"]
    expected = oracle["mean_abs_by_original_column"]
    frame = table(data_folder, name)
    known = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz")
    names = list(expected)
    words = [column for column in names if not pd.api.types.is_numeric_dtype(frame[column])]
    test, train = frame.iloc[known["row"]], frame.drop(index=known["row"])
    seen = {column: set(test[column]) for column in words}
    train = train[np.logical_and.reduce([train[column].isin(seen[column]) for column in words])]
    model = recovered(test, known["y_score"].to_numpy(), names, words)
    truth = known["y_true"].to_numpy()
    assert (test["truth"].to_numpy() == truth).all()
    own, other = (rows[names].assign(y=rows["truth"].astype(int)) for rows in (test, train))
    subject = Subject(own, train=other, model=model, label="y", features=names)
    found = explained(subject, rows=len(test), background=len(train))
    assert found.certificate.units == "log-odds" and "linear" in found.certificate.method
    assert len(found.attributions.values) == len(test)
    sizes = dict(zip(found.features, np.abs(found.attributions.values).mean(axis=0), strict=True))
    for column in TOGETHER.get(name, ()):
        del sizes[column], expected[column]
    assert sizes == pytest.approx(expected, abs=1e-8)
    assert found.attributions.base[0] == pytest.approx(oracle["base_value_logodds"], abs=1e-8)
