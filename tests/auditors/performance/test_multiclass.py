"""More than two labels: scikit-learn's values, and labels that never occur where they are needed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID = "performance.multiclass"
LABELS = ["cat", "dog", "owl"]


def animals(rows: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    label = rng.choice(LABELS, rows, p=[0.5, 0.3, 0.2])
    guess = np.where(rng.random(rows) < 0.7, label, rng.choice(LABELS, rows))
    return pd.DataFrame({"y": label, "p": guess, "g": rng.choice(["a", "b"], rows)})


def measured(frame: pd.DataFrame) -> Finding:
    subject = Subject(frame, label="y", prediction="p", favorable="cat", sensitive=["g"])
    return audit(subject, only=[ID], progress=False)[ID]


@pytest.mark.parametrize("group", [None, "b"])
def test_macro_values_equal_scikit_learn_s(group: str | None) -> None:
    frame = animals()
    rows, where = (frame, {}) if group is None else (frame[frame.g == group], {"g": group})
    for name, peer in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        value = peer(rows.y, rows.p, average="macro")
        found = measured(frame).measure(f"macro_{name}", where)
        assert found.value == pytest.approx(value, abs=1e-12)
        assert found.interval.low < value < found.interval.high


def test_each_label_against_the_rest_equals_scikit_learn_s() -> None:
    frame, found = animals(), measured(animals())
    for name, peer in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        for label, value in zip(LABELS, peer(frame.y, frame.p, average=None), strict=True):
            assert found.measure(name, {"class": label}).value == pytest.approx(value, abs=1e-12)


def test_a_label_that_is_never_predicted_has_no_precision() -> None:
    frame = animals().replace({"p": {"owl": "dog"}})
    found = measured(frame)
    assert found.measure("precision", {"class": "owl"}).status == "undefined"
    assert found.measure("recall", {"class": "owl"}).value == 0
    assert found.measure("macro_precision").status == "undefined"
    assert found.measure("macro_f1").value is not None


def test_two_labels_are_measured_elsewhere() -> None:
    frame = animals().replace("owl", "dog")
    assert measured(frame).status == "not applicable"


def test_each_label_has_its_area_against_the_rest_where_the_model_gives_probabilities() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(800, 3)), columns=["a", "b", "c"])
    frame["y"] = np.array(LABELS)[np.argmax(frame[["a", "b", "c"]].to_numpy() + rng.normal(size=(800, 3)), axis=1)]
    model = LogisticRegression().fit(frame[["a", "b", "c"]], frame["y"])
    subject = Subject(frame, model=model, label="y", favorable="cat")
    found = audit(subject, only=[ID], progress=False)[ID]
    chance = model.predict_proba(frame[["a", "b", "c"]])
    for place, label in enumerate(model.classes_):
        value = roc_auc_score(frame.y == label, chance[:, place])
        area = found.measure("roc_auc", {"class": label})
        assert area.value == pytest.approx(value, abs=1e-12)
        assert area.interval.low < value < area.interval.high
