"""Generalized entropy and Theil: values by hand and by row, groups, edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.finding import Finding
from auditkit.subject import Subject

ID = "fairness.generalized_entropy"


def run(frame: pd.DataFrame, sensitive: list[str], favorable: int = 1, **options: float) -> Finding:
    subject = Subject(frame, label="y", prediction="p", positive=1, favorable=favorable, sensitive=sensitive)
    return audit(subject, only=[ID], options={ID: options}, progress=False)[ID]


def by_row(benefit: np.ndarray, alpha: float) -> float:
    """The definition, one person at a time."""
    relative = benefit / benefit.mean()
    if alpha == 1:
        return float(np.mean([r * np.log(r) if r else 0.0 for r in relative]))
    return float(np.mean(relative**alpha - 1) / (alpha * (alpha - 1)))


@pytest.mark.parametrize(("name", "sensitive"), [("german", ["sex", "age_group"]), ("compas", ["race"])])
@pytest.mark.parametrize("alpha", [2.0, 3.0, 0.5, 1.0])
def test_tally_gives_what_the_definition_gives_row_by_row(
    data_folder: Path, name: str, sensitive: list[str], alpha: float
) -> None:
    frame = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    frame = frame.rename(columns={"y_true": "y", "y_pred": "p"})
    favorable = 0 if name == "compas" else 1
    finding = run(frame, sensitive, favorable, alpha=alpha)
    benefit = 1.0 + (frame.p == favorable) - (frame.y == favorable)
    assert finding.measure("generalized_entropy").value == pytest.approx(by_row(benefit.to_numpy(), alpha), abs=1e-12)
    assert finding.measure("theil").value == pytest.approx(by_row(benefit.to_numpy(), 1), abs=1e-12)
    for column in sensitive:
        means = benefit.groupby(frame[column]).transform("mean").to_numpy()
        share = by_row(means, alpha) / by_row(benefit.to_numpy(), alpha)
        assert finding.measure("between_group_share", over=column).value == pytest.approx(share, abs=1e-12)


def test_groups_that_fare_alike_have_no_share_between_them() -> None:
    frame = pd.DataFrame({"y": [1, 1, 0, 0] * 20, "p": [1, 0, 1, 0] * 20, "g": (["a"] * 4 + ["b"] * 4) * 10})
    finding = run(frame, ["g"])
    assert finding.measure("between_group_share", over="g").value == 0.0
    assert finding.measure("generalized_entropy").value == 0.25


def test_a_model_without_errors_has_no_inequality_and_no_share_of_it() -> None:
    frame = pd.DataFrame({"y": [1, 0] * 40, "p": [1, 0] * 40, "g": ["a"] * 40 + ["b"] * 40})
    finding = run(frame, ["g"])
    assert finding.measure("generalized_entropy").status == "insufficient"
    assert finding.measure("between_group_share", over="g").status == "undefined"


def test_nobody_with_a_benefit_is_undefined() -> None:
    frame = pd.DataFrame({"y": [1, 1, 0, 0], "p": [0, 0, 1, 1], "g": ["a", "b"] * 2})
    flipped = run(frame.assign(p=[0, 0, 0, 0], y=[1, 1, 1, 0]).iloc[:4], ["g"], alpha=0.0)
    assert flipped.measure("generalized_entropy").status == "undefined"


@pytest.mark.parametrize("alpha", [2.0, 1.0, 0.5])
def test_weights_count_rows_as_often_as_they_say(alpha: float) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"y": rng.integers(0, 2, 300), "p": rng.integers(0, 2, 300), "g": rng.choice(["a", "b"], 300)})
    frame["w"] = rng.integers(1, 4, 300)
    many = run(frame.loc[frame.index.repeat(frame.w)].reset_index(drop=True).drop(columns="w"), ["g"], alpha=alpha)
    subject = Subject(frame, label="y", prediction="p", positive=1, favorable=1, sensitive=["g"], weight="w")
    weighted = audit(subject, only=[ID], options={ID: {"alpha": alpha}}, progress=False)[ID]
    for name, over in (("generalized_entropy", ()), ("theil", ()), ("between_group_share", "g")):
        assert weighted.measure(name, over=over).value == pytest.approx(many.measure(name, over=over).value, abs=1e-12)
    wide, narrow = (f.measure("generalized_entropy").interval for f in (weighted, many))
    assert wide is not None
    assert narrow is not None
    assert wide.high - wide.low > narrow.high - narrow.low


# What aif360 0.6.1 gives for the same predictions: generalized_entropy_error and between_group_generalized_entropy_error.
AIF360 = {
    "german": (1, 0.07874805079082206, 0.09242335684568583, {"sex": 0.00011975807194531341, "age_group": 4.4775379314032635e-05}),
    "compas": (0, 0.12715099435387378, 0.16762732124239169, {"race": 0.0010401271403835677, "sex": 0.00014912167450254618}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(AIF360))
def test_figures_are_those_of_aif360(data_folder: Path, name: str) -> None:
    favorable, entropy, theil, between = AIF360[name]
    frame = pd.read_csv(data_folder / name / "oracle_predictions.csv.gz", keep_default_na=False)
    finding = run(frame.rename(columns={"y_true": "y", "y_pred": "p"}), list(between), favorable)
    assert finding.measure("generalized_entropy").value == pytest.approx(entropy, abs=1e-12)
    assert finding.measure("theil").value == pytest.approx(theil, abs=1e-12)
    for column, part in between.items():
        assert finding.measure("between_group_share", over=column).value == pytest.approx(part / entropy, abs=1e-12)
