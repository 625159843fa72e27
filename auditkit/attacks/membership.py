"""Membership attacks on a subject's model: rows of both tables, the attacks that can be run on them, and why not others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.attacks.calibrated import difficulty, lira, rmia
from auditkit.attacks.shadows import Shadows, complementary_halves, train_shadows
from auditkit.attacks.side_by_side import processes
from auditkit.attacks.threshold import attack_auc, true_label_confidence
from auditkit.attacks.training_again import trainer
from auditkit.errors import InsufficientData, ModelError, NotApplicable
from auditkit.stats.uncertainty import AreaUnderCurve
from auditkit.subject import Subject

Floats = npt.NDArray[np.float64]
LEAST_ROWS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Attack:
    """Scores of one attack, of equally many members and outsiders; higher speaks for membership."""

    name: str
    members: Floats
    outsiders: Floats

    def area(self) -> AreaUnderCurve:
        """Return the AUC with DeLong's standard error."""
        auc, error = attack_auc(self.members, self.outsiders)
        return AreaUnderCurve(auc, len(self.members), len(self.outsiders), error)

    def of(self, members: npt.NDArray[np.bool_], outsiders: npt.NDArray[np.bool_]) -> Attack:
        """Return the same attack on some of the rows."""
        return Attack(self.name, self.members[members], self.outsiders[outsiders])


@dataclass(frozen=True, slots=True, eq=False)
class Attacked:
    """Which rows were attacked, and how.

    Attributes
    ----------
    frames : tuple of two pandas frames
        Training rows and as many others.
    attacks : tuple of Attack
        The threshold attack first; then, if shadow models could be trained, RMIA, LiRA and calibrated log odds.
    about : str
        How many shadow models there were, or why none.
    cut : bool
        Whether there was no time for as many as were asked for: the numbers then depend on a clock.
    """

    frames: tuple[Any, Any]
    attacks: tuple[Attack, ...]
    about: str
    cut: bool = False

    @property
    def best_known(self) -> Attack:
        """RMIA, or the threshold attack where there are no shadow models: chosen before anything is measured."""
        return self.attacks[1] if len(self.attacks) > 1 else self.attacks[0]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is spent on shadow models: how many, on how many rows of both tables, in how much CPU time."""

    shadows: int
    rows: int
    seconds: float


def attacked(subject: Subject, rows: int, effort: Effort, identifier: str) -> Attacked:
    """Run the attacks on up to `rows` rows of each table.

    Raises
    ------
    NotApplicable
        If there is no model, no label or no training table.
    InsufficientData
        If fewer than 30 rows of a table have a usable score.
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    drawn = subject.sample(rows, "train"), subject.sample(rows)
    # Samples come in the order of their hashes, so the first rows of one are a sample too.
    scores = [_target_scores(subject, frame) for frame in drawn]
    size = min(int(np.isfinite(one).sum()) for one in scores)
    if size < LEAST_ROWS:
        raise InsufficientData(f"{size} rows of each table have a usable score; the attack needs {LEAST_ROWS}")
    kept = [np.flatnonzero(np.isfinite(one))[:size] for one in scores]
    frames = drawn[0].iloc[kept[0]], drawn[1].iloc[kept[1]]
    members, outsiders = (one[places] for one, places in zip(scores, kept, strict=True))
    plain = Attacked(frames, (Attack("threshold", members, outsiders),), "no shadow models: none were asked for")
    if not effort.shadows:
        return plain
    try:
        return _with_shadows(subject, plain, rows, effort, identifier)
    except (NotApplicable, ModelError) as error:
        return replace(plain, about=f"no shadow models: {error}")


def _target_scores(subject: Subject, frame: Any) -> Floats:
    truth = frame[subject.roles.label]
    if subject.task == "regression":
        errors: Floats = -np.abs(truth.to_numpy(np.float64) - np.asarray(subject.predict(frame), np.float64))
        return errors
    classes = subject.model.classes if subject.model is not None else None
    return true_label_confidence(subject.predict_probabilities(frame), classes or subject.labels, truth.tolist())[0]


def _with_shadows(subject: Subject, plain: Attacked, rows: int, effort: Effort, identifier: str) -> Attacked:
    model = subject.model
    if model is None or model.estimator is None:
        raise NotApplicable("the model only answers, so there is nothing to train again")
    attack, size = plain.attacks[0], len(plain.attacks[0].members)
    inputs, truth = _pool(subject, plain.frames, rows, effort.rows)
    train = trainer(model.estimator, int(subject.rng(f"{identifier}.seeds").integers(0, 2**31 - 1)))
    seen = inputs.iloc[: 2 * size]
    asked = seen.to_numpy() if model.plain else seen
    names = truth.iloc[: 2 * size]
    target = np.concatenate([attack.members, attack.outsiders])
    unit = 1.0
    if subject.task == "regression":  # a likelihood of the error, with one width for all rows
        unit = max(float(np.median(-target)), 1e-12)
        target = np.exp(target / unit)

    def fit(places: npt.NDArray[np.int64], number: int) -> Floats:
        taught = inputs.iloc[places]
        fitted = train(taught.to_numpy() if model.plain else taught, truth.iloc[places], number)
        if subject.task == "regression":
            errors = np.abs(names.to_numpy(np.float64) - np.asarray(fitted.predict(asked), np.float64).reshape(-1))
            likelihood: Floats = np.exp(-errors / unit)
            return likelihood
        found = true_label_confidence(fitted.predict_proba(asked), list(fitted.classes_), names.tolist())[0]
        return np.nan_to_num(found, nan=0.0)  # a label that the shadow has not seen

    codes = np.zeros(len(truth), dtype=np.int64)
    if subject.task != "regression":
        codes = np.unique(np.array([str(name) for name in truth.tolist()]), return_inverse=True)[1].astype(np.int64)
    halves = complementary_halves(codes, effort.shadows // 2, subject.rng(identifier))
    made = train_shadows(fit, halves, effort.seconds, processes())
    return _calibrated(plain, target, made, subject.table("train").rows, effort)


def _pool(subject: Subject, frames: tuple[Any, Any], drawn: int, wanted: int) -> tuple[Any, Any]:
    """Return inputs and labels of the rows attacked, then of others of both tables, with a fresh index."""
    import pandas as pd

    more = max(0, wanted // 2 - len(frames[0]))
    others = [subject.sample(drawn + more, which).iloc[drawn:] for which in ("train", "test")] if more else []
    label = str(subject.roles.label)
    pool = pd.concat([*frames, *(other[other[label].notna()] for other in others)], ignore_index=True)
    return pool[list(subject.features)], pool[label]


def _calibrated(plain: Attacked, target: Floats, made: Shadows, known: int, effort: Effort) -> Attacked:
    size, trained = len(plain.attacks[0].members), len(made.confidence)
    about = f"{trained} shadow models of {int(made.inside[0].sum()):,} rows each (the model had {known:,})"
    if made.cut:
        about += f"; {effort.shadows} were asked for, but {effort.seconds:g} s of CPU time allow no more"
    made = replace(made, inside=made.inside[:, : 2 * size])
    scores = (("RMIA", rmia), ("LiRA", lira), ("calibrated log odds", difficulty))
    found = [(name, score(target, made)) for name, score in scores]
    attacks = (*plain.attacks, *(Attack(name, values[:size], values[size:]) for name, values in found))
    return replace(plain, attacks=attacks, about=about, cut=made.cut)
