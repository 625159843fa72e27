"""Live objects: scikit-learn estimators, objects with ``predict``, and functions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from auditkit.data.table import scalar
from auditkit.errors import ModelError
from auditkit.finding import Scalar
from auditkit.models.categories import trained_categories
from auditkit.models.masking import without_rows
from auditkit.models.model import Answers, Model, one_line

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_PROBE = 20  # rows shown to a function to see what it answers with


def model_from_object(
    obj: object,
    *,
    sample: Any = None,
    digest: str | None = None,
    trusted_types: tuple[str, ...] = (),
    content_known: bool = False,
) -> Model:
    """Return a `Model` of a live object.

    Parameters
    ----------
    obj : object
        With ``predict`` (and perhaps ``predict_proba``), or a function of a pandas frame. A function answers with one
        probability of the second class per row, or with labels; it may have the attributes ``classes`` (two labels) and
        ``returns`` ('labels' or 'scores'). An object that answers from another machine says so by an attribute ``remote`` that
        is True: its energy is then not taken for this machine's.
    sample : pandas.DataFrame, optional
        A few rows to tell the two apart where ``returns`` does not; without it a function gives scores.
    digest : str, optional
        SHA-256 of the file it came from.
    trusted_types : tuple of str
        What a skops file needed.
    content_known : bool
        Whether `digest` tells any two models apart.

    Raises
    ------
    ModelError
        If it cannot predict.

    Examples
    --------
    >>> def score(frame):
    ...     return frame["income"] / 100
    >>> model_from_object(score).description
    'function score'
    """
    if isinstance(obj, type):
        raise ModelError(f"the model is the class {obj.__name__}, not a trained object; pass an instance of it")
    if not hasattr(obj, "predict") and not callable(obj):
        if hasattr(obj, "fit"):
            raise ModelError(f"{describe(obj)} has no predict method; pass a classifier or a regressor")
        raise ModelError(
            f"the model is a {type(obj).__name__}, without predict and no function; pass a trained model or a function"
        )
    known = any(parent.__module__.split(".")[0] == "sklearn" for parent in type(obj).__mro__)
    _refuse_unfitted(obj, known)
    names = _feature_names(obj)
    classes = _classes(obj)
    description = describe(obj)
    return Model(
        target=obj,
        kind="scikit-learn" if known else "python",
        description=description,
        digest=digest or _digest(obj, description, classes, names),
        classes=classes,
        feature_names=names,
        has_scores=_has_scores(obj, sample),
        trusted_types=trusted_types,
        content_known=content_known,
        categories=trained_categories(obj),
        plain=names is None and _attribute(obj, "n_features_in_") is not None,
    )


def describe(obj: Any) -> str:
    """Return the names of a model's parts, e.g. ``Pipeline(StandardScaler → LogisticRegression)``."""
    name = type(obj).__name__
    steps = getattr(obj, "steps", None)
    if isinstance(steps, list):
        parts = [describe(step) for _, step in steps if step is not None and not isinstance(step, str)]
        return f"{name}({' → '.join(parts)})"
    if not hasattr(obj, "predict"):
        return f"function {obj.__name__}" if hasattr(obj, "__name__") else name
    inner = getattr(obj, "best_estimator_", None) or getattr(obj, "estimator", None)
    return f"{name}({describe(inner)})" if hasattr(inner, "predict") and not isinstance(inner, type) else name


def _attribute(obj: Any, name: str) -> Any:
    try:
        return getattr(obj, name, None)
    except Exception:  # properties of unfitted or odd estimators raise what they like
        return None


def _refuse_unfitted(obj: object, known: bool) -> None:
    if not known:
        return
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(obj)
    except NotFittedError:
        raise ModelError(f"{describe(obj)} is not trained; call its fit first") from None
    except TypeError:  # no fit method: nothing to check
        return


def _classes(obj: object) -> tuple[Scalar, ...] | None:
    for name in ("classes_", "classes"):
        found = _attribute(obj, name)
        if found is not None and not callable(found) and isinstance(found, Iterable) and not isinstance(found, str):
            listed = list(found)
            if any(getattr(part, "ndim", 0) for part in listed):
                raise ModelError(f"{describe(obj)} predicts several outputs; pass a model of one")
            return tuple(scalar(part) for part in listed)
    return None


def _feature_names(obj: object) -> tuple[str, ...] | None:
    found = _attribute(obj, "feature_names_in_")
    if found is None:
        return None
    names = tuple(str(name) for name in found)
    # LightGBM makes up names for arrays.
    made_up = type(obj).__module__.startswith("lightgbm") and names == tuple(f"Column_{i}" for i in range(len(names)))
    return None if made_up else names


def _has_scores(obj: Any, sample: Any) -> bool:
    if hasattr(obj, "predict"):
        return hasattr(obj, "predict_proba")
    returns: Answers | None = getattr(obj, "returns", None)
    if returns is not None:
        if returns not in ("labels", "scores"):
            raise ModelError(f"the function's attribute returns is {returns!r}; write 'labels' or 'scores'")
        return returns == "scores"
    return True if sample is None else _answers_scores(obj, sample)


def _answers_scores(function: Any, sample: Any) -> bool:
    """Tell scores from labels by a few rows: scores are floats in [0, 1], one or a few per row."""
    import numpy as np

    try:
        answer = np.asarray(function(sample.head(_PROBE)))
    except Exception as error:
        raised = without_rows(one_line(error), sample)
        raise ModelError(f"{describe(function)} raised {raised}; it gets a pandas frame") from error
    return answer.dtype.kind == "f" and bool(((answer >= 0) & (answer <= 1)).all())


def _digest(obj: Any, description: str, classes: object, names: object) -> str:
    """Return a digest that is the same in another process: of what the model is, not of what it learned."""
    try:
        settings = {key: _ADDRESS.sub("", repr(value)) for key, value in obj.get_params(deep=True).items()}
    except Exception:  # not every object has settings
        settings = {}
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
    text = json.dumps([kind, description, settings, classes, names], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
