"""The directives there are, what they take, and the block each of them makes.

A new one is a row of ``DIRECTIVES`` and the function it names. A directive that stands
in no row is one of the theme, if the theme has its templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from mailer.edition.blocks import (
    Block,
    Box,
    Custom,
    Inlines,
    Label,
    List,
    Only,
    Paragraph,
    Poll,
    Signature,
    Sponsor,
    Story,
    Toc,
)
from mailer.edition.reading.fences import Opening
from mailer.edition.reading.inlines import InlineReader
from mailer.edition.reading.known import CHANNELS, Known
from mailer.edition.reading.notes import Notes
from mailer.phrases import Phrase, did_you_mean, say

AUDIENCES = ("free", "member", "web", "email")
SPONSOR_LABELS = ("ad", "partner")
SNIPPET = "snippet"

_Word = TypeVar("_Word", bound=str)

_POLL_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive as it stands in a file, with the blocks that its body became."""

    opening: Opening
    blocks: Sequence[Block]
    known: Known
    notes: Notes

    def error(
        self, rule: str, message: Phrase, hint: str = "", *, word: str = ""
    ) -> None:
        """Something to mend: at *word* of the opening fence, or at its name."""
        at = self.notes.word(self.opening.at, word or self.opening.name)
        self.notes.error(rule, at, message, hint)

    def said(self, key: str) -> str:
        """What the attribute *key* says; empty if it was not given."""
        return self.opening.attributes.get(key, "")

    def day(self, key: str) -> date | None:
        """An attribute that is a day."""
        if not (value := self.said(key)):
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            message = say("{value} is no date", value=value)
            hint = say("write it as 2026-03-31")
            self.error("directive-attribute", message, hint, word=f"{key}=")
            return None

    def one_of(self, key: str, known: Sequence[_Word]) -> _Word:
        """An attribute that is one of *known*, the first if it was not given."""
        value = self.said(key) or known[0]
        for each in known:
            if each == value:
                return each
        message = say("no {key} {name}", key=key, name=value)
        hint = did_you_mean(value, known)
        self.error("directive-attribute", message, hint, word=f"{key}=")
        return known[0]

    def href(self) -> str:
        """The attribute ``href``, if a mail may lead there."""
        if not (raw := self.said("href")):
            return ""
        line = self.opening.at.line - 1 - self.notes.offset
        return InlineReader(self.notes, 0).href(raw, line)

    def target(self) -> str:
        """The link of its button; words and link are given both, or neither."""
        if bool(self.said("href")) != bool(self.said("button")):
            missing = "button" if self.said("href") else "href"
            message = say(
                "a button needs its words and its link: {missing} is missing",
                missing=missing,
            )
            given = "href=" if self.said("href") else "button="
            self.error("directive-attribute", message, word=given)
        return self.href()

    def headed(self) -> tuple[Inlines, tuple[Block, ...]]:
        """Its own ``##`` title, if it begins with one, and the blocks below."""
        match self.blocks:
            case [Story(title=title), *rest]:
                return title, tuple(rest)
        return (), tuple(self.blocks)

    def words(self) -> Inlines:
        """The line of words that is all it may hold."""
        match self.blocks:
            case []:
                return ()
            case [Paragraph(content=content) | Label(name=content, content=())]:
                return content
        message = say("{name} holds one line of words at most", name=self.opening.name)
        self.error("directive-content", message)
        return ()

    def something(self) -> None:
        """See that it holds something: an empty band would be sent."""
        if not self.blocks:
            message = say("{name} holds nothing", name=self.opening.name)
            self.error("directive-empty", message, say("write in it, or take it out"))

    def nothing(self) -> None:
        """See that it holds nothing."""
        if self.blocks:
            message = say("{name} holds nothing", name=self.opening.name)
            self.error("directive-content", message, say("close it at once"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a directive takes, and what makes a block of it.

    ``argument`` is a sample of its word after the name, empty if it takes none.
    """

    make: Callable[[Directive], Block]
    argument: str = ""
    attributes: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


def read_directive(it: Directive) -> Block | None:
    """The block that *it* makes; None, with findings, if it makes none."""
    name = it.opening.name
    kind = DIRECTIVES.get(name)
    if kind is None:
        return _custom(it) if _is_in_theme(it) else None
    before = len(it.notes.findings)
    _check_attributes(it, kind)
    _check_argument(it, kind)
    block = kind.make(it)
    return block if len(it.notes.findings) == before else None


def _is_in_theme(it: Directive) -> bool:
    """Whether the theme brings this directive, in every channel; else findings."""
    name = it.opening.name
    channels = it.known.theme_blocks.get(name)
    if channels is None:
        hint = did_you_mean(name, {*DIRECTIVES, SNIPPET, *it.known.theme_blocks})
        it.error("directive-unknown", say("unknown directive {name}", name=name), hint)
        return False
    missing = [channel for channel in CHANNELS if channel not in channels]
    for channel in missing:
        theme = it.known.publication.theme
        file = f"blocks/{name}.{channel}.j2"
        message = say(
            "directive {name} has no {file} in its theme", name=name, file=file
        )
        hint = say("write {file}", file=f"templates/themes/{theme}/{file}")
        it.error("directive-template", message, hint)
    return not missing


def _check_attributes(it: Directive, kind: Kind) -> None:
    name = it.opening.name
    for key in it.opening.attributes.keys() - kind.attributes:
        hint = did_you_mean(key, kind.attributes)
        it.error(
            "directive-attribute",
            say("{name} does not take {key}", name=name, key=key),
            hint,
            word=written(key),
        )
    for key in sorted(key for key in kind.required if not it.said(key)):
        message = say("{name} does not say {key}", name=name, key=key)
        it.error(f"{name}-{key}", message, f'{{{key}="…"}}')
    if "only" in it.opening.attributes:
        _check_audience(it, it.said("only"), word="only=")


def _check_argument(it: Directive, kind: Kind) -> None:
    name, count = it.opening.name, len(it.opening.argument.split())
    if count != bool(kind.argument):
        hint = f"::: {name} {kind.argument}".strip()
        fault = _argument_fault(name, kind, count)
        it.error("directive-attribute", fault, hint, word=it.opening.argument)


def _argument_fault(name: str, kind: Kind, count: int) -> Phrase:
    if not kind.argument:
        return say("{name} takes no word after its name", name=name)
    if count:
        return say("{name} takes one word after its name", name=name)
    return say("{name} needs a word after its name", name=name)


def _check_audience(it: Directive, audience: str, *, word: str) -> None:
    if audience not in AUDIENCES:
        hint = did_you_mean(audience, AUDIENCES)
        message = say("no audience {name}", name=audience)
        it.error("directive-attribute", message, hint, word=word)


def written(key: str) -> str:
    """How the attribute *key* begins: ``.note`` is a class, ``#note`` an id."""
    return {"class": ".", "id": "#"}.get(key, f"{key}=")


# -- what each of them makes ------------------------------------------------------


def _box(it: Directive) -> Block:
    it.something()
    title, blocks = it.headed()
    return Box(
        at=it.opening.at,
        name=it.opening.argument,
        only=it.said("only"),
        title=title,
        blocks=blocks,
        button=it.said("button"),
        href=it.target(),
    )


def _sponsor(it: Directive) -> Block:
    it.something()
    title, blocks = it.headed()
    return Sponsor(
        at=it.opening.at,
        by=it.said("by"),
        until=it.day("until"),
        href=it.target(),
        button=it.said("button"),
        rel=it.said("rel") or "sponsored",
        label=it.one_of("label", SPONSOR_LABELS),
        title=title,
        blocks=blocks,
    )


def _only(it: Directive) -> Block:
    it.something()
    audience = it.opening.argument
    if len(audience.split()) == 1:
        _check_audience(it, audience, word=audience)
    return Only(at=it.opening.at, audience=audience, blocks=tuple(it.blocks))


def _poll(it: Directive) -> Block:
    id_, until = it.opening.argument, it.day("until")
    if id_ and " " not in id_ and not _POLL_ID.fullmatch(id_):
        hint = say("small letters, digits and hyphens only")
        message = say("{name} cannot name a poll", name=id_)
        it.error("directive-attribute", message, hint, word=id_)
    question: Inlines = ()
    choices: tuple[Inlines, ...] = ()
    match it.blocks:
        case [
            Paragraph(content=question) | Label(name=question, content=()),
            List(items=items),
        ] if not any(item.lists for item in items):
            choices = tuple(item.content for item in items)
        case _:
            hint = say("the question, an empty line, then - a choice on each line")
            message = say("a poll holds one question and a list of choices")
            it.error("directive-content", message, hint)
    if len(choices) == 1:
        message = say("a poll with one choice asks nothing")
        it.error("poll-choices", message, say("add another"))
    anonymous = it.one_of("votes", ("named", "anonymous")) == "anonymous"
    if anonymous and not it.said("until"):
        message = say("an anonymous poll says its last day")
        hint = say("until=2026-03-31: then what could tell who answered is destroyed")
        it.error("directive-attribute", message, hint, word="votes=")
    return Poll(
        at=it.opening.at,
        id=id_,
        question=question,
        choices=choices,
        until=until,
        results=it.one_of("results", ("always", "end", "never")),
        anonymous=anonymous,
    )


def _toc(it: Directive) -> Block:
    return Toc(at=it.opening.at, title=it.words())


def _signature(it: Directive) -> Block:
    it.nothing()
    key = it.opening.argument
    if key not in it.known.authors:
        hint = did_you_mean(key, it.known.authors)
        it.error("author-unknown", say("no author {key}", key=key), hint, word=key)
    return Signature(at=it.opening.at, author=key)


def _custom(it: Directive) -> Block:
    title, blocks = it.headed()
    attributes = dict(it.opening.attributes)
    if "href" in attributes:
        attributes["href"] = it.href()
    return Custom(
        at=it.opening.at,
        name=it.opening.name,
        argument=it.opening.argument,
        attributes=attributes,
        title=title,
        blocks=blocks,
    )


DIRECTIVES: Mapping[str, Kind] = {
    "box": Kind(
        make=_box, argument="note", attributes=frozenset({"only", "button", "href"})
    ),
    "sponsor": Kind(
        make=_sponsor,
        attributes=frozenset({"by", "until", "href", "button", "rel", "label"}),
        required=frozenset({"by"}),
    ),
    "only": Kind(make=_only, argument="free"),
    "poll": Kind(
        make=_poll,
        argument="breakfast",
        attributes=frozenset({"until", "results", "votes"}),
    ),
    "toc": Kind(make=_toc),
    "signature": Kind(make=_signature, argument="claire"),
}
"""Every directive that makes a block; ``snippet`` makes none, it is read in its place."""
