"""What is found in cells and columns, measured on labelled cells; nothing that is found is ever printed."""

from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest

from auditkit.attacks import check_digits as check
from auditkit.attacks.personal_data import kind_by_name, kinds_in, numbers_kind
from auditkit.auditors.privacy.personal_data import personal_data
from auditkit.errors import ConfigurationError
from auditkit.finding import Evidence, Measure
from auditkit.subject import Subject

from .probe import MAKERS, probe

# Published examples: SWIFT's registry, issuers' test numbers, and the authorities' own documents.
EXAMPLES = [
    (check.iban, "DE89370400440532013000"),
    (check.iban, "GB29NWBK60161331926819"),
    (check.iban, "FR1420041010050500013M02606"),
    (check.card, "4111111111111111"),
    (check.card, "378282246310005"),
    (check.card, "30569309025904"),
    (check.es_dni, "12345678Z"),
    (check.es_dni, "X1234567L"),
    (check.it_codice_fiscale, "RSSMRA85T10A562S"),
    (check.de_tax_id, "86095742719"),
    (check.de_tax_id, "47036892816"),
    (check.nl_bsn, "111222333"),
    (check.be_national, "85073003328"),
    (check.pl_pesel, "44051401359"),
    (check.se_personnummer, "8112189876"),
    (check.fi_hetu, "131052-308T"),
    (check.no_fnr, "01010750160"),
    (check.ch_ahv, "7569217076985"),
    (check.br_cpf, "52998224725"),
    (check.in_aadhaar, "234123412346"),
    (check.cn_resident, "11010519491231002X"),
    (check.ca_sin, "193456787"),
    (check.fr_nir, "255081416802538"),
]


@pytest.mark.parametrize(("keeps", "number"), EXAMPLES)
def test_published_numbers_keep_their_check_and_no_other_last_place_does(keeps: object, number: str) -> None:
    assert keeps(number)  # type: ignore[operator]
    others = "0123456789" if number[-1].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    kept = [letter for letter in others if keeps(number[:-1] + letter)]  # type: ignore[operator]
    assert kept == [number[-1]]


@pytest.mark.parametrize("number", ["000123456", "666123456", "900123456", "123006789", "123450000", "078051120"])
def test_social_security_numbers_that_were_never_issued_are_none(number: str) -> None:
    assert not check.us_ssn(number)


def test_recall_and_precision_on_the_labelled_cells(record_property: Callable[[str, object], None]) -> None:
    cells = probe()
    assert len(cells) >= 2000 and sum(kind is None for _, kind in cells) >= 1000
    right, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    for text, kind in cells:
        found = set(kinds_in(text))
        if kind is not None:
            (right if kind in found else missed)[kind] += 1
        wrong.update(found - {kind})
    recall = {kind: right[kind] / (right[kind] + missed[kind]) for kind in MAKERS}
    precision = sum(right.values()) / (sum(right.values()) + sum(wrong.values()))
    shown = ", ".join(f"{kind} {share:.2f}" for kind, share in recall.items())
    record_property(
        "personal data", f"{len(cells):,} cells: precision {precision:.3f}; recall {shown}; wrong {dict(wrong)}"
    )
    assert min(recall.values()) >= 0.95
    assert precision >= 0.97


def test_a_column_of_bare_numbers_is_judged_as_a_whole() -> None:
    import random

    from .probe import make_bsn

    rng = random.Random(1)
    assert numbers_kind(make_bsn(rng).replace(".", "") for _ in range(200)) == "national id (NL)"
    assert numbers_kind(str(rng.randint(10**8, 10**9 - 1)) for _ in range(200)) is None
    assert numbers_kind(["111222333"] * 200) is None


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("customerEmail", "e-mail address"),
        ("E-Mail", "e-mail address"),
        ("last_name", "name of a person"),
        ("ssn", "national id"),
        ("patient_id", "record of a person"),
        ("IBAN", "account"),
        ("date_of_birth", "date of birth"),
        ("phone_no", "phone number"),
        ("latitude", "location"),
        ("age", None),
        ("capital-gain", None),
        ("native-country", None),
        ("education-num", None),
        ("hours-per-week", None),
        ("decile_score", None),
    ],
)
def test_names_of_columns_tell_what_they_hold(column: str, kind: str | None) -> None:
    assert kind_by_name(column) == kind


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = 60
    return pd.DataFrame(
        {
            "contact": [f"user{place}@example.org" if place % 2 else "none" for place in range(rows)],
            "note": ["call +49 30 1234567" if place == 7 else "fine" for place in range(rows)],
            "last_name": ["Lovelace"] * rows,
            "age": range(rows),
            "when": ["2024-05-01"] * rows,
            "y": [0, 1] * (rows // 2),
        }
    )


def measured(subject: Subject) -> dict[str, float | int | None]:
    return {
        item.name: item.value
        for item in personal_data.run(subject, {})
        if isinstance(item, Measure) and item.dataset == "test"
    }


def test_columns_and_cells_are_counted(frame: pd.DataFrame) -> None:
    assert measured(Subject(frame)) == {
        "columns": 2,
        "columns_by_name": 1,
        "model_inputs": 0,
        "cells": 31,
        "share_of_cells": 31 / 360,
    }


def test_what_the_model_reads_is_told_apart(frame: pd.DataFrame) -> None:
    class Model:
        classes_ = (0, 1)
        feature_names_in_ = ("contact", "last_name", "age")

        def predict(self, rows: pd.DataFrame) -> list[int]:
            return [0] * len(rows)

    assert measured(Subject(frame, model=Model(), label="y"))["model_inputs"] == 2


def test_no_value_that_was_found_is_shown(frame: pd.DataFrame) -> None:
    shown = repr(personal_data.run(Subject(frame), {}))
    assert "user1@" not in shown and "1234567" not in shown and "Lovelace" not in shown


def test_the_table_names_kind_count_and_how_it_was_told(frame: pd.DataFrame) -> None:
    table = next(item for item in personal_data.run(Subject(frame), {}) if isinstance(item, Evidence))
    assert [row[:4] for row in table.rows] == [
        ("contact", "e-mail address", "value", 30),
        ("note", "phone number", "value", 1),
        ("last_name", "name of a person", "name", None),
    ]


def test_adult_holds_none(data_folder: object) -> None:
    path = data_folder / "adult" / "adult.data"  # type: ignore[operator]
    if not path.exists():
        pytest.skip("adult.data is not among the real data")
    frame = pd.read_csv(path, skiprows=1, header=None, skipinitialspace=True)
    frame.columns = [f"c{place}" for place in frame.columns]
    found = measured(Subject(frame))
    assert (found["columns"], found["cells"]) == (0, 0)


def test_presidio_is_asked_only_on_request_and_its_absence_is_told(frame: pd.DataFrame) -> None:
    pytest.importorskip("auditkit")
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError:
        with pytest.raises(ConfigurationError, match=r"auditkit\[presidio\]"):
            personal_data.run(Subject(frame), {"presidio": True})
    else:
        assert measured(Subject(frame))["cells"] == 31
