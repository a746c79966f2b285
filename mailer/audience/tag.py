"""Tags: an operator's own words for readers, in one spelling."""

from __future__ import annotations

import re
import unicodedata

from mailer.errors import InputError
from mailer.phrases import say

_LONGEST = 64
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f,;\"]")


def read_tag(text: str) -> str:
    """*text* as a tag: small letters, single spaces; InputError if it is none."""
    tag = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    tag = unicodedata.normalize("NFC", tag)
    if not tag or len(tag) > _LONGEST or _FORBIDDEN.search(tag):
        message = say(
            "{tag} is no tag: up to {most} characters, no comma, semicolon or"
            " quotation mark",
            tag=repr(text[: _LONGEST + 1]),
            most=_LONGEST,
        )
        raise InputError(message)
    return tag
