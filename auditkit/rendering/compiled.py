"""Templates as compiled code beside this package's own: what Python does with a module, for the same reason."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from auditkit.cache import source_digest


class CompiledTemplates(jinja2.BytecodeCache):
    """Keeps the compiled templates of one format in ``__pycache__``, or under ``PYTHONPYCACHEPREFIX``.

    A template is compiled again when its text, jinja2, Python or this package changes: an environment's own escaping enters the
    code of a template, so formats never share one. Nothing is written where Python writes no bytecode either.
    """

    def __init__(self, fmt: str) -> None:
        here = Path(__file__).parent
        base = here if sys.pycache_prefix is None else Path(sys.pycache_prefix, *here.parts[1:])
        self._folder, self._format = base / "__pycache__", fmt

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket from its file, if that was written by this very package."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            head, code = _split(self._file(bucket).read_bytes())
            if head == _mark():
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a bucket to its file; a folder that cannot be written is left alone."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                incoming = self._file(bucket).with_suffix(f".incoming-{os.getpid()}")
                incoming.write_bytes(_mark() + bucket.bytecode_to_string())
                incoming.replace(self._file(bucket))

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{self._format}-{bucket.key}.jinja"


def _mark() -> bytes:
    return f"{source_digest()} jinja2 {jinja2.__version__}\n".encode()


def _split(content: bytes) -> tuple[bytes, bytes]:
    end = content.index(b"\n") + 1
    return content[:end], content[end:]
