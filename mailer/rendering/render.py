"""The one path from an edition to what readers get.

Preview, checks, proofs and sending all come through here: what was looked at is what
goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import jinja2

from mailer.edition.ballot import ballots
from mailer.edition.model import Edition, Publication, Variant
from mailer.edition.typography import (
    Style,
    set_author,
    set_edition,
    set_publication,
)
from mailer.errors import ThemeError
from mailer.phrases import say
from mailer.rendering.compose import Composed, compose
from mailer.rendering.cut import cut
from mailer.rendering.feed import feed_entry, to_feed
from mailer.rendering.mjml import to_html
from mailer.rendering.model import Frozen, Picture, Rendering, Scene
from mailer.rendering.text import to_text
from mailer.rendering.web import for_everybody, to_page


def freeze(edition: Edition, scene: Scene) -> Frozen:
    """Every variant of *edition*, as ``every_variant`` says, under one hash."""
    edition = settled(edition, scene.publication)
    typeset = _typeset(edition, scene)
    return Frozen(
        edition=edition,
        publication=scene.publication,
        renderings=tuple(
            _rendered(*typeset, variant) for variant in every_variant(edition)
        ),
    )


def every_variant(edition: Edition) -> list[Variant]:
    """What is made of *edition*, which is ``settled``: mail first.

    Pages and feed are left out where the archive is closed; members have a page of
    their own where it says more than the open one.
    """
    variants = list(edition.audiences)
    if edition.archive != "none":
        variants += Variant.WEB, Variant.FEED
        if Variant.MEMBER in variants or edition.archive == "members":
            variants.append(Variant.MEMBER_WEB)
    return variants


def render(edition: Edition, variant: Variant, scene: Scene) -> Rendering:
    """*edition* as readers of *variant* get it; EditionError or ThemeError."""
    return _rendered(*_typeset(edition, scene), variant)


def _rendered(
    edition: Edition, scene: Scene, preheader: str, variant: Variant
) -> Rendering:
    """What readers of *variant* get of an edition that is typeset already."""
    shown = cut(edition, variant)
    with _theme_faults(scene):
        if variant.is_mail:
            composed = compose(shown, variant, scene, preheader=preheader)
            html = to_html(composed.source, locate=composed.locate)
            text = to_text(shown, variant, scene)
        elif variant is Variant.FEED:
            html, text = to_feed(shown, scene), ""
        else:
            html, text = to_page(shown, variant, scene), ""
    subject = shown.subject or shown.title
    if not variant.is_mail:
        # What stands around a page or a feed is as little one reader's as its text.
        subject = for_everybody(subject, shown, scene, escape=False)
        preheader = for_everybody(preheader, shown, scene, escape=False)
    return Rendering(
        variant=variant,
        lang=edition.lang or scene.publication.lang,
        subject=subject,
        preheader=preheader,
        html=html,
        text=text,
        pictures=tuple(_shown(scene, html)),
        entry=feed_entry(shown, scene) if variant is Variant.FEED else None,
        polls=ballots(shown),
    )


def mjml_of(edition: Edition, variant: Variant, scene: Scene) -> str:
    """The MJML that the mail of *variant* is made of, for whoever writes a theme."""
    return composed_of(edition, variant, scene).source


def composed_of(edition: Edition, variant: Variant, scene: Scene) -> Composed:
    """As ``mjml_of``, with the places in the edition that its bytes come from."""
    edition, scene, preheader = _typeset(edition, scene)
    shown = cut(edition, variant)
    with _theme_faults(scene):
        return compose(shown, variant, scene, preheader=preheader)


def _typeset(edition: Edition, scene: Scene) -> tuple[Edition, Scene, str]:
    """The edition, its scene in its colours, and the preheader: the same for all."""
    edition = settled(edition, scene.publication)
    theme = scene.theme.override(scene.publication.tokens, file="config/mailer.toml")
    scene = replace(scene, theme=theme.recoloured(edition.tokens, file=edition.at.file))
    style = style_of(edition, scene.publication)
    scene = replace(
        scene,
        publication=set_publication(scene.publication, style),
        authors={key: set_author(each, style) for key, each in scene.authors.items()},
        latest=tuple(replace(p, title=style.text(p.title)) for p in scene.latest),
    )
    return set_edition(edition, style), scene, style.text(preheader_of(edition))


def style_of(edition: Edition, publication: Publication) -> Style:
    """How the words of *edition* are set: its own language's way, if it has one."""
    manner = publication.typography
    if manner and edition.lang and edition.lang != publication.lang:
        manner = edition.lang
    return Style(manner, publication.typography_spaces)


@contextmanager
def _theme_faults(scene: Scene) -> Iterator[None]:
    """Whatever goes wrong in a template is the theme's."""
    try:
        yield
    except jinja2.TemplateError as error:
        message = say(
            "the theme {name} cannot be rendered: {fault}",
            name=scene.theme.name,
            fault=error.message,
        )
        raise ThemeError(message) from error


def settled(edition: Edition, publication: Publication) -> Edition:
    """*edition* with its audiences and its archive said, whoever said them."""
    audiences = edition.audiences or publication.audiences
    usual = "public" if Variant.FREE in audiences else "members"
    return replace(edition, audiences=audiences, archive=edition.archive or usual)


def preheader_of(edition: Edition) -> str:
    """What stands beside the subject in an inbox."""
    return edition.preheader or edition.subtitle or " • ".join(edition.summary)


def _shown(scene: Scene, html: str) -> list[Picture]:
    """The pictures that *html* shows, each once, in the order of their addresses."""
    found = {p.src: p for p in scene.pictures.values() if f'"{p.src}"' in html}
    return [found[src] for src in sorted(found)]
