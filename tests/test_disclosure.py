"""A public record gives no small cell back, and no record holds a row's values."""

import json
import re
from itertools import chain, combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

import auditkit as ak
from auditkit.auditing import Audit, audit
from auditkit.errors import DataError
from auditkit.record import as_json
from auditkit.subject import POOLED, Subject
from auditkit.suppression import THRESHOLD, narrowest, pooled, publishable

COLUMNS = ("sex", "race", "town")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=6))
def test_groups_that_stand_apart_have_no_small_cell(cells: list[list[int]]) -> None:
    counts = np.array(cells)
    together = pooled(counts)
    if not together.all():
        assert (counts[~together] >= THRESHOLD).all()
        assert not together.any() or (counts[together].sum(axis=0) >= THRESHOLD).all()
        assert together.sum() != 1


def test_no_combination_is_shown_that_has_a_small_cell() -> None:
    cells = np.full((2, 2, 2), 50)
    assert publishable(cells, ["a", "b"]) == {("a",), ("b",), ("a", "b")}
    cells[0, 1, 0] = 3
    assert publishable(cells, ["a", "b"]) == {("a",), ("b",)}


def test_pairs_that_together_give_a_triple_away_are_not_all_shown() -> None:
    cells = np.full((2, 2, 2, 1), 6)
    cells[0, 0, 0, 0] = (
        0  # all pairs are large, yet with all of them this cell lies between 0 and 6, and less wide ones exist
    )
    cells[1, 1, 1, 0] = 1
    shown = publishable(cells, ["a", "b", "c"])
    assert ("a", "b", "c") not in shown
    levels = {tuple("abc".index(name) for name in level) for level in shown}
    assert narrowest(cells, levels) >= THRESHOLD


def random_rows(seed: int, rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], rows, p=[0.4, 0.6]),
            "race": rng.choice(["a", "b", "c", "d"], rows, p=[0.6, 0.3, 0.07, 0.03]),
            "town": rng.choice(["u", "v", "w"], rows, p=[0.7, 0.2, 0.1]),
            "y": rng.integers(0, 2, rows),
        }
    )
    frame["p"] = np.where(rng.random(rows) < 0.75, frame["y"], 1 - frame["y"])
    return frame


def public(frame: pd.DataFrame, sensitive: tuple[str, ...] = COLUMNS) -> tuple[Subject, Audit]:
    subject = Subject(frame, label="y", prediction="p", sensitive=sensitive, disclosure="public")
    return subject, audit(subject, progress=False)


def published_levels(found: Audit) -> set[tuple[str, ...]]:
    """All combinations of columns that anything in the record speaks of."""
    levels = set()
    for finding in found.findings:
        for measure in finding.measures:
            levels |= {tuple(measure.group.columns), tuple(measure.over)}
            for group in (measure.worst, measure.best):
                levels |= {tuple(group.columns)} if group else set()
    return {tuple(sorted(level)) for level in levels if level}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rows", [300, 900])
def test_every_small_cell_keeps_a_range_as_wide_as_the_threshold(seed: int, rows: int) -> None:
    frame = random_rows(seed, rows)
    subject, found = public(frame)
    levels = published_levels(found)
    assert levels <= {tuple(sorted(level)) for level in subject.levels(3)}
    shown = {column: _labels(subject, frame, column) for column in COLUMNS}
    atoms = list(product(*(sorted(frame[column].unique()) for column in COLUMNS)))
    for label, decision in product((0, 1), (0, 1)):
        part = frame[(frame["y"] == label) & (frame["p"] == decision)]
        rows_of, totals = [], []
        for level in [(), *levels]:
            groups = {tuple(shown[column][atom[COLUMNS.index(column)]] for column in level) for atom in atoms}
            for group in groups:
                inside = [
                    all(shown[c][atom[COLUMNS.index(c)]] == value for c, value in zip(level, group, strict=True))
                    for atom in atoms
                ]
                member = np.array(inside, dtype=float)
                rows_of.append(member)
                totals.append(sum(_count(part, atom) for atom, one in zip(atoms, inside, strict=True) if one))
        exact = LinearConstraint(np.array(rows_of), totals, totals)
        for level in chain.from_iterable(combinations(range(3), size) for size in (1, 2, 3)):
            for group in {tuple(atom[axis] for axis in level) for atom in atoms}:
                wanted = np.array([tuple(atom[axis] for axis in level) == group for atom in atoms], dtype=float)
                true = sum(_count(part, atom) for atom, one in zip(atoms, wanted, strict=True) if one)
                if true < THRESHOLD:
                    ends = [milp(sign * wanted, constraints=exact, integrality=np.ones(len(atoms))) for sign in (1, -1)]
                    assert -ends[1].fun - ends[0].fun >= THRESHOLD, (level, group, true)


def _count(part: pd.DataFrame, atom: tuple[str, ...]) -> int:
    return int((part[list(COLUMNS)] == list(atom)).all(axis=1).sum())


def _labels(subject: Subject, frame: pd.DataFrame, column: str) -> dict[str, object]:
    """What each value is called in the record; all alike where the column is not shown."""
    if column not in subject.roles.sensitive:
        return dict.fromkeys(frame[column].unique(), "all")
    coded = subject.groups_of(column)
    return dict(zip(frame[column], (coded.values[code] for code in coded.codes), strict=True))


def test_counts_of_the_record_are_all_at_least_the_threshold() -> None:
    _, found = public(random_rows(1, 900))
    small = [
        (finding.id, measure.name, str(measure.group), measure.n)
        for finding in found.findings
        for measure in finding.measures
        if measure.n is not None and measure.n < THRESHOLD
    ]
    assert small == []


def test_what_is_not_shown_is_said() -> None:
    subject, found = public(random_rows(1, 300))
    assert any("taken together" in text for text in subject.suppressed)
    assert any(POOLED in str(measure.group) for finding in found.findings for measure in finding.measures)
    assert found.subject["suppressed"] == list(subject.suppressed)
    skipped = {finding.id: finding.reason for finding in found.findings if finding.status == "skipped"}
    assert "privacy.k_anonymity" in skipped and "parts of the rows" in str(skipped["privacy.k_anonymity"])


def test_a_column_whose_groups_cannot_be_told_apart_is_not_compared() -> None:
    frame = random_rows(0, 300)
    frame["sex"] = ["f"] * 4 + ["m"] * 296
    subject, _ = public(frame, ("sex", "town"))
    assert subject.roles.sensitive == ("town",)


@pytest.mark.parametrize("more", [{"weight": "w"}, {"cluster": "c"}])
def test_weighted_rows_cannot_be_made_public(more: dict[str, str]) -> None:
    frame = random_rows(0, 300).assign(w=1.5, c=range(300))
    with pytest.raises(DataError, match="disclosure: public"):
        Subject(frame, label="y", prediction="p", sensitive=["sex"], disclosure="public", **more)


def test_an_audit_with_a_small_cell_over_all_rows_cannot_be_made_public() -> None:
    frame = random_rows(0, 300).assign(p=lambda rows: rows["y"])
    with pytest.raises(DataError, match="cannot be made public"):
        Subject(frame, label="y", prediction="p", sensitive=["sex"], disclosure="public")


# ------------------------------------------------------------------- canaries

CANARIES = ("QQcanaryQQ@example.org", "Zyxwv Canarylane 77", "8675309421")


@pytest.mark.parametrize("disclosure", ["internal", "public"])
def test_no_value_of_a_row_is_in_any_output(disclosure: str, tmp_path: Path) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    rng = np.random.default_rng(0)
    frame = random_rows(3, 600).drop(columns="p")
    frame["income"] = rng.normal(30_000, 9_000, 600).round(3)  # each a number of its own
    frame["email"] = [f"u{place}@mail.org" for place in range(600)]
    frame["address"] = [f"{place} Long Street" for place in range(600)]
    frame["phone"] = rng.integers(10**9, 10**10, 600)
    frame.loc[7, ["email", "address"]] = CANARIES[:2]
    frame.loc[7, "phone"] = int(CANARIES[2])
    inputs = ["sex", "race", "town", "income"]
    encoder = ColumnTransformer([("words", OneHotEncoder(), inputs[:3])], remainder="passthrough")
    model = Pipeline([("encode", encoder), ("end", LogisticRegression(max_iter=2000))]).fit(frame[inputs], frame["y"])
    frame["y"] = np.where(rng.random(600) < 0.8, frame["y"], 1 - frame["y"])
    subject = Subject(
        frame,
        model=model,
        train=frame,
        label="y",
        features=inputs,
        sensitive=["sex", "race"],
        quasi_identifiers=["sex", "race", "town"],
        disclosure=disclosure,  # type: ignore[arg-type]
    )
    found = audit(subject, skip=["carbon"], progress=False)
    assert not [finding for finding in found.findings if finding.status == "error"]
    written = ak.render(found, tmp_path / "out")
    texts = {name: (written.folder / name).read_bytes().decode("utf-8", "replace") for name in written.files}
    texts["record"] = json.dumps(as_json(found, None))
    leaked = [(name, canary) for name, text in texts.items() for canary in CANARIES if canary in text]
    assert leaked == []
    own = {str(value) for value in frame["income"]} | {f"{value:,}" for value in frame["income"]}
    numbers = {name: set(re.findall(r"\d[\d,]*\.\d+", text)) for name, text in texts.items() if name[-3:] != "pdf"}
    assert {name: found & own for name, found in numbers.items() if found & own} == {}
