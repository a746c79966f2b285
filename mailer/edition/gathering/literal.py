"""A stranger's words as Markdown that says just that: no mark, link or hole in it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

from mailer.edition.characters import UNWRITABLE

_MARKS = re.compile(r"([\\*_`<>\[\]{}|&~^])")
_OPENING = re.compile(r"^(\d{0,9})([-+=:#.)•—–])")
_SENTENCE = re.compile(r"[.!?…][»”\"')]*$")
_HOLES = re.compile(r"([{}])\1+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = frozenset("\u200c\u200d")  # they shape words of some scripts, and emoji
_LINK_SAFE = "/:?=&%+,;@!$'*~-._"
_LONGEST_LINK = 2_000


def one_line(text: str, *, most: int) -> str:
    """*text* without what nobody sees, on one line, *most* characters of it.

    Controls, marks of direction and unassigned characters go; white space is a space.
    """
    text = unicodedata.normalize("NFC", text[: 20 * most])
    kept = (
        " " if c.isspace() else c
        for c in UNWRITABLE.sub(" ", text)
        if c.isspace() or c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
    )
    line = re.sub(" +", " ", "".join(kept)).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def literal(line: str) -> str:
    """*line* as Markdown; braces that could be a hole for a reader's name are single.

    What would open a heading, a list or a directive at the beginning of a line is
    written as a character reference: a backslash would also turn off that the line
    around it is recognised as a brief.
    """
    escaped = _MARKS.sub(r"\\\1", _HOLES.sub(r"\1", line))
    return _OPENING.sub(lambda mark: f"{mark[1]}&#{ord(mark[2])};", escaped)


def first_words(line: str, count: int) -> str:
    """*count* words of *line* at most: whole sentences if that leaves half of them.

    Otherwise an ellipsis says that it goes on.
    """
    words = line.split(" ")
    if len(words) <= count:
        return line
    ends = [n for n, word in enumerate(words[:count], 1) if _SENTENCE.search(word)]
    if ends and 2 * ends[-1] >= count:
        return " ".join(words[: ends[-1]])
    return " ".join(words[:count]).rstrip(" ,;:.–—-«") + "…"


def web_address(link: str) -> str:
    """*link* as a mail may carry it; empty if it does not lead to the web."""
    try:
        parts = urlsplit(link.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[\w.-]+", host):
        return ""
    if parts.username is not None or "." not in host:
        return ""
    path, query, fragment = (
        quote(part, safe=_LINK_SAFE)
        for part in (parts.path, parts.query, parts.fragment)
    )
    address = urlunsplit((parts.scheme, host + port, path, query, fragment))
    return address if len(address) <= _LONGEST_LINK else ""
