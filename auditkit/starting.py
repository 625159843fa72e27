"""A first audit.yaml and policy.yaml, proposed from what the data and their names look like."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from auditkit.attacks.suggested import suggested
from auditkit.data.table import Table
from auditkit.errors import ConfigurationError
from auditkit.finding import Scalar

_LABELS = [
    "label",
    "target",
    "y",
    "y_true",
    "outcome",
    "class",
    "ground_truth",
    "actual",
    "approved",
    "granted",
    "default",
    "defaulted",
    "repaid",
    "churn",
    "churned",
    "hired",
    "income",
    "readmitted",
    "recid",
    "is_recid",
    "two_year_recid",
    "good_bad",
    "credit_risk",
    "fraud",
    "is_fraud",
    "diagnosis",
    "salary",
]
_PREDICTIONS = ["prediction", "predicted", "pred", "y_pred", "decision", "predicted_label", "model_decision"]
_SCORES = ["score", "probability", "proba", "y_score", "y_prob", "predicted_probability", "pred_proba", "model_score"]
_GOOD = ("yes", "true", "approved", "granted", "good", "paid", "repaid", "hired", "accepted", "1", ">50k", "positive")
_SENSITIVE = ("sex or gender", "origin", "age or birth", "belief or health")
_MODELS = ("model.skops", "model.joblib", "model.pkl")
_FEW = 30
SCHEMAS = ".auditkit"  # beside both files, so that editors find them offline and as this version has them


@dataclass(slots=True)
class Proposal:
    """Roles of columns as their names and values suggest, each with the reason in words.

    Attributes
    ----------
    label, prediction, score : str or None
    favorable : scalar
        The label that seems good for the person; None where that cannot be told.
    sensitive, quasi_identifiers, drop : list of str
    bins : dict of column to cut points
    why : dict of role to reason
    """

    label: str | None = None
    favorable: Scalar = None
    prediction: str | None = None
    score: str | None = None
    sensitive: list[str] = field(default_factory=list)
    quasi_identifiers: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    bins: dict[str, list[float]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


def propose(table: Table, *, label: str | None = None) -> Proposal:
    """Return roles of the columns of a table.

    Parameters
    ----------
    table : Table
    label : str, optional
        The outcome, where it is known.
    """
    found = Proposal(label=label)
    found.prediction = _named(table, _PREDICTIONS)
    found.score = _named(table, _SCORES)
    if label is None:
        found.label = _named(table, _LABELS, most=20) or _last_with_two(table, found)
    taken = frozenset(name for name in (found.label, found.prediction, found.score) if name)
    found.favorable = _favorable(table, found.label)
    known = suggested(table, taken)
    for column, why in known.items():
        if why in _SENSITIVE and _comparable(table, column, found):
            found.sensitive.append(column)
            found.why[column] = why
    found.quasi_identifiers = [column for column in known if len(table.values(column)) <= max(1000, table.rows // 20)]
    rows = table.rows
    found.drop = [
        column
        for column in table.columns
        if column not in taken
        and table.types[column] in ("text", "integer")
        and len(table.values(column)) == rows >= _FEW
        and re.search(r"(^|[^a-z])(id|key|uuid|name|email|phone|number|nr|no)([^a-z]|$)", column.casefold())
    ]
    return found


def _named(table: Table, names: list[str], most: int | None = None) -> str | None:
    folded = {re.sub(r"[\W_]+", "_", column).strip("_").casefold(): column for column in table.columns}
    for name in names:
        column = folded.get(name)
        if column is not None and (most is None or len(table.values(column)) <= most):
            return column
    return None


def _last_with_two(table: Table, found: Proposal) -> str | None:
    for column in reversed(table.columns):
        if column not in (found.prediction, found.score) and len(table.values(column)) == 2:
            return column
    return None


def _favorable(table: Table, label: str | None) -> Scalar:
    if label is None:
        return None
    values = [value for value in table.values(label) if value is not None]
    good = [value for value in values if str(value).strip().casefold() in _GOOD]
    return good[0] if len(good) == 1 and len(values) == 2 else None


def _comparable(table: Table, column: str, found: Proposal) -> bool:
    values = [value for value in table.values(column) if value is not None]
    if len(values) < 2:
        return False
    if table.types[column] in ("integer", "number") and len(values) > 10:
        found.bins[column] = [25, 40, 60] if re.search("age", column, re.IGNORECASE) else _thirds(table, column)
        low, high = float(min(values)), float(max(values))
        found.bins[column] = [cut for cut in found.bins[column] if low < cut <= high]
        return bool(found.bins[column])
    return len(values) <= 20


def _thirds(table: Table, column: str) -> list[float]:
    import numpy as np

    numbers = table.numbers(column)
    return sorted({float(f"{cut:.3g}") for cut in np.nanquantile(numbers, [1 / 3, 2 / 3]).tolist()})


def model_in(folder: Path) -> Path | None:
    """Return a model file that lies in a folder under a usual name."""
    return next((folder / name for name in _MODELS if (folder / name).is_file()), None)


def audit_yaml(found: Proposal, files: Mapping[str, str | None], name: str, model: Path | None) -> str:
    """Return the text of audit.yaml, with the reason of each proposal.

    Parameters
    ----------
    found : Proposal
    files : mapping
        ``test`` and ``train``, as they are to be written.
    name : str
    model : Path, optional
    """
    return "\n".join(_lines(found, files, name, model)) + "\n"


def _lines(found: Proposal, files: Mapping[str, str | None], name: str, model: Path | None) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMAS}/audit.schema.json"
    yield "# What is audited. Proposed by `auditkit init` from names and values: read every line before you trust it."
    yield f"name: {_plain(name)}"
    yield from _model_lines(found, model)
    train = f", train: {_plain(files['train'])}" if files.get("train") else ""
    yield f"data: {{test: {_plain(files['test'])}{train}}}"
    yield "columns:"
    if found.label is not None:
        yield f"  label: {_plain(found.label)}    # what really happened"
    else:
        yield "  # label: …    # no outcome was found: without one only selection rates and privacy are measured"
    if found.favorable is not None:
        yield f"  favorable: {_plain(found.favorable)}    # the outcome that is good for the person: check this first"
    elif found.label is not None:
        yield "  # favorable: …    # name the outcome that is good for the person; the last label in order is taken otherwise"
    for role in ("prediction", "score"):
        if getattr(found, role) is not None:
            yield f"  {role}: {_plain(getattr(found, role))}"
    if found.sensitive:
        reasons = "; ".join(f"{column}: {found.why[column]}" for column in found.sensitive)
        yield f"  sensitive: {_listed(found.sensitive)}    # groups that are compared ({reasons})"
    else:
        yield "  # sensitive: […]    # no column looks like one; name those whose groups are to be compared"
    if found.bins:
        yield f"  bins: {json.dumps({column: cuts for column, cuts in found.bins.items() if column in found.sensitive})}"
    if found.quasi_identifiers:
        yield f"  quasi_identifiers: {_listed(found.quasi_identifiers)}    # what others may know of a person"
    if found.drop:
        yield f"  drop: {_listed(found.drop)}    # different in every row: looks like an identifier"
    yield "audit: {seed: 0}"
    yield "policy: policy.yaml"
    yield "# card:    # what only people can say; what is absent is listed as missing"
    yield "#   purpose: what the model is for"
    yield "#   owner: who answers for it"
    yield "#   intended_use: …"
    yield "#   out_of_scope: …"
    yield "# coverage: [nist-ai-rmf]    # laws and standards to hold it against; auditkit list --coverage names them"
    yield "# questionnaire: {}    # what a review board asks people; {} shows the questions"
    yield "# technical_file: {}    # what Annex IV of the EU AI Act asks people; {} shows the points"


def _model_lines(found: Proposal, model: Path | None) -> Iterator[str]:
    if model is None:
        if found.prediction is None and found.score is None:
            yield "# model: model.skops    # no model and no predictions were found: name one of them"
        return
    if model.suffix == ".skops":
        yield f"model: {_plain(model.name)}"
        return
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    yield "model:    # opening this file runs code that is in it, so its content is pinned: make sure it is yours"
    yield f"  file: {_plain(model.name)}"
    yield f"  sha256: {digest}"


def policy_yaml(name: str, found: Proposal) -> str:
    """Return the text of policy.yaml."""
    packs = ["auditkit:starter"] + (["auditkit:privacy-default"] if found.quasi_identifiers else [])
    lines = [
        f"# yaml-language-server: $schema={SCHEMAS}/policy.schema.json",
        "# What the model must keep. `auditkit explain AK-G01` says what a fail means.",
        f"policy: {_plain(name + '-gate')}",
        f"extends: [{', '.join(packs)}]    # short, dated and documented; replace a rule by one of the same id with override: true",
        "prove: violation    # compliance would let inconclusive evidence block",
    ]
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", value) and value.casefold() not in _WORDS:
        return value
    return text


_WORDS = ("true", "false", "null", "yes", "no", "on", "off")


def _listed(values: list[str]) -> str:
    return f"[{', '.join(_plain(value) for value in values)}]"


def schema_text(name: str) -> str:
    """Return the text of a JSON Schema that ships with auditkit: of audit.yaml, policy.yaml (or the record, audit.json)."""
    return (resources.files("auditkit") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


def write_both(folder: Path, audit: str, policy: str, *, force: bool) -> tuple[Path, Path]:
    """Write both files, or neither, and beside them the schemas by which editors complete and check them.

    Raises
    ------
    ConfigurationError
        If one of them is there already and `force` was not said.
    """
    places = folder / "audit.yaml", folder / "policy.yaml"
    there = [place.name for place in places if place.exists()]
    if there and not force:
        raise ConfigurationError(
            f"{' and '.join(there)} exist already; say --force to write them anew, or --folder elsewhere"
        )
    (folder / SCHEMAS).mkdir(parents=True, exist_ok=True)
    schemas = {folder / SCHEMAS / f"{name}.schema.json": schema_text(name) for name in ("audit", "policy")}
    for place, text in (schemas | dict(zip(places, (audit, policy), strict=True))).items():
        incoming = place.with_name(f"{place.name}.incoming")
        incoming.write_text(text, encoding="utf-8")
        incoming.replace(place)
    return places
