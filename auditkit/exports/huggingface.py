"""A Hugging Face model card: README.md with measured numbers in its front matter."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from auditkit.exports.cards import (
    Line,
    card_text,
    datasets,
    day_of,
    grams,
    lines,
    measured,
    missing,
    model,
    sensitive,
    shown,
    verdict_lines,
)
from auditkit.record import Record

NAME = "README.md"
_TASKS = {
    "binary": "tabular-classification",
    "multiclass": "tabular-classification",
    "regression": "tabular-regression",
}


def huggingface_card(record: Record) -> bytes:
    """Return README.md: front matter with model-index and emissions in grams, and the Hub's own headings."""
    from ruamel.yaml import YAML

    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.dump(_front(record), stream)
    body = "\n".join(_body(record))
    return f"---\n{stream.getvalue()}---\n\n{body}\n".encode()


def _front(record: Record) -> dict[str, Any]:
    task = _TASKS[str(record.audit.subject.get("task"))]
    found = lines(record)
    front: dict[str, Any] = {
        "library_name": "sklearn" if model(record).get("kind") == "scikit-learn" else "other",
        "pipeline_tag": task,
        "tags": [task, "auditkit"],
        "metrics": sorted({line.name for line in found}),
    }
    licence = card_text(record, "licence")
    if licence is not None:
        front |= {"license": "other", "license_name": licence[:100]}
    front |= _emissions(record)
    if found:
        test = datasets(record).get("test", {})
        dataset = {
            "type": str(test.get("format", "frame")),
            "name": str(test.get("file", "test data")),
            "split": "test",
        }
        metrics = [_metric(line) for line in found]
        results = [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]
        front["model-index"] = [{"name": record.audit.name, "results": results}]
    return front


def _emissions(record: Record) -> dict[str, Any]:
    training = measured(record, "carbon.training.emissions")
    if training is None:
        return {}
    about = {"emissions": grams(training), "source": "auditkit, method in audit.json", "training_type": "pre-training"}
    return {"co2_eq_emissions": about}


def _metric(line: Line) -> dict[str, Any]:
    args: dict[str, Any] = {"about": line.about, "auditkit": line.id}
    if line.measure.n is not None:
        args["n"] = line.measure.n
    interval = line.measure.interval
    if interval is not None:
        args |= {"low": interval.low, "high": interval.high, "bounds": f"{interval.kind}, {interval.method}"}
    return {"type": line.name, "name": f"{line.name} [{line.about}]", "value": line.measure.value, "args": args}


def _body(record: Record) -> Iterator[str]:
    audit = record.audit
    text = {key: _plain(card_text(record, key) or missing(what)) for key, what in _ASKED.items()}
    yield f"# Model Card for {_plain(audit.name)}"
    yield ""
    yield text["purpose"]
    yield ""
    for line in verdict_lines(record):
        yield f"- {_plain(line)}"
    sections = (
        ("## Model Details", ""),
        ("### Model Description", f"{text['description']}\n\n- **Model type:** {_plain(str(model(record).get('description', 'predictions in a table')))}\n- **Owner:** {text['owner']}\n- **Version:** {text['version']}\n- **License:** {text['licence']}"),
        ("## Uses", ""),
        ("### Direct Use", text["intended_use"]),
        ("### Out-of-Scope Use", text["out_of_scope"]),
        ("## Bias, Risks, and Limitations", text["limitations"]),
        ("## Training Details", ""),
        ("### Training Data", text["training_data"]),
        ("## Evaluation", ""),
        ("### Testing Data, Factors & Metrics", f"Groups compared: {_plain(', '.join(sensitive(record)) or 'none')}. Audited on {day_of(record)}."),
        ("### Results", "\n".join(_table(record))),
        ("## Environmental Impact", "\n".join(_environment(record))),
        ("## Model Card Contact", text["contact"]),
    )  # fmt: skip
    for heading, content in sections:
        yield ""
        yield heading
        if content:
            yield ""
            yield content


_ASKED = {
    "purpose": "what the model is for",
    "description": "a description",
    "owner": "who answers for the model",
    "version": "the model's version",
    "licence": "the terms of use",
    "intended_use": "what it was made for",
    "out_of_scope": "what it was not made for",
    "limitations": "known limitations",
    "training_data": "the training data",
    "contact": "a contact",
}


def _table(record: Record) -> Iterator[str]:
    found = lines(record, most=60)
    if not found:
        yield "Nothing was measured on the test rows."
        return
    yield "| measure | of | value | bounds | n |"
    yield "|---|---|---:|---|---:|"
    for line in found:
        interval = line.measure.interval
        bounds = (
            f"{shown(interval.low)} to {shown(interval.high)}, {interval.method}" if interval is not None else "none"
        )
        yield f"| {line.id} | {_plain(line.about)} | {shown(line.value)} | {_plain(bounds)} | {line.measure.n or ''} |"


def _environment(record: Record) -> Iterator[str]:
    for identifier, words in (
        ("carbon.training.emissions", "Training"),
        ("carbon.inference.emissions_per_1000", "1,000 predictions"),
    ):
        found = measured(record, identifier)
        if found is None:
            yield f"- **{words}:** not measured."
            continue
        interval = found.interval
        between = f", between {shown(interval.low)} and {shown(interval.high)}" if interval is not None else ""
        yield f"- **{words}:** {shown(float(found.value or 0))} {found.unit}{between}."


_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _plain(text: str) -> str:
    """Escape what Markdown or HTML would read as more than text, in one line."""
    folded = " ".join(_HIDDEN.sub("", text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for letter in "\\`*_{}[]#|~!":
        folded = folded.replace(letter, f"\\{letter}")
    return folded
