"""Whether the model tells its training rows from other rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.attacks.shadows import (
    Floats,
    complementary_halves,
    lira,
    pooled,
    rmia,
    shadow_fit,
    tpr_error,
    train_shadows,
)
from auditkit.attacks.threshold import attack_auc, attack_curve, true_label_confidence
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError, InsufficientData, NotApplicable
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure
from auditkit.group_rates import two_sided
from auditkit.stats.comparisons import Extreme
from auditkit.stats.uncertainty import AreaUnderCurve, Normal
from auditkit.subject import Subject

LEVEL = 0.95
LEAST_ROWS = 30
HANLEY_MCNEIL_BELOW = 100
POINTS = 50
FEWEST_OF_GROUP = 100
_ID = "privacy.membership_inference"
_RATES = ((0.01, "tpr_at_1_percent", 1_000), (0.001, "tpr_at_0_1_percent", 10_000))


@dataclass(frozen=True, slots=True, eq=False)
class _Attack:
    """Scores of one attack; higher speaks for membership."""

    name: str
    members: Floats
    outsiders: Floats

    def area(self) -> AreaUnderCurve:
        auc, error = attack_auc(self.members, self.outsiders)
        return AreaUnderCurve(auc, len(self.members), len(self.outsiders), error)


@auditor(
    title="Membership inference",
    needs=("model", "train", "label"),
    measures=("auc", "largest_auc", "tpr_at_1_percent", "tpr_at_0_1_percent", "auc_of_group"),
    slow=True,
)
def membership_inference(
    subject: Subject,
    *,
    max_rows: int = 5000,
    shadows: int = 8,
    shadow_rows: int = 20_000,
    seconds: float = 120.0,
) -> Iterable[Measure | Evidence]:
    r"""How well an attacker who asks the model tells training rows from other rows.

    Parameters
    ----------
    subject : Subject
        With a model, a label and training rows.
    max_rows : int
        At most this many rows of each table are attacked.
    shadows : int
        Shadow models: 4 is quick, 16 thorough, 0 none.
    shadow_rows : int
        Rows of both tables together that shadow models are trained on, half of them each.
    seconds : float
        Time for shadow models; with less, fewer are trained, the finding says so, and its numbers depend on the clock.

    Notes
    -----
    Threshold attack, auc: a row is taken for a training row if the model's probability of its true label (regression:
    minus the absolute error) exceeds a limit. With a model that scikit-learn can clone, two more: RMIA, that probability
    over its mean among shadow models; LiRA, the log ratio of its likelihood under shadows that were trained with the row
    and without. Shadows are clones trained on random complementary halves of training and test rows, so each row is in
    half of them. AUC = P(score of a training row > that of a test row) + 1/2 P(equal); 0.5 knows no more than a coin.
    largest_auc is the largest of all attacks run: its lower bound shares the error among them, its upper is plain.
    tpr_at_1_percent: training rows recognised while 1 % of the others are mistaken, largest of the attacks, from 1,000
    other rows on (0.1 %: 10,000); bootstrap of both, the threshold found anew. auc_of_group: RMIA, or the threshold
    attack, within a group. DeLong on the logit scale (Hanley-McNeil below 100 rows).

    Misleads when
    -------------
    All count records, not retraining: another fit of the same model may give away more or less. Train and test differ for
    other reasons (time, place): the attack then sees that difference. Any model that fits its data at all stands slightly
    above 0.5. An attack that fails bounds nothing.

    References
    ----------
    .. [1] Yeom et al. 2018, doi:10.1109/CSF.2018.00027; Carlini et al. 2022, arXiv:2112.03570; Zarifzadeh et al. 2024,
       arXiv:2312.03262
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    if shadows % 2 or shadows > 64:
        raise ConfigurationError(f"option 'shadows' of {_ID}: got {shadows}, wanted an even number up to 64")
    members, outsiders = subject.sample(max_rows, "train"), subject.sample(max_rows)
    # Samples come in the order of their hashes, so the first rows of one are a sample too.
    inside, outside = _confidences(subject, members), _confidences(subject, outsiders)
    size = min(int(np.isfinite(inside).sum()), int(np.isfinite(outside).sum()))
    if size < LEAST_ROWS:
        raise InsufficientData(f"{size} rows of each table have a usable score; the attack needs {LEAST_ROWS}")
    kept = [np.flatnonzero(np.isfinite(scores))[:size] for scores in (inside, outside)]
    frames = members.iloc[kept[0]], outsiders.iloc[kept[1]]
    attacks = [_Attack("threshold", inside[kept[0]], outside[kept[1]])]
    trained, said, cut = 0, "", False
    if shadows:
        more, trained, said, cut = _by_shadows(subject, frames, attacks[0], shadows, shadow_rows, seconds)
        attacks += more
    auc, error = attack_auc(attacks[0].members, attacks[0].outsiders)
    yield _auc(auc, error, size)
    about = f"{trained} shadow models" if trained else f"no shadow models: {said or 'none were asked for'}"
    for item in _compared(subject, attacks, frames, about):
        if not cut:
            yield item
        elif isinstance(item, Measure):  # what a clock cut short stands outside the digest of the evidence
            yield replace(item, volatile=True)
    yield _curve(attacks[0].members, attacks[0].outsiders, size)


def _confidences(subject: Subject, frame: Any) -> Floats:
    truth = frame[subject.roles.label]
    if subject.task == "regression":
        errors: Floats = -np.abs(truth.to_numpy(np.float64) - np.asarray(subject.predict(frame), np.float64))
        return errors
    return true_label_confidence(subject.predict_probabilities(frame), _classes(subject), truth.tolist())[0]


def _by_shadows(
    subject: Subject, frames: tuple[Any, Any], plain: _Attack, wanted: int, rows: int, seconds: float
) -> tuple[list[_Attack], int, str, bool]:
    """Return the attacks with shadow models, how many were trained, why none were, and whether the time ran out."""
    model = subject.model
    assert model is not None  # the caller looked
    if subject.task == "regression":
        return [], 0, "their scores are of probabilities, and this is a regression", False
    if model.estimator is None:
        return [], 0, "the model only answers, so there is nothing to train again", False
    size = len(plain.members)
    more = max(0, rows // 2 - size)
    others = [subject.sample(size + more, which).iloc[size:] for which in ("train", "test")] if more else []
    pool = pooled([*frames, *others])
    truth = pool[subject.roles.label]
    known = truth.notna().to_numpy()
    pool, truth = pool[known].reset_index(drop=True), truth[known].reset_index(drop=True)
    attacked = np.flatnonzero(known[: 2 * size])
    if len(attacked) < 2 * size:
        return [], 0, "labels are missing among the rows attacked", False
    inputs = pool[list(subject.features)]
    target = np.concatenate([plain.members, plain.outsiders])
    names = truth.tolist()

    def confidence(trained: Any) -> Floats:
        shares = np.asarray(trained.predict_proba(inputs.iloc[: 2 * size]), dtype=np.float64)
        return np.nan_to_num(true_label_confidence(shares, list(trained.classes_), names[: 2 * size])[0])

    codes = np.unique(np.array([str(name) for name in names]), return_inverse=True)[1].astype(np.int64)
    halves = complementary_halves(codes, wanted // 2, subject.rng(_ID))
    try:
        made = train_shadows(shadow_fit(model.estimator, inputs, truth, confidence), halves, seconds)
    except (TypeError, ValueError, AttributeError) as error:
        return [], 0, f"the model cannot be trained again ({type(error).__name__}: {str(error)[:120]})", False
    made = replace(made, inside=made.inside[:, : 2 * size])
    found = [
        _Attack(name, scores[:size], scores[size:])
        for name, scores in (("RMIA", rmia(target, made)), ("LiRA", lira(target, made)))
    ]
    return found, len(made.confidence), "", made.cut


def _compared(
    subject: Subject, attacks: list[_Attack], frames: tuple[Any, Any], about: str
) -> Iterator[Measure | Evidence]:
    areas = [attack.area() for attack in attacks]
    size = len(attacks[0].members)
    largest = Extreme("max", tuple(areas))
    low, high = (largest.lower((1 + LEVEL) / 2), largest.upper((1 + LEVEL) / 2))
    method = f"largest of {len(areas)} attacks, {about}; over records, not over retraining"
    yield Measure(
        name="largest_auc",
        value=largest.estimate,
        unit="probability",
        direction="lower",
        dataset="none",
        n=2 * size,
        interval=Interval(min(low, largest.estimate), max(high, largest.estimate), LEVEL, "two", "interval", method),
        uncertainty=largest,
    )
    rates = list(_rates(subject, attacks, method))
    yield from rates
    yield from _groups(subject, attacks[1] if len(attacks) > 1 else attacks[0], frames)
    yield _table(attacks, areas, subject, about)


def _rates(subject: Subject, attacks: list[_Attack], method: str) -> Iterator[Measure]:
    size = len(attacks[0].outsiders)
    for rate, name, least in _RATES:
        base = Measure(
            name=name,
            value=None,
            unit="rate",
            direction="lower",
            dataset="none",
            n=2 * size,
            status="insufficient",
            reason=f"{size:,} other rows; {least:,} are needed, so that 10 of them may be mistaken",
        )
        if size < least:
            yield base
            continue
        found = [
            tpr_error(one.members, one.outsiders, rate, subject.rng(f"{_ID}.{name}.{one.name}")) for one in attacks
        ]
        members = tuple(Normal(value, error, "logit", None, 0.0, 1.0) for value, error in found)
        largest = Extreme("max", members)
        value = largest.estimate
        low, high = largest.lower((1 + LEVEL) / 2), largest.upper((1 + LEVEL) / 2)
        interval = Interval(min(low, value), max(high, value), LEVEL, "two", "interval", f"bootstrap, {method}")
        yield replace(base, value=value, status="measured", reason=None, interval=interval, uncertainty=largest)


def _groups(subject: Subject, attack: _Attack, frames: tuple[Any, Any]) -> Iterator[Measure]:
    for column in subject.roles.sensitive:
        labels = [_groups_of(subject, frame, column) for frame in frames]
        for value in sorted({*labels[0].tolist(), *labels[1].tolist()}, key=str):
            inside, outside = (np.array([one == value for one in found.tolist()]) for found in labels)
            if min(int(inside.sum()), int(outside.sum())) < FEWEST_OF_GROUP:
                continue
            area = _Attack(attack.name, attack.members[inside], attack.outsiders[outside]).area()
            yield Measure(
                name="auc_of_group",
                value=area.value,
                unit="probability",
                direction="lower",
                dataset="none",
                group=Group.of({column: value}),
                n=int(inside.sum() + outside.sum()),
                interval=two_sided(area, f"{attack.name}, DeLong, logit scale; over records, not over retraining"),
                uncertainty=area,
            )


def _groups_of(subject: Subject, frame: Any, column: str) -> npt.NDArray[Any]:
    from auditkit.bias_audit.drawn import groups_in

    found = np.empty(len(frame), dtype=object)
    found[:] = groups_in(subject, frame, column)
    return found


def _table(attacks: list[_Attack], areas: list[AreaUnderCurve], subject: Subject, about: str) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for attack, area in zip(attacks, areas, strict=True):
        low, high = area.limits(NormalDist().inv_cdf((1 + LEVEL) / 2))
        rows.append((attack.name, len(attack.members), area.value, low, high))
    return Evidence(
        id="attacks",
        kind="intervals",
        title="Attacks that were run",
        caption=f"AUC of each attack with its own 95 % interval; {about}. They count records, not retraining.",
        alt="AUC of each attack: " + ", ".join(f"{row[0]} {float(row[2]):.3f}" for row in rows),  # type: ignore[arg-type]
        columns=(
            Column("attack", role="label"),
            Column("rows of each table", "rows", "n"),
            Column("AUC", "probability", "value"),
            Column("low", "probability", "low"),
            Column("high", "probability", "high"),
        ),
        rows=tuple(rows),
    )


def _classes(subject: Subject) -> tuple[Any, ...]:
    return tuple(subject.model.classes or subject.labels) if subject.model is not None else subject.labels


def _auc(auc: float, error: float, size: int) -> Measure:
    uncertainty = AreaUnderCurve(auc, size, size, error)
    low, high = uncertainty.limits(NormalDist().inv_cdf((1 + LEVEL) / 2))
    method = "Hanley-McNeil score interval" if size < HANLEY_MCNEIL_BELOW else "DeLong, logit scale"
    return Measure(
        name="auc",
        value=auc,
        unit="probability",
        direction="lower",
        dataset="none",
        n=2 * size,
        interval=Interval(low, high, LEVEL, "two", "interval", f"{method}; over records, not over retraining"),
        uncertainty=uncertainty,
    )


def _curve(members: npt.NDArray[np.float64], outsiders: npt.NDArray[np.float64], size: int) -> Evidence:
    return Evidence(
        id="attack_curve",
        kind="curve",
        title="ROC curve of the attack",
        caption=f"{size:,} training and {size:,} test rows; the diagonal is a coin. Over records, not over retraining.",
        alt="Share of training rows recognised against share of test rows mistaken for training rows",
        columns=(
            Column("Test rows taken for training rows", "rate", "x"),
            Column("Training rows recognised", "rate", "y"),
        ),
        rows=tuple(attack_curve(members, outsiders, POINTS)),
    )
