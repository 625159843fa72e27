"""Halves, scores and rates of attacks with shadow models, by definition and by simulation."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from auditkit.attacks.calibrated import CLIP, difficulty, lira, log_odds, rmia
from auditkit.attacks.recognised import recognised, tpr_at, tpr_error
from auditkit.attacks.shadows import Shadows, complementary_halves, train_shadows
from auditkit.attacks.side_by_side import done
from auditkit.attacks.steps import listening
from auditkit.attacks.threshold import attack_auc
from auditkit.attacks.training_again import trainer
from auditkit.errors import ModelError, NotApplicable
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


def test_calibrated_log_odds_are_the_targets_less_the_mean_of_the_shadows() -> None:
    rng = np.random.default_rng(0)
    target, seen = rng.uniform(0.1, 0.9, 30), rng.uniform(0.1, 0.9, (8, 30))
    found = difficulty(target, Shadows(seen, rng.random((8, 30)) < 0.5))
    np.testing.assert_allclose(found, np.log(target / (1 - target)) - np.log(seen / (1 - seen)).mean(axis=0))
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


# -------------------------------------------------------------- training them


def noise(places: np.ndarray, number: int) -> np.ndarray:
    return np.random.default_rng(number).random(6) + places.sum()


def test_the_number_of_processes_changes_nothing() -> None:
    halves = complementary_halves(np.zeros(6, dtype=np.int64), 4, np.random.default_rng(0))
    alone, beside = (train_shadows(noise, halves, 60.0, at_once) for at_once in (1, 3))
    assert not alone.cut and (alone.confidence == beside.confidence).all() and (alone.inside == halves).all()


def test_without_time_the_first_pairs_are_the_same_and_it_says_that_they_were_cut() -> None:
    halves = complementary_halves(np.zeros(6, dtype=np.int64), 4, np.random.default_rng(0))
    whole, cut = train_shadows(noise, halves, 60.0), train_shadows(noise, halves, 0.0)
    assert cut.cut and cut.confidence.shape == (2, 6)
    assert (cut.confidence == whole.confidence[:2]).all() and (cut.inside == halves[:2]).all()


def test_each_shadow_is_told_with_the_time_left() -> None:
    heard: list[tuple[int, int]] = []
    halves = complementary_halves(np.zeros(6, dtype=np.int64), 3, np.random.default_rng(0))
    with listening(lambda step: heard.append((step.done, step.total))):
        train_shadows(noise, halves, 60.0, 2)
    assert heard == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


@pytest.mark.parametrize("at_once", [1, 2])
def test_what_training_raises_is_told_in_one_line_without_the_rows(at_once: int) -> None:
    def fails(place: int) -> np.ndarray:
        raise RuntimeError("no such\ncolumn as 'Ada Byron'")

    with pytest.raises(ModelError, match=r"^RuntimeError: no such column as '…'$"):
        list(done(fails, range(3), at_once))


def test_a_process_that_dies_is_told_with_its_code() -> None:
    with pytest.raises(ModelError, match="its process ended with code 7"):
        list(done(lambda place: os._exit(7), range(2), 2))


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_no_shadow_outlives_a_process_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\nfrom auditkit.attacks.side_by_side import done\n"
        "def work(place):\n    print(os.getpid(), flush=True)\n    time.sleep(60)\n"
        "list(done(work, range(2), 2))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = {parent.stdout.readline() for _ in range(2)}
        parent.kill()
        # The output comes to its end only when no process holds the other end of the pipe.
        assert len(children) == 2 and parent.communicate(timeout=20) == ("", None)


def test_boosted_trees_with_threads_of_their_own_are_trained_side_by_side() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    inputs, truth = rng.normal(size=(200, 3)), rng.integers(0, 2, 200)
    model = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=2, verbose=-1).fit(inputs, truth)
    train = trainer(model, 0)
    pieces = done(lambda place: train(inputs, truth, place).predict_proba(inputs)[:, 1], range(2), 2)
    assert len({piece.place for piece in pieces}) == 2


def test_clones_without_a_seed_get_one_each_and_a_seed_that_was_given_is_kept() -> None:
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    inputs, truth = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)

    def answer(seed: int | None, number: int) -> np.ndarray:
        model = RandomForestClassifier(5, random_state=seed, n_jobs=2).fit(inputs, truth)
        return np.asarray(trainer(model, 1)(inputs, truth, number).predict_proba(inputs))

    assert (answer(None, 0) == answer(None, 0)).all() and (answer(None, 0) != answer(None, 1)).any()
    assert (answer(3, 0) == answer(3, 1)).all()


def test_a_part_that_was_trained_before_is_not_called_a_shadow() -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    rng = np.random.default_rng(0)
    inputs, truth = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    model = LogisticRegression().fit(inputs, truth)
    with pytest.raises(NotApplicable, match="trained before"):
        trainer(CalibratedClassifierCV(FrozenEstimator(model)).fit(inputs, truth), 0)
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0]}).fit(inputs, truth)
    assert type(trainer(search, 0)(inputs, truth, 0)) is LogisticRegression


# ---------------------------------------------------------------------- rates


def test_a_rate_lets_no_more_outsiders_through_than_it_says() -> None:
    outsiders = np.arange(1000.0)
    assert tpr_at(np.array([989.0, 990.0, 1000.0]), outsiders, 0.01) == pytest.approx(2 / 3)
    ties = np.zeros(1000)
    assert tpr_at(np.ones(10), ties, 0.01) == 1.0 and tpr_at(np.zeros(10), ties, 0.01) == 0.0


def test_the_error_of_a_rate_is_that_of_a_bootstrap_that_draws_rows() -> None:
    rng = np.random.default_rng(5)
    members, outsiders = np.round(rng.normal(1, 1, 300), 1), np.round(rng.normal(size=400), 1)
    rates = []
    for _ in range(4000):
        drawn = members[rng.integers(0, 300, 300)], outsiders[rng.integers(0, 400, 400)]
        rates.append(np.clip(tpr_at(*drawn, 0.05), 0.5 / 301, 1 - 0.5 / 301))
    odds = np.log(np.array(rates) / (1 - np.array(rates)))
    value, error = tpr_error(members, outsiders, 0.05, rng, draws=20_000)
    assert value == tpr_at(members, outsiders, 0.05)
    assert error == pytest.approx(odds.std(ddof=1), rel=0.05)


def test_rows_are_named_only_if_few_others_would_be_named_with_them() -> None:
    outsiders = np.arange(1000.0)
    assert recognised(np.full(1000, 2000.0), outsiders, 0.05) == (1000, 0)
    assert recognised(outsiders, outsiders, 0.05) == (0, 0)
    # 100 stand out; (1 + F) <= 0.05 T lets at most 4 others in
    members = np.concatenate([np.full(100, 995.0), outsiders[:900] - 5000])
    assert recognised(members, outsiders, 0.05) == (0, 0)
    assert recognised(members + 1, outsiders, 0.05) == (100, 4)
    with pytest.raises(ValueError, match="equally many"):
        recognised(members, outsiders[1:], 0.05)


@pytest.mark.statistics
@pytest.mark.parametrize("ties", [False, True])
def test_an_attack_that_knows_nothing_names_anyone_in_at_most_one_audit_of_twenty(ties: bool) -> None:
    rng, named, trials = np.random.default_rng(8), 0, 4000
    for _ in range(trials):
        scores = rng.normal(size=(2, 300))
        named += recognised(*(np.round(scores, 1) if ties else scores), 0.05)[0] > 0
    assert named <= 254  # of 4,000 at most 5 %: one-sided exact p of more below .0001


@pytest.mark.statistics
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_the_interval_of_a_rate_covers_though_its_threshold_is_an_estimate(shift: float) -> None:
    rng = np.random.default_rng(2)
    truth = norm.sf(norm.isf(0.01) - shift)
    covered, trials = 0, 400
    for _ in range(trials):
        members, outsiders = rng.normal(shift, 1, 2000), rng.normal(size=2000)
        value, error = tpr_error(members, outsiders, 0.01, rng)
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


@pytest.fixture
def one_core() -> Iterator[None]:
    """Where models are small, to fork a process for each takes longer than to train it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


@pytest.mark.statistics
@pytest.mark.usefixtures("one_core")
def test_the_interval_covers_one_half_for_two_hundred_real_null_targets() -> None:
    """Logistic regressions that saw neither table, attacked with four shadows each."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from auditkit.auditors.privacy.membership_inference import membership_inference
    from auditkit.finding import Measure
    from auditkit.subject import Subject

    covered = low = high = named = 0
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
        low += most.lower(0.975) <= 0.5
        high += most.upper(0.975) >= 0.5
        named += by_name["rows_recognised"].value != 0
    # Of 200: two-sided 95 %, each side 97.5 %, names in at most 5 %; the exact one-sided p of less is below .001.
    assert covered >= 179 and low >= 187 and high >= 187 and named <= 21
