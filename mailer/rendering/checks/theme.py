"""Checks of a theme itself: its MJML, its templates, its sentences.

What only a rendering can show is asked of the gallery: sizes and sheets by the checks of
every mail, colours by ``contrast``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailer.edition.blocks import Block, Custom, Only, Source
from mailer.edition.finding import error, warning
from mailer.edition.reading.known import CHANNELS
from mailer.errors import Finding
from mailer.language import Catalogue
from mailer.phrases import say
from mailer.rendering.lint import lint
from mailer.rendering.theme import Theme

_BLOCK = re.compile(r"blocks/([^/]+)\.(?:mjml|html|txt)\.j2")
_SENTENCE = re.compile(r"""\b_(?:n)?\(\s*(["'])((?:\\.|(?!\1).)*)\1""")
_NEVER_RENDERED = {Only.kind, Custom.kind}  # unfolded by the cut; named by itself


def check_theme(theme: Theme, catalogue: Catalogue) -> Iterator[Finding]:
    """Findings about the templates of *theme*, and what *catalogue* does not say."""
    yield from lint(theme.templates)
    yield from _templates(theme.templates)
    yield from _sentences(theme.templates, catalogue)


def _templates(templates: Mapping[str, str]) -> Iterator[Finding]:
    """Blocks, mailer's and the theme's own, that lack one of their three templates."""
    kinds = {kind.kind for kind in Block.__subclasses__()} - _NEVER_RENDERED
    own = {found[1] for name in templates if (found := _BLOCK.fullmatch(name))}
    for kind in sorted(kinds | own):
        for channel in CHANNELS:
            name = f"blocks/{kind}.{channel}.j2"
            if name not in templates:
                message = say("the theme has no template {name}", name=name)
                yield error("theme-template", Source(name, 0), message)


def _sentences(templates: Mapping[str, str], catalogue: Catalogue) -> Iterator[Finding]:
    """Sentences that readers of another language would get in English."""
    if catalogue.lang == "en":
        return
    for name, text in sorted(templates.items()):
        for found in _SENTENCE.finditer(text):
            if found[2] not in catalogue.sentences:
                line = text.count("\n", 0, found.start()) + 1
                message = say(
                    "“{sentence}” is not in locale/{lang}.po",
                    sentence=found[2],
                    lang=catalogue.lang,
                )
                yield warning("theme-sentence", Source(name, line), message)
