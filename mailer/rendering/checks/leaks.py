"""The promise to members: none of their text where others could find it.

Eight words in a row of what only members may read are no coincidence, nor is a whole
line of four to seven (a title, a caption); shorter ones are names and phrases. They are
looked for in everything the others get, as a person would read it: typography, line
ends, link marks, markup inside a word, escapes, hyphens and capitals mislead nobody.

What stands in the open body too is the editor's own repetition. A title, a summary or a
preheader is no such place: to quote members' text there gives it away.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.edition.members import pieces
from mailer.edition.model import Edition, Variant
from mailer.errors import Finding
from mailer.language import long_date
from mailer.phrases import Phrase, say
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.words import heard, lines_of

_RULE = "paywall-leak"
_RUN = 8
_LINE = 4
_SHOWN = 60

_Words = tuple[str, ...]

# Conditional comments hold markup that some clients read: it is looked into.
_MARKS = re.compile(
    r"<!--\[if[^\]]*\]>(?:<!-->)?|<!(?:--)?(?:<!)?\[endif\](?:--)?>|<!--|-->"
)
_INSIDE_A_WORD = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)"
    r"(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")
_VALUE = re.compile(r"""(?<!style)(?<!class)=(?:"([^"]*)"|'([^']*)'|([^\s"'<>=]+))""")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")  # how scripts and JSON write letters
_ADDED = re.compile(r"\s\[\d+\]|\s\([^()\s]+@[^()\s]+\)")  # by the text part, to links


def check_leaks(frozen: Frozen) -> Iterator[Finding]:
    """Whatever of the members' text stands in what others get."""
    others = [r for r in frozen.renderings if not r.variant.is_members]
    if not others:
        return
    edition = frozen.edition
    is_open = edition.archive == "public" or any(r.variant.is_mail for r in others)
    secrets = _Secrets.of(frozen, everything=not is_open)
    told = [(key, run) for key, said in _told(edition) for run in secrets.found(said)]
    for key, run in dict(reversed(told)).items():
        yield _quoted(edition, key, secrets.places[run])
    # An archive for members keeps back from strangers what free readers get by mail.
    shut = edition.archive == "members" and is_open
    of_page = _Secrets.of(frozen, everything=True) if shut else secrets
    for rendering in others:
        theirs = secrets if rendering.variant.is_mail else of_page
        said_before = {run for _, said in _told(edition) for run in theirs.found(said)}
        for where, text in _parts(rendering):
            leaks = (run for run in theirs.found(text) if run not in said_before)
            if leak := next(leaks, None):
                yield _leaked(rendering.variant, where, theirs.places[leak])
                break


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run of members' words was written."""

    at: Source
    line: str


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Runs of words that only members may read; ``starts`` are their first two words."""

    places: Mapping[_Words, _Place]
    starts: frozenset[tuple[str, str]]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, frozen: Frozen, *, everything: bool) -> _Secrets:
        """Those of an edition; of all its body if *everything* is for members."""
        places: dict[_Words, _Place] = {}
        open_lines: list[list[str]] = []
        for piece in pieces(frozen.edition):
            for line in lines_of(piece.content):
                words = heard(line)
                if everything or piece.for_members:
                    for run in _runs(words):
                        places.setdefault(run, _Place(piece.at, line))
                else:
                    open_lines.append(words)
        secrets = cls._indexed(places)
        repeated = {run for words in open_lines for run in secrets.within(words)}
        # What everybody is told anyway is no secret for being a line of its own.
        repeated |= {
            run
            for said in _known(frozen)
            for run in secrets.found(said)
            if len(run) < _RUN
        }
        return cls._indexed({r: p for r, p in places.items() if r not in repeated})

    @classmethod
    def _indexed(cls, places: Mapping[_Words, _Place]) -> _Secrets:
        return cls(
            places=places,
            starts=frozenset((run[0], run[1]) for run in places),
            lengths=tuple(sorted({len(run) for run in places})),
        )

    def found(self, text: str) -> Iterator[_Words]:
        """The runs that stand in *text*, in its order."""
        return self.within(heard(text)) if self.places else iter(())

    def within(self, words: list[str]) -> Iterator[_Words]:
        """The runs that stand in *words*."""
        for at, start in enumerate(pairwise(words)):
            if start in self.starts:
                for length in self.lengths:
                    run = tuple(words[at : at + length])
                    if run in self.places:
                        yield run


def _runs(words: list[str]) -> Iterator[_Words]:
    """Eight words in a row, or the whole line if it is shorter and still tells much."""
    if _LINE <= len(words) < _RUN:
        yield tuple(words)
    for at in range(len(words) - _RUN + 1):
        yield tuple(words[at : at + _RUN])


def _told(edition: Edition) -> Iterator[tuple[str, str]]:
    """What the head of an edition tells everybody, by its key."""
    yield "title", edition.title
    yield "subject", edition.subject
    yield "subtitle", edition.subtitle
    yield "preheader", edition.preheader
    for line in edition.summary:
        yield "summary", line
    if edition.cover:
        yield "cover", edition.cover.alt
        yield "cover", edition.cover.credit
    yield "tags", " / ".join(edition.tags)
    yield "slug", edition.slug
    yield "from", edition.sender
    yield "reply_to", edition.reply_to


def _known(frozen: Frozen) -> Iterator[str]:
    """What everybody may read whatever the edition says."""
    edition, publication = frozen.edition, frozen.publication
    yield from (said for _, said in _told(edition))
    yield from (publication.name, publication.tagline, publication.kicker)
    yield from (publication.welcome, publication.postal_address)
    yield long_date(edition.date, edition.lang or publication.lang)


def _parts(rendering: Rendering) -> Iterator[tuple[Phrase, str]]:
    """Everything a reader of *rendering* could find, by what it is called."""
    yield say("the subject"), rendering.subject
    yield say("the preheader"), rendering.preheader
    if entry := rendering.entry:
        yield say("the feed's summary"), f"{entry.title} / {entry.summary}"
        yield say("the feed's authors and tags"), " / ".join(entry.authors + entry.tags)
        yield say("the feed's links"), _addresses((entry.permalink, entry.picture))
    yield say("the HTML"), _visible(rendering.html)
    yield say("an attribute of the HTML"), _attributes(rendering.html)
    yield say("the text part"), _ADDED.sub("", rendering.text)
    yield say("a picture's name"), " / ".join(p.name for p in rendering.pictures)


def _visible(page: str) -> str:
    """The words of *page*: of its text, comments, style sheets and scripts."""
    bare = _TAG.sub(" ", _INSIDE_A_WORD.sub("", _MARKS.sub(" ", page)))
    if "\\u" in bare:
        bare = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), bare)
    return html.unescape(bare)


def _attributes(page: str) -> str:
    """The words of every attribute of *page*, addresses included."""
    values = (first or second or bare for first, second, bare in _VALUE.findall(page))
    return _addresses(html.unescape(value) for value in values)


def _addresses(values: Iterable[str | None]) -> str:
    return unquote(" / ".join(value for value in values if value))


def _quoted(edition: Edition, key: str, place: _Place) -> Finding:
    message = say(
        "{key} says what is for members at {place}: “{words}”",
        key=key,
        place=str(place.at),
        words=_shortened(place.line),
    )
    hint = say("say it otherwise, or let everybody read that passage")
    return error(_RULE, edition.at, message, hint)


def _leaked(variant: Variant, where: Phrase, place: _Place) -> Finding:
    message = say(
        "{variant}: {where} shows what is for members: “{words}”",
        variant=str(variant),
        where=where,
        words=_shortened(place.line),
    )
    hint = say("a template may not show what the cut took away; nothing can be sent")
    return error(_RULE, place.at, message, hint)


def _shortened(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN].rstrip()}…"
