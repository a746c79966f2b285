"""A letter to one reader, in the look of the publication that writes it.

Nothing in it is a stranger's text: whoever types an address into a form must not be able
to have us carry a message of theirs to its owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailer.edition.blocks import Source
from mailer.edition.model import Publication
from mailer.language import Catalogue
from mailer.phrases import NOTHING, Phrase
from mailer.rendering.letter import Written, fill_template
from mailer.rendering.mjml import to_html
from mailer.rendering.theme import Theme

_HTML, _TEXT = "reader.mjml.j2", "reader.txt.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to be done by following a link, and its words."""

    words: Phrase
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLetter:
    """What a letter says.

    ``button`` is the one thing to do, if there is one; ``links`` are others. ``fine`` is
    the small print: why they get this, and what happens if they do nothing. ``leave`` is
    where the reader leaves by one click (RFC 8058), for who reads us already.
    """

    subject: Phrase
    title: Phrase
    paragraphs: tuple[Phrase, ...]
    button: Action | None = None
    links: tuple[Action, ...] = ()
    fine: tuple[Phrase, ...] = ()
    preheader: Phrase = NOTHING
    leave: str = ""


def write_to_reader(
    letter: ReaderLetter,
    *,
    publication: Publication,
    theme: Theme,
    templates: Mapping[str, str],
    sentences: Catalogue,
) -> Written:
    """*letter* in the language of *sentences*; ThemeError if a template is at fault."""

    def done(action: Action) -> tuple[str, str]:
        return sentences.translate(action.words), action.url

    context = {
        "publication": publication,
        "lang": sentences.lang,
        "subject": sentences.translate(letter.subject),
        "preheader": sentences.translate(letter.preheader),
        "title": sentences.translate(letter.title),
        "paragraphs": [sentences.translate(each) for each in letter.paragraphs],
        "button": None if letter.button is None else done(letter.button),
        "links": [done(each) for each in letter.links],
        "fine": [sentences.translate(each) for each in letter.fine],
        "light": {name: light for name, (light, _) in theme.colors.items()},
        "dark": {name: dark for name, (_, dark) in theme.colors.items()},
        "font": theme.fonts,
        "radius": theme.sizes.get("radius", 3),
    }
    source = fill_template(_HTML, templates, context)
    return Written(
        subject=sentences.translate(letter.subject),
        html=to_html(source, locate=lambda _: Source(_HTML, 1)),
        text=fill_template(_TEXT, templates, context),
    )
