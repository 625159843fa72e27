"""Whether the model's answer tells an attacker a sensitive value that the other columns do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.bias_audit.drawn import groups_in
from auditkit.declare import auditor
from auditkit.errors import InsufficientData, NotApplicable
from auditkit.explainers.predicting import Groups, told_scores
from auditkit.finding import Measure
from auditkit.group_rates import two_sided
from auditkit.stats.cross_fit import halves
from auditkit.stats.uncertainty import Normal, Proportion
from auditkit.subject import Subject

Flags = npt.NDArray[np.bool_]
_FEWEST, _OF_EACH, _MOST = 400, 30, 10


@auditor(
    title="Attribute inference",
    needs=("model", "sensitive"),
    measures=("accuracy_without_model", "gain"),
    slow=True,
)
def attribute_inference(subject: Subject, *, rows: int = 5000) -> Iterator[Measure]:
    r"""How much better an attacker guesses a sensitive value with the model's answer than with the other columns alone.

    Parameters
    ----------
    subject : Subject
        With a model and sensitive columns.
    rows : int
        Test rows, half of which teach the attacker, both ways.

    Notes
    -----
    The attacker knows all columns but the sensitive one, and in the second case also the label and the model's output for
    the person; boosted trees fitted to half of the rows guess the value in the other half, both ways.
    accuracy_without_model is the share that is right without the model: what is a fact about people, not a leak.
    gain = the share that is right with the model's output and label, less that with the label alone; paired over rows, with
    half a row added to each of the four cells. Groups with fewer than 30 rows are taken together. Where the model reads the sensitive column, its output
    was made with the true value.

    Misleads when
    -------------
    A gain of 0 says that this attacker gained nothing. Whoever can ask the model again, with other values, may gain more.

    References
    ----------
    .. [1] Fredrikson et al. 2014, Privacy in Pharmacogenetics; Jayaraman, Evans 2022, Are Attribute Inference Attacks Just
       Imputation?, arXiv:2209.01292; Agresti, Min 2005, Simple improved confidence intervals for comparing matched
       proportions, doi:10.1002/sim.1781
    """
    if subject.model is None:
        raise NotApplicable("no model was given, only its predictions; pass model=")
    if not subject.roles.sensitive:
        raise NotApplicable("no sensitive column was named; pass sensitive=[…]")
    frame = subject.sample(rows).reset_index(drop=True)
    if len(frame) < _FEWEST:
        raise InsufficientData(f"{len(frame)} test rows, at least {_FEWEST} are needed")
    output = subject.predict_scores(frame) if subject.model.has_scores else subject.predict(frame)
    taken = {*subject.roles.single, *subject.roles.drop}
    for column in subject.roles.sensitive:
        columns = [name for name in frame.columns if name != column and name not in taken]
        codes = _codes(subject, frame, column)
        if codes is None or not columns:
            continue
        known = [*columns, subject.roles.label] if subject.roles.label else columns
        groups = Groups(codes, int(codes.max()) + 1, tuple(range(int(codes.max()) + 1)), halves(codes))
        right = [
            told_scores(given, names, groups).argmax(axis=1) == codes
            for given, names in (
                (frame, columns),
                (frame, known),
                (frame.assign(**{"\0output": output}), [*known, "\0output"]),
            )
        ]
        yield _accuracy(right[0], column)
        yield _gain(right[2], right[1], column)


def _codes(subject: Subject, frame: Any, column: str) -> Any:
    """Return the group of each row, small ones together; None where there are not two."""
    values = np.empty(len(frame), dtype=object)
    values[:] = groups_in(subject, frame, column)
    names, codes = np.unique(np.array([str(value) for value in values.tolist()]), return_inverse=True)
    sizes = np.bincount(codes)
    large = [place for place in np.argsort(-sizes, kind="stable")[:_MOST].tolist() if sizes[place] >= _OF_EACH]
    place = np.full(len(names), len(large), dtype=np.int64)
    place[large] = np.arange(len(large))
    found = place[codes]
    return found if len(np.unique(found)) > 1 and len(large) > 1 else None


def _accuracy(right: Flags, column: str) -> Measure:
    found = Proportion(int(right.sum()), len(right))
    return Measure(
        name="accuracy_without_model",
        value=found.estimate,
        unit="rate",
        direction="none",
        over=(column,),
        n=found.n,
        interval=two_sided(found, "Wilson; trees of the other half"),
        uncertainty=found,
    )


def _gain(more: Flags, less: Flags, column: str) -> Measure:
    """Return how many more rows are right; half a row is added to each of the four cells, so no error is ever 0."""
    n = len(more)
    won, lost = int((more & ~less).sum()), int((less & ~more).sum())
    error = float(np.sqrt(won + lost + 1 - (won - lost) ** 2 / (n + 2))) / (n + 2)
    found = Normal((won - lost) / n, error, "identity", None, -1.0, 1.0)
    return Measure(
        name="gain",
        value=found.value,
        unit="difference",
        direction="lower",
        over=(column,),
        n=n,
        interval=two_sided(found, "paired rates, Agresti and Min; trees of the other half"),
        uncertainty=found,
    )
