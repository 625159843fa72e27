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
from auditkit.data.frames import table_from_frame
from auditkit.data.row_keys import known, row_keys
from auditkit.errors import InsufficientData, ModelError, NotApplicable
from auditkit.models.masking import without_rows
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
        Training rows and as many others, each unlike every other row of both tables.
    attacks : tuple of Attack
        The threshold attack first; then, if shadow models could be trained, RMIA, LiRA and calibrated log odds.
    about : str
        How many shadow models there were, or why none.
    cut : bool
        Whether there was no time for as many as were asked for: the numbers then depend on a clock.
    left_out : int
        Rows that were drawn and equal another row of either table.
    """

    frames: tuple[Any, Any]
    attacks: tuple[Attack, ...]
    about: str
    cut: bool = False
    left_out: int = 0

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
    """Run the attacks on up to `rows` rows of each table that no other row equals in features and label.

    Of a row that is in both tables, or twice in one, nobody could say which table it is from. That no other row of the two
    tables equals it says nothing of which of them a row is in, so the attack is not helped by the choice.

    Raises
    ------
    NotApplicable
        If there is no model, no label or no training table.
    InsufficientData
        If fewer than 30 such rows of a table have a usable score.
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if subject.roles.label is None:
        raise NotApplicable("no label column was named; pass label=")
    plain, rest = _by_threshold(subject, rows)
    if not effort.shadows:
        return plain
    try:
        return _with_shadows(subject, plain, _pool(subject, plain.frames, rest, rows, effort.rows), effort, identifier)
    except (NotApplicable, ModelError) as error:
        reason = without_rows(without_rows(str(error), plain.frames[0]), plain.frames[1])
        return replace(plain, about=f"no shadow models: {reason}")


def _by_threshold(subject: Subject, rows: int) -> tuple[Attacked, tuple[Any, Any]]:
    """Return the threshold attack, and the rows drawn from both tables that it leaves out."""
    drawn = subject.sample(rows, "train"), subject.sample(rows)
    # Samples come in the order of their hashes, so the first rows of one are a sample too.
    scores = [_target_scores(subject, frame) for frame in drawn]
    alone = _unlike_all_others(subject, drawn)
    usable = [np.flatnonzero(np.isfinite(one) & lone) for one, lone in zip(scores, alone, strict=True)]
    size = min(len(places) for places in usable)
    if size < LEAST_ROWS:
        counts = f"{len(usable[0]):,} training and {len(usable[1]):,} other rows"
        raise InsufficientData(
            f"{counts} have a usable score and equal no other row of both tables; the attack needs {LEAST_ROWS} of each"
        )
    members, outsiders = (one[places[:size]] for one, places in zip(scores, usable, strict=True))
    known_of, unknown = (_parted(frame, places[:size]) for frame, places in zip(drawn, usable, strict=True))
    plain = Attacked(
        (known_of[0], unknown[0]),
        (Attack("threshold", members, outsiders),),
        "no shadow models: none were asked for",
        left_out=sum(int((~lone).sum()) for lone in alone),
    )
    return plain, (known_of[1], unknown[1])


def _unlike_all_others(subject: Subject, drawn: tuple[Any, Any]) -> list[npt.NDArray[np.bool_]]:
    columns = [*subject.features, str(subject.roles.label)]
    keys = np.concatenate([row_keys(subject.table(name), columns) for name in ("train", "test")])
    values, counts = np.unique(keys, return_counts=True)
    single = values[counts == 1]
    return [known(row_keys(table_from_frame(frame), columns), single) for frame in drawn]


def _parted(frame: Any, places: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    return frame.iloc[places], frame.drop(index=frame.index[places])


def _target_scores(subject: Subject, frame: Any) -> Floats:
    truth = frame[subject.roles.label]
    if subject.task == "regression":
        errors: Floats = -np.abs(truth.to_numpy(np.float64) - np.asarray(subject.predict(frame), np.float64))
        return errors
    classes = subject.model.classes if subject.model is not None else None
    return true_label_confidence(subject.predict_probabilities(frame), classes or subject.labels, truth.tolist())[0]


def _with_shadows(
    subject: Subject, plain: Attacked, pool: tuple[Any, Any], effort: Effort, identifier: str
) -> Attacked:
    model = subject.model
    if model is None or model.estimator is None:
        raise NotApplicable("the model only answers, so there is nothing to train again")
    attack, size = plain.attacks[0], len(plain.attacks[0].members)
    inputs, truth = pool
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


def _pool(subject: Subject, frames: Any, rest: Any, drawn: int, wanted: int) -> tuple[Any, Any]:
    """Return inputs and labels of the rows attacked, then of others of both tables, with a fresh index."""
    import pandas as pd

    more = max(0, wanted // 2 - drawn)
    further = [subject.sample(drawn + more, which).iloc[drawn:] for which in ("train", "test")] if more else []
    label, least = str(subject.roles.label), max(0, wanted // 2 - len(frames[0]))
    others = [part[part[label].notna()] for part in (*(part.iloc[:least] for part in rest), *further)]
    pool = pd.concat([*frames, *others], ignore_index=True)
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
