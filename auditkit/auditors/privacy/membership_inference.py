"""Whether the model tells its training rows from other rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.attacks.membership import Attack, Attacked, Effort, attacked
from auditkit.attacks.recognised import recognised, tpr_error
from auditkit.attacks.threshold import attack_curve
from auditkit.bias_audit.drawn import groups_in
from auditkit.declare import auditor
from auditkit.errors import ConfigurationError
from auditkit.finding import Cell, Column, Evidence, Group, Interval, Measure
from auditkit.group_rates import gap_of, two_sided
from auditkit.stats.comparisons import Extreme
from auditkit.stats.uncertainty import Exact, Normal
from auditkit.subject import Subject

LEVEL = 0.95
POINTS = 50
FEWEST_OF_GROUP = 100
MISTAKEN = 0.05
_ID = "privacy.membership_inference"
_RATES = ((0.01, "tpr_at_1_percent", 1_000), (0.001, "tpr_at_0_1_percent", 10_000))
_OVER = "over records, not over retraining"


@auditor(
    title="Membership inference",
    needs=("model", "train", "label"),
    measures=(
        "auc",
        "largest_auc",
        "tpr_at_1_percent",
        "tpr_at_0_1_percent",
        "rows_recognised",
        "auc_of_group",
        "auc_gap",
    ),
    slow=True,
)
def membership_inference(
    subject: Subject,
    *,
    max_rows: int = 5000,
    shadows: int = 8,
    shadow_rows: int = 20_000,
    seconds: float = 60.0,
) -> Iterable[Measure | Evidence]:
    r"""How well an attacker who asks the model tells training rows from other rows.

    Parameters
    ----------
    subject : Subject
        With a model, a label and training rows.
    max_rows : int
        At most this many rows of each table are drawn to be attacked.
    shadows : int
        Shadow models: 4 is quick, 16 thorough, 0 none.
    shadow_rows : int
        Rows of both tables together that shadow models are trained on, half of them each.
    seconds : float
        CPU time for shadow models. If the first two show that it allows fewer, fewer are trained; the finding says so, and
        its numbers stand apart as dependent on a clock.

    Notes
    -----
    Threshold attack, auc: a row is taken for a training row if the model's probability of its true label (regression:
    minus the absolute error) exceeds a limit. With a model that scikit-learn can clone, three more: RMIA, that probability
    over its mean among shadow models; LiRA, the log ratio of its likelihood under shadows that were trained with the row
    and without; calibrated log odds, ln(p/(1−p)) less its mean among shadows. Shadows are clones trained on random
    complementary halves of training and test rows, so each row is in half of them; of a regression's error e,
    exp(−e ÷ median) stands for the probability.
    Attacked are rows that no other row of the two tables equals in features and label: of others nobody could tell the table.
    AUC = P(score of a training row > that of a test row) + 1/2 P(equal); 0.5 knows no more than a coin; DeLong
    on the logit scale (Hanley-McNeil below 100 rows). largest_auc is the largest of all attacks run: its lower bound shares
    the error among them, its upper is plain. tpr_at_1_percent: training rows recognised while 1 % of the others are
    mistaken, largest of the attacks, from 1,000 other rows on (0.1 %: 10,000); bootstrap of both, the threshold found anew.
    rows_recognised: training rows that can be named as such by RMIA (else the threshold attack) so that, out of as many
    training rows as others, at most 5 % of the rows named are wrong. auc_of_group: the same attack within a group
    of 100 rows of each table or more; auc_gap: the largest difference between groups, simultaneous over all pairs.

    Misleads when
    -------------
    All count records, not retraining: another fit of the same model may give away more or less. Train and test differ for
    other reasons (time, place): the attack then sees that difference. Any model that fits its data at all stands slightly
    above 0.5. An attack that fails bounds nothing. Clones are trained without weights, early stopping sets or other
    extras of the fit, which are not known, and often on fewer rows. Rows of one person in both tables count as two people.

    References
    ----------
    .. [1] Yeom et al. 2018, doi:10.1109/CSF.2018.00027; Carlini et al. 2022, arXiv:2112.03570; Zarifzadeh et al. 2024,
       arXiv:2312.03262; Watson et al. 2022, arXiv:2111.08440; Barber, Candès 2015, doi:10.1214/15-AOS1337
    """
    if shadows % 2 or not 0 <= shadows <= 64:
        raise ConfigurationError(f"option 'shadows' of {_ID}: got {shadows}, wanted an even number from 0 to 64")
    known = attacked(subject, max_rows, Effort(shadows, shadow_rows, seconds), _ID)
    plain = known.attacks[0]
    yield _auc("auc", plain, "")
    for item in _compared(subject, known):
        yield replace(item, volatile=True) if known.cut else item
    yield _curve(plain)


def _compared(subject: Subject, known: Attacked) -> Iterator[Measure | Evidence]:
    yield _largest(known)
    yield from _rates(subject, known)
    yield _recognised(known)
    for column in subject.roles.sensitive:
        yield from _groups(subject, known, column)
    yield _table(known)


def _auc(name: str, attack: Attack, words: str, group: Group = Group()) -> Measure:  # noqa: B008  a frozen value
    area = attack.area()
    few = min(area.positives, area.negatives) < FEWEST_OF_GROUP
    method = f"{words}{'Hanley-McNeil score interval' if few else 'DeLong, logit scale'}; {_OVER}"
    return Measure(
        name=name,
        value=area.value,
        unit="probability",
        direction="lower",
        dataset="none",
        group=group,
        n=area.positives + area.negatives,
        interval=two_sided(area, method),
        uncertainty=area,
    )


def _shared(uncertainty: Extreme, words: str) -> Interval:
    value = uncertainty.estimate
    low, high = uncertainty.lower((1 + LEVEL) / 2), uncertainty.upper((1 + LEVEL) / 2)
    return Interval(min(low, value), max(high, value), LEVEL, "two", "interval", words)


def _words(known: Attacked) -> str:
    count = len(known.attacks)
    return f"{'largest of ' if count > 1 else ''}{count} attack{'s' if count > 1 else ''}, {known.about}; {_OVER}"


def _largest(known: Attacked) -> Measure:
    largest = Extreme("max", tuple(attack.area() for attack in known.attacks))
    return Measure(
        name="largest_auc",
        value=largest.estimate,
        unit="probability",
        direction="lower",
        dataset="none",
        n=2 * len(known.attacks[0].members),
        interval=_shared(largest, _words(known)),
        uncertainty=largest,
    )


def _rates(subject: Subject, known: Attacked) -> Iterator[Measure]:
    size = len(known.attacks[0].outsiders)
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
            tpr_error(one.members, one.outsiders, rate, subject.rng(f"{_ID}.{name}.{one.name}"))
            for one in known.attacks
        ]
        largest = Extreme("max", tuple(Normal(value, error, "logit", None, 0.0, 1.0) for value, error in found))
        interval = _shared(largest, f"bootstrap with the threshold found anew, {_words(known)}")
        yield replace(
            base, value=largest.estimate, status="measured", reason=None, interval=interval, uncertainty=largest
        )


def _recognised(known: Attacked) -> Measure:
    attack = known.best_known
    named, wrong = recognised(attack.members, attack.outsiders, MISTAKEN)
    words = (
        f"{attack.name}: {named:,} of {len(attack.members):,} training rows named, with {wrong:,} of as many others; "
        f"at most {MISTAKEN:.0%} of names wrong on average"
    )
    return Measure(
        name="rows_recognised",
        value=named,
        unit="count",
        direction="lower",
        dataset="none",
        n=len(attack.members),
        interval=Interval(named, named, None, "two", "exact", words),
        uncertainty=Exact(named),
    )


def _groups(subject: Subject, known: Attacked, column: str) -> Iterator[Measure]:
    """Yield the AUC within each group of a column, and the largest difference between two of them."""
    attack = known.best_known
    labels = [_groups_of(subject, frame, column) for frame in known.frames]
    found, rows = [], []
    for value in sorted({*labels[0].tolist(), *labels[1].tolist()}, key=lambda one: (one is None, str(one))):
        inside, outside = (np.array([one == value for one in part.tolist()]) for part in labels)
        group, sizes = Group.of({column: value}), (int(inside.sum()), int(outside.sum()))
        rows.append(sum(sizes))
        if min(sizes) >= FEWEST_OF_GROUP:
            found.append(_auc("auc_of_group", attack.of(inside, outside), f"{attack.name}, ", group))
            continue
        found.append(
            Measure(
                name="auc_of_group",
                value=None,
                unit="probability",
                direction="lower",
                dataset="none",
                group=group,
                n=sum(sizes),
                status="insufficient",
                reason=f"{sizes[0]} training and {sizes[1]} other rows; {FEWEST_OF_GROUP} of each are needed",
            )
        )
    yield from found
    yield replace(gap_of("auc_gap", "difference", (column,), found, rows), dataset="none")


def _groups_of(subject: Subject, frame: Any, column: str) -> npt.NDArray[Any]:
    found = np.empty(len(frame), dtype=object)
    found[:] = groups_in(subject, frame, column)
    return found


def _table(known: Attacked) -> Evidence:
    rows: list[tuple[Cell, ...]] = []
    for attack in known.attacks:
        area = attack.area()
        low, high = area.limits(NormalDist().inv_cdf((1 + LEVEL) / 2))
        rows.append((attack.name, len(attack.members), area.value, low, high))
    return Evidence(
        id="attacks",
        kind="intervals",
        title="Attacks that were run",
        caption=(
            f"AUC of each attack with its own 95 % interval; {known.about}. Rows that equal another, of which nobody could "
            f"tell the table, are left out: {known.left_out:,} of those drawn. They count records, not retraining."
        ),
        alt="AUC of each attack: " + ", ".join(f"{attack.name} {attack.area().value:.3f}" for attack in known.attacks),
        columns=(
            Column("attack", role="label"),
            Column("rows of each table", "rows", "n"),
            Column("AUC", "probability", "value"),
            Column("low", "probability", "low"),
            Column("high", "probability", "high"),
        ),
        rows=tuple(rows),
    )


def _curve(attack: Attack) -> Evidence:
    size = len(attack.members)
    return Evidence(
        id="attack_curve",
        kind="curve",
        title="ROC curve of the threshold attack",
        caption=f"{size:,} training and {size:,} test rows; the diagonal is a coin. Over records, not over retraining.",
        alt="Share of training rows recognised against share of test rows mistaken for training rows",
        columns=(
            Column("Test rows taken for training rows", "rate", "x"),
            Column("Training rows recognised", "rate", "y"),
        ),
        rows=tuple(attack_curve(attack.members, attack.outsiders, POINTS)),
    )
