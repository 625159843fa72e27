"""What a page holds: its tags, attributes and texts, and the evidence id that each text stands under."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "rect", "line", "circle", "path", "use", "col", "link", "img", "input", "hr"})


class Page(HTMLParser):
    """Collects tags, attributes, texts, and for each text the ids of evidence around it and the classes it is in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str, str]] = []  # text, evidence, where: names and classes of all elements around
        self._open: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        given = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, given.get("data-evidence") or "", given.get("class") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        evidence = next((found for _, found, _ in reversed(self._open) if found), "")
        where = " ".join(f"{tag} {classes}" for tag, _, classes in self._open)
        if "style" not in where.split():
            self.texts.append((data, evidence, where))

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]
