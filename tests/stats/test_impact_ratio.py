"""Impact ratios and medians as Local Law 144 defines them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.stats.impact_ratio import above, impact_ratios, median_of_counts

COUNTS = st.dictionaries(
    st.tuples(st.text(min_size=1, max_size=3)),
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
    max_size=8,
)


@given(COUNTS)
def test_the_highest_rate_has_ratio_one_and_no_ratio_leaves_0_to_1(counts: dict) -> None:
    found = impact_ratios(counts)
    ratios = [line.ratio for line in found]
    if all(hits == 0 for _, hits in counts.values()):
        assert ratios == [None] * len(found)
    else:
        assert max(ratios) == 1.0
        assert min(ratios) >= 0.0
    assert sum(line.share for line in found) == pytest.approx(1.0)


@given(COUNTS, st.integers(2, 9))
def test_more_persons_in_proportion_change_nothing(counts: dict, factor: int) -> None:
    more = {key: (factor * n, factor * hits) for key, (n, hits) in counts.items()}
    for one, other in zip(impact_ratios(counts), impact_ratios(more), strict=True):
        assert one.ratio == pytest.approx(other.ratio)


@given(COUNTS)
def test_order_of_categories_changes_nothing(counts: dict) -> None:
    turned = dict(reversed(counts.items()))
    assert sorted(map(repr, impact_ratios(counts))) == sorted(map(repr, impact_ratios(turned)))


def test_category_of_exactly_the_share_is_kept() -> None:
    found = impact_ratios({("a",): (98, 49), ("b",): (2, 2)}, 0.02)
    assert [line.excluded for line in found] == [False, False]


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 9)), min_size=1, max_size=30))
def test_median_is_that_of_numpy_and_counts_above_are_strict(pairs: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    counts = np.array([count for _, count in pairs])
    every = np.repeat(values, counts)
    middle = median_of_counts(values, counts)
    assert middle == np.median(every)
    assert above(np.zeros(len(values), dtype=np.int64), values, counts, middle)[0] == (
        len(every),
        int((every > middle).sum()),
    )
    assert int((every > middle).sum()) <= len(every) / 2
