"""Reasons as a file: one person a line, numbers unrounded, no formula, nobody else's to read."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from auditkit.errors import OutputError
from auditkit.explainers.reason_codes import ReasonCodes, reason_codes
from auditkit.exports.reason_codes import COLUMNS, reason_codes_csv, write_reason_codes
from auditkit.subject import Subject

RNG = np.random.default_rng(2)
HOSTILE = ['=HYPERLINK("http://example.org","x")', "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", 'a"b,c\r\nd']


def codes(name: str = "job", value: str = "clerk") -> ReasonCodes:
    frame = pd.DataFrame({name: RNG.choice([value, "other"], 400), "income": RNG.normal(size=400)})
    frame["repaid"] = np.where(frame.income - 2 * (frame[name] == value) > -0.5, "yes", "no")
    model = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(max_depth=5, random_state=0))
    model.fit(frame[[name, "income"]], frame.repaid)
    return reason_codes(Subject(frame, model=model, label="repaid", favorable="yes"), range(100))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_each_person_is_a_line_with_unrounded_numbers_that_add_up() -> None:
    found = codes()
    written = rows(reason_codes_csv(found))
    assert len(written) == len(found.persons) == 100
    for line, person in zip(written, found.persons, strict=True):
        assert (int(line["row"]), line["decision"]) == (person.row, person.decision)
        assert line["adverse"] == ("yes" if person.adverse else "no")
        shares = [float(line[f"share_{place}"]) for place in range(1, 5) if line[f"share_{place}"]]
        assert shares == [reason.share for reason in person.reasons]
        assert [line[f"text_{place}"] for place in range(1, len(shares) + 1)] == [r.text for r in person.reasons]
        residual = float(line["additivity_residual"])
        assert abs(residual) < 1e-9
        total = float(line["base"]) + sum(shares) + float(line["not_listed"]) + residual
        assert total == pytest.approx(float(line["score"]), abs=1e-12)


def test_each_line_states_the_reference_and_the_method() -> None:
    found = codes()
    for line in rows(reason_codes_csv(found)):
        assert (line["reference"], int(line["reference_rows"])) == (found.reference.name, len(found.reference))
        assert line["reference_sha256"] == found.reference.digest
        assert found.reference.note in line["method"] and "largest additivity error" in line["method"]


def test_pandas_reads_it_as_it_was_written() -> None:
    read = pd.read_csv(io.BytesIO(reason_codes_csv(codes())))
    assert tuple(read.columns) == COLUMNS
    assert read["share_1"].dropna().lt(0).all()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["name", "value"])
def test_no_text_of_the_data_is_a_formula_or_breaks_a_line(place: str, text: str) -> None:
    found = codes(name=text) if place == "name" else codes(value=text)
    content = reason_codes_csv(found)
    written = rows(content)
    assert len(written) == 100
    assert any(line["reason_1"] for line in written)
    for line in written:
        assert None not in line and None not in line.values()
        for cell in line.values():
            numeric = cell.replace(".", "", 1).replace("-", "").replace("e", "").isdigit()
            assert numeric or not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_the_file_is_its_owners_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "reason_codes.csv"
    found = codes()
    write_reason_codes(found, path)
    path.chmod(0o644)
    write_reason_codes(found, path)  # over its own kind
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == reason_codes_csv(found)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reason_codes.csv"]


def test_a_foreign_file_a_folder_and_a_report_are_left_alone(tmp_path: Path) -> None:
    found = codes()
    (tmp_path / "thesis.csv").write_text("mine\n")
    with pytest.raises(OutputError, match=r"thesis\.csv exists and is no export of reasons"):
        write_reason_codes(found, tmp_path / "thesis.csv")
    assert (tmp_path / "thesis.csv").read_text() == "mine\n"
    with pytest.raises(OutputError, match="is a folder; name a file"):
        write_reason_codes(found, tmp_path)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "manifest.json").write_text("{}")
    with pytest.raises(OutputError, match="report folder, and reasons are about single persons"):
        write_reason_codes(found, tmp_path / "report" / "reason_codes.csv")
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        write_reason_codes(found, tmp_path / "absent" / "reason_codes.csv")


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    found, target = codes(), tmp_path / "elsewhere.csv"
    write_reason_codes(found, target)
    before = target.read_bytes()
    link = tmp_path / "reason_codes.csv"
    link.symlink_to(target)
    write_reason_codes(codes(), link)
    assert not link.is_symlink()
    assert target.read_bytes() == before
