"""Questions from a data file, and the answers that audit.yaml holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes
    ----------
    key : str
        Where audit.yaml holds its answer.
    ask : str
        The question itself.
    label : str
        Two or three words for short lists.
    card : str
        The text of ``card:`` that counts as the answer until another is given; empty for none.
    """

    key: str
    ask: str
    label: str
    card: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with what was said; `text` is empty where nobody has answered."""

    question: Question
    text: str
    from_card: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """Questions of one subject."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the technical file: the parts a machine fills, and what a person must write."""

    point: str
    title: str
    machine: tuple[str, ...]
    human: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Points under one heading."""

    id: str
    title: str
    question: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The technical file's points, and what the law was when they were written down."""

    sections: tuple[Section, ...]
    source: str
    legal_status: str
    legal_status_as_of: str


@cache
def review_board() -> tuple[Chapter, ...]:
    """Return the review board's questions."""
    chapters = _read("review_board")["chapters"]
    return tuple(Chapter(chapter["title"], tuple(map(_question, chapter["questions"]))) for chapter in chapters)


@cache
def annex_iv() -> Outline:
    """Return the points of the technical file."""
    data = _read("annex_iv")
    sections = tuple(
        Section(part["id"], part["title"], part["question"], tuple(map(_point, part["points"])))
        for part in data["chapters"]
    )
    return Outline(sections, data["source"], data["legal_status"], str(data["legal_status_as_of"]))


def board_questions() -> dict[str, Question]:
    """Return the review board's questions by key."""
    return {question.key: question for chapter in review_board() for question in chapter.questions}


def file_questions() -> dict[str, Question]:
    """Return the technical file's questions by key."""
    points = (point for section in annex_iv().sections for point in section.points)
    return {question.key: question for point in points for question in point.human}


def answered(question: Question, part: str, subject: Mapping[str, object]) -> Answer:
    """Return what audit.yaml says to a question.

    Parameters
    ----------
    question : Question
    part : {'questionnaire', 'technical_file'}
    subject : mapping
        The record's ``subject``.
    """
    said = _text(subject.get(part), question.key)
    if said:
        return Answer(question, said)
    fallback = _text(subject.get("card"), question.card) if question.card else ""
    return Answer(question, fallback, bool(fallback))


def _text(part: object, key: str) -> str:
    value = part.get(key) if isinstance(part, Mapping) else None
    return "" if value is None else str(value).strip()


def _question(data: Mapping[str, Any]) -> Question:
    return Question(data["key"], data["ask"], data.get("label", data["key"].replace("_", " ")), data.get("card", ""))


def _point(data: Mapping[str, Any]) -> Point:
    return Point(str(data["point"]), data["title"], tuple(data["machine"]), tuple(map(_question, data["human"])))


def _read(name: str) -> dict[str, Any]:
    from ruamel.yaml import YAML

    text = (resources.files("auditkit") / "questions" / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return loaded
