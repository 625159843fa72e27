"""YAML is read with positions, a schema and "did you mean"."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import ConfigurationError
from auditkit.yamlfile import Document, load_policy_document, load_yaml, schema

POLICY = """\
policy: gate
rules:
  - id: parity
    measure: fairness.demographic_parity.ratio
    group: sex
    min: 0.8
    severity: block
  - {id: k, measure: privacy.k_anonymity.k, min: 5}
waivers:
  - {rule: k, reason: r, requested_by: a, approved_by: b, until: 2027-06-30}
"""


def write(folder: Path, text: str | bytes, name: str = "policy.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(folder: Path, text: str | bytes) -> ConfigurationError:
    with pytest.raises(ConfigurationError, match=r".") as caught:
        load_policy_document(write(folder, text))
    assert "\n" not in str(caught.value)
    assert str(folder) not in str(caught.value)
    return caught.value


def test_a_good_policy_gives_plain_data_and_dates_as_text(tmp_path: Path) -> None:
    document = load_policy_document(write(tmp_path, POLICY))
    assert type(document.data) is dict
    assert type(document.data["rules"]) is list
    assert document.data["rules"][0]["min"] == 0.8
    assert document.data["waivers"][0]["until"] == "2027-06-30"


def test_positions_count_from_one_and_fall_back_to_the_nearest_part(tmp_path: Path) -> None:
    document = load_policy_document(write(tmp_path, POLICY))
    assert document.position("rules", 0, "min") == (6, 5)
    assert document.position("rules", 1, "measure") == (8, 13)
    assert document.position("rules", 0, "max") == (3, 5)
    assert document.position() == (1, 1)


def test_an_error_carries_file_name_line_and_source(tmp_path: Path) -> None:
    problem = load_policy_document(write(tmp_path, POLICY)).error("too low", "rules", 0, "min")
    assert (problem.file, problem.line, problem.column, problem.source) == ("policy.yaml", 6, 5, "    min: 0.8")
    assert str(problem) == "policy.yaml:6:5: too low"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("severity: block", "severty: block", 7, r"unknown key 'severty' in rules[1]. Did you mean 'severity'?"),
        (
            "severity: block",
            "severity: blok",
            7,
            "got 'blok', wanted 'block' or 'warn' or 'info'. Did you mean 'block'?",
        ),
        ("    measure: fair", "    mesure: fair", 4, "Did you mean 'measure'?"),
        ("min: 0.8", "min: abc", 6, "got 'abc', wanted a number"),
        ("min: 0.8", "min: .nan", 6, "wanted a finite number"),
        ("min: 0.8", "min: 1e999", 6, "wanted a finite number"),
        ("min: 0.8", "max_not_covered: 0", 3, "got none in rules[1], wanted exactly one of 'min', 'max', 'between'"),
        ("min: 0.8", "min: 0.8\n    max: 1", 3, "got 'min' and 'max' in rules[1], wanted exactly one of"),
        ("min: 0.8", "min: 0.8\n    max_not_covered: abc", 7, "got 'abc', wanted a number between 0 and 1"),
        ("group: sex", "group: 3", 5, "got 3, wanted text that is not empty or a list of text"),
        ("group: sex", "group: []", 5, "got an empty list"),
        ("group: sex", "group: sex\n    each_group: sex", 3, "got both 'group' and 'each_group'"),
        ("id: parity", "id: k", 8, "rule id 'k' stands twice (first on line 3)"),
        ("2027-06-30", "2027-02-30", 10, "got '2027-02-30', wanted a date like '2027-06-30'"),
        ("2027-06-30", "soon", 10, "wanted a date like"),
        ("policy: gate", "policy: gate\nversion: 1.1", 2, "got 1.1, wanted text that is not empty; put it in quotes"),
        ("policy: gate", "policy: gate\npolicy: gate", 2, "'policy' stands twice (first on line 1)"),
        ("policy: gate", "policy: &a gate\nversion: *a", 1, "an anchor is used again"),
        ("policy: gate", "policy: !!python/name:os.system gate", 1, "the tag"),
        ("policy: gate", "policy: gate\n1: x", 2, "got the key '1', wanted text"),
        ("    group: sex", "\tgroup: sex", 5, "a tab stands where YAML wants blanks"),
        ("group: sex", "group: [sex", None, "not valid YAML"),
        ("policy: gate", "name: gate", 1, "unknown key 'name'"),
        ("policy: gate\n", "", 1, "missing key 'policy'; add it"),
    ],
)
def test_a_mistake_is_told_in_one_line_at_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, message: str
) -> None:
    assert old in POLICY
    problem = refusal(tmp_path, POLICY.replace(old, new, 1))
    assert message in problem.message
    assert problem.line is not None
    if line is not None:
        assert problem.line == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- a\n", "wanted a mapping"),
        ("just text", "wanted a mapping"),
        (b"policy: \xff", "not UTF-8"),
        ("policy: a\x00b", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("[" * 3000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, text).message


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").encode()
    assert load_policy_document(write(tmp_path, text)).position("rules", 0, "min") == (6, 5)


def test_a_missing_file_is_guessed(tmp_path: Path) -> None:
    write(tmp_path, POLICY)
    with pytest.raises(ConfigurationError, match=r"no such file: 'polcy.yaml'\. Did you mean 'policy.yaml'"):
        load_policy_document(tmp_path / "polcy.yaml")
    with pytest.raises(ConfigurationError, match="is a folder"):
        load_policy_document(tmp_path)


def test_yes_and_no_are_texts_as_in_yaml_1_2(tmp_path: Path) -> None:
    document = load_yaml(write(tmp_path, "a: yes\nb: no\nc: true\n"), {})
    assert document.data == {"a": "yes", "b": "no", "c": True}


@pytest.mark.parametrize("name", ["audit", "policy"])
def test_the_schemas_are_valid_and_describe_every_key(name: str) -> None:
    from jsonschema import Draft202012Validator

    loaded = schema(name)
    Draft202012Validator.check_schema(loaded)
    assert loaded["additionalProperties"] is False
    assert all(part["description"] for part in loaded["properties"].values())


@given(st.text(max_size=80))
def test_any_text_gives_a_document_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "policy.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(load_policy_document(path), Document)
    except ConfigurationError as problem:
        assert "\n" not in str(problem)


def test_a_first_file_that_is_missing_is_offered(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no such file: 'audit.yaml'. To have one proposed: auditkit init DATA"
    ):
        load_yaml(tmp_path / "audit.yaml", schema("audit"))


def test_a_long_value_is_cut_with_both_its_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a sentence that is no mapping at all, " * 4)
    with pytest.raises(ConfigurationError, match=r"got '[^']{50,60}', wanted a mapping"):
        load_yaml(tmp_path / "a.yaml", schema("audit"))
