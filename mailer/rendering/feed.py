"""The edition as a feed shows it: free words as bare, semantic HTML, for any reader.

Feed readers bring their own style and drop what they do not know, so nothing but
meaning is left: headings, paragraphs, lists, quotes, tables, pictures, links. Whatever
a theme's block wrote, its classes, styles and wrappers go at this door; advertisers,
teasers and the contents are dropped by the cut, before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import nh3
from markupsafe import Markup

from mailer.edition.blocks import Block, plain
from mailer.edition.model import Edition, Variant
from mailer.rendering.environment import environment, renderer, template
from mailer.rendering.inline import InlineHtml
from mailer.rendering.model import FeedEntry, Scene
from mailer.rendering.web import cover_of, description_of, for_everybody, page_of

_MEANING: dict[str, set[str]] = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
_ELEMENTS = {
    *_MEANING,
    *("h2", "h3", "h4", "p", "br", "hr", "ul", "li", "blockquote", "cite"),
    *("strong", "em", "code", "small", "sub", "sup", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr"),
}


def to_feed(edition: Edition, scene: Scene) -> str:
    """The content of the feed's entry for *edition*, which is cut already."""
    inline = InlineHtml(scene)
    env = environment(
        edition,
        Variant.FEED,
        scene,
        channel="html",
        filters={"inline": inline, "href": inline.href, "plain": plain},
    )
    render = renderer(env)

    def written(blocks: Sequence[Block]) -> Markup:
        """*blocks*, each told the kinds beside it: briefs share one list."""
        kinds = ["", *(block.kind for block in blocks), ""]
        return Markup("\n").join(
            render(block, before=kinds[at], after=kinds[at + 2])
            for at, block in enumerate(blocks)
        )

    env.globals["written"] = written
    env.globals["picture"] = lambda name: scene.pictures[name]
    env.globals["page_url"] = page_of(edition, scene)
    html = template(env, "feed.html.j2").render()
    return _bare(for_everybody(html, edition, scene))


def feed_entry(edition: Edition, scene: Scene) -> FeedEntry:
    """What stands around the content, from *edition* as it was cut for the feed."""
    cover, summary = cover_of(edition, scene), description_of(edition)
    return FeedEntry(
        title=for_everybody(edition.title, edition, scene, escape=False),
        summary=for_everybody(summary, edition, scene, escape=False),
        published=edition.date,
        authors=tuple(scene.authors[key].name for key in edition.authors),
        tags=edition.tags,
        permalink=page_of(edition, scene) or None,
        picture=cover.src if cover else None,
    )


def _bare(html: str) -> str:
    r"""*html* with nothing left but meaning, one block to a line; ``\n`` line ends."""
    bare = nh3.clean(
        html,
        tags=_ELEMENTS,
        attributes=_MEANING,
        attribute_filter=_kept,
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    )
    lines = (line.strip(" ") for line in bare.split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def _kept(_element: str, attribute: str, value: str) -> str | None:
    """A link that leads nowhere (it was one reader's own) stays as words."""
    return value if value or attribute == "alt" else None
