"""The card formats by name."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.errors import ConfigurationError, did_you_mean
from auditkit.exports import croissant, cyclonedx, huggingface, model_card_toolkit, sagemaker
from auditkit.record import Record

FORMATS: dict[str, tuple[str, Callable[[Record], bytes]]] = {
    "huggingface": (huggingface.NAME, huggingface.huggingface_card),
    "cyclonedx": (cyclonedx.NAME, cyclonedx.cyclonedx_bom),
    "sagemaker": (sagemaker.NAME, sagemaker.sagemaker_card),
    "model-card-toolkit": (model_card_toolkit.NAME, model_card_toolkit.model_card_toolkit),
    "croissant": (croissant.NAME, croissant.croissant),
}


def exported(record: Record, name: str) -> tuple[str, bytes]:
    """Return the file name and content of a card.

    Raises
    ------
    ConfigurationError
        If there is no such format.
    NotApplicable
        If the record lacks what the format needs.
    """
    if name not in FORMATS:
        raise ConfigurationError(f"there is no card format {name!r}.{did_you_mean(name, FORMATS)}")
    file, make = FORMATS[name]
    return file, make(record)
