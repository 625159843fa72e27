"""Presidio's recognizers that need no language model, offline."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from auditkit.errors import ConfigurationError

LEAST_SCORE = 0.5
_KINDS = {
    "EMAIL_ADDRESS": "e-mail address",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "payment card",
    "US_SSN": "US Social Security number",
    "IP_ADDRESS": "IP address",
    "PHONE_NUMBER": "phone number",
    "CRYPTO": "cryptocurrency wallet",
    "MEDICAL_LICENSE": "medical licence",
    "UK_NHS": "national id (GB)",
    "US_PASSPORT": "passport number",
    "US_ITIN": "US taxpayer number",
    "US_BANK_NUMBER": "bank account",
}


@cache
def presidio_kinds() -> Callable[[str], tuple[str, ...]]:
    """Return a function that names what Presidio sees in a text, at a score of at least 0.5.

    Raises
    ------
    ConfigurationError
        If Presidio is not installed.

    Notes
    -----
    The pipeline is empty, so nothing is downloaded; the list of top-level domains is the one that comes with the package.
    """
    try:
        import spacy
        import tldextract
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        raise ConfigurationError(
            "option 'presidio' of privacy.personal_data: Presidio is not installed; pip install auditkit[presidio]"
        ) from None
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

    class Empty(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Load nothing."""

    engine: Any = AnalyzerEngine(nlp_engine=Empty(), supported_languages=["en"])
    entities = [name for name in engine.get_supported_entities("en") if name in _KINDS]

    def kinds(text: str) -> tuple[str, ...]:
        found = engine.analyze(text=text, language="en", entities=entities, score_threshold=LEAST_SCORE)
        return tuple(dict.fromkeys(_KINDS[one.entity_type] for one in found))

    return kinds
