"""An edition to fill in: its head, its sections and a visible gap for every word.

Every gap begins with ``TODO``, so that it parses, shows, and ``check`` refuses to send
it. What a publication keeps from week to week (its labels, its flags, its directives)
stands there already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import yaml

from mailer.edition.model import Publication, Variant
from mailer.language import Catalogue
from mailer.phrases import Phrase, say

GAP = "TODO"

STORIES = 3
"""How many stories a numbered section begins with."""

_TITLE = say("what the edition says, in one line")
_SUBTITLE = say("one sentence; the inbox shows it beside the subject")
_SUMMARY = say("what one finds in it")
_SECTION = say("title of the section")
_STANDFIRST = say("the standfirst, one sentence")
_STORY = say("title of the story")
_SUBHEAD = say("sub-head")
_TEXT = say("text")
_SOURCE = say("who said it")
_SLUG = say("slug")
_NAME = say("name")
_ANSWER = say("answer")
_BUTTON = say("what one gets by pressing it")
_PICTURE = say("picture")
_VIDEO = say("video")
_ALT = say("what one sees")
_CAPTION = say("caption")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the front matter of a new edition says."""

    day: date
    title: str = ""
    number: int | None = None
    slug: str = ""
    authors: tuple[str, ...] = ()
    subtitle: bool = True
    summary: int = 0
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes gaps in the language of *sentences*, and the spaces that go with it."""

    sentences: Catalogue

    def gap(self, what: Phrase) -> str:
        """``TODO one sentence``."""
        return f"{GAP} {self.sentences.translate(what)}"

    @property
    def colon(self) -> str:
        """The colon as it is typed after a label."""
        return " :" if self.sentences.lang == "fr" else ":"

    def head(self, head: Head) -> str:
        """The front matter, fences and all."""
        lines = [f"title: {scalar(head.title or self.gap(_TITLE))}"]
        if head.subtitle:
            lines.append(f"subtitle: {scalar(self.gap(_SUBTITLE))}")
        if head.summary:
            lines.append("summary:")
            lines += [f"  - {scalar(self.gap(_SUMMARY))}"] * head.summary
        if head.number is not None:
            lines.append(f"number: {head.number}")
        lines.append(f"date: {head.day}")
        if head.slug:
            lines.append(f"slug: {head.slug}")
        if head.authors:
            lines.append(f"authors: [{', '.join(map(scalar, head.authors))}]")
        lines += [f"{key}: {value}" for key, value in head.more.items()]
        return "\n".join(["---", *lines, "---"]) + "\n"

    def picture(self, *, video: bool = False) -> str:
        """A figure to be: a picture that is not there would not parse."""
        alt, caption = map(self.sentences.translate, (_ALT, _CAPTION))
        shown = (
            f"[![{alt}](image.jpg){{.video}}](https://…)"
            if video
            else f'![{alt}](image.jpg "{caption}")'
        )
        return f"{self.gap(_VIDEO if video else _PICTURE)}{self.colon} `{shown}`"


def scalar(text: str) -> str:
    """*text* as a YAML value: bare where that reads back the same, else in quotes."""
    try:
        if yaml.load(f"k: {text}", Loader=yaml.BaseLoader) == {"k": text}:  # noqa: S506 - makes texts only
            return text
    except yaml.YAMLError:
        pass
    return json.dumps(text, ensure_ascii=False)


def from_shape(publication: Publication, authors: Sequence[str], pen: Pen) -> str:
    """The body that *publication* says its editions have."""
    required = list(publication.shape.require)
    if publication.shape.story and "numbered" not in required:
        required.append("numbered")
    if not required:
        required.append("")
    return "\n".join(
        line
        for name in required
        for line in (*section_lines(name, publication, authors, pen), "")
    )


def section_lines(
    name: str, publication: Publication, authors: Sequence[str], pen: Pen
) -> Iterator[str]:
    """A section to be written, *name* being its class or its title."""
    is_class = bool(name) and name == name.lower() and name.isidentifier()
    if name and not is_class:
        yield f"# {name}"
    else:
        yield f"# {pen.gap(_SECTION)}" + (f" {{.{name}}}" if name else "")
    yield ""
    match name:
        case "editorial":
            yield from (f"*{pen.gap(_STANDFIRST)}*", "", pen.gap(_TEXT))
            if authors:
                yield from ("", f"::: signature {authors[0]}", ":::")
        case "dossier":
            yield from (f"*{pen.gap(_STANDFIRST)}*", "", pen.picture(), "")
            yield pen.gap(_TEXT)
            if set(publication.audiences) > {Variant.MEMBER}:
                yield from ("", "<!--members-->", "", pen.gap(_TEXT))
        case "quick":
            yield from [f"- {pen.gap(_TEXT)}"] * STORIES
        case "numbered":
            for count in range(STORIES):
                yield from ([""] if count else [])
                yield from _story(publication, pen)
        case "tool":
            yield from (pen.gap(_TEXT), "", f"### {pen.gap(_SUBHEAD)}", "")
            yield from (f"- {pen.gap(_TEXT)}", "", button(pen))
        case "video":
            yield from (pen.picture(video=True), "", pen.gap(_TEXT))
        case _:
            yield from (f"*{pen.gap(_STANDFIRST)}*", "")
            yield from [brief(pen)] * STORIES


def _story(publication: Publication, pen: Pen) -> Iterator[str]:
    yield from (f'## {pen.gap(_STORY)} {{emoji="❔"}}', "", pen.picture())
    for label in publication.shape.story:
        yield from ("", *label_lines(label, publication.labels.get(label, ""), pen))
    if not publication.shape.story:
        yield from ("", pen.gap(_TEXT))


def label_lines(name: str, style: str, pen: Pen) -> Iterator[str]:
    """A label: alone above a list where that is its style, else run in."""
    if style == "list":
        item = f"- **{pen.gap(_NAME)}{pen.colon}** {pen.gap(_TEXT)}"
        yield from (f"**{name}**", "", item, item)
    else:
        yield f"**{name}{pen.colon}** {pen.gap(_TEXT)}"


def brief(pen: Pen) -> str:
    """``- **Slug** • text``, both to be written."""
    return f"- **{pen.gap(_SLUG)}** • {pen.gap(_TEXT)}"


def button(pen: Pen) -> str:
    """A button whose words and address are to be written."""
    return f"[{pen.gap(_BUTTON)}](https://example.com/){{.button}}"
