"""Tallies add up, forget row order and find every cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import DataError
from auditkit.finding import Group
from auditkit.score_tally import ScoreTally
from auditkit.tally import Axis, Tally

AXES = (Axis("sex", ("f", "m", None)), Axis("label", (0, 1)), Axis("prediction", (0, 1)))
rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


def tally(cells: list[tuple[int, ...]]) -> Tally:
    table = np.array(cells, dtype=np.int32).reshape(-1, 3)
    return Tally.of(AXES, [table[:, 0], table[:, 1], table[:, 2]])


@given(rows, rows)
def test_tallies_of_two_parts_add_up_to_the_tally_of_the_whole(first: list, second: list) -> None:
    assert tally(first) + tally(second) == tally(first + second)


@given(rows, st.randoms())
def test_row_order_does_not_matter(cells: list, random: object) -> None:
    shuffled = list(cells)
    random.shuffle(shuffled)
    assert tally(cells) == tally(shuffled)


@given(rows)
def test_every_marginal_counts_every_row(cells: list) -> None:
    assert tally(cells).marginal("sex").n == len(cells) == tally(cells).cube(["sex"], ["label", "prediction"]).sum()


def test_groups_are_sorted_with_the_missing_group_last() -> None:
    found = tally([(2, 0, 0), (1, 0, 1), (0, 1, 1)]).groups(["sex"])
    assert found == [Group.of({"sex": "f"}), Group.of({"sex": "m"}), Group.of({"sex": None})]


def test_a_tally_of_parts_with_other_values_aligns_them_by_value() -> None:
    first = Tally.of([Axis("sex", ("f", "m"))], [np.array([0, 1, 1])])
    second = Tally.of([Axis("sex", ("m", "x"))], [np.array([0, 1, 1])])
    assert (first + second).cube(["sex"], []).tolist() == [1, 3, 2]


def test_wide_keys_use_sparse_cells_and_count_the_same() -> None:
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 3000, 500), rng.integers(0, 3000, 500)]
    found = Tally.of([Axis("a", tuple(range(3000))), Axis("b", tuple(range(3000)))], columns)
    assert found.n == 500
    assert len(found.counts) == len({*zip(*[c.tolist() for c in columns], strict=True)})


def test_keys_of_any_width_are_counted() -> None:
    wide = Axis("a", tuple(range(1 << 16)))
    rng = np.random.default_rng(1)
    columns = [rng.integers(0, 1 << 16, 50) for _ in range(6)]
    axes = [Axis(f"a{place}", wide.values) for place in range(6)]
    both = Tally.of(axes, [np.concatenate([column, column]) for column in columns])
    assert both == Tally.of(axes, columns) + Tally.of(axes, columns)
    assert set(both.counts.tolist()) == {2}


def test_tallies_over_other_columns_do_not_add() -> None:
    with pytest.raises(DataError, match="different columns"):
        tally([(0, 0, 0)]) + Tally.of([Axis("sex", ("f",))], [np.array([0])])


def test_scores_are_counted_by_group_and_distinct_score() -> None:
    groups = (Group.of({"g": 0}), Group.of({"g": 1}))
    found = ScoreTally.of(
        groups, np.array([1, 0, 1, 1]), np.array([0.5, 0.1, 0.5, 0.2]), np.array([True, False, False, True])
    )
    values, hits, misses = found.cells[1]
    assert (values.tolist(), hits.tolist(), misses.tolist()) == ([0.2, 0.5], [1, 1], [0, 1])


weighted_rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.0, 0.001, 1.0, 2.5, 1e6])),
    min_size=1,
    max_size=40,
).filter(lambda cells: any(cell[3] > 0 for cell in cells))


def weighted(cells: list) -> Tally:
    table = np.array([cell[:3] for cell in cells], dtype=np.int32).reshape(-1, 3)
    return Tally.of(AXES, list(table.T), np.array([cell[3] for cell in cells]))


@given(weighted_rows, weighted_rows)
def test_weighted_tallies_add_up_to_the_tally_of_the_whole(first: list, second: list) -> None:
    assert weighted(first) + weighted(second) == weighted(first + second)


@given(weighted_rows)
def test_a_tally_survives_json(cells: list) -> None:
    import json

    for found in (weighted(cells), tally([cell[:3] for cell in cells])):
        assert Tally.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@given(weighted_rows)
def test_weights_are_summed_by_cell(cells: list) -> None:
    sums, squares = weighted(cells).weight_cubes((), ["sex"])
    for place in range(3):
        mine = [cell[3] for cell in cells if cell[0] == place]
        assert sums[0, place] == pytest.approx(sum(mine), rel=1e-3)
        assert squares[0, place] == pytest.approx(sum(w * w for w in mine), rel=2e-3)


@given(rows)
def test_int8_codes_and_int64_codes_count_the_same(cells: list) -> None:
    table = np.array(cells).reshape(-1, 3)
    narrow, wide = (Tally.of(AXES, [table[:, i].astype(kind) for i in range(3)]) for kind in (np.int8, np.int64))
    assert narrow == wide


def test_a_tally_without_columns_is_refused() -> None:
    with pytest.raises(DataError, match="at least one column"):
        Tally.of([], [])
