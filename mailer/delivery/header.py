"""Header fields as they leave: folded, encoded where they must be, and one line each.

Whatever people write (names, subjects) comes through here; it can hold no line break,
so it can add no header. Fields that machines read are never encoded, nor folded inside
``<>``: the standard library does both to long ones, and the one-click button is lost.

Sources: RFC 5322 section 2.2.3 (folding), RFC 2047 (encoded-words).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from mailer.errors import InputError
from mailer.phrases import say

LONGEST_LINK = 900
LINK = re.compile(rf"[!-;=?-~]{{0,{LONGEST_LINK}}}")
"""A link that can stand between ``<`` and ``>``, where no line may be folded: no space,
no bracket, and short enough for a line of 998 (RFC 5322 section 2.1.1)."""

_LINE = 76  # of a line that holds an encoded-word: RFC 2047 section 2
_FRAME = len("=?utf-8?q??=")
_PLAIN = re.compile(r"[!-~]{1,60}(?: [!-~]{1,60})*")
_QUOTABLE = re.compile(r"[ -~]{0,60}")
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})

# What may stand bare in an encoded-word of a phrase: RFC 2047 section 5, rule 3.
_Q = [
    chr(octet)
    if re.fullmatch(r"[A-Za-z0-9!*+/-]", chr(octet))
    else "_"
    if octet == ord(" ")
    else f"={octet:02X}"
    for octet in range(256)
]


def one_line(text: str, *, what: str) -> str:
    """*text* as it is; InputError if a control character or line break is in it."""
    if text.isprintable():  # most are, and this is asked once per reader
        return text
    for character in text:
        if unicodedata.category(character) in _CONTROLS:
            message = say(
                "{what} holds a control character, {code}",
                what=what,
                code=f"U+{ord(character):04X}",
            )
            raise InputError(message, hint=say("take it out; a line break is one too"))
    return text


def cleaned(text: str) -> str:
    """*text* on one line: white space becomes single spaces, controls are dropped."""
    if text.isprintable():  # then there are none, and this is asked once per reader
        return " ".join(text.split())
    kept = (c for c in text if c.isspace() or unicodedata.category(c) not in _CONTROLS)
    return " ".join("".join(kept).split())


def field(name: str, text: str) -> bytes:
    """``Name: text`` for people to read, any text, ended by CRLF."""
    if not text:
        return raw_field(name, "")
    one_line(text, what=name)
    value = _plain(text, len(name) + 2) or _encoded(text, len(name) + 2)
    return f"{name}: {value}\r\n".encode("ascii")


def raw_field(name: str, value: str) -> bytes:
    """``Name: value`` for machines to read: ASCII, never folded nor encoded."""
    return f"{name}: {one_line(value, what=name)}\r\n".encode("ascii")


def named_field(name: str, phrase: str, address: str) -> bytes:
    """``Name: "phrase" <address>``, or ``<address>`` if there is no phrase."""
    one_line(phrase, what=name)
    if not phrase:
        return raw_field(name, f"<{address}>")
    opening, column = _opening(name, phrase)
    fold = " " if column + len(address) + 3 <= _LINE else "\r\n "
    return f"{opening}{fold}<{address}>\r\n".encode("ascii")


@lru_cache(maxsize=1024)
def _opening(name: str, phrase: str) -> tuple[str, int]:
    """``Name: "phrase"``, or encoded, and its last column; readers share their names."""
    column = len(name) + 2
    quotable = _QUOTABLE.fullmatch(phrase) and "=?" not in phrase
    words = _quoted(phrase) if quotable else _encoded(phrase, column)
    opening = f"{name}: {words}"
    return opening, len(opening.rpartition("\r\n")[2])


def _quoted(phrase: str) -> str:
    if '"' in phrase or "\\" in phrase:
        phrase = re.sub(r'(["\\])', r"\\\1", phrase)
    return f'"{phrase}"'


def _plain(text: str, column: int) -> str:
    """*text* folded as it is, or nothing if it must be encoded."""
    if not _PLAIN.fullmatch(text) or "=?" in text:
        return ""
    first, *words = text.split(" ")
    rows = [first]
    for word in words:
        if column + len(rows[-1]) + 1 + len(word) <= _LINE:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
            column = 1
    return "\r\n ".join(rows)


def _encoded(text: str, column: int) -> str:
    """*text* as encoded-words, cut between its words where that can be done.

    White space between encoded-words does not count, so each keeps its own; Outlook
    shows a space where a word was cut in two. Every line is as short as the first.
    """
    ways = ("q", _as_q), ("b", _as_b)
    letter, coded = min(ways, key=lambda way: len(way[1](text)))
    room = _LINE - column - _FRAME
    if len(whole := coded(text)) <= room:  # as most names
        return f"=?utf-8?{letter}?{whole}?="
    rows = [""]
    for piece in _pieces(text, coded, room):
        if len(coded(rows[-1] + piece)) <= room:
            rows[-1] += piece
        else:
            rows.append(piece)
    return "\r\n ".join(f"=?utf-8?{letter}?{coded(row)}?=" for row in rows)


def _pieces(text: str, coded: Callable[[str], str], room: int) -> Iterator[str]:
    """Words with the spaces after them; a word too long for a line, by characters.

    An encoded-word holds whole characters: RFC 2047 section 5.
    """
    for word in re.findall(r"[^ ]+ *| +", text):
        if len(coded(word)) <= room:
            yield word
        else:
            yield from word


def _as_q(text: str) -> str:
    return "".join([_Q[octet] for octet in text.encode()])


def _as_b(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
