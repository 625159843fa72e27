"""Halves, scores and rates of attacks with shadow models, by definition and by simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from auditkit.attacks.shadows import CLIP, Shadows, complementary_halves, lira, rmia, tpr_at, tpr_error
from auditkit.attacks.threshold import attack_auc
from auditkit.stats.comparisons import Extreme
from auditkit.stats.uncertainty import AreaUnderCurve, Normal


def test_each_row_is_in_half_of_the_shadows_and_labels_are_split_evenly() -> None:
    labels = np.repeat([0, 1, 2], [50, 31, 1])
    halves = complementary_halves(labels, 4, np.random.default_rng(0))
    assert (halves.sum(axis=0) == 4).all()
    for label in (0, 1):
        sizes = halves[:, labels == label].sum(axis=1)
        assert np.ptp(sizes) <= 1


def test_rmia_is_the_ratio_to_the_mean_and_ranks_like_the_share_of_rows_below() -> None:
    rng = np.random.default_rng(0)
    target, others = rng.random(50), rng.random((6, 50))
    made = Shadows(others, rng.random((6, 50)) < 0.5)
    ratio = rmia(target, made)
    np.testing.assert_allclose(ratio, target / others.mean(axis=0))
    share = np.array([(one >= ratio).mean() for one in ratio])  # RMIA's own score at γ = 1
    assert (np.argsort(ratio, kind="stable") == np.argsort(share, kind="stable")).all()


def test_lira_is_the_log_ratio_of_two_normal_densities() -> None:
    rng = np.random.default_rng(0)
    target, seen = rng.uniform(0.1, 0.9, 30), rng.uniform(0.1, 0.9, (8, 30))
    inside = complementary_halves(np.zeros(30, dtype=np.int64), 4, rng)
    found = lira(target, Shadows(seen, inside))
    odds, own = np.log(seen / (1 - seen)), np.log(target / (1 - target))
    means = [np.array([odds[inside[:, i] == k, i].mean() for i in range(30)]) for k in (True, False)]
    variances = [
        sum(((odds[inside[:, i] == k, i] - means[1 - k][i]) ** 2).sum() for i in range(30)) / (4 * 30 - 30)
        for k in (True, False)
    ]
    expected = norm.logpdf(own, means[0], np.sqrt(variances[0])) - norm.logpdf(own, means[1], np.sqrt(variances[1]))
    np.testing.assert_allclose(found, expected)
    assert np.isfinite(lira(np.array([0.0, 1.0] * 15), Shadows(seen, inside))).all() and 0 < CLIP < 0.01


def test_a_rate_lets_no_more_outsiders_through_than_it_says() -> None:
    outsiders = np.arange(1000.0)
    assert tpr_at(np.array([989.0, 990.0, 1000.0]), outsiders, 0.01) == pytest.approx(2 / 3)
    ties = np.zeros(1000)
    assert tpr_at(np.ones(10), ties, 0.01) == 1.0 and tpr_at(np.zeros(10), ties, 0.01) == 0.0


@pytest.mark.statistics
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_the_interval_of_a_rate_covers_though_its_threshold_is_an_estimate(shift: float) -> None:
    rng = np.random.default_rng(2)
    truth = norm.sf(norm.isf(0.01) - shift)
    covered, trials = 0, 400
    for _ in range(trials):
        members, outsiders = rng.normal(shift, 1, 2000), rng.normal(size=2000)
        value, error = tpr_error(members, outsiders, 0.01, rng, draws=150)
        low, high = Normal(value, error, "logit", None, 0.0, 1.0).limits(1.96)
        covered += low <= truth <= high
    assert 0.90 <= covered / trials <= 0.99


@pytest.mark.statistics
def test_of_two_hundred_targets_that_saw_nothing_few_are_accused() -> None:
    """Three correlated attacks on null scores: the lower bound of the largest is above one half in at most 5 %."""
    rng, accused, naive, trials = np.random.default_rng(4), 0, 0, 600
    for _ in range(trials):
        base = rng.normal(size=(2, 500))
        areas = []
        for _ in range(3):
            members, outsiders = base + 0.7 * rng.normal(size=(2, 500))
            auc, error = attack_auc(members, outsiders)
            areas.append(AreaUnderCurve(auc, 500, 500, error))
        accused += Extreme("max", tuple(areas)).lower(0.95) > 0.5
        naive += max(area.lower(0.95) for area in areas) > 0.5
    assert accused / trials <= 0.065 < naive / trials


@pytest.mark.statistics
def test_the_interval_covers_one_half_for_two_hundred_real_null_targets() -> None:
    """Logistic regressions that saw neither table, attacked with four shadows each."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from auditkit.auditors.privacy.membership_inference import membership_inference
    from auditkit.finding import Measure
    from auditkit.subject import Subject

    covered = largest = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        frames = []
        for _ in range(3):
            frame = pd.DataFrame(rng.normal(size=(150, 4)), columns=list("abcd"))
            frames.append(frame.assign(y=(frame["a"] + rng.normal(size=150) > 0).astype(int)))
        model = LogisticRegression().fit(frames[2][list("abcd")], frames[2]["y"])
        found = membership_inference.run(Subject(frames[0], train=frames[1], model=model, label="y"), {"shadows": 4})
        by_name = {item.name: item for item in found if isinstance(item, Measure)}
        plain, most = by_name["auc"].interval, by_name["largest_auc"].uncertainty
        assert plain is not None and most is not None
        covered += plain.low <= 0.5 <= plain.high
        largest += most.lower(0.975) <= 0.5
    assert covered >= 182 and largest >= 188  # of 200: 95 % and 97.5 % promised
