"""Whether the model's confidence tells its training rows from other rows."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.attacks.threshold import attack_auc, attack_curve, true_label_confidence
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.finding import Column, Evidence, Interval, Measure
from auditkit.stats.uncertainty import AreaUnderCurve
from auditkit.subject import Subject

LEVEL = 0.95
LEAST_ROWS = 30
HANLEY_MCNEIL_BELOW = 100
POINTS = 50


@auditor(title="Membership inference", needs=("model", "train", "label"), measures=("auc",))
def membership_inference(subject: Subject, *, max_rows: int = 5000) -> Iterable[Measure | Evidence]:
    r"""How well the model's confidence in a row's own label tells training rows from other rows.

    Parameters
    ----------
    subject : Subject
        With a model, a label and training rows.
    max_rows : int
        At most this many rows of each table are attacked.

    Notes
    -----
    Threshold attack: a row is taken for a training row if the model's probability of its true label (regression:
    minus the absolute error) exceeds a limit. auc = P(score of a training row > score of a test row) + 1/2 P(equal),
    over all limits; 0.5 means the attack knows no more than a coin, 1 that it never errs. Equal numbers of
    rows of both tables; the interval (DeLong on the logit scale; Hanley-McNeil below 100 rows) counts records, not
    retraining: another fit of the same model may give away more or less.

    Misleads when
    -------------
    Train and test differ for other reasons (time, place, the way they were drawn): the attack then sees that
    difference. Stronger attacks with shadow models find more, so a low value bounds nothing. Any model that fits its
    data at all stands slightly above 0.5. The average hides single rows at high risk.

    References
    ----------
    .. [1] Yeom et al. (2018), doi:10.1109/CSF.2018.00027; Hanley, McNeil (1982), doi:10.1148/radiology.143.1.7063747
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    members, outsiders = _scores(subject, "train", max_rows), _scores(subject, "test", max_rows)
    # Samples come in the order of their hashes, so the first rows of one are a sample too.
    size = min(len(members), len(outsiders))
    if size < LEAST_ROWS:
        raise InsufficientData(f"{size} rows of each table have a usable score; the attack needs {LEAST_ROWS}")
    members, outsiders = members[:size], outsiders[:size]
    auc, error = attack_auc(members, outsiders)
    yield _auc(auc, error, size)
    yield _curve(members, outsiders, size)


def _scores(subject: Subject, dataset: Literal["train", "test"], rows: int) -> npt.NDArray[np.float64]:
    frame = subject.sample(rows, dataset)
    truth = frame[subject.roles.label]
    if subject.task == "regression":
        scores = -np.abs(truth.to_numpy(dtype=np.float64) - np.asarray(subject.predict(frame), dtype=np.float64))
    else:
        scores = true_label_confidence(subject.predict_probabilities(frame), _classes(subject), truth.tolist())[0]
    finite: npt.NDArray[np.float64] = scores[np.isfinite(scores)]
    return finite


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
