"""A model as auditors see it: a frame goes in, checked labels or probabilities come out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditkit.errors import ModelError
from auditkit.finding import Scalar
from auditkit.models.categories import Categories, with_categories
from auditkit.models.masking import without_rows

BATCH = 100_000
_TOLERANCE = 1e-6
_LONGEST = 200

Answers = Literal["labels", "scores"]


def one_line(error: BaseException) -> str:
    r"""Return an exception's type and the first line of its message.

    Examples
    --------
    >>> one_line(ValueError("too few\nrows"))
    'ValueError: too few'
    """
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _limited(threads: int | None) -> AbstractContextManager[Any]:
    if threads is None:
        return nullcontext()
    limits: AbstractContextManager[Any] = _numerical_libraries(len(sys.modules)).limit(limits=threads)
    return limits


@lru_cache(maxsize=1)
def _numerical_libraries(_: int) -> Any:
    """Return what is loaded; looked for again once there are other modules, as it takes longer than many a model call."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _has_missing(answer: npt.NDArray[Any]) -> bool:
    if answer.dtype.kind == "f":
        return bool(np.isnan(answer).any())
    if answer.dtype.kind != "O":
        return False
    import pandas as pd

    return bool(pd.isna(answer).any())


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model and what is known of it.

    Parameters
    ----------
    target : object
        What is called: an object with ``predict``, or a function of a frame.
    kind : {'scikit-learn', 'python'}
    description : str
        E.g. ``Pipeline(ColumnTransformer → LogisticRegression)``.
    digest : str
        SHA-256 of the file, or of a description of a live object (which does not tell two fits apart).
    classes : tuple of scalars or None
        In the order of the columns of `probabilities`.
    feature_names : tuple of str or None
        Columns it was trained on.
    has_scores : bool
        Whether `probabilities` can be called.
    trusted_types : tuple of str
        For skops files: types that were loaded although skops does not trust them by itself.
    plain : bool
        Trained on an array without column names; gets arrays.
    content_known : bool
        The digest tells any two models apart: it is that of a file, or of code with a version that somebody declared.
    categories : mapping of str to sequence
        Columns that were categories in training, and the categories; given back to frames that have lost them.
    """

    target: Any = field(repr=False)
    kind: str
    description: str
    digest: str
    classes: tuple[Scalar, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    has_scores: bool = False
    trusted_types: tuple[str, ...] = ()
    plain: bool = False
    content_known: bool = False
    categories: Categories = field(default_factory=dict)

    @property
    def estimator(self) -> object | None:
        """The live scikit-learn object, or None."""
        return self.target if self.kind == "scikit-learn" else None

    def predict(self, frame: Any, *, batch: int = BATCH, threads: int | None = None) -> npt.NDArray[Any]:
        """Return labels or values, shape (rows,).

        A function that answers with scores decides at 0.5, between its two `classes` or else 0 and 1.

        Parameters
        ----------
        frame : pandas.DataFrame
        batch : int
            Rows per call.
        threads : int, optional
            Limit on the threads of numerical libraries.

        Raises
        ------
        ModelError
            If the model raises, or answers with another shape or length, or with a missing or infinite value.
        """
        if not hasattr(self.target, "predict") and self.has_scores:
            chosen = self.probabilities(frame, batch=batch, threads=threads).argmax(axis=1)
            names = self.classes
            labels: npt.NDArray[Any] = chosen if names is None else _objects(names)[chosen]
            return labels
        call = self.target.predict if hasattr(self.target, "predict") else self.target
        parts = self._called("predict", call, frame, batch, threads)
        if not parts:
            return np.empty(0, dtype=object)
        answer = np.concatenate([part[:, 0] if part.ndim == 2 and part.shape[1] == 1 else part for part in parts])
        if answer.ndim != 1:
            raise ModelError(f"predict answered with shape {answer.shape}; wanted one value per row, ({len(frame)},)")
        if _has_missing(answer):
            raise ModelError("predict answered with missing values (NaN); mend the model, or impute its inputs")
        if answer.dtype.kind == "f" and np.isinf(answer).any():
            raise ModelError("predict answered with an infinite value; mend the model, or bound its inputs")
        return answer

    def probabilities(self, frame: Any, *, batch: int = BATCH, threads: int | None = None) -> npt.NDArray[np.float64]:
        """Return probabilities, shape (rows, classes), columns in the order of `classes`.

        A function's one score per row is the probability of the second class; the first gets the rest.

        Raises
        ------
        ModelError
            If the model gives none, raises, or answers with another shape, NaN or numbers outside [0, 1].
        """
        if not self.has_scores:
            raise ModelError(f"{self.description} gives no probabilities; use a model with predict_proba")
        own = hasattr(self.target, "predict_proba")
        name = "predict_proba" if own else "the function"
        call = self.target.predict_proba if own else self.target
        parts = self._called(name, call, frame, batch, threads)
        if not parts:
            return np.empty((0, len(self.classes or (0, 1))))
        try:
            answer = np.concatenate(parts).astype(np.float64)
        except (TypeError, ValueError):
            raise ModelError(
                f"{name} answered with {parts[0].ravel()[:1].tolist()[0]!r}, no numbers; a function of labels "
                "needs the attribute returns = 'labels', or a predict method"
            ) from None
        if not own and answer.ndim == 1:
            answer = np.column_stack([1 - answer, answer])
        wanted = len(self.classes) if self.classes is not None else answer.shape[-1]
        if answer.ndim != 2 or answer.shape[1] != wanted:
            raise ModelError(f"{name} answered with shape {answer.shape}; wanted ({len(frame)}, {wanted})")
        return _checked(answer, name)

    def _called(
        self, name: str, call: Callable[[Any], Any], frame: Any, batch: int, threads: int | None
    ) -> list[npt.NDArray[Any]]:
        frame = self._ordered(frame)
        parts = []
        with _limited(threads):
            for start in range(0, len(frame), batch):
                rows = frame.iloc[start : start + batch]
                try:
                    part = np.asarray(call(rows.to_numpy() if self.plain else rows))
                except Exception as error:
                    raised = without_rows(one_line(error), rows)
                    told = (
                        "see that what it asks can be reached, and audit again"
                        if isinstance(error, OSError)  # files, connections, time-outs: not the rows' fault
                        else "give it the columns and types it was trained on"
                    )
                    raise ModelError(f"{name} raised {raised}; {told}") from error
                if part.ndim == 0 or len(part) != len(rows):
                    got = "a single value" if part.ndim == 0 else f"{len(part):,} rows"
                    raise ModelError(f"{name} answered with {got} for {len(rows):,} rows; wanted one answer per row")
                parts.append(part)
        return parts

    def as_trained(self, frame: Any) -> Any:
        """Return a frame whose columns are categories where they were in training."""
        return with_categories(frame, self.categories) if self.categories else frame

    def _ordered(self, frame: Any) -> Any:
        frame = self.as_trained(frame)
        names = self.feature_names
        if names is None or list(frame.columns) == list(names) or not set(names) <= set(frame.columns):
            return frame
        return frame[list(names)]


def _objects(values: tuple[Scalar, ...]) -> npt.NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _checked(answer: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
    if np.isnan(answer).any():
        raise ModelError(f"{name} answered with NaN; mend the model, or impute its inputs")
    outside = (answer < -_TOLERANCE) | (answer > 1 + _TOLERANCE)
    if outside.any():
        raise ModelError(f"{name} answered with {answer[outside][0]:.6g}; probabilities lie in [0, 1]")
    return np.clip(answer, 0.0, 1.0)
