"""The archive page: the edition as semantic HTML, whole and without a script.

It is the same for everybody: placeholders say what is true of an unknown reader, and
nobody can be unsubscribed from it.
"""

from __future__ import annotations

from math import ceil

from mailer.edition.blocks import plain
from mailer.edition.model import Edition, Variant
from mailer.rendering.environment import environment, template
from mailer.rendering.inline import InlineHtml
from mailer.rendering.model import Scene
from mailer.rendering.personalise import NAMES, fill
from mailer.rendering.words import words_of

_WORDS_A_MINUTE = 230


def to_page(edition: Edition, scene: Scene) -> str:
    """The web page of *edition*, which is cut already."""
    inline = InlineHtml(scene)
    env = environment(
        edition,
        Variant.WEB,
        scene,
        channel="html",
        filters={"inline": inline, "href": inline.href, "plain": plain},
    )
    env.globals["picture"] = lambda name: scene.pictures[name]
    minutes = ceil(len(words_of(edition)) / _WORDS_A_MINUTE)
    page = f"{scene.public_url}/archive/{edition.publication}/{edition.slug}"
    cover = scene.pictures.get(edition.cover.src) if edition.cover else None
    html = template(env, "edition.html.j2").render(
        minutes=max(1, minutes),
        page_url=page if scene.public_url else "",
        cover=cover if cover and not cover.inline else None,
        description=" ".join(edition.summary) or edition.subtitle or edition.title,
    )
    return fill(html, _everybody(scene, page), escape=True)


def _everybody(scene: Scene, page: str) -> dict[str, str]:
    """What placeholders say where the reader is unknown."""
    values = dict.fromkeys(NAMES, "")
    values["name"] = scene.publication.fallback_name
    values["web_url"] = page if scene.public_url else ""
    return values
