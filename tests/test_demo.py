"""The demo is synthetic, loads, and holds the disparity that was planted."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditkit.config import Config, load_config
from auditkit.demo import ROWS, TRAIN_ROWS, make_demo, make_table
from auditkit.errors import OutputError
from auditkit.yamlfile import load_policy_document


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return load_config(make_demo(tmp_path_factory.mktemp("demo"), waiver_until=date(2030, 6, 30)))


@pytest.fixture(scope="module")
def predicted(config: Config) -> pd.DataFrame:
    from skops import io

    assert config.model is not None
    model: Any = io.load(config.model.file, trusted=list(config.model.trusted))
    test = pd.read_parquet(config.test)
    features = list(model.feature_names_in_)
    test["predicted"] = model.predict(test[features])
    test["score"] = model.predict_proba(test[features])[:, list(model.classes_).index("yes")]
    return test


def test_the_same_seed_makes_the_same_table() -> None:
    pd.testing.assert_frame_equal(make_table(500, seed=1), make_table(500, seed=1))
    assert not make_table(500, seed=1).equals(make_table(500, seed=2))


def test_rows_are_split_and_ethnicity_and_income_are_partly_missing(config: Config) -> None:
    assert config.train is not None
    train, test = pd.read_parquet(config.train), pd.read_parquet(config.test)
    assert (len(train), len(test)) == (TRAIN_ROWS, ROWS - TRAIN_ROWS)
    assert set(train["repaid"]) == {"yes", "no"}
    assert 0.02 < test["ethnicity"].isna().mean() < 0.06
    by_sex = test["income"].isna().groupby(test["sex"]).mean()
    assert by_sex["Female"] - by_sex["Male"] > 0.03


def test_one_woman_in_ten_who_repays_is_recorded_otherwise_and_else_the_sexes_repay_alike() -> None:
    table = make_table()
    rate = (table["repaid"] == "yes").groupby(table["sex"]).mean()
    assert rate["Female"] / rate["Male"] == pytest.approx(0.90, abs=0.03)


def test_the_addresses_are_made_up_and_belong_to_one_row_each(config: Config) -> None:
    emails = pd.read_parquet(config.test)["email"]
    assert emails.is_unique
    assert all(re.fullmatch(r"[a-z]+\.\d+@example\.org", email) for email in emails)


def test_the_model_sees_neither_sex_nor_ethnicity_nor_email(config: Config) -> None:
    from skops import io

    assert config.model is not None
    model: Any = io.load(config.model.file, trusted=list(config.model.trusted))
    assert not {"sex", "ethnicity", "email", "repaid"} & set(model.feature_names_in_)


def test_the_model_is_of_use_and_the_disparity_by_sex_is_there(predicted: pd.DataFrame) -> None:
    from sklearn.metrics import roc_auc_score

    yes = predicted["predicted"] == "yes"
    real = predicted["repaid"] == "yes"
    assert (yes == real).mean() > 0.72
    assert roc_auc_score(real, predicted["score"]) > 0.78
    rate = yes.groupby(predicted["sex"]).mean()
    assert rate["Female"] / rate["Male"] < 0.76
    recall = yes[real].groupby(predicted["sex"][real]).mean()
    assert recall["Male"] - recall["Female"] > 0.13


def test_the_files_say_that_the_data_are_synthetic(config: Config) -> None:
    assert config.synthetic
    assert "SYNTHETIC" in (config.folder / "README.txt").read_text(encoding="utf-8")
    assert config.carbon["country"] == "FRA"


def test_the_policy_has_nine_rules_and_one_waiver_that_holds(config: Config) -> None:
    assert config.policy is not None
    data = load_policy_document(config.policy).data
    assert len(data["rules"]) == 9
    assert [(waiver["rule"], waiver["until"]) for waiver in data["waivers"]] == [("k-anonymity", "2030-06-30")]


def test_a_folder_with_other_files_is_left_alone_and_an_earlier_demo_is_renewed(config: Config, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match=r"holds 'thesis.txt', which is not the demo's"):
        make_demo(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]
    assert make_demo(config.folder, waiver_until=date(2030, 6, 30)).name == "audit.yaml"


def test_the_cache_of_an_earlier_demo_is_the_demos_own(config: Config) -> None:
    cache = config.folder / ".auditkit-cache"
    cache.mkdir()
    try:
        assert make_demo(config.folder, waiver_until=date(2030, 6, 30)).name == "audit.yaml"
    finally:
        cache.rmdir()


def test_what_was_edited_in_an_earlier_demo_stays(config: Config) -> None:
    policy = config.folder / "policy.yaml"
    before = policy.read_text()
    policy.write_text(before.replace("min: 0.8", "min: 0.7"))
    try:
        make_demo(config.folder)
        assert policy.read_text() != before
    finally:
        policy.write_text(before)
