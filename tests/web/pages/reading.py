"""Reads a page as a browser would find it: the elements in order, all of them closed, and the text."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser

_VOID = ("meta", "link", "input", "br")


class Reader(HTMLParser):
    """A page.

    elements: Its elements in order, each with its attributes.
    text: Its text, without style and script.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what was opened last"

    def handle_data(self, data: str) -> None:
        if "style" in self.open or "script" in self.open:
            return
        self.texts.append(data)
        for tag in set(self.open):
            self.inside.setdefault(tag, []).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def within(self, tag: str) -> str:
        """Return the text inside of all elements with this tag."""
        return " ".join(" ".join(self.inside.get(tag, [])).split())

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.elements if tag == "a" and "href" in attributes]
