"""What is odd in a table is counted and named; what is not is left in peace."""

import numpy as np
import pandas as pd
import pytest

from auditkit.auditors.data.quality import quality
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject


def rows_of(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "town": rng.choice(list("pqrs"), n), "age": rng.integers(18, 90, n)})
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    return frame


def run(frame: pd.DataFrame, **roles: object) -> tuple[dict[str, Measure], dict[str, tuple[object, ...]]]:
    found = quality.run(Subject(frame, label="y", **roles), {})  # type: ignore[arg-type]
    table = next(e for e in found if isinstance(e, Evidence))
    return {m.name: m for m in found if isinstance(m, Measure)}, {str(row[0]): row for row in table.rows}


def test_a_clean_table_has_no_remarks() -> None:
    measures, rows = run(rows_of())
    names = ("constant_columns", "identifier_columns", "mixed_columns", "cells_spelled_missing")
    assert [measures[name].value for name in names] == [0, 0, 0, 0]
    assert {row[7] for row in rows.values()} == {""}


@pytest.mark.parametrize(
    ("column", "values", "measure", "remark"),
    [
        ("one", ["x"] * 600, "constant_columns", "constant"),
        ("id", range(600), "identifier_columns", "a value of its own"),
        ("mixed", ["12", "many"] * 300, "mixed_columns", "numbers and texts mixed"),
        ("gaps", ["?", " N/A ", "p"] * 200, "cells_spelled_missing", "400 cells spell missing"),
        ("code", [*range(590), *[99999] * 10], None, "99999 may stand for missing"),
        ("minus", [*range(590), *[-9] * 10], None, "-9 may stand for missing"),
    ],
)
def test_oddities_are_named(column: str, values: list[object], measure: str | None, remark: str) -> None:
    measures, rows = run(rows_of().assign(**{column: values}))
    assert remark in str(rows[column][7])
    if measure is not None:
        assert float(measures[measure].value or 0) > 0


def test_far_values_are_counted_and_not_judged() -> None:
    frame = rows_of()
    frame.loc[:4, "a"] = 1e6
    assert run(frame)[1]["a"][6] == 5


def test_labels_that_were_turned_are_doubtful() -> None:
    frame = rows_of(2000)
    clean = run(frame)[0]["share_doubtful_labels"]
    turned = np.random.default_rng(1).random(2000) < 0.1
    frame.loc[turned, "y"] = np.where(frame.loc[turned, "y"] == "yes", "no", "yes")
    noisy = run(frame)[0]["share_doubtful_labels"]
    assert float(clean.value or 0) < 0.02
    assert float(noisy.value or 0) == pytest.approx(0.1, abs=0.03)


def test_few_rows_give_no_estimate_of_labels() -> None:
    assert run(rows_of(80))[0]["share_doubtful_labels"].status == "insufficient"
