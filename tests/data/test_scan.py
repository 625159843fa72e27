"""Rows in their files are counted as rows in memory are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auditkit as ak
from auditkit.errors import DataError, NotApplicable
from auditkit.subject import Subject
from auditkit.tally import LABEL, PREDICTION

BINS = {"age": [25, 40]}


def people(rows: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m", None], rows, p=[0.5, 0.4, 0.1]),
            'a "race"': rng.choice(["it's", "x,y", "ü"], rows),
            "age": rng.choice([24.0, 25.0, 39.9, 40.0, np.nan], rows),
            "member": rng.choice([True, False], rows),
            "y": rng.choice(["no", "yes"], rows),
            "p": rng.choice(["no", "yes"], rows),
            "w": rng.choice([0.25, 1.0, 7.5], rows),
            "c": rng.integers(0, 500, rows),
        }
    )
    return frame.assign(s=np.round(rng.random(rows), 2))


@pytest.fixture(scope="module", params=["parquet", "csv", "parts"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("it's")
    frame = people()
    if request.param == "parts":
        for part in range(3):
            frame.iloc[part::3].to_parquet(folder / f"{part}.parquet")
        return str(folder)
    path = folder / f"rows.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return str(path)


@pytest.mark.parametrize("roles", [{}, {"weight": "w"}, {"cluster": "c"}, {"weight": "w", "cluster": "c"}])
def test_counted_in_place_equals_counted_in_memory(place: str, roles: dict) -> None:
    by = ["sex", 'a "race"', "age", "member"]
    in_place = ak.count_rows(place, by, label="y", prediction="p", bins=BINS, **roles)
    in_memory = ak.count_rows(people(), by, label="y", prediction="p", bins=BINS, **roles)
    assert in_place == in_memory


def test_a_subject_in_place_measures_what_one_in_memory_does(place: str) -> None:
    roles = {"label": "y", "score": "s", "favorable": "yes", "sensitive": ["sex", 'a "race"', "age"], "bins": BINS}
    families = ["fairness.demographic_parity", "fairness.equalized_odds", "performance.classification"]
    families.append("performance.calibration")
    one = ak.audit(Subject(ak.scan(place), **roles), only=families, progress=False)
    two = ak.audit(Subject(people(), **roles), only=families, progress=False)
    assert [f.status for f in one.findings] == [f.status for f in two.findings]
    ours, theirs = one.measures, two.measures
    assert len(ours) == len(theirs) > 100
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)


def test_what_needs_rows_says_so(place: str) -> None:
    subject = Subject(ak.scan(place), label="y", prediction="p", favorable="yes", sensitive=["sex"])
    with pytest.raises(NotApplicable, match="stay in their files"):
        subject.table()
    assert ak.audit(subject, only=["privacy.k_anonymity"], progress=False).findings[0].status == "not applicable"


def test_a_sample_does_not_depend_on_the_order_of_the_files(tmp_path: Path) -> None:
    frame = people(500)
    frame.to_parquet(tmp_path / "one.parquet")
    frame.sample(frac=1, random_state=1).to_parquet(tmp_path / "two.parquet")
    samples = [
        Subject(ak.scan(tmp_path / name), label="y", prediction="p", favorable="yes", sensitive=["sex"]).sample(50)
        for name in ("one.parquet", "two.parquet")
    ]
    assert len(samples[0]) == 50
    pd.testing.assert_frame_equal(*samples)


def test_a_model_answers_batch_by_batch(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"]).assign(g=rng.choice(["u", "v"], 400))
    frame["y"] = (frame.a + rng.normal(size=400) > 0).astype(int)
    frame.to_parquet(tmp_path / "rows.parquet")
    model = LogisticRegression().fit(frame[["a", "b"]], frame.y)
    roles = {"label": "y", "favorable": 1, "sensitive": ["g"], "model": model}
    one, two = (Subject(rows, **roles) for rows in (ak.scan(tmp_path / "rows.parquet"), frame))
    assert one.tally(["g"]) == two.tally(["g"])
    for mine, theirs in zip(one.scores(["g"]).cells, two.scores(["g"]).cells, strict=True):
        assert [m.tolist() for m in mine] == [t.tolist() for t in theirs]


def test_errors_of_a_regression_are_the_same_in_place(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"y": rng.normal(50, 9, 700), "g": rng.choice(["u", "v"], 700)})
    frame["p"] = frame.y + rng.normal(size=700)
    frame.to_parquet(tmp_path / "rows.parquet")
    roles = {"label": "y", "prediction": "p", "sensitive": ["g"], "task": "regression"}
    one, two = (Subject(rows, **roles) for rows in (ak.scan(tmp_path / "rows.parquet"), frame))
    assert one.error_tally(["g"]) == two.error_tally(["g"])


def test_many_scores_are_measured_on_the_grid_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"s": rng.random(5000), "g": rng.choice(["u", "v"], 5000)})
    frame["y"] = (rng.random(5000) < frame.s).astype(int)
    frame.to_parquet(tmp_path / "rows.parquet")
    for module in ("auditkit.scanned", "auditkit.score_tally"):
        monkeypatch.setattr(f"{module}.MOST_SCORES", 1000)
    subject = Subject(ak.scan(tmp_path / "rows.parquet"), label="y", score="s", favorable=1, sensitive=["g"])
    found = ak.audit(subject, only=["performance.classification"], progress=False).findings[0]
    from sklearn.metrics import roc_auc_score

    assert not subject.scores().exact
    assert "certified to be off by at most" in found.measure("roc_auc").interval.method
    assert found.measure("roc_auc").value == pytest.approx(roc_auc_score(frame.y, frame.s), abs=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none.parquet", "there is no file 'none.parquet'"),
        (lambda folder: (folder / "a.xlsx").write_text("x") and folder / "a.xlsx", "wanted Parquet or CSV alone"),
        (lambda folder: (folder / "a.parquet").write_text("x") and folder / "a.parquet", "mend the files"),
    ],
)
def test_files_that_cannot_be_scanned_get_one_line(tmp_path: Path, make: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        ak.scan(make(tmp_path))  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_bad_weights_get_one_line(tmp_path: Path) -> None:
    frame = people(100)
    frame.assign(w=-1.0).to_parquet(tmp_path / "a.parquet")
    frame.assign(w=np.nan).to_parquet(tmp_path / "b.parquet")
    for name in ("a", "b"):
        with pytest.raises(DataError, match="weight"):
            ak.count_rows(tmp_path / f"{name}.parquet", ["sex"], label="y", weight="w")
    with pytest.raises(DataError, match="below 0"):
        ak.count_rows(frame.assign(w=-1.0), ["sex"], label="y", weight="w")
    with pytest.raises(DataError, match="multiply them all"):
        ak.count_rows(frame.assign(w=1e-6), ["sex"], label="y", weight="w")


def test_binned_columns_are_compared_in_the_order_of_their_bins() -> None:
    found = ak.count_rows(people(), ["age"], label="y", bins=BINS)
    names = [str(group) for group in found.groups(["age"])]
    assert names == ["under 25", "25 to under 40", "40 and over", "(missing)"]
    assert found.axis(LABEL).values == ("no", "yes")
    assert PREDICTION not in found.names
