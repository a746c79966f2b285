"""Characters that cannot stand in an edition, wherever and however they are written."""

from __future__ import annotations

import re
import unicodedata

from mailer.phrases import Phrase, say

# Controls, line ends that only some programs see (U+2028), the two signs kept for our
# own marks, halves of a pair, and noncharacters of any plane.
UNWRITABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000\ue001\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + 0xFFFE + n) for plane in range(17) for n in (0, 1))
    + "]"
)
_SPACES = re.compile(r"[ \t\r\n]+")


def on_one_line(text: str) -> str:
    """*text* with ordinary white space made single spaces; no-break spaces stay."""
    return _SPACES.sub(" ", text).strip(" ")


def unwritable(text: str) -> Phrase | None:
    """The first character of *text* that a mail cannot hold, in words."""
    found = UNWRITABLE.search(text)
    if found is None:
        return None
    name = unicodedata.name(found[0], "") or say("a control character")
    code = f"U+{ord(found[0]):04X}"
    return say("{code} ({name}) cannot stand in an edition", code=code, name=name)


def column_of_unwritable(line: str) -> int:
    """Where that character stands in *line*, counted from 1; 0 if there is none."""
    found = UNWRITABLE.search(line)
    return found.start() + 1 if found else 0
