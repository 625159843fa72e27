"""Prepare the Adult audit: data, a gradient-boosting pipeline with string columns, audit.yaml and policy.yaml.

Run ``python benchmarks/adult.py FOLDER`` and then ``auditkit run FOLDER/audit.yaml``. The data are read from
``AUDITKIT_DATA`` or ``../shared/data``; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

LABEL = "income"
FAVORABLE = ">50K"
NAMES = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country",
    "income",
]  # fmt: skip
NOT_FEATURES = ("fnlwgt", LABEL)  # fnlwgt is a weight of the census, no property of a person

AUDIT = """\
name: adult-income
model:
  file: model.skops
  trusted:                        # types beyond the built-in list; read them before you trust them
{trusted}
data: {{test: test.parquet, train: train.parquet}}
columns:
  label: income
  favorable: ">50K"
  sensitive: [sex, race]
  quasi_identifiers: [age, sex, race, native-country]
  drop: [fnlwgt]
audit: {{seed: 0}}
policy: policy.yaml
card:
  purpose: Predicts whether a person's yearly income exceeded 50,000 dollars in 1994.
  owner: model-risk@example.org
  description: Histogram gradient boosting on thirteen columns, with sex and race among them.
  intended_use: A worked example of an audit.
  out_of_scope: Decisions about people. The data are of 1994.
  training_data: The 32,561 rows of adult.data (UCI, CC BY 4.0); the audit reads the 16,281 rows of adult.test.
carbon: {{country: FRA, predictions_per_year: 1000000}}
"""

POLICY = """\
policy: adult-income-gate
rules:
  - id: parity-sex
    measure: fairness.demographic_parity.ratio
    group: sex
    min: 0.80
    severity: block
    why: four-fifths practice
    owner: model-risk@example.org
  - id: opportunity-sex
    measure: fairness.equal_opportunity.difference
    group: sex
    max: 0.10
    severity: block
    why: who earns more should be found at like rates
    owner: model-risk@example.org
  - id: odds-race
    measure: fairness.equalized_odds.difference
    group: race
    max: 0.20
    severity: warn
    why: errors should not fall on one group
    owner: model-risk@example.org
  - id: accuracy
    measure: performance.classification.accuracy
    min: 0.80
    severity: block
    why: the majority class alone reaches 0.76
    owner: model-risk@example.org
  - id: auc
    measure: performance.classification.roc_auc
    min: 0.85
    severity: block
    why: the scores must rank
    owner: model-risk@example.org
  - id: k
    measure: privacy.k_anonymity.k
    min: 5
    severity: warn
    why: fewer than five alike can be singled out
    owner: data-protection@example.org
  - id: membership
    measure: privacy.membership_inference.auc
    max: 0.60
    severity: warn
    why: nobody should learn who was trained on
    owner: data-protection@example.org
"""


def data_folder() -> Path:
    """Return the folder of the Adult files, or leave with the reason."""
    roots = [Path(os.environ["AUDITKIT_DATA"])] if "AUDITKIT_DATA" in os.environ else []
    roots.append(Path(__file__).resolve().parents[2] / "shared" / "data")
    for root in roots:
        if (root / "adult" / "adult.data").is_file():
            return root / "adult"
    sys.exit(
        "no adult/adult.data in AUDITKIT_DATA or ../shared/data; set AUDITKIT_DATA to the folder that holds adult/"
    )


def read_adult(path: Path) -> Any:
    """Read one file without its first line (a header that the original lacks), its blanks and the test file's dots."""
    import pandas as pd

    frame = pd.read_csv(path, skiprows=1, header=None, names=NAMES, skipinitialspace=True, na_values="?")
    frame[LABEL] = frame[LABEL].str.strip().str.removesuffix(".")
    return frame


def train(frame: Any) -> Any:
    """Fit the pipeline; categories that training never saw count as missing."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    features = [name for name in NAMES if name not in NOT_FEATURES]
    numbers = set(frame.select_dtypes("number").columns)
    texts = [name for name in features if name not in numbers]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = ColumnTransformer([("texts", encoder, texts)], remainder="passthrough")
    pipeline = make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))
    return pipeline.fit(frame[features].astype(dict.fromkeys(texts, object)), frame[LABEL].astype(object))


def prepare(folder: Path) -> Path:
    """Write train.parquet, test.parquet, model.skops, audit.yaml and policy.yaml; return the audit.yaml."""
    from skops import io

    source = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    training = read_adult(source / "adult.data")
    training.to_parquet(folder / "train.parquet", index=False)
    read_adult(source / "adult.test").to_parquet(folder / "test.parquet", index=False)
    io.dump(train(training), folder / "model.skops")
    untrusted = io.get_untrusted_types(file=folder / "model.skops")
    listed = "\n".join(f"    - {name}" for name in untrusted)
    audit = AUDIT.format(trusted=listed) if untrusted else _without_trusted(AUDIT.format(trusted=""))
    (folder / "audit.yaml").write_text(audit, encoding="utf-8", newline="\n")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8", newline="\n")
    return folder / "audit.yaml"


def _without_trusted(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.strip() and "trusted:" not in line)


def main() -> None:
    """Prepare the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("adult-audit"))
    print(prepare(parser.parse_args().folder))


if __name__ == "__main__":
    main()
