"""Mistakes that users make, each as a change of a project that is right, and the command that then meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

AUDIT = """\
name: lending
data: {test: test.csv}
columns:
  label: repaid
  favorable: "yes"
  score: score
  sensitive: [sex]
  quasi_identifiers: [age, sex]
policy: policy.yaml
"""
POLICY = """\
policy: gate
rules:
  - {id: parity, measure: fairness.demographic_parity.ratio, group: sex, min: 0.5}
  - id: auc
    measure: performance.classification.roc_auc
    min: 0.6
waivers:
  - {rule: parity, reason: a pilot, requested_by: Ada, approved_by: Bo, until: 2027-06-30}
"""
BASE = "policy: base\nrules:\n  - {id: k, measure: privacy.k_anonymity.k, min: 5}\n"

Change = Callable[[Path], object]


@dataclass(frozen=True)
class Mistake:
    """What is wrong, how it comes about, and the command that meets it."""

    name: str
    change: Change
    command: tuple[str, ...] = ("run", "audit.yaml")


def project(folder: Path) -> None:
    """Write a project in which nothing is wrong."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 200), "age": rng.integers(20, 60, 200), "score": rng.random(200).round(3)}
    )
    frame["repaid"] = np.where(rng.random(200) < frame.score, "yes", "no")
    frame.to_csv(folder / "test.csv", index=False)
    (folder / "audit.yaml").write_text(AUDIT)
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "base.yaml").write_text(BASE)


# ------------------------------------------------------------------------- ways to spoil it


def nothing(_: Path) -> None:
    """Leave the project as it is: the command line is the mistake."""


def replaced(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text, old
        (folder / name).write_text(text.replace(old, new, 1))

    return change


def audit(old: str, new: str) -> Change:
    return replaced("audit.yaml", old, new)


def policy(old: str, new: str) -> Change:
    return replaced("policy.yaml", old, new)


def written(name: str, content: str | bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def removed(name: str, folder: bool = False) -> Change:
    def change(project: Path) -> None:
        (project / name).unlink()
        if folder:
            (project / name).mkdir()

    return change


def column(name: str, values: Callable[[pd.DataFrame], object]) -> Change:
    def change(folder: Path) -> None:
        pd.read_csv(folder / "test.csv").assign(**{name: values}).to_csv(folder / "test.csv", index=False)

    return change


def both(*changes: Change) -> Change:
    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def model(name: str, code: str) -> Change:
    """Take answers from code in a file of its own."""
    return both(
        written(f"{name}.py", code),
        audit("data: {", f'model: {{python: "{name}:model"}}\ndata: {{'),
        audit("  score: score\n", ""),
    )


def model_file(name: str, content: bytes, entry: str) -> Change:
    return both(written(name, content), audit("data: {", f"model: {entry}\ndata: {{"), audit("  score: score\n", ""))


def run(*options: str) -> tuple[str, ...]:
    return ("run", "audit.yaml", *options)


# ------------------------------------------------------------------------------- mistakes


def mistakes() -> tuple[Mistake, ...]:
    """Return all of them."""
    return (*_audit_yaml(), *_policy_yaml(), *_waivers(), *_data(), *_models(), *_command_lines())


def _audit_yaml() -> Iterator[Mistake]:
    yield Mistake("audit.yaml is not there", removed("audit.yaml"), ("run", "audti.yaml"))
    yield Mistake("audit.yaml is misspelt", nothing, ("run", "audti.yaml"))
    yield Mistake("audit.yaml is a folder", removed("audit.yaml", folder=True))
    yield Mistake("audit.yaml is empty", written("audit.yaml", ""))
    yield Mistake("audit.yaml is a list", written("audit.yaml", "- name: lending\n"))
    yield Mistake("audit.yaml is no text", written("audit.yaml", b"name: \xff\xfe\n"))
    yield Mistake("audit.yaml has two documents", written("audit.yaml", AUDIT + "---\n" + AUDIT))
    yield Mistake("a tab indents", audit("  label: repaid", "\tlabel: repaid"))
    yield Mistake("a bracket is not closed", audit("[age, sex]", "[age, sex"))
    yield Mistake("a key stands twice", audit("policy: policy.yaml", "policy: policy.yaml\nname: again"))
    yield Mistake("a key is misspelt", audit("policy: policy.yaml", "polcy: policy.yaml"))
    yield Mistake("a key of a part is misspelt", audit("  favorable", "  favourable"))
    yield Mistake("a key is missing", audit("name: lending\n", ""))
    yield Mistake("an anchor", audit("[sex]", "&s [sex]\n  features: *s"))
    yield Mistake("a tag that runs code", audit("name: lending", "name: !!python/object/apply:os.system [ls]"))
    yield Mistake("a number that is none", audit("policy:", "audit: {timeout: .nan}\npolicy:"))
    yield Mistake("a seed below 0", audit("policy:", "audit: {seed: -1}\npolicy:"))
    yield Mistake("no time at all", audit("policy:", "audit: {timeout: 0}\npolicy:"))
    yield Mistake("a text where a list is wanted", audit("policy:", "audit: {skip: fairness}\npolicy:"))
    yield Mistake("a task that does not exist", audit("name:", "task: binery\nname:"))
    yield Mistake("a country of two letters", audit("policy:", "carbon: {country: FR}\npolicy:"))
    yield Mistake("a version that is a number", audit("policy:", "card: {version: 1.10}\npolicy:"))
    yield Mistake("an auditor to skip that does not exist", audit("policy:", "audit: {skip: [fairnes]}\npolicy:"))
    for name, options in (
        ("options of no auditor", "{fairness.parity: {min_group_size: 3}}"),
        ("an option that does not exist", "{fairness.demographic_parity: {min_size: 3}}"),
        ("an option of another type", "{fairness.demographic_parity: {min_group_size: many}}"),
        ("an option below 0", "{fairness.demographic_parity: {min_group_size: -3}}"),
    ):
        yield Mistake(name, audit("policy:", f"audit: {{options: {options}}}\npolicy:"))
    yield Mistake("a policy that is not there", audit("policy: policy.yaml", "policy: polciy.yaml"))
    yield Mistake("data that are not there", audit("test.csv", "tset.csv"))
    yield Mistake("data in a folder that is not there", audit("test.csv", "data/test.csv"))
    yield Mistake("a model file and code at once", audit("data: {", 'model: {file: m.skops, python: "a:b"}\ndata: {'))
    yield Mistake("a digest that is none", audit("data: {", "model: {file: test.csv, sha256: abc}\ndata: {"))
    yield Mistake("a version without code", audit("data: {", 'model: {file: test.csv, version: "1"}\ndata: {'))


def _policy_yaml() -> Iterator[Mistake]:
    yield Mistake("policy.yaml is empty", written("policy.yaml", "# rules will follow\n"))
    yield Mistake("policy.yaml is no text", written("policy.yaml", b"\x80policy"))
    yield Mistake("a policy without rules", written("policy.yaml", "policy: gate\n"))
    yield Mistake("an empty list of rules", written("policy.yaml", "policy: gate\nrules: []\n"))
    yield Mistake("a rule's key is misspelt", policy("group: sex", "gruop: sex"))
    yield Mistake("a measure that no auditor makes", policy("demographic_parity", "demografic_parity"))
    yield Mistake("a measure that its auditor does not make", policy("roc_auc", "roc_acu"))
    yield Mistake("a measure without its auditor", policy("performance.classification.roc_auc", "roc_auc"))
    yield Mistake("a pattern that means nothing", policy("performance.classification.roc_auc", "'fairness.*.roc_auc'"))
    yield Mistake("no limit", policy("    min: 0.6\n", ""))
    yield Mistake("two limits", policy("    min: 0.6\n", "    min: 0.6\n    max: 0.9\n"))
    yield Mistake("a limit in percent", policy("min: 0.6", "min: 60%"))
    yield Mistake("a limit that is infinite", policy("min: 0.6", "min: .inf"))
    yield Mistake("between from high to low", policy("min: 0.6", "between: [0.9, 0.6]"))
    yield Mistake("between with one end", policy("min: 0.6", "between: [0.9]"))
    yield Mistake(
        "limits that no value keeps",
        policy("min: 0.6\n", "min: 0.6\n  - {id: low, measure: performance.classification.roc_auc, max: 0.5}\n"),
    )
    yield Mistake("two rules of one id", policy("id: auc", "id: parity"))
    yield Mistake("a group and each group", policy("group: sex", "group: sex, each_group: sex"))
    yield Mistake("a group that is a number", policy("group: sex", "group: 3"))
    yield Mistake("a rule on a column that is not compared", policy("group: sex", "group: age"))
    yield Mistake("a severity that does not exist", policy("min: 0.6", "min: 0.6\n    severity: blocking"))
    yield Mistake("a confidence below a half", policy("min: 0.6", "min: 0.6\n    confidence: 0.05"))
    yield Mistake("a share above 1", policy("min: 0.6", "min: 0.6\n    max_not_covered: 5"))
    yield Mistake("a rule for no deployment", policy("min: 0.6", "min: 0.6\n    applies_to: {region: EU}"))
    yield Mistake("not worse is not a yes", policy("min: 0.6", "no_worse_than_baseline: false"))
    yield Mistake("a pack that does not exist", policy("rules:", "extends: [auditkit:four-fifth]\nrules:"))
    yield Mistake("an extended file that is not there", policy("rules:", "extends: [bse.yaml]\nrules:"))
    yield Mistake(
        "a circle of files",
        both(
            written("base.yaml", "policy: base\nextends: [policy.yaml]\n"),
            policy("rules:", "extends: [base.yaml]\nrules:"),
        ),
    )
    yield Mistake(
        "an id of an extended file",
        policy("rules:", "extends: [base.yaml]\nrules:\n  - {id: k, measure: privacy.k_anonymity.k, min: 3}"),
    )
    yield Mistake("an override of nothing", policy("    min: 0.6", "    min: 0.6\n    override: true"))
    yield Mistake(
        "a mistake in an extended file",
        both(written("base.yaml", BASE.replace("min: 5", "mn: 5")), policy("rules:", "extends: [base.yaml]\nrules:")),
    )


def _waivers() -> Iterator[Mistake]:
    yield Mistake("a waiver for no rule", policy("{rule: parity", "{rule: party"))
    yield Mistake("a waiver of one person", policy("approved_by: Bo", "approved_by: ADA"))
    yield Mistake("a waiver that nobody approved", policy("approved_by: Bo, ", ""))
    yield Mistake("a waiver approved by blanks", policy("approved_by: Bo", "approved_by: ' '"))
    yield Mistake("a waiver until a day that does not exist", policy("2027-06-30", "2027-06-31"))
    yield Mistake("a waiver until some time", policy("2027-06-30", "next summer"))
    yield Mistake(
        "a waiver of a group that the rule does not judge", policy("{rule: parity", "{rule: parity, group: {sex: f}")
    )


def _data() -> Iterator[Mistake]:
    yield Mistake("a column that is not there", audit("[age, sex]", "[aeg, sex]"))
    yield Mistake("a sensitive column that is not there", audit("[sex]\n", "[gender]\n"))
    yield Mistake("one column in two roles", audit("score: score", "score: repaid"))
    yield Mistake("labels of one class", column("repaid", lambda _: "yes"))
    yield Mistake(
        "labels of three classes in a binary task",
        both(column("repaid", lambda f: np.where(f.age < 30, "late", f.repaid)), audit("name:", "task: binary\nname:")),
    )
    yield Mistake("labels that are missing", column("repaid", lambda f: f.repaid.where(f.age > 25)))
    yield Mistake("a favourable value that does not occur", audit('"yes"', '"perhaps"'))
    yield Mistake("a favourable value in other letters", audit('"yes"', '" Yes."'))
    yield Mistake("a sensitive column with one group", column("sex", lambda _: "f"))
    yield Mistake("a sensitive column with a group for each row", column("sex", lambda f: range(len(f))))
    yield Mistake("scores above 1", column("score", lambda f: f.score * 1.5))
    yield Mistake("a threshold that is no probability", audit("  score: score", "  score: score\n  threshold: 7"))
    yield Mistake("weights that are words", audit("  score: score", "  score: score\n  weight: sex"))
    yield Mistake(
        "data without rows",
        lambda folder: pd.read_csv(folder / "test.csv").head(0).to_csv(folder / "test.csv", index=False),
    )
    yield Mistake("data without anything", written("test.csv", ""))
    yield Mistake(
        "a column that stands twice",
        lambda folder: (folder / "test.csv").write_text(
            "sex,age,age,repaid\n" + (folder / "test.csv").read_text().split("\n", 1)[1]
        ),
    )
    yield Mistake(
        "rows of different lengths",
        lambda folder: (folder / "test.csv").write_text((folder / "test.csv").read_text() + "f,30,0.5,yes,more\n"),
    )
    yield Mistake("data that are no text", written("test.csv", bytes(range(256)) * 4))
    yield Mistake(
        "a kind of file that is not read", both(written("test.xlsx", b"PK\x03\x04"), audit("test.csv", "test.xlsx"))
    )
    yield Mistake(
        "training rows with other columns",
        both(
            lambda folder: (
                pd.read_csv(folder / "test.csv").drop(columns="age").to_csv(folder / "train.csv", index=False)
            ),
            audit("{test: test.csv}", "{test: test.csv, train: train.csv}"),
        ),
    )


def _models() -> Iterator[Mistake]:
    yield Mistake("a model that raises", model("raising", "def model(rows):\n    raise RuntimeError('out of luck')\n"))
    yield Mistake("a model of another length", model("short", "def model(rows):\n    return [0.5]\n"))
    yield Mistake(
        "a model that answers NaN",
        model("nanny", "def model(rows):\n    return [float('nan')] * len(rows)\nmodel.returns = 'scores'\n"),
    )
    yield Mistake(
        "a module that is not there",
        both(audit("data: {", 'model: {python: "absent_code:model"}\ndata: {'), audit("  score: score\n", "")),
    )
    yield Mistake(
        "a name that is not in the module", model("misnamed", "def modle(rows):\n    return [0.5] * len(rows)\n")
    )
    yield Mistake("a module that does not import", model("unimportable", "import does_not_exist_at_all\n"))
    yield Mistake("a model that cannot predict", model("plain_number", "model = 3\n"))
    yield Mistake(
        "code where none may run",
        model("forbidden", "def model(rows):\n    return [0.5] * len(rows)\n"),
        run("--no-code"),
    )
    yield Mistake("a pickle without a digest", model_file("model.pkl", b"\x80\x04N.", "model.pkl"))
    yield Mistake(
        "a pickle with another digest",
        model_file("model.pkl", b"\x80\x04N.", "{file: model.pkl, sha256: " + "a" * 64 + "}"),
    )
    yield Mistake("a skops file that is none", model_file("model.skops", b"PK nothing", "model.skops"))
    yield Mistake("a model file of an unknown kind", model_file("model.h5", b"\x89HDF", "model.h5"))


def _command_lines() -> Iterator[Mistake]:
    yield Mistake("no such command", nothing, ("judge", "audit.yaml"))
    yield Mistake("a misspelt command", nothing, ("gat", "audit.json"))
    yield Mistake("an option without its value", nothing, run("--out"))
    yield Mistake("a day that is none", nothing, run("--as-of", "yesterday"))
    yield Mistake("a budget that is none", nothing, run("--budget", "soon"))
    yield Mistake("an auditor that does not exist", nothing, run("--only", "fairness.demographic"))
    yield Mistake("an output that does not exist", nothing, run("--output", "junti"))
    yield Mistake("two outputs to one place", nothing, run("--output", "json", "--output", "sarif"))
    yield Mistake("an output to a folder that is not there", nothing, run("--output", "json=out/decision.json"))
    yield Mistake(
        "a report folder with foreign files",
        lambda folder: ((folder / "thesis").mkdir(), (folder / "thesis" / "chapter.doc").touch()),
        run("--out", "thesis"),
    )
    yield Mistake("a report folder that is a file", nothing, run("--out", "test.csv"))
    yield Mistake("a baseline that is not there", nothing, run("--baseline", "old.json"))
    yield Mistake("a baseline that is damaged", written("auditkit-baseline.json", '{"auditkit_baseline": 1'))
    yield Mistake("a built-in policy that does not exist", nothing, run("--policy", "auditkit:startr"))
    yield Mistake("a gate without a policy", nothing, ("gate", "audit.json"))
    yield Mistake("a record that is not there", nothing, ("gate", "audit.json", "--policy", "policy.yaml"))
    yield Mistake("a comparison with nothing", nothing, ("compare", "old.json", "new.json"))
    yield Mistake("a code that does not exist", nothing, ("explain", "AK-F99"))
    yield Mistake("an auditor to list that does not exist", nothing, ("list", "fairnes"))
    yield Mistake("init without data", nothing, ("init", "rows.csv", "--yes"))
    yield Mistake("init with a label that is not there", nothing, ("init", "test.csv", "--label", "repayed", "--yes"))
    yield Mistake("init where both files are", nothing, ("init", "test.csv", "--yes"))
    yield Mistake("a render of nothing", nothing, ("render", "audit.json"))
