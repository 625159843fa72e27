"""Categories that a model was trained on, given back to tables that have lost them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Categories = Mapping[str, Sequence[Any]]


def trained_categories(model: Any) -> Categories:
    """Return the categories of training, in their order, by column; none where the model does not know them.

    LightGBM and XGBoost keep them, and refuse a column of another type: Parquet and CSV give whole numbers that were categories
    back as numbers, and words as text.
    """
    home = type(model).__module__.split(".")[0]
    if home == "lightgbm":
        return _of_lightgbm(getattr(model, "booster_", model))
    if home == "xgboost":
        return _of_xgboost(model.get_booster() if hasattr(model, "get_booster") else model)
    return {}


def with_categories(frame: Any, categories: Categories) -> Any:
    """Return a frame whose columns are categories where they were in training; others stay as they are.

    A value that training did not know becomes a further category: what to do with it is the model's own affair.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = with_categories(pd.DataFrame({"code": [3, 1, 9]}), {"code": [1, 2, 3]})
    >>> frame["code"].cat.categories.tolist(), frame["code"].cat.codes.tolist()
    ([1, 2, 3, 9], [2, 0, 3])
    """
    import pandas as pd

    lost = [name for name in categories if name in frame and frame[name].dtype != "category"]
    made = {}
    for name in lost:
        known = dict.fromkeys(categories[name])
        further = [value for value in pd.unique(frame[name].dropna()) if value not in known]
        made[name] = pd.Categorical(frame[name], categories=[*known, *sorted(further, key=str)])
    return frame.assign(**made) if made else frame


def _of_lightgbm(booster: Any) -> Categories:
    """Its text lists the values of each categorical column (3:1:2), the range of each number ([0:1])."""
    kept = booster.pandas_categorical or []
    lines = booster.model_to_string(num_iteration=1).splitlines()
    infos = next((line.partition("=")[2] for line in lines if line.startswith("feature_infos=")), "").split()
    names = [
        name
        for name, info in zip(booster.feature_name(), infos, strict=False)
        if ":" in info and not info.startswith("[")
    ]
    return dict(zip(names, kept, strict=True)) if len(names) == len(kept) else {}


def _of_xgboost(booster: Any) -> Categories:
    if not hasattr(booster, "get_categories") or "c" not in (booster.feature_types or ()):
        return {}  # older than 3.1, or only numbers
    listed = booster.get_categories(export_to_arrow=True).to_arrow()
    return {name: values.to_pylist() for name, values in listed if values is not None}
