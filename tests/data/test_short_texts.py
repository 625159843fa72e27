"""Short texts coded as words are coded as Arrow would."""

import numpy as np
import pyarrow as pa
import pytest

from auditkit.data.short_texts import short_text_codes
from auditkit.data.table import Table


def coded(values: list[str], offset: int = 0) -> list[str] | None:
    array = pa.array(values, type=pa.large_string())[offset:]
    found = short_text_codes(array)
    return None if found is None else [found[1][code] for code in found[0]]


def test_texts_of_up_to_eight_bytes_come_back_in_their_places() -> None:
    values = ["Female", "", "Male", "é", "12345678", "a", "ab", "\x01", "日本"] * 9000
    assert coded(values) == values
    assert coded(values, offset=7) == values[7:]


def test_values_that_appear_late_are_found() -> None:
    values = ["a"] * 70_000 + ["b", "c"]
    assert coded(values) == values


@pytest.mark.parametrize("odd", ["123456789", "a\0"])
def test_longer_texts_and_nul_are_left_to_arrow(odd: str) -> None:
    assert coded(["a", odd]) is None


def test_many_values_are_left_to_arrow() -> None:
    assert coded([str(value) for value in range(1000)]) is None


def test_a_column_of_many_rows_is_coded_the_same_either_way() -> None:
    values = np.random.default_rng(0).choice(["b", "a", "ccc", "Ä"], 70_000)
    table = Table(pa.table({"x": pa.array(values, type=pa.large_string())}))
    found = table.coded("x")
    assert found.values == ("a", "b", "ccc", "Ä")
    assert [found.values[code] for code in found.codes[:500]] == values[:500].tolist()
