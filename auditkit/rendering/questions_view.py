"""The review board's questions: the document with its answers, and the short list of open ones."""

from __future__ import annotations

from typing import Any

from auditkit.questions.asking import Answer, Chapter, answered, review_board
from auditkit.record import Record
from auditkit.rendering.numbers import count
from auditkit.rendering.said import HUMAN, said, within
from auditkit.rendering.shared_view import date_text, head, provenance_facts

PART = "questionnaire"
_BUDGET = 120_000


def questions_view(record: Record) -> dict[str, Any]:
    """Return everything the questionnaire says.

    Examples
    --------
    ``questions_view(record)["open"]`` is the number of questions that nobody has answered.
    """
    told = [(chapter, _answers(record, chapter)) for chapter in review_board()]
    every = [answer for _, answers in told for answer in answers]
    texts = iter(within([answer.text for answer in every], _BUDGET))
    still = sum(not answer.text for answer in every)
    return {
        "head": head(
            record, "Review-board questionnaire", "what only people can answer", [f"As of {date_text(record)}"]
        ),
        "lede": _lede(still, len(every)),
        "open": still,
        "state": _state(still, len(every)),
        "counts": _counts(told),
        "contents": [{"id": f"chapter-{place}", "title": chapter.title} for place, (chapter, _) in enumerate(told, 1)],
        "chapters": [
            {
                "id": f"chapter-{place}",
                "title": chapter.title,
                "question": _open(answers),
                "answers": [said(answer, next(texts), PART) for answer in answers],
            }
            for place, (chapter, answers) in enumerate(told, 1)
        ],
        "provenance": provenance_facts(record),
    }


def open_questions(record: Record) -> dict[str, Any]:
    """Return the short list: how many are open, and which, by chapter."""
    told = [(chapter, _answers(record, chapter)) for chapter in review_board()]
    every = [answer for _, answers in told for answer in answers]
    still = sum(not answer.text for answer in every)
    items = [
        {"strong": f"{chapter.title}:", "text": f"{_labels(answers)}.", "status": None}
        for chapter, answers in told
        if any(not answer.text for answer in answers)
    ]
    where = " Answer them under questionnaire: in audit.yaml." if still else ""
    return {"lede": f"{_lede(still, len(every))}{where}", "items": items}


def _answers(record: Record, chapter: Chapter) -> list[Answer]:
    return [answered(question, PART, record.audit.subject) for question in chapter.questions]


def _lede(still: int, total: int) -> str:
    if not still:
        return f"All {count(total)} questions are answered; answers are shown as given, and not checked."
    if still == total:
        return f"None of {count(total)} questions that only people can answer is answered."
    return f"{count(still)} of {count(total)} questions that only people can answer are open."


def _state(still: int, total: int) -> dict[str, str]:
    if not still:
        return {
            "status": "pass",
            "title": "No question is open",
            "text": "Whether the answers suffice is for the board to say.",
        }
    text = "A model can keep every limit and still be the wrong thing to build; these answers are not in the data."
    return {
        "status": "insufficient",
        "title": f"{HUMAN.capitalize()}: {count(still)} of {count(total)} open",
        "text": text,
    }


def _counts(told: list[tuple[Chapter, list[Answer]]]) -> list[list[str]]:
    return [
        [chapter.title, count(sum(bool(one.text) for one in answers)), count(sum(not one.text for one in answers))]
        for chapter, answers in told
    ]


def _open(answers: list[Answer]) -> str:
    still = sum(not answer.text for answer in answers)
    return f"{count(still)} of {count(len(answers))} open" if still else "All answered"


def _labels(answers: list[Answer]) -> str:
    return ", ".join(answer.question.label for answer in answers if not answer.text)
