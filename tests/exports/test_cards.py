"""Card formats: accepted by the validators of others, every number the record's, every limit kept, hostile names harmless."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.cli import main
from auditkit.exports.cards import grams, kilowatt_hours, lines, shown, slug, tonnes
from auditkit.exports.formats import FORMATS, exported
from auditkit.exports.sagemaker import MOST_CHARACTERS
from auditkit.finding import Measure
from auditkit.policy import Policy, Rule
from auditkit.record import Record, dump, from_json
from auditkit.run import run
from auditkit.subject import Subject

HOSTILE = "\"><img onerror=x src=y>{{7*7}}<script>|=cmd|'/C calc'!A0`#let` \u202e\u200b"
CARD = {
    "purpose": "p",
    "owner": "o",
    "licence": "l",
    "limitations": "m",
    "intended_use": "u",
    "ethical_considerations": "e",
}


def record_of(name: str = "credit", group: str = "a", column: str = "race", **more: Any) -> Record:
    rows = 400
    frame = pd.DataFrame(
        {
            "sex": ["f", "m"] * (rows // 2),
            column: [group, "b", "c", "d"] * (rows // 4),
            "y": [0, 1, 1, 0] * (rows // 4),
            "p": [0, 1] * (rows // 2),
        }
    )
    subject = Subject(
        frame,
        label="y",
        prediction="p",
        sensitive=["sex", column],
        quasi_identifiers=["sex"],
        name=name,
        card=CARD,
        **more,
    )
    found = audit(subject, skip=["explanations", "carbon"], progress=False)
    rules = (
        Rule(id="k", measure="privacy.k_anonymity.k", min=5),
        Rule(id="gap", measure="fairness.demographic_parity.difference", group="*", max=0.05),
        Rule(id="none", measure="fairness.frontier.accuracy_cost", max=1, severity="warn"),
    )
    return from_json(json.loads(dump(found, Policy(name="gate", rules=rules, digest="0" * 64).judge(found))))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record whose data come from a file."""
    folder = tmp_path_factory.mktemp("cards")
    rows = 400
    pd.DataFrame(
        {
            "sex": ["f", "m"] * (rows // 2),
            "age": [30, 40] * (rows // 2),
            "y": [0, 1, 1, 0] * (rows // 4),
            "p": [0, 1] * (rows // 2),
        }
    ).to_csv(folder / "rows.csv", index=False)
    (folder / "audit.yaml").write_text(
        "name: credit\ndata: {test: rows.csv}\ncolumns: {label: y, prediction: p, sensitive: [sex], quasi_identifiers: [age]}\n"
        "audit: {skip: [carbon, explanations]}\ncard: {owner: o, purpose: p}\npolicy: p.yaml\n"
    )
    (folder / "p.yaml").write_text("policy: gate\nrules:\n  - {id: k, measure: privacy.k_anonymity.k, min: 5}\n")
    return run(folder / "audit.yaml", progress=False).record


@pytest.fixture(scope="module")
def hostile() -> Record:
    return record_of(HOSTILE * 30, HOSTILE, HOSTILE + " column")


def content(record: Record, name: str) -> Any:
    return json.loads(exported(record, name)[1])


# ------------------------------------------------------------- others' validators


@pytest.mark.parametrize("which", ["record", "hostile"])
def test_cyclonedx_accepts_the_bill_of_materials(request: pytest.FixtureRequest, which: str) -> None:
    json_validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    text = exported(request.getfixturevalue(which), "cyclonedx")[1].decode()
    assert json_validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize("which", ["record", "hostile"])
def test_every_reference_of_the_bill_leads_somewhere(request: pytest.FixtureRequest, which: str) -> None:
    bom = content(request.getfixturevalue(which), "cyclonedx")
    known = {part["bom-ref"] for part in _parts(bom) if "bom-ref" in part}
    asked = set()
    for part in _parts(bom):
        for key in ("requirement", "target", "assessor", "ref"):
            asked |= {part[key]} if isinstance(part.get(key), str) else set()
        for key in ("claims", "evidence"):
            asked |= {one for one in part.get(key, ()) if isinstance(one, str)}
    assert asked and asked <= known


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _parts(one)


@pytest.mark.parametrize("which", ["record", "hostile"])
def test_hugging_face_reads_the_card_and_its_results(request: pytest.FixtureRequest, which: str) -> None:
    hub = pytest.importorskip("huggingface_hub")
    record = request.getfixturevalue(which)
    card = hub.ModelCard(exported(record, "huggingface")[1].decode())
    assert [one.metric_value for one in card.data.eval_results] == [line.measure.value for line in lines(record)]
    assert "More Information Needed" not in card.text


@pytest.mark.parametrize("which", ["record", "hostile"])
def test_the_toolkit_schema_accepts_the_card(request: pytest.FixtureRequest, which: str, data_folder: Path) -> None:
    import jsonschema

    file = data_folder.parent / "facts" / "instances" / "mct.schema.json"
    if not file.exists():
        pytest.skip("the schema of the Model Card Toolkit is not at hand")
    jsonschema.validate(content(request.getfixturevalue(which), "model-card-toolkit"), json.loads(file.read_text()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_croissant_accepts_the_dataset(record: Record, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    croissant = pytest.importorskip("mlcroissant")
    name, text = exported(record, "croissant")
    (tmp_path / name).write_bytes(text)
    caplog.set_level(logging.CRITICAL)
    found = croissant.Dataset(jsonld=str(tmp_path / name))
    assert not found.metadata.issues.errors
    assert found.metadata.name == "credit-test-data"


def test_croissant_needs_a_file(hostile: Record) -> None:
    from auditkit.errors import NotApplicable

    with pytest.raises(NotApplicable, match="did not come from one file"):
        exported(hostile, "croissant")


# ----------------------------------------------------------------- our own checks


@pytest.mark.parametrize("which", ["record", "hostile"])
def test_sagemakers_limits_are_kept_though_its_schema_does_not(request: pytest.FixtureRequest, which: str) -> None:
    name, text = exported(request.getfixturevalue(which), "sagemaker")
    card = json.loads(text)
    assert len(text.decode()) <= MOST_CHARACTERS and name.endswith(".json")
    assert set(card) <= {
        "model_overview",
        "intended_uses",
        "training_details",
        "evaluation_details",
        "additional_information",
    }
    assert all(len(value) <= 1024 for value in card["model_overview"].values())
    assert card["intended_uses"]["risk_rating"] in ("High", "Medium", "Low", "Unknown")
    assert all(len(value) <= 2048 for value in card["intended_uses"].values())
    (evaluation,) = card["evaluation_details"]
    assert len(evaluation["name"]) <= 63 and len(evaluation["evaluation_observation"]) <= 2096
    assert all(len(value) <= 1024 for value in evaluation["metadata"].values())
    for group in evaluation["metric_groups"]:
        assert 1 <= len(group["name"]) <= 63
        for metric in group["metric_data"]:
            assert 1 <= len(metric["name"]) <= 255 and len(metric["notes"]) <= 1024
            assert isinstance(metric["value"], int | float)


def test_a_long_record_is_cut_and_says_so() -> None:
    from auditkit.exports import sagemaker

    record = record_of(group="a" * 3000, column="c" * 3000)
    card = content(record, "sagemaker")
    assert len(exported(record, "sagemaker")[1].decode()) <= MOST_CHARACTERS
    names = [
        metric["name"] for group in card["evaluation_details"][0]["metric_groups"] for metric in group["metric_data"]
    ]
    assert any("rest in audit.json" in name for name in names)
    assert len(names) <= sagemaker.MOST_METRICS


def test_every_number_of_every_card_is_the_records(record: Record) -> None:
    values = {line.value for line in lines(record)}
    bom = content(record, "cyclonedx")
    card = bom["components"][0]["modelCard"]
    assert {float(one["value"]) for one in card["quantitativeAnalysis"]["performanceMetrics"]} == values
    toolkit = content(record, "model-card-toolkit")
    assert {float(one["value"]) for one in toolkit["quantitative_analysis"]["performance_metrics"]} == values
    maker = content(record, "sagemaker")["evaluation_details"][0]["metric_groups"]
    assert {float(metric["value"]) for group in maker for metric in group["metric_data"]} == values


def test_a_rule_becomes_requirement_claim_evidence_and_conformance() -> None:
    bom = content(record_of(), "cyclonedx")
    assert [one["identifier"] for one in bom["definitions"]["standards"][0]["requirements"]] == ["k", "gap", "none"]
    mapped = {one["requirement"]: one["conformance"] for one in bom["declarations"]["attestations"][0]["map"]}
    assert mapped["rule-0"]["score"] == 1.0
    assert "score" not in mapped["rule-2"]  # what was not measured has no score


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_nothing_hostile_is_left_unescaped_and_the_same_bytes_come_again(
    hostile: Record, record: Record, name: str
) -> None:
    if name == "croissant":
        assert exported(record, name) == exported(record, name)
        return
    text = exported(hostile, name)[1].decode()
    assert text == exported(hostile, name)[1].decode()
    if name == "huggingface":
        body = text.split("---", 2)[2]
        assert "<script>" not in body and "<img" not in body
        rows = [line for line in body.splitlines() if line.startswith("|")]
        assert {len(line.replace("\\|", "").split("|")) for line in rows} == {7}


def test_what_people_did_not_say_is_said_to_be_missing(record: Record) -> None:
    text = exported(record, "huggingface")[1].decode()
    assert "Not given: known limitations was not stated" in text


@pytest.mark.parametrize(
    ("unit", "value", "in_grams"),
    [("gCO2e", 810.0, 810.0), ("kgCO2e", 0.81, 810.0), ("gCO2e/1000 predictions", 5.0, 5.0)],
)
def test_masses_are_converted_in_one_place(unit: str, value: float, in_grams: float) -> None:
    measure = Measure(name="emissions", value=value, unit=unit, direction="lower")
    assert grams(measure) == pytest.approx(in_grams)
    assert tonnes(measure) == pytest.approx(in_grams / 1e6)


def test_energies_are_converted_in_one_place() -> None:
    found = [
        kilowatt_hours(Measure(name="e", value=value, unit=unit, direction="lower"))
        for value, unit in ((3.6e6, "J"), (1000.0, "Wh"), (1.0, "kWh"))
    ]
    assert found == pytest.approx([1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="wanted one of"):
        kilowatt_hours(Measure(name="e", value=1.0, unit="gCO2e", direction="lower"))


def test_numbers_as_text_give_the_same_number_back() -> None:
    for value in (0.1, 1 / 3, 1e-12, 123456789.0, 0.0, -2.5):
        assert float(shown(value)) == value


def test_slugs_are_names() -> None:
    assert slug(HOSTILE).replace("-", "").isalnum()
    assert slug("---") == "model"


def test_export_writes_the_files(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "audit.json").write_bytes(dump(record.audit, record.decision))
    with pytest.raises(SystemExit) as left:
        main(["export", str(tmp_path / "audit.json"), "--format", "all", "--out", str(tmp_path / "cards")])
    assert left.value.code == 0
    assert {file.name for file in (tmp_path / "cards").iterdir()} == {file for file, _ in FORMATS.values()}
    with pytest.raises(SystemExit) as left:
        main(["export", str(tmp_path / "audit.json"), "--format", "huggingfase"])
    assert left.value.code == 2
    assert "Did you mean 'huggingface'" in capsys.readouterr().err


def test_export_finds_the_report_writes_over_its_own_card_and_over_no_other_readme(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "auditkit-report").mkdir()
    (tmp_path / "auditkit-report" / "audit.json").write_bytes(dump(record.audit, record.decision))
    monkeypatch.chdir(tmp_path)

    def export(*arguments: str) -> object:
        with pytest.raises(SystemExit) as left:
            main(["export", *arguments, "--format", "huggingface"])
        return left.value.code

    assert (export(), export(), export("auditkit-report")) == (0, 0, 0)
    Path("README.md").write_text("---\ntitle: mine\n---\n# auditkit: mine\n")
    assert export() == 2
    assert "README.md is there already and is no card of auditkit's" in capsys.readouterr().err
    assert "title: mine" in Path("README.md").read_text()
