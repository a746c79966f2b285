"""What blocks and what is read aloud are called, in the language of the page."""

from __future__ import annotations

import re

from mailer.language import Catalogue
from mailer.phrases import say

WORDS = {
    str(each): each
    for each in (
        say("section"),
        say("box"),
        say("brief"),
        say("button"),
        say("custom"),
        say("figure"),
        say("flag"),
        say("greeting"),
        say("label"),
        say("list"),
        say("only"),
        say("paragraph"),
        say("paywall"),
        say("poll"),
        say("quote"),
        say("rule"),
        say("signature"),
        say("sponsor"),
        say("story"),
        say("subhead"),
        say("table"),
        say("toc"),
        # what a screen reader says
        say("heading"),
        say("image"),
        say("link"),
        say("list item"),
        say("text"),
    )
}
_FIRST = re.compile(r"list item|\w+")


def called(kind: str, catalogue: Catalogue) -> str:
    """*kind* as *catalogue* says it: ``section editorial``, ``link, image``.

    The classes of a section are the newsroom's own words, and stay.
    """
    count = 1 if kind.startswith("section ") else 0
    return _FIRST.sub(
        lambda found: catalogue.translate(WORDS.get(found[0], found[0])),
        kind,
        count=count,
    )
