"""How far importance depends on which background rows were drawn."""

from __future__ import annotations

import numpy as np

from auditkit.explainers.attribution import Floats
from auditkit.explainers.explained import Explained, explain_rows
from auditkit.subject import Subject

PARTS, ROWS, FEWEST = 8, 200, 20


def sizes_by_part(subject: Subject, given: Explained, path_dependent: bool, encoded_game: bool) -> Floats | None:
    """Return mean sizes of the same rows against each of 8 parts of the background.

    The variance of a mean over the whole background is that between its parts / 8, as for any mean of drawn rows.

    Returns
    -------
    array, shape (parts, columns), or None
        None where no background is used, it has fewer than 160 rows, or the model could only be asked: there each row meets
        10 background rows of its own, and their sampling is within the noise stated.
    """
    if given.attributions.asked or not given.attributions.uses_background or len(given.reference) < PARTS * FEWEST:
        return None
    again = explain_rows(
        subject,
        given.frame.iloc[:ROWS],
        reference=given.reference,
        named=f"{given.source} rows",
        encoded_game=encoded_game,
        path_dependent=path_dependent,
        parts=PARTS,
    ).attributions
    return None if again.by_part is None else np.abs(again.by_part).mean(axis=1)
