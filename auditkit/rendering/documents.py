"""From a record to documents: one template per document, one set of blocks per format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.bias_audit.summary import bias_audit_of
from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.record import Record
from auditkit.rendering.anchors import settle
from auditkit.rendering.bias_audit_view import bias_audit_view
from auditkit.rendering.brand import brand_from_record, logo_content, logo_file
from auditkit.rendering.card_view import card_view
from auditkit.rendering.coverage_view import coverage_view
from auditkit.rendering.environment import environment
from auditkit.rendering.gate_view import gate_view
from auditkit.rendering.language import ENGLISH, language_texts, speaking
from auditkit.rendering.questions_view import questions_view
from auditkit.rendering.room import ROOMS, fit
from auditkit.rendering.shared_view import mapping_of, text_of
from auditkit.rendering.technical_view import technical_view

if TYPE_CHECKING:
    import jinja2

DOCUMENTS: dict[str, Callable[[Record], dict[str, Any]]] = {
    "model_card": card_view,
    "gate_report": gate_view,
    "bias_audit_summary": bias_audit_view,
    "technical_file": technical_view,
    "review_board_questionnaire": questions_view,
    "coverage": coverage_view,
}
FORMATS = ("html", "md", "pdf")
# Bytes of a page; of a PDF those of its source, which its size and the time to typeset it follow.
MOST_BYTES = {"html": 300_000, "md": 300_000, "typ": 400_000}


def render(
    record: Record,
    *,
    documents: Iterable[str] | None = None,
    formats: Iterable[str] = FORMATS,
    templates: Path | None = None,
) -> dict[str, bytes]:
    """Render the documents of a record in each format.

    Parameters
    ----------
    record : Record
    documents : iterable of a name in `DOCUMENTS`, optional
        By default those that the record calls for, as in `documents_for`.
    formats : iterable of {'html', 'md', 'pdf'}
    templates : path, optional
        A folder whose templates win over the built-in ones.

    Returns
    -------
    dict of file name to bytes

    Raises
    ------
    ConfigurationError
        If a document, a format or the folder does not exist.
    """
    wanted = [_known("format", fmt, FORMATS) for fmt in formats]
    with speaking(_texts(record, templates)):
        return _rendered(record, documents_for(record) if documents is None else documents, wanted, templates)


def _texts(record: Record, templates: Path | None) -> Mapping[str, str]:
    presentation = mapping_of(record.audit.run.get("presentation"))
    language = text_of(presentation.get("language")) or ENGLISH
    return language_texts(language, [templates] if templates else [])


def _rendered(
    record: Record, documents: Iterable[str], wanted: Sequence[str], templates: Path | None
) -> dict[str, bytes]:
    environments = {fmt: _environment(fmt, templates) for fmt in wanted}
    rendered: dict[str, bytes] = {}
    for document in documents:
        view = DOCUMENTS[_known("document", document, DOCUMENTS)](record)
        settle(view)
        rendered |= {f"{document}.{fmt}": _write(view, document, fmt, jinja) for fmt, jinja in environments.items()}
    return rendered


def documents_for(record: Record) -> tuple[str, ...]:
    """Return the documents that a record calls for.

    The summary of a bias audit, the technical file, the questionnaire and the document of coverage are written where audit.yaml
    asks for them, under ``options``, ``technical_file``, ``questionnaire`` and ``coverage``.
    """
    asked = {
        "bias_audit_summary": bias_audit_of(record.audit.findings) is not None,
        "technical_file": record.audit.subject.get("technical_file") is not None,
        "review_board_questionnaire": record.audit.subject.get("questionnaire") is not None,
        "coverage": bool(record.coverage),
    }
    return tuple(name for name in DOCUMENTS if asked.get(name, True))


def render_document(record: Record, document: str, fmt: str, templates: Path | None = None) -> bytes:
    """Render one document in one format; the same record gives the same bytes. Errors as in `render`."""
    return render(record, documents=[document], formats=[fmt], templates=templates)[f"{document}.{fmt}"]


def _known(what: str, name: str, names: Iterable[str]) -> str:
    if name in names:
        return name
    raise ConfigurationError(f"there is no {what} {name!r}.{did_you_mean(name, names)}")


def _environment(fmt: str, templates: Path | None) -> jinja2.Environment:
    source = "typ" if fmt == "pdf" else fmt
    return environment(source, [templates]) if templates else _built_in(source)


@cache
def _built_in(source: str) -> jinja2.Environment:
    """Keep the environment of the built-in templates, since compiling them takes longer than writing a page."""
    return environment(source)


def _write(view: dict[str, Any], document: str, fmt: str, jinja: jinja2.Environment) -> bytes:
    source = "typ" if fmt == "pdf" else fmt
    template = jinja.get_template(f"documents/{document}.j2")
    for room in ROOMS:
        text = template.render(view=fit(view, room), blocks=f"blocks/{source}.j2")
        text = _tidy(text) if fmt == "md" else text.strip() + "\n"
        if len(text.encode("utf-8", "replace")) <= MOST_BYTES[source]:
            break
    if fmt == "pdf":
        from auditkit.rendering.pdf import compile_pdf

        return compile_pdf(text, _images(view["head"].get("brand")))
    return text.encode()


def _images(held: object) -> dict[str, bytes]:
    brand = brand_from_record(held)
    return {logo_file(brand): logo_content(brand)} if brand and brand.logo else {}


def _tidy(text: str) -> str:
    """Collapse runs of blank lines, which a template's control lines leave behind."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"
