"""audit.yaml becomes a Config with defaults and resolved paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.config import Config, ModelSpec, load_config
from auditkit.errors import ConfigurationError

AUDIT = """\
name: income
model: model.skops
data: {test: test.parquet, train: train.csv}
columns:
  label: income
  favorable: ">50K"
  sensitive: sex
policy: policy.yaml
"""


def load(folder: Path, text: str) -> Config:
    for name in ("model.skops", "test.parquet", "train.csv", "policy.yaml"):
        (folder / name).touch()
    (folder / "audit.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "audit.yaml")


def test_defaults_are_filled_in_and_paths_resolved(tmp_path: Path) -> None:
    config = load(tmp_path, AUDIT)
    assert config.model == ModelSpec(file=tmp_path / "model.skops")
    assert (config.test, config.train) == (tmp_path / "test.parquet", tmp_path / "train.csv")
    assert config.policy == tmp_path / "policy.yaml"
    assert config.columns == {"label": "income", "favorable": ">50K", "sensitive": ["sex"]}
    assert (config.seed, config.skip, config.timeout, config.score_kind) == (0, (), 900.0, "probability")
    assert (config.na_values, config.task, config.synthetic, config.disclosure) == (("",), None, False, "internal")


def test_a_model_may_be_absent_pinned_or_made_by_code(tmp_path: Path) -> None:
    assert load(tmp_path, AUDIT.replace("model: model.skops\n", "")).model is None
    pinned = load(tmp_path, AUDIT.replace("model: model.skops", f"model: {{file: model.skops, sha256: {'a' * 64}}}"))
    assert pinned.model == ModelSpec(file=tmp_path / "model.skops", sha256="a" * 64)
    python = load(tmp_path, AUDIT.replace("model: model.skops", 'model: {python: "package.module:name"}'))
    assert python.model == ModelSpec(python="package.module:name")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("model.skops", "modl.skops", 2, "model: no such file: 'modl.skops'. Did you mean 'model.skops'?"),
        ("train.csv", "trian.csv", 3, "data.train: no such file: 'trian.csv'. Did you mean 'train.csv'?"),
        ("test.parquet", "gone/test.parquet", 3, "no such folder for 'gone/test.parquet'"),
        ("policy.yaml", ".", 8, "is a folder"),
        ("sensitive: sex", "sensitve: sex", 7, "unknown key 'sensitve' in columns. Did you mean 'sensitive'?"),
        ("name: income\n", "", 1, "missing key 'name'"),
        ("name: income", "name: income\ntask: binery", 2, "Did you mean 'binary'?"),
        ("model: model.skops", "model: {fil: model.skops}", 2, "unknown key 'fil' in model. Did you mean 'file'?"),
        ("model: model.skops", 'model: {file: model.skops, python: "a:b"}', 2, "got 'file' and 'python' in model"),
        ("model: model.skops", "model: {file: model.skops, sha256: abc}", 2, "got 'abc', wanted text like"),
        ("model: model.skops", "model: {python: ab}", 2, "wanted text like 'package.module:name'"),
        ("model: model.skops", "model: 3", 2, "got 3, wanted text"),
        ("name: income", "name: income\ncarbon: {country: FR}", 2, "got 'FR', wanted text like 'FRA'"),
        ("name: income", "name: income\ncarbon: {country: FRX}", 2, "no grid for the country 'FRX'"),
        ("name: income", "name: income\ncarbon:\n  country: USA\n  region: Texsa", 4, "Nearest: Texas"),
        (
            "name: income",
            "name: income\ntraining: {hours: 1, memory_gb: 8, country: XXX}",
            2,
            "no grid for the country",
        ),
        ("name: income", "name: income\ntraining: {hours: 1}", 2, "training: nothing that takes power; give cpu_cores"),
        ("name: income", "name: income\ntraining: {hours: 1, gpus: 2}", 2, "training: gpus without watts_per_gpu"),
        ("name: income", "name: income\naudit: {seed: -1}", 2, "got -1, wanted a whole number of at least 0"),
        ("name: income", "name: income\naudit: {timeout: 0}", 2, "got 0, wanted a number above 0"),
        ("name: income", "name: income\ncard: {version: 1.10}", 2, "put it in quotes"),
    ],
)
def test_a_mistake_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in AUDIT
    with pytest.raises(ConfigurationError, match=r".") as caught:
        load(tmp_path, AUDIT.replace(old, new, 1))
    assert message in str(caught.value)
    assert caught.value.line == line
    assert str(tmp_path) not in str(caught.value)
