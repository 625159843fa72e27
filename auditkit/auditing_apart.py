"""An audit in a process of its own, for callers that must outlive whatever the model's code does."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from auditkit.auditing import Audit
from auditkit.config import load_config
from auditkit.errors import AuditkitError
from auditkit.record import dump, load
from auditkit.run import audited

_RECORD, _MISTAKE = "audit.json", "mistake.txt"


def audited_apart(path: Path) -> Audit:
    """Return the audit that an audit.yaml describes; code that ends its process ends that of the audit alone.

    Raises
    ------
    AuditkitError
        On any mistake, and if the process ended without an audit, whatever its exit code was.
    """
    with TemporaryDirectory(prefix="auditkit-") as folder:
        child = get_context("spawn").Process(target=_audit_into, args=(path, Path(folder)))
        child.start()
        try:
            child.join()
        finally:
            child.kill()
        mistake, record = Path(folder) / _MISTAKE, Path(folder) / _RECORD
        if mistake.is_file():
            raise AuditkitError(mistake.read_text(encoding="utf-8"))
        if not record.is_file():
            raise AuditkitError(
                f"the audit ended without a result, exit code {child.exitcode}: look at what the model or its imports do"
            )
        return load(record).audit


def _audit_into(path: Path, folder: Path) -> None:
    try:
        content = dump(audited(load_config(path), progress=False), None)
    except AuditkitError as error:
        (folder / _MISTAKE).write_text(str(error), encoding="utf-8")
    else:
        incoming = folder / "incoming"
        incoming.write_bytes(content)
        incoming.replace(folder / _RECORD)
