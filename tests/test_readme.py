"""What the README shows is accepted: its YAML by the schemas, its commands by the command line."""

import re
import shlex
from pathlib import Path

import click
import pytest

from auditkit.cli import commands
from auditkit.yamlfile import load_yaml, schema

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
YAMLS = [text for language, text in BLOCKS if language == "yaml"]
LINES = [line.partition("#")[0].strip() for language, text in BLOCKS if not language for line in text.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("auditkit ")]


def once(text: str) -> str:
    """Leave out lines that show alternatives: keys at the margin that are there again."""
    seen, kept = set[str](), []
    for line in text.splitlines(keepends=True):
        key = re.match(r"([a-z_]+):", line)
        if key is None or key[1] not in seen:
            kept.append(line)
        seen.update([key[1]] if key else [])
    return "".join(kept)


def test_there_is_something_to_check() -> None:
    assert len(YAMLS) >= 4
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("place", range(len(YAMLS)))
def test_yaml_is_accepted_by_its_schema(place: int, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(once(YAMLS[place]), encoding="utf-8")
    name = "policy" if "rules:" in YAMLS[place] else "audit"
    assert load_yaml(file, {**schema(name), "required": []}).data


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_and_options_exist(line: str) -> None:
    before = line.partition(" -- ")[0]
    for name in [part.split()[0] for part in before.removeprefix("auditkit ").split("|")]:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None, name
        known = {option for parameter in command.params for option in parameter.opts}
        assert {part for part in shlex.split(before) if part.startswith("--")} <= known
