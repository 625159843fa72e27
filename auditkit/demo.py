"""A documented synthetic lending table, a trained pipeline, audit.yaml and policy.yaml: what ``auditkit demo`` audits.

How the table is made
---------------------
Each person has a hidden ability to repay, normal with mean 0 in both sexes: women and men repay alike. Income and years
of employment rise with the ability, but are lower for women at the same ability, and women ask more often for household
and education loans. The label ``repaid`` is the *historical record*: of the women whose ability says yes, one in ten is
recorded as ``no`` all the same. A model that never sees the sex learns it through income, employment and purpose.
That disparity is planted, so that an audit has something to find; nothing here describes real people.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS = 20_000
TRAIN_ROWS = 14_000
SEED = 20_000
NUMBERS = ("age", "income", "employment_years", "loan_amount", "credit_history_months")
TEXTS = ("purpose", "region", "housing")

_FILES = ("train.parquet", "test.parquet", "model.skops", "audit.yaml", "policy.yaml", "README.txt")
_PURPOSES = ("car", "business", "household", "education", "renovation")
_NAMES = ("ada", "alan", "emmy", "grace", "hedy", "joan", "karl", "lise", "max", "niels", "otto", "rosa")
_BASE_REPAY = 0.85
_WOMEN_RECORDED_NO = 0.10
_PAY_GAP = 0.38  # in log income

_AUDIT = """\
# What is audited. Paths are relative to this file. The data are SYNTHETIC: made by `auditkit demo`.
name: demo-lending
model:
  file: model.skops
  trusted: [numpy.dtype]            # a type in the file beyond skops's own list: the imputer's record of its input
data:
  test: test.parquet                # the rows that are audited
  train: train.parquet              # for privacy and representation
columns:
  label: repaid                     # what was recorded
  favorable: "yes"                  # the label that is good for the person
  sensitive: [sex, ethnicity]       # groups that are compared; missing values are a group of their own
  quasi_identifiers: [age, sex, region, housing]
  drop: [email]                     # personal data: in the table, not in the model
task: binary
score_kind: probability
audit:
  seed: 0
  # skip: [carbon.inference]
  options: {explanations.recourse: {rows: 200}}   # enough to show it; 500 by default
recourse:                           # what a person could change; all else stays, sensitive columns always
  columns:
    income: {direction: up, farthest: 5000, step: 500}
    employment_years: {direction: up, farthest: 2}
    loan_amount: {direction: down, least: 1000, step: 500}
policy: policy.yaml
synthetic: true                     # every page says so
card:
  purpose: Shows what an audit looks like. The model estimates whether a loan will be repaid.
  owner: credit-models@example.org
  description: Logistic regression on eight columns. Sex, ethnicity and e-mail address are not among them.
  intended_use: Trying out auditkit.
  out_of_scope: Decisions about real people. The data are made up.
  training_data: 14,000 synthetic rows; one woman in ten who would repay is recorded as not repaying.
  version: "1.0"
  licence: Do as you like with it.
  contact: credit-models@example.org
  # human_oversight and limitations are left out on purpose: the card lists what is missing.
carbon:
  country: FRA
  predictions_per_year: 1000000
"""

_POLICY = """\
# The limits a model must keep. `measure` is an auditor's id, a dot, and the measure's name.
policy: demo-lending-gate
version: "1"
prove: violation                    # inconclusive evidence warns; `compliance` would let it block
false_alarm: 0.05                   # shared by the blocking rules
rules:
  - id: parity-sex
    measure: fairness.demographic_parity.ratio
    group: sex
    min: 0.80
    severity: block
    why: Four-fifths practice for selection rates.
    owner: model-risk@example.org
  - id: opportunity-sex
    measure: fairness.equal_opportunity.difference
    group: sex
    max: 0.10
    severity: block
    why: People who repay should be accepted at like rates.
    owner: model-risk@example.org
  - id: odds-ethnicity
    measure: fairness.equalized_odds.difference
    group: ethnicity
    max: 0.20
    severity: warn
    why: Errors should not fall on one group.
    owner: model-risk@example.org
  - id: accuracy
    measure: performance.classification.accuracy
    min: 0.70
    severity: block
    why: Below this the model is no help to the credit desk.
    owner: credit-models@example.org
  - id: auc
    measure: performance.classification.roc_auc
    min: 0.70
    severity: block
    why: The scores must rank.
    owner: credit-models@example.org
  - id: k-anonymity
    measure: privacy.k_anonymity.k
    min: 5
    severity: warn
    why: Fewer than five alike can be singled out if the table leaks.
    owner: data-protection@example.org
  - id: membership
    measure: privacy.membership_inference.auc
    max: 0.60
    severity: warn
    why: An attacker should not learn who was in the training data.
    owner: data-protection@example.org
  - id: energy
    measure: carbon.inference.energy_per_1000
    max: 1.0                        # Wh per 1,000 predictions
    severity: warn
    why: The yearly budget of the service.
    owner: platform@example.org
  - id: missing-sex
    measure: data.missing_values.gap
    group: sex
    max: 0.02
    severity: warn
    why: Values that are missing for one group more than another hide errors.
    owner: data-quality@example.org
waivers:
  - rule: k-anonymity
    reason: The table stays inside the audit team and is deleted after the audit.
    requested_by: credit-models@example.org
    approved_by: data-protection@example.org
    until: {until}
"""

_README = """\
THE DATA IN THIS FOLDER ARE SYNTHETIC. Nobody in them exists; the e-mail addresses are made up.

train.parquet   14,000 rows the model was trained on
test.parquet     6,000 rows that are audited
model.skops     a scikit-learn pipeline with logistic regression
audit.yaml      what is audited
policy.yaml     the limits

Columns: age (years), income (per year), employment_years, loan_amount, purpose, region, housing,
credit_history_months, sex, ethnicity (some missing), email (personal data, not in the model), repaid (yes or no).

What was planted: women and men repay alike, but women earn less at the same ability to repay, and one woman in ten
who repays is recorded as "no". The model does not see the sex and learns it all the same. Income is missing more
often for women.

Try:  auditkit run audit.yaml
"""


def make_demo(folder: Path, *, waiver_until: date | None = None) -> Path:
    """Write the demo: data, model, audit.yaml, policy.yaml and README.txt; texts that are there already stay as they are.

    Parameters
    ----------
    folder : Path
        Made if absent; must hold nothing but an earlier demo.
    waiver_until : date, optional
        The last day of the example waiver; default the end of next year, so that it holds when the demo is tried.

    Returns
    -------
    Path
        The audit.yaml.

    Raises
    ------
    OutputError
        The folder is a file, or holds other files.
    """
    _make_room(folder)
    table = make_table()
    train, test = table.iloc[:TRAIN_ROWS], table.iloc[TRAIN_ROWS:].reset_index(drop=True)
    train.to_parquet(folder / "train.parquet", index=False)
    test.to_parquet(folder / "test.parquet", index=False)
    _save_model(_train(train), folder / "model.skops")
    until = waiver_until or date(datetime.now(UTC).year + 1, 12, 31)
    texts = {
        "policy.yaml": _POLICY.replace("{until}", until.isoformat()),
        "README.txt": _README,
        "audit.yaml": _AUDIT,
    }
    for name, text in texts.items():
        if not (folder / name).exists():  # what somebody edited stays
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return folder / "audit.yaml"


def make_table(rows: int = ROWS, seed: int = SEED) -> pd.DataFrame:
    """Return the synthetic lending table; the module's docstring says how it is made.

    Parameters
    ----------
    rows : int
        How many people.
    seed : int
        From which all randomness follows.

    Returns
    -------
    pandas.DataFrame
        Twelve columns, the label ``repaid`` last.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    woman = rng.random(rows) < 0.45
    ability = rng.normal(size=rows)
    columns = _money(rng, woman, ability) | _circumstances(rng, woman, ability)
    amount = np.asarray(columns["loan_amount"])
    burden = np.log(amount / columns.pop("_income"))
    repays = rng.random(rows) < 1 / (1 + np.exp(-(_BASE_REPAY + 1.7 * ability - 0.5 * (burden + 1))))
    recorded = repays & ~(woman & (rng.random(rows) < _WOMEN_RECORDED_NO))
    columns["sex"] = np.where(woman, "Female", "Male")
    columns["ethnicity"] = _ethnicity(rng, rows)
    number = rng.permutation(rows) + 1000
    columns["email"] = [f"{_NAMES[value % len(_NAMES)]}.{value}@example.org" for value in number.tolist()]
    columns["repaid"] = np.where(recorded, "yes", "no")
    return pd.DataFrame(columns)


def _money(rng: np.random.Generator, woman: np.ndarray, ability: np.ndarray) -> dict[str, Any]:
    import numpy as np

    rows = len(woman)
    age = np.clip(rng.normal(42, 12, rows), 19, 80).round().astype("int64")
    income = np.exp(10.4 + 0.36 * ability - _PAY_GAP * woman + rng.normal(0, 0.22, rows)).round(-2)
    years = np.clip((age - 19) * 0.3 + 3.0 * ability - 3.5 * woman + rng.normal(0, 2.5, rows), 0, None).round(1)
    missing = rng.random(rows) < np.where(woman, 0.09, 0.03)
    return {
        "age": age,
        "income": np.where(missing, np.nan, income),
        "employment_years": np.minimum(years, age - 16.0),
        "loan_amount": np.clip(np.exp(9.2 + rng.normal(0, 0.6, rows)), 500, 90_000).round(-2),
        # The pay gap must not make women worse at repaying, or the disparity would not be planted but real.
        "_income": income * np.exp(_PAY_GAP * woman),
    }


def _circumstances(rng: np.random.Generator, woman: np.ndarray, ability: np.ndarray) -> dict[str, Any]:
    import numpy as np

    rows = len(woman)
    of_women = rng.choice(_PURPOSES, size=rows, p=[0.18, 0.07, 0.38, 0.22, 0.15])
    of_men = rng.choice(_PURPOSES, size=rows, p=[0.40, 0.18, 0.15, 0.10, 0.17])
    owns = rng.random(rows) < 1 / (1 + np.exp(-(0.8 * ability - 0.2)))
    history = np.clip(70 + 28 * ability + rng.normal(0, 30, rows), 0, 400).round().astype("int64")
    return {
        "purpose": np.where(woman, of_women, of_men),
        "region": rng.choice(["north", "east", "south", "west"], size=rows, p=[0.3, 0.2, 0.35, 0.15]),
        "housing": np.where(owns, "own", np.where(rng.random(rows) < 0.85, "rent", "with family")),
        "credit_history_months": history,
    }


def _ethnicity(rng: np.random.Generator, rows: int) -> np.ndarray:
    import numpy as np

    values = np.array(["group A", "group B", "group C", "group D", None], dtype=object)
    return values[rng.choice(len(values), size=rows, p=[0.58, 0.22, 0.12, 0.04, 0.04])]


def _train(train: pd.DataFrame) -> Any:
    """Fit on all columns but sex, ethnicity and e-mail address."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("texts", texts, list(TEXTS))])
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=500))
    return pipeline.fit(train[[*NUMBERS, *TEXTS]], train["repaid"].astype(object))


def _save_model(pipeline: Any, path: Path) -> None:
    from skops import io

    io.dump(pipeline, path)


def _make_room(folder: Path) -> None:
    from auditkit.cache import FOLDER as CACHE

    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder.name!r} is a file; name a folder for the demo")
    if folder.is_dir():
        known = {*_FILES, "auditkit-report", CACHE}
        foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in known)
        if foreign:
            raise OutputError(f"{folder.name!r} holds {foreign[0]!r}, which is not the demo's; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
