"""Which original column each encoded column comes from, read off fitted transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

UNKNOWN = -3
Owners = npt.NDArray[np.int64]


def trace(transformer: Any, columns: list[str]) -> Owners | None:
    """Return, for each output of a fitted transformer, the position of the column it comes from.

    Also finds the owner of an output that is constant in the rows at hand (a rare category), which no look at the
    data can.

    Parameters
    ----------
    transformer : object
        A fitted transformer, Pipeline or ColumnTransformer.
    columns : list of str
        The columns of its input.

    Returns
    -------
    array of int, shape (outputs,), or None
        `UNKNOWN` for outputs of a transformer that may mix columns; None if not even their number is known.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> frame = pd.DataFrame({"job": ["x", "y", "z"], "town": ["p", "q", "p"]})
    >>> trace(OneHotEncoder().fit(frame), ["job", "town"]).tolist()
    [0, 0, 0, 1, 1]
    """
    return _traced(transformer, np.arange(len(columns)), columns)


def _traced(transformer: Any, owners: Owners, columns: list[str] | None) -> Owners | None:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import SelectorMixin
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    if _one_to_one(transformer):
        return owners
    if isinstance(transformer, Pipeline):
        return _through_steps(transformer, owners, columns)
    if isinstance(transformer, ColumnTransformer):
        return _through_columns(transformer, owners, columns)
    if isinstance(transformer, OneHotEncoder):
        return np.repeat(owners, _outputs_per_column(transformer))
    if isinstance(transformer, SimpleImputer):
        return _through_imputer(transformer, owners)
    if isinstance(transformer, SelectorMixin):
        kept: Owners = owners[transformer.get_support()]
        return kept
    return _through_names(transformer, owners)


def _one_to_one(transformer: Any) -> bool:
    # listed one by one: sklearn's OneToOneFeatureMixin speaks of names only, and Normalizer has it and mixes columns
    from sklearn import preprocessing

    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return True
    if type(transformer) is preprocessing.FunctionTransformer:
        return bool(transformer.func is None)
    return type(transformer) in (
        preprocessing.Binarizer,
        preprocessing.MaxAbsScaler,
        preprocessing.MinMaxScaler,
        preprocessing.OrdinalEncoder,
        preprocessing.PowerTransformer,
        preprocessing.QuantileTransformer,
        preprocessing.RobustScaler,
        preprocessing.StandardScaler,
        preprocessing.TargetEncoder,
    )


def _through_steps(pipeline: Any, owners: Owners, columns: list[str] | None) -> Owners | None:
    found: Owners | None = owners
    for _, step in pipeline.steps:
        if found is None:
            return None
        found = _traced(step, found, columns)
        columns = columns if _one_to_one(step) else None
    return found


def _through_columns(transformer: Any, owners: Owners, columns: list[str] | None) -> Owners | None:
    places = transformer.output_indices_
    result = np.full(max((place.stop for place in places.values()), default=0), UNKNOWN)
    names = columns or []
    for name, part, selected in transformer.transformers_:
        place = places[name]
        positions = _positions(selected, names, len(owners))
        if place.stop == place.start or positions is None:
            continue
        found = _traced(part, owners[positions], [names[at] for at in positions] if names else None)
        if found is not None and len(found) == place.stop - place.start:
            result[place] = found
    return result


def _positions(selected: Any, names: list[str], width: int) -> Owners | None:
    chosen = np.atleast_1d(np.asarray(selected, dtype=object)) if not isinstance(selected, slice) else None
    if chosen is None:
        whole = all(end is None or isinstance(end, int) for end in (selected.start, selected.stop))
        return np.arange(width)[selected] if whole else None
    if all(isinstance(one, str) for one in chosen):
        return np.array([names.index(one) for one in chosen], dtype=int) if set(chosen) <= set(names) else None
    picked: Owners = np.arange(width)[np.asarray(selected)]
    return picked


def _outputs_per_column(encoder: Any) -> list[int]:
    counts = []
    grouped = encoder.min_frequency is not None or encoder.max_categories is not None
    rare = encoder.infrequent_categories_ if grouped else None
    for place, categories in enumerate(encoder.categories_):
        merged = 0 if rare is None or rare[place] is None else len(rare[place]) - 1
        dropped = encoder.drop_idx_ is not None and encoder.drop_idx_[place] is not None
        counts.append(len(categories) - merged - int(dropped))
    return counts


def _through_imputer(imputer: Any, owners: Owners) -> Owners:
    import pandas as pd

    kept: Owners = owners if imputer.keep_empty_features else owners[~pd.isna(imputer.statistics_)]
    flagged: Owners = owners[imputer.indicator_.features_] if imputer.add_indicator else owners[:0]
    return np.concatenate([kept, flagged])


def _through_names(transformer: Any, owners: Owners) -> Owners | None:
    """One column in: every output is its own. More than one in: unknown."""
    if len(owners) != 1:
        return None
    try:
        return np.repeat(owners, len(transformer.get_feature_names_out()))
    except (AttributeError, TypeError, ValueError):
        return None
