"""The test table as a Croissant 1.0 dataset with the Responsible-AI extension."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditkit.errors import NotApplicable
from auditkit.exports.cards import card_text, datasets, day_of, roles, sensitive, shown, slug
from auditkit.record import Record

NAME = "dataset.croissant.json"
_TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "time": "sc:DateTime",
}
_FORMATS = {"csv": "text/csv", "parquet": "application/x-parquet", "arrow": "application/vnd.apache.arrow.file"}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in [
            "citeAs",
            "column",
            "extract",
            "field",
            "fileProperty",
            "fileObject",
            "fileSet",
            "format",
            "includes",
            "isLiveDataset",
            "jsonPath",
            "key",
            "md5",
            "parentField",
            "path",
            "recordSet",
            "references",
            "regex",
            "repeated",
            "replace",
            "separator",
            "source",
            "subField",
            "transform",
        ]
    },
}


def croissant(record: Record) -> bytes:
    """Return the metadata of the test data; no row of them.

    Raises
    ------
    NotApplicable
        If the test data did not come from one file, which Croissant names by its digest.
    """
    about = datasets(record).get("test", {})
    if not about.get("sha256") or about.get("format") not in _FORMATS:
        raise NotApplicable("the test data did not come from one file, and Croissant names a file with its digest")
    file = str(about.get("file"))
    found: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": slug(f"{record.audit.name}-test-data"),
        "description": card_text(record, "test_data")
        or f"The {about['rows']:,} rows that {record.audit.name} was audited on.",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "datePublished": day_of(record),
        "version": "1.0.0",
        "license": card_text(record, "data_licence") or "not stated",
        "url": f"urn:sha256:{about['sha256']}",
        "creator": {"@type": "Organization", "name": card_text(record, "owner") or "not stated"},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "test-file",
                "name": "test-file",
                "contentUrl": file,
                "encodingFormat": _FORMATS[str(about["format"])],
                "sha256": str(about["sha256"]),
            }
        ],
        "recordSet": [_records(about)],
        **_responsible(record),
    }
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _records(about: Mapping[str, Any]) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"rows/{place}",
            "name": str(column),
            "dataType": _TYPES.get(str(kind), "sc:Text"),
            "source": {"fileObject": {"@id": "test-file"}, "extract": {"column": str(column)}},
        }
        for place, (column, kind) in enumerate((about.get("columns") or {}).items())
    ]
    return {"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}


def _responsible(record: Record) -> dict[str, Any]:
    compared, identifying = sensitive(record), [str(c) for c in roles(record).get("quasi_identifiers") or ()]
    found: dict[str, Any] = {
        "rai:personalSensitiveInformation": [
            f"Groups are compared over: {', '.join(compared) or 'no column'}.",
            f"Columns that others may know of a person: {', '.join(identifying) or 'none named'}.",
        ],
        "rai:dataBiases": _shares(record) or ["Shares of groups were not measured."],
        "rai:dataCollectionMissingData": _gaps(record) or "Missing values by group were not measured.",
    }
    for key, place in (("purpose", "rai:dataUseCases"), ("limitations", "rai:dataLimitations"), ("ethical_considerations", "rai:dataSocialImpact")):  # fmt: skip
        text = card_text(record, key)
        if text is not None:
            found[place] = text
    return found


def _shares(record: Record) -> list[str]:
    return [
        f"{measure.group.columns[0]} {measure.group}: share of rows {shown(float(measure.value))}"
        for finding in record.audit.findings
        if finding.id == "data.representation"
        for measure in finding.measures
        if measure.name == "share"
        and measure.value is not None
        and measure.dataset == "test"
        and len(measure.group.columns) == 1
    ]


def _gaps(record: Record) -> str:
    found = [
        f"{' x '.join(measure.over)}: largest gap in missing values {shown(float(measure.value))}"
        for finding in record.audit.findings
        if finding.id == "data.missing_values"
        for measure in finding.measures
        if measure.name == "gap" and measure.value is not None
    ]
    return "; ".join(found[:20])
