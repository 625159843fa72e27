"""How a command ends: by an exit code and at most one line, whatever happens in it."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from auditkit.errors import AuditkitError, ConfigurationError, did_you_mean

_AGAIN = 3.0  # seconds: what must be put in order on the way out takes less
_NO_COMMAND = re.compile("No such command '(.+)'")


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; every mistake of a user is one line, and a defect of ours is no verdict."""
    try:
        code = command()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except click.ClickException as error:
        _complain(_usage(error))
        return 2
    except AuditkitError as error:
        _complain(str(error), error.source if isinstance(error, ConfigurationError) else None)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted; nothing was written in part")
        return 130
    except OSError as error:
        return _unwritable(error)
    except SystemExit as error:
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):  # click puts it there when the reader has gone
            return 3
        _complain(f"a model or auditor left with exit code {error.code}; nothing was written")
        return 3
    except Exception as error:  # a defect of ours: one line, and never the exit code of a verdict
        if os.environ.get("AUDITKIT_DEBUG"):
            raise
        text = " ".join(str(error).split())[:300]
        _complain(f"internal error, {type(error).__name__}: {text}; set AUDITKIT_DEBUG=1 for details")
        return 3


def _usage(error: click.ClickException) -> str:
    """Return on one line what was wrong with a command line, what was perhaps meant, and where its help is."""
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return message
    unknown = _NO_COMMAND.fullmatch(message)
    if unknown and isinstance(context.command, click.Group):
        hint = did_you_mean(unknown[1], context.command.commands)
        message += f".{hint}" if "Did you mean" in hint else ""
    return f"{message}; see {context.command_path} --help"


def _complain(message: str, source: str | None = None) -> None:
    """Print one line on standard error, and the line of a file that it speaks of; nothing in them commands a terminal."""
    from auditkit.exports.plain_text import visible

    with suppress(OSError):  # where nobody reads, the exit code still tells
        click.echo(f"auditkit: {visible(message)}", err=True)
        if source is not None:
            indent = " " * (len(source) - len(source.lstrip(" ")))
            click.echo(f"    {indent}{visible(source)}", err=True)


def _unwritable(error: OSError) -> int:
    """Say what the system refused; never the exit code of a verdict, since nobody may have read it."""
    if os.environ.get("AUDITKIT_DEBUG"):
        raise error
    name = "standard output" if error.filename is None else Path(os.fsdecode(error.filename)).name
    _complain(f"{name}: {error.strerror or error}")
    with suppress(OSError, ValueError):  # what is still buffered would be tried, and complained of, again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 3


@contextmanager
def interrupted_by(*names: str) -> Iterator[None]:
    """Take a request to end as an interrupt, so that workers end and nothing is left half written.

    An exception that a signal raises is lost where Python calls back into code that may not raise, while a process is forked
    for one. So it is raised again every few seconds, until the command has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name, None) for name in (*names, "SIGALRM")]
    before = {number: signal.signal(number, _interrupt) for number in known if number is not None}
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    raise KeyboardInterrupt


@contextmanager
def without(module: str) -> Iterator[None]:
    """Let an import that others try and can do without fail at once."""
    absent = object()
    present = sys.modules.get(module, absent)
    sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if present is absent:
            del sys.modules[module]
