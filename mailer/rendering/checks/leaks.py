"""The promise to members: no eight words of theirs where somebody else can read them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from mailer.edition.model import Edition, Variant
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.checks.finding import error
from mailer.rendering.cut import cut
from mailer.rendering.model import Frozen
from mailer.rendering.words import lines_of, words_in

_RUN = 8  # so many words of members' text in a row are no coincidence
_MARKUP = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(r"""\b(?:content|alt|title)=(?:"([^"]*)"|'([^']*)')""")
_LINK_MARK = re.compile(r" \[\d+\]")  # how the text part numbers its links


def check_leaks(frozen: Frozen) -> Iterator[Finding]:
    """No eight words in a row of members' text in what others can read."""
    edition = frozen.edition
    for variant in (Variant.FREE, Variant.WEB, Variant.FEED):
        secret = _runs_of(cut(edition, Variant.MEMBER)) - _runs_of(
            cut(edition, variant)
        )
        if not secret:
            continue
        for rendering in frozen.renderings:
            if rendering.variant is not variant:
                continue
            for part in (
                rendering.subject,
                rendering.preheader,
                html.unescape(_MARKUP.sub("\n", rendering.html)),
                *(
                    html.unescape("".join(said))
                    for said in _SAID.findall(rendering.html)
                ),
                _LINK_MARK.sub("", rendering.text),
            ):
                leaked = secret & set(_runs(words_in(part)))
                if leaked:
                    words = " ".join(min(leaked))
                    message = say(
                        "{variant} shows what is for members: “{words}”",
                        variant=variant,
                        words=words,
                    )
                    yield error("paywall-leak", edition.at, message)
                    break


def _runs_of(edition: Edition) -> set[tuple[str, ...]]:
    """Every run of eight words that stands in one line of the body."""
    return {
        run
        for part in (edition.preface, edition.sections)
        for line in lines_of(part)
        for run in _runs(words_in(line))
    }


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    for at in range(len(words) - _RUN + 1):
        yield tuple(words[at : at + _RUN])
