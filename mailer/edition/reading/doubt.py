"""What almost looks like something, and is printed as it stands.

A miss that is not told is found by readers. Each doubt says what is in the way, and how
it is written; ``{.plain}`` or a backslash says that it was meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mailer.edition.blocks import Emphasis, Inlines, Strong, Text, plain
from mailer.edition.reading.recognise import BULLET, folded, is_strap
from mailer.phrases import Phrase, did_you_mean, say

_SHORT = 120  # a strap is one line of names
_NEAR = 60  # the bullet of a brief is not far
_SIGNS = re.compile(r"\s*[.,;:!?…]+\s*")
_TITLE = re.compile(r"#{1,6}[^\s#]")
_UNDERLINED = re.compile(r"\s={3,}$")
_STRUCK = re.compile(r"~~[^~]+~~")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What something looks like, and how that would be written."""

    message: Phrase
    hint: Phrase


def doubt_below_title(content: Inlines) -> Doubt | None:
    """A paragraph right under a title that is neither strap nor standfirst."""
    words = plain(content).strip()
    bullets = words.strip(f"{BULLET} ").count(BULLET)
    how = say("A • B • C, or {.plain} at its end")
    match content:
        case (Emphasis(), Text(rest)) if _SIGNS.fullmatch(rest):
            return Doubt(
                say(
                    "this looks like a standfirst, but a sign stands after its italics"
                ),
                say("*One sentence.*, or {.plain} at its end"),
            )
        case (Strong(), *_):
            return None
    if is_strap(content):
        message = say("a strap stands above the standfirst, right under the title")
        return Doubt(message, how)
    if not bullets or len(words) > _SHORT:
        return None
    if bullets == 1:
        is_prose = words.endswith(".") or not isinstance(content[0], Text)
        message = say("this looks like a strap with one • only")
        return None if is_prose else Doubt(message, how)
    if words.endswith("."):
        message = say("this looks like a strap, but ends with a full stop")
        return Doubt(message, how)
    return Doubt(say("this looks like a strap, but has marks in it"), how)


def doubt_paragraph(
    content: Inlines, *, labels: Collection[str], first: bool
) -> Doubt | None:
    """A paragraph anywhere; *first*: of the whole edition."""
    plain_out = say("**Words**, or {.plain} at its end")
    match content:
        case (Strong(), Text(rest), *_) if rest.lstrip().startswith(BULLET):
            message = say("this looks like a brief, and is a paragraph")
            return Doubt(message, say("- **Slug** • text, or {.plain} at its end"))
        case (Strong(name), Text(rest), *_) if rest.lstrip().startswith(":") and folded(
            plain(name)
        ) in {folded(label) for label in labels}:
            message = say("this looks like a label, but its colon is not bold")
            return Doubt(message, say("**Label :** text, or {.plain} at its end"))
        case (Strong(), Text(rest)) if first and _SIGNS.fullmatch(rest):
            message = say(
                "this looks like a greeting, but a sign stands after its bold"
            )
            return Doubt(message, plain_out)
        case (Text(words), *_) if _TITLE.match(words):
            message = say("a title has a space after its #")
            return Doubt(message, say("# Title, or \\# for the sign itself"))
        case (Text(words),) if _UNDERLINED.search(words):
            message = say("a line of === makes no title")
            return Doubt(message, say("# Title"))
    return None


def doubt_item(content: Inlines, flags: Collection[str]) -> Doubt | None:
    """An item of a list that was meant to be a brief or a flag, perhaps."""
    match content:
        case (Text(text), *_) | (Strong(), Text(text), *_) if BULLET in text[:_NEAR]:
            return Doubt(
                say("this looks like a brief, and is an item of a list"),
                say("a brief is - **Slug** • text, and holds no list"),
            )
        case (Strong((Text(head), *_)), *_):
            name, colon, title = head.partition(":")
            name = name.strip()
            if colon and title.strip() and name.isupper():
                message = say("{flag} is no flag of this publication", flag=name)
                return Doubt(message, did_you_mean(name, flags))
    return None


def doubt_marks(content: Inlines) -> Doubt | None:
    """What is left of a mark that Markdown did not take for one."""
    words = "".join(node.text for node in content if isinstance(node, Text)).rstrip()
    brace = words.rfind(" {")
    left = ""
    if "](" in words:
        left = "](…"
    elif brace >= 0 and words.endswith("}"):
        left = words[brace + 1 :]
    if left:
        return Doubt(
            say("{left} was meant to be a mark, and is printed", left=left),
            say("an address has no spaces; braces follow a link or a picture at once"),
        )
    if struck := _STRUCK.search(words):
        return Doubt(
            say("{left} was meant to be a mark, and is printed", left=struck[0]),
            say("nothing is struck through in a letter"),
        )
    return None
