"""init proposes files that run; compare says what changed and how surely; codes stay."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from auditkit.auditing import Audit, audit
from auditkit.catalog import catalogue
from auditkit.cli import main
from auditkit.codes import code_of, codes
from auditkit.comparing import compare
from auditkit.config import load_config
from auditkit.data.frames import table_from_frame
from auditkit.policy import Policy
from auditkit.record import dump
from auditkit.starting import propose
from auditkit.subject import Subject


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = 400
    return pd.DataFrame(
        {
            "customer_id": range(rows),
            "Sex": ["f", "m"] * (rows // 2),
            "age": [20 + place % 50 for place in range(rows)],
            "zipCode": [str(10000 + place % 40) for place in range(rows)],
            "prediction": ["yes", "no", "no", "yes"] * (rows // 4),
            "score": [place % 100 / 100 for place in range(rows)],
            "approved": ["yes", "yes", "no", "no"] * (rows // 4),
        }
    )


# ----------------------------------------------------------------------- init


def test_roles_are_proposed_from_names_and_values(frame: pd.DataFrame) -> None:
    found = propose(table_from_frame(frame))
    assert (found.label, found.favorable, found.prediction, found.score) == ("approved", "yes", "prediction", "score")
    assert found.sensitive == ["Sex", "age"] and found.bins == {"age": [25, 40, 60]}
    assert found.quasi_identifiers == ["Sex", "age", "zipCode"]
    assert found.drop == ["customer_id"]


def test_a_label_of_two_values_is_found_without_a_known_name() -> None:
    frame = pd.DataFrame({"a": range(40), "result_x": ["p", "q"] * 20})
    found = propose(table_from_frame(frame))
    assert (found.label, found.favorable) == ("result_x", None)


def test_init_writes_files_that_run(frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert call("init", tmp_path / "rows.csv", "--yes") == 0
    config = load_config(tmp_path / "audit.yaml")
    assert config.columns["label"] == "approved" and config.columns["sensitive"] == ["Sex", "age"]
    assert Policy.load(tmp_path / "policy.yaml").rules
    assert call("run", tmp_path / "audit.yaml", "--quiet", "--only", "fairness", "--only", "privacy.k_anonymity") in (
        1,
        3,
    )
    assert "verdict:" in capsys.readouterr().out


def test_init_never_writes_over_files_unless_told(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "policy.yaml").write_text("mine")
    assert call("init", tmp_path / "rows.csv", "--yes") == 2
    assert (tmp_path / "policy.yaml").read_text() == "mine" and not (tmp_path / "audit.yaml").exists()
    assert call("init", tmp_path / "rows.csv", "--yes", "--force") == 0
    assert (tmp_path / "audit.yaml").exists()


def test_init_pins_a_pickled_model(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "model.joblib").write_bytes(b"x")
    assert call("init", tmp_path / "rows.csv", "--yes") == 0
    text = (tmp_path / "audit.yaml").read_text()
    assert "sha256: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" in text


@pytest.mark.parametrize("name", ["yes", "a: b", "# c", "'", "on", "[x]", "ä", "x{y}"])
def test_names_are_quoted_where_yaml_needs_it(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    frame.rename(columns={"approved": name}).to_csv(tmp_path / "rows.csv", index=False)
    assert call("init", tmp_path / "rows.csv", "--yes", "--label", name) == 0
    assert load_config(tmp_path / "audit.yaml").columns["label"] == name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv", "--yes"], "there is no file 'nowhere.csv'"),
        (["rows.csv", "--yes", "--label", "aproved"], "Did you mean 'approved'"),
        (["rows.csv", "--yes", "--train", "no.csv"], "--train: no such file: 'no.csv'"),
    ],
)
def test_init_tells_mistakes_in_a_line(
    frame: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    frame.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert call("init", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


# -------------------------------------------------------------------- compare


def audit_of(frame: pd.DataFrame) -> Audit:
    subject = Subject(frame, label="approved", favorable="yes", prediction="prediction", sensitive=["Sex"])
    return audit(subject, only=["fairness.demographic_parity", "performance.classification"], progress=False)


def test_an_audit_compared_with_itself_shows_no_change(frame: pd.DataFrame) -> None:
    found = compare(audit_of(frame), audit_of(frame))
    assert {one.moved for one in found.changes} == {"not shown"}
    assert (found.gone, found.new, found.notes) == ((), (), ())


def test_what_got_worse_comes_first_and_what_is_not_compared_is_named(frame: pd.DataFrame) -> None:
    before = audit_of(frame)
    bad = frame.assign(prediction=[("yes" if sex == "m" else "no") for sex in frame["Sex"]])
    after = audit_of(bad)
    found = compare(before, after)
    assert found.changes[0].moved == "worse"
    gap = next(one for one in found.changes if one.measure == "fairness.demographic_parity.difference")
    assert (gap.was, gap.now, gap.moved) == (0.0, 1.0, "worse") and 0 < gap.low < 1
    assert found.notes == ("the data are not the same",)
    half = replace(after, findings=after.findings[:1])
    assert compare(before, half).gone and compare(half, before).new


def test_no_change_is_claimed_by_chance() -> None:
    import numpy as np

    rng, claimed = np.random.default_rng(0), 0
    for _ in range(60):
        pair = []
        for _ in range(2):
            rows = 400
            frame = pd.DataFrame({"Sex": rng.choice(["f", "m"], rows), "approved": rng.choice(["yes", "no"], rows)})
            frame["prediction"] = np.where(rng.random(rows) < 0.7, frame["approved"], "no")
            pair.append(audit_of(frame))
        claimed += any(one.moved != "not shown" for one in compare(*pair).changes)
    assert claimed <= 7  # 60 comparisons, each wrong at most in 5 %: more than 7 has a chance below 1 %


def test_compare_prints_and_its_exit_code_is_the_policys(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_bytes(dump(audit_of(frame), None))
    bad = frame.assign(prediction=[("yes" if sex == "m" else "no") for sex in frame["Sex"]])
    (tmp_path / "b.json").write_bytes(dump(audit_of(bad), None))
    (tmp_path / "p.yaml").write_text(
        "policy: p\nrules:\n  - {id: gap, measure: fairness.demographic_parity.difference, group: Sex, no_worse_than_baseline: true}\n"
    )
    assert call("compare", tmp_path / "a.json", tmp_path / "b.json") == 0
    assert "worse" in capsys.readouterr().out
    assert call("compare", tmp_path / "a.json", tmp_path / "b.json", "--policy", tmp_path / "p.yaml") == 1
    assert call("compare", tmp_path / "b.json", tmp_path / "a.json", "--policy", tmp_path / "p.yaml") == 0
    capsys.readouterr()
    assert call("compare", tmp_path / "a.json", tmp_path / "b.json", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changes"][0]["moved"] == "worse"


# ---------------------------------------------------------------- list, codes


def test_every_auditor_of_the_package_has_a_code_of_its_own() -> None:
    own = [name for name, entry in catalogue().items() if entry.function.__module__.startswith("auditkit.")]
    assert [name for name in own if not code_of(name)] == []
    assert len({code_of(name) for name in own}) == len(own)


def test_codes_that_were_given_stay() -> None:
    golden = {
        "AK-F01": "fairness.demographic_parity",
        "AK-E04": "explanations.recourse",
        "AK-V01": "privacy.k_anonymity",
    }
    assert {code: codes()[code].about for code in golden} == golden
    assert [code for code in codes() if code.startswith("AK-G")] == [f"AK-G0{number}" for number in range(1, 10)]


def test_each_code_says_what_it_means_why_it_matters_and_what_to_do() -> None:
    assert [code for code, words in codes().items() if not (words.means and words.matters and words.mend)] == []


def test_list_shows_codes_needs_and_with_an_id_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list") == 0
    assert "AK-F01  fairness.demographic_parity" in capsys.readouterr().out
    assert call("list", "privacy.k_anonymity") == 0
    assert "measures: k, unique_rows" in capsys.readouterr().out
    assert call("list", "--json") == 0
    assert {row["id"] for row in json.loads(capsys.readouterr().out)} >= {"privacy.k_anonymity"}
    assert call("list", "privcy") == 2


def test_explain_tells_what_a_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "ak-g02") == 0
    assert "The limit lies between the two bounds" in capsys.readouterr().out
    assert call("explain", "AK-G99") == 2
    assert "there is no code 'AK-G99'" in capsys.readouterr().err
