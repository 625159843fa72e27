from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from auditkit.errors import ModelError
from auditkit.models.loading import load_model

FRAME = pd.DataFrame({"age": np.arange(40.0)})
LABEL = np.where(FRAME["age"] > 20, "yes", "no")


def fitted() -> Any:
    return LogisticRegression().fit(FRAME, LABEL)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        RandomForestClassifier(3),
        HistGradientBoostingClassifier(max_iter=2),
        LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1),
    ],
)
def test_a_skops_file_predicts_as_the_model_in_it(tmp_path: Path, estimator: Any) -> None:
    estimator.fit(FRAME, LABEL)
    skops.io.dump(estimator, tmp_path / "m.skops")
    model = load_model("m.skops", tmp_path, allow_code=False)
    assert (model.probabilities(FRAME) == estimator.predict_proba(FRAME)).all()
    assert model.digest == sha256(tmp_path / "m.skops")
    assert list(model.trusted_types) == skops.io.get_untrusted_types(file=tmp_path / "m.skops")


def test_a_skops_file_with_a_foreign_type_is_refused_until_it_is_trusted(tmp_path: Path) -> None:
    step = FunctionTransformer(joblib.hash, validate=False)
    skops.io.dump(make_pipeline(step, LogisticRegression()), tmp_path / "m.skops")
    with pytest.raises(ModelError, match=r"not trusted: joblib.hashing.hash; to allow them write trusted: \[joblib"):
        load_model("m.skops", tmp_path)
    with pytest.raises(ModelError, match="is not trained"):
        load_model({"file": "m.skops", "trusted": ["joblib.hashing.hash"]}, tmp_path)


def test_a_function_of_a_known_package_is_not_trusted_by_itself(tmp_path: Path) -> None:
    step = FunctionTransformer(np.testing.assert_equal)
    skops.io.dump(make_pipeline(step, LogisticRegression()), tmp_path / "m.skops")
    with pytest.raises(ModelError, match=r"not trusted: numpy.testing"):
        load_model("m.skops", tmp_path)


def test_a_skops_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m.skops").write_text("no zip")
    with pytest.raises(ModelError, match=r"'m.skops' is no skops file .BadZipFile"):
        load_model("m.skops", tmp_path)


def test_a_changed_skops_file_is_refused(tmp_path: Path) -> None:
    skops.io.dump(fitted(), tmp_path / "m.skops")
    with pytest.raises(ModelError, match=r"'m.skops' has the SHA-256 [0-9a-f]{64}, wanted 00"):
        load_model({"file": "m.skops", "sha256": "0" * 64}, tmp_path)


@pytest.mark.parametrize("name", ["m.joblib", "m.pkl", "m.pickle"])
def test_a_pickle_is_loaded_only_with_its_digest(tmp_path: Path, name: str) -> None:
    joblib.dump(fitted(), tmp_path / name)
    digest = sha256(tmp_path / name)
    model = load_model({"file": name, "sha256": digest.upper()}, tmp_path)
    assert model.digest == digest
    assert (model.predict(FRAME) == fitted().predict(FRAME)).all()
    with pytest.raises(ModelError, match=f"unpickling runs code.* write sha256: {digest}"):
        load_model(name, tmp_path)
    with pytest.raises(ModelError, match=f"has the SHA-256 {digest}, wanted 00"):
        load_model({"file": name, "sha256": "0" * 64}, tmp_path)
    with pytest.raises(ModelError, match="is refused: unpickling runs code"):
        load_model({"file": name, "sha256": digest}, tmp_path, allow_code=False)


class Touches:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_refused_pickle_runs_nothing(tmp_path: Path) -> None:
    joblib.dump(Touches(tmp_path / "ran"), tmp_path / "m.joblib")
    for spec in ("m.joblib", {"file": "m.joblib", "sha256": "0" * 64}):
        with pytest.raises(ModelError):
            load_model(spec, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_python_function_is_imported_from_the_folder_only(tmp_path: Path) -> None:
    (tmp_path / "their_model.py").write_text("def score(frame):\n    return frame['age'] / 40\n")
    before = list(sys.path)
    model = load_model({"python": "their_model:score"}, tmp_path)
    assert sys.path == before
    assert model.description == "function score" and model.has_scores
    assert model.probabilities(FRAME).shape == (40, 2)


def test_two_folders_may_have_modules_of_one_name(tmp_path: Path) -> None:
    digests = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "same_name.py").write_text(f"def score(frame):\n    return frame['age'] * 0 + 0.{number}\n")
        model = load_model({"python": "same_name:score"}, folder)
        assert model.probabilities(FRAME)[0, 1] == pytest.approx(number / 10)
        digests.append(model.digest)
    assert digests[0] != digests[1]


def test_a_class_without_arguments_is_made(tmp_path: Path) -> None:
    (tmp_path / "class_model.py").write_text(
        "class M:\n    classes_ = ['no', 'yes']\n    def predict(self, frame):\n        return ['yes'] * len(frame)\n"
    )
    model = load_model({"python": "class_model:M"}, tmp_path)
    assert model.classes == ("no", "yes") and set(model.predict(FRAME)) == {"yes"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"python": "broken_model:score"}, "importing 'broken_model' raised ZeroDivisionError"),
        ({"python": "fine_model:scroe"}, "module 'fine_model' has no 'scroe'. Did you mean 'score'?"),
        ({"python": "fine_modle:score"}, "there is no module 'fine_modle' .* Did you mean 'fine_model'?"),
        ({"python": "lacking_model:score"}, "no module 'not_there_at_all' .* imported by 'lacking_model': install it"),
        ({"python": "fine_model"}, "is no module:name"),
        ({"python": "numpy:score"}, "a module 'numpy' is already imported from elsewhere; rename numpy.py"),
        ({"python": "fine_model:score", "file": "m.skops"}, "names python and a file"),
        ({"fiel": "m.skops"}, "model has no key 'fiel'. Did you mean 'file'?"),
        ({}, "model needs file: a text, got None"),
        ({"file": 3}, "model needs file: a text, got 3"),
        ({"file": "fine_model.skops", "trusted": "x"}, "trusted is 'x'; write a list"),
        ("fine_model:score", "is no file; for Python code write model: {python: 'fine_model:score'}"),
        ("m.onnx", "has the suffix '.onnx'; use .skops"),
        ("fine_modl.skops", "no model file 'fine_modl.skops'. Did you mean 'fine_model.skops'?"),
        ("folder.skops", "is a folder"),
    ],
)
def test_a_wrong_specification_is_an_error_of_one_line(tmp_path: Path, spec: Any, message: str) -> None:
    (tmp_path / "broken_model.py").write_text("1 / 0\n")
    (tmp_path / "lacking_model.py").write_text("import not_there_at_all\n")
    (tmp_path / "numpy.py").write_text("")
    (tmp_path / "fine_model.py").write_text("def score(frame):\n    return frame['age'] * 0\n")
    (tmp_path / "fine_model.skops").write_text("")
    (tmp_path / "folder.skops").mkdir()
    with pytest.raises(ModelError, match=message) as caught:
        load_model(spec, tmp_path)
    assert "\n" not in str(caught.value)


def test_python_code_is_refused_where_code_is_not_allowed(tmp_path: Path) -> None:
    (tmp_path / "refused_model.py").write_text("raise SystemError\n")
    with pytest.raises(ModelError, match="is not loaded, since importing runs code"):
        load_model({"python": "refused_model:score"}, tmp_path, allow_code=False)
