import subprocess
import sys
from pathlib import Path

import pytest

from auditkit.rendering.lint import lint_templates
from auditkit.rendering.root import template_root


def faults(tmp_path: Path, text: str, folder: str = "documents") -> list[str]:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "x.j2").write_text(text, encoding="utf-8")
    return lint_templates(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{{ a ~ b }}",
        "{{ a | join(', ') }}",
        "{{ '%s' | format(a) }}",
        "{{ a | replace('x', b) }}",
        "{{ a | safe }}",
        "{{ a | e }}",
        "{{ a | escape }}",
        "{{ a | forceescape }}",
        "{{ a | tojson }}",
        "{{ a | urlize }}",
        "{{ a | xmlattr }}",
        "{{ a.format(b) }}",
        "{{ a['format'](b) }}",
        "{{ a | attr('format') }}",
        "{{ a | map('join') | list }}",
        "{{ 'x'.join(a) }}",
        "{{ b.note(x) + y }}",
        "{% filter safe %}x{% endfilter %}",
        "{% if x %}{% for y in z %}{% set q = (a ~ 1) %}{% endfor %}{% endif %}",
    ],
)
def test_what_gets_past_the_escaping_is_refused_outside_blocks(text: str, tmp_path: Path) -> None:
    assert faults(tmp_path, text)


@pytest.mark.parametrize("word", ["fair", "Unbiased", "safe", "COMPLIANT", "certified", "debiased"])
@pytest.mark.parametrize("template", ["It is {} now", "{{{{ b.note('It is {}.') }}}}"])
def test_a_word_that_promises_too_much_is_refused(word: str, template: str, tmp_path: Path) -> None:
    found = faults(tmp_path, template.format(word))
    assert found == [f"documents/x.j2:1: the word {word!r} promises more than numbers can show"]


def test_the_name_of_the_family_and_the_four_fifths_are_allowed(tmp_path: Path) -> None:
    assert faults(tmp_path, "{{ b.note('Fairness, the four-fifths limit, safety') }} fairness.demographic_parity") == []


def test_a_comment_may_say_anything(tmp_path: Path) -> None:
    assert faults(tmp_path, "{# <b> fair #}") == []


def test_a_tag_in_a_document_is_refused_with_its_line(tmp_path: Path) -> None:
    assert faults(tmp_path, "a\n\n{{ x }} y\n<b>z") == ["documents/x.j2:4: a tag in a document; call a block"]


def test_less_than_is_no_tag(tmp_path: Path) -> None:
    assert faults(tmp_path, "{% if a < b %}p < 0.05{% endif %}") == []


def test_blocks_may_do_what_documents_may_not(tmp_path: Path) -> None:
    assert faults(tmp_path, "<b>{{ a ~ (b | join) }}</b>", "blocks") == []


def test_numbers_may_be_added(tmp_path: Path) -> None:
    assert faults(tmp_path, "{{ loop_index + 1 }}") == []


def test_a_template_that_does_not_parse_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "{% if %}")[0].startswith("documents/x.j2:1: ")


def test_the_built_in_templates_have_no_fault() -> None:
    assert lint_templates(Path(str(template_root()))) == []


def test_the_command_prints_the_faults_and_fails(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "x.j2").write_text("{{ a ~ b }}")
    run = subprocess.run(
        [sys.executable, "-m", "auditkit.rendering.lint", tmp_path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "documents/x.j2:1: '~'" in run.stdout
