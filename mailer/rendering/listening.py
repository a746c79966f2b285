"""What a screen reader says of our HTML, in its order: for the preview alone.

An approximation, as programs differ: roles and names by HTML's own rules, layout tables
silent (``role=presentation``), what is hidden left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_VOID = frozenset(
    "area base br col embed hr img input link meta source track wbr".split()
)
_SILENT = frozenset("head style script title".split())
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_BREAKS = frozenset(
    "p div td th tr table ul ol li h1 h2 h3 h4 h5 h6 blockquote figure figcaption "
    "section article header footer br".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One thing that is said: ``role`` as ``heading 1``, ``link``, ``image``, ``text``."""

    role: str
    words: str


def listen(html: str) -> list[Utterance]:
    """What is said, from the beginning to the end."""
    ear = _Ear()
    ear.feed(html)
    ear.close()
    ear.flush()
    return ear.said


class _Ear(HTMLParser):
    """Walks through the tags; knows in which heading, link or list item it is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[Utterance] = []
        self._open: list[tuple[str, bool, str]] = []  # tag, whether heard, role
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
        values = {name: value or "" for name, value in attrs}
        role = self._role(tag, values)
        if role != self._now or tag in _BREAKS:
            self.flush()
        if tag == "img" and self._is_heard and not self._hides(tag, values):
            self._say_image(values)
        if tag not in _VOID:
            heard = self._is_heard and not self._hides(tag, values)
            self._open.append((tag, heard, role))

    def handle_endtag(self, tag: str) -> None:
        """Leave it, and whatever was left open inside."""
        if not any(tag == each for each, _, _ in self._open):
            return
        while self._open:
            found, _, role = self._open[-1]
            if role != self._before or found in _BREAKS:
                self.flush()
            self._open.pop()
            if found == tag:
                break

    def handle_data(self, data: str) -> None:
        """Words."""
        if self._is_heard:
            self._words.append(data)

    def flush(self) -> None:
        """What was gathered is one utterance."""
        words = " ".join("".join(self._words).split()).strip("\u034f\u200c \u00a0")
        self._words.clear()
        if words:
            self.said.append(Utterance(role=self._now or "text", words=words))

    @property
    def _is_heard(self) -> bool:
        return not self._open or self._open[-1][1]

    @property
    def _now(self) -> str:
        return self._open[-1][2] if self._open else ""

    @property
    def _before(self) -> str:
        return self._open[-2][2] if len(self._open) > 1 else ""

    def _role(self, tag: str, values: dict[str, str]) -> str:
        if re.fullmatch(r"h[1-6]", tag):
            return f"heading {tag[1]}"
        if values.get("role") == "heading":
            return f"heading {values.get('aria-level', '2')}"
        if tag == "a" and values.get("href"):
            return "link"
        if tag == "li":
            return "list item"
        if tag in {"blockquote", "th"}:
            return {"blockquote": "quotation", "th": "column heading"}[tag]
        return self._now

    def _say_image(self, values: dict[str, str]) -> None:
        alt = " ".join(values.get("alt", "").split())
        if "alt" not in values:
            self.said.append(Utterance(role="image", words=""))
        elif alt:
            role = "link, image" if self._now == "link" else "image"
            self.said.append(Utterance(role=role, words=alt))

    @staticmethod
    def _hides(tag: str, values: dict[str, str]) -> bool:
        return (
            tag in _SILENT
            or values.get("aria-hidden") == "true"
            or "hidden" in values
            or _HIDDEN.search(values.get("style", "")) is not None
        )
