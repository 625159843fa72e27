"""Shell completion: the script of each shell, and the answers that it asks for."""

from __future__ import annotations

import os
import re

import click
from click.shell_completion import BashComplete, ZshComplete, add_completion_class, shell_complete, split_arg_string

VARIABLE = "_AUDITKIT_COMPLETE"


def _glued(words: list[str]) -> list[str]:
    whole: list[str] = []
    open_end = False
    for word in words:
        parts = word in (":", "=")
        if whole and (parts or open_end):
            whole[-1] += word
        else:
            whole.append(word)
        open_end = parts
    return whole


class _Bash(BashComplete):
    """Bash parts words at ``:`` and ``=``, which packs and outputs hold; here they are whole, and what Bash has is left out."""

    def get_completion_args(self) -> tuple[list[str], str]:
        at = int(os.environ["COMP_CWORD"])
        typed = split_arg_string(os.environ["COMP_WORDS"])[: at + 1]
        whole = _glued(typed)
        return (whole[1:], "") if at >= len(typed) else (whole[1:-1], whole[-1])

    def complete(self) -> str:
        args, incomplete = self.get_completion_args()
        has = len(incomplete) - len(re.split("[:=]", incomplete)[-1])
        found = self.get_completions(args, incomplete)
        for item in found:
            item.value = item.value[has:]
        return "\n".join(self.format_completion(item) for item in found)


class _Zsh(ZshComplete):
    """zsh loads the script once and calls it at each TAB; click's own completes at the first one alone."""

    def source(self) -> str:
        return super().source().replace("$zsh_eval_context[-1] == loadautofunc", "$funcstack[1] == _auditkit")


def answer(commands: click.Command, instruction: str) -> int:
    """Print a completion script (``bash_source``) or what completes a line (``bash_complete``); return the exit code."""
    add_completion_class(_Bash, "bash")
    add_completion_class(_Zsh, "zsh")
    return shell_complete(commands, {}, "auditkit", VARIABLE, instruction)
