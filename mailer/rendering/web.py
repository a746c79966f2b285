"""The archive page: the edition as semantic HTML, whole and without a script.

It is the same for everybody: placeholders say what is true of an unknown reader, and
nobody can be unsubscribed from it.
"""

from __future__ import annotations

from mailer.edition.blocks import Figure, plain
from mailer.edition.model import Edition, Variant
from mailer.rendering.bands import lay_out
from mailer.rendering.environment import environment, has_page, renderer, template
from mailer.rendering.inline import InlineHtml
from mailer.rendering.model import Picture, Scene
from mailer.rendering.personalise import HOLE, NAMES, fill, hole
from mailer.rendering.words import reading_minutes


def to_page(edition: Edition, variant: Variant, scene: Scene) -> str:
    """The web page of *edition*, which is cut for *variant* already."""
    inline = InlineHtml(scene)
    env = environment(
        edition,
        variant,
        scene,
        channel="html",
        filters={"inline": inline, "href": inline.href, "plain": plain},
    )
    env.globals["picture"] = lambda name: scene.pictures[name]
    html = template(env, "edition.html.j2").render(
        body=lay_out(edition, renderer(env), scene.theme),
        minutes=reading_minutes(edition),
        page_url=page_of(edition, scene),
        cover=cover_of(edition, scene),
        description=description_of(edition),
    )
    return for_everybody(html, edition, scene)


def page_of(edition: Edition, scene: Scene) -> str:
    """The lasting address of *edition*'s page; empty if it has none."""
    if not has_page(edition, scene):
        return ""
    return f"{scene.public_url}/archive/{edition.publication}/{edition.slug}"


def cover_of(edition: Edition, scene: Scene) -> Picture | None:
    """The picture that stands for *edition* elsewhere, if it has an address.

    The first that is shown unless the edition names one; after the cut, for the first
    of all might be for members.
    """
    name = edition.cover.src if edition.cover else _first_picture(edition)
    found = scene.pictures.get(name)
    return None if found is None or found.inline else found


def _first_picture(edition: Edition) -> str:
    blocks = (*edition.preface, *(b for s in edition.sections for b in s.blocks))
    return next((b.picture for b in blocks if isinstance(b, Figure)), "")


def description_of(edition: Edition) -> str:
    """What cards, search results and feeds say below the title."""
    return " • ".join(edition.summary) or edition.subtitle or edition.title


def for_everybody(
    text: str, edition: Edition, scene: Scene, *, escape: bool = True
) -> str:
    """*text* with its placeholders filled by what is true of an unknown reader.

    One that nothing fills is left for the checks to find.
    """
    values = {name: hole(name) for name in HOLE.findall(text)}
    values |= dict.fromkeys(NAMES, "")
    values["name"] = scene.publication.fallback_name
    values["web_url"] = page_of(edition, scene)
    return fill(text, values, escape=escape)
