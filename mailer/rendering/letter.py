"""A letter of our own to somebody: an alarm, what goes with a proof, later a welcome.

It comes through the same guarded door as an edition, and has its plain text beside it.
What it says are phrases, so that it is written in the reader's language.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.edition.blocks import Source
from mailer.errors import ThemeError
from mailer.language import Catalogue
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.mjml import to_html

_HTML, _TEXT = "letter.mjml.j2", "letter.txt.j2"
_WIDTH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says.

    ``grave`` gives it the colour of an alarm. ``facts`` are a name and a value each,
    ``details`` lines under ``details_title``, ``steps`` what can be done and the
    command that does it; ``why`` tells the reader why they get this.
    """

    subject: Phrase
    title: Phrase
    lead: Phrase
    sender: str
    grave: bool = False
    facts: tuple[tuple[Phrase, str], ...] = ()
    details_title: Phrase = NOTHING
    details: tuple[str, ...] = ()
    steps: tuple[tuple[Phrase, str], ...] = ()
    why: Phrase = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    r"""A letter in one language; ``\n`` line ends."""

    subject: str
    html: str
    text: str


def write_letter(
    letter: Letter, templates: Mapping[str, str], sentences: Catalogue
) -> Written:
    """*letter* in the language of *sentences*; ThemeError if a template is at fault."""

    def said(text: str) -> str:
        return sentences.translate(text) if isinstance(text, Phrase) else text

    subject = said(letter.subject)
    context = {
        "letter": letter,
        "lang": sentences.lang,
        "subject": subject,
        "title": said(letter.title),
        "lead": said(letter.lead),
        "facts": [(said(name), said(value)) for name, value in letter.facts],
        "details_title": said(letter.details_title),
        "details": [said(line) for line in letter.details],
        "steps": [(said(what), command) for what, command in letter.steps],
        "why": said(letter.why),
    }
    source = fill_template(_HTML, templates, context)
    return Written(
        subject=subject,
        html=to_html(source, locate=lambda _: Source(_HTML, 1)),
        text=fill_template(_TEXT, templates, context),
    )


def fill_template(
    name: str, templates: Mapping[str, str], context: Mapping[str, object]
) -> str:
    """The template *name* of a letter, filled; MJML is escaped, text is not."""
    env = ImmutableSandboxedEnvironment(
        loader=jinja2.DictLoader(templates),
        autoescape=name.endswith(".mjml.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["filled"] = _paragraph
    try:
        return env.get_template(name).render(context)
    except jinja2.TemplateError as error:
        message = say("cannot be rendered: {words}", words=error.message or name)
        raise ThemeError(message, file=f"letters/{name}") from error


def _paragraph(text: str, indent: str = "") -> str:
    """*text* in lines of at most 72, those after the first set in by *indent*."""
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
