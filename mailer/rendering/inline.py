"""Inlines as safe HTML: escaped words, links that carry their own colour."""

from __future__ import annotations

from markupsafe import Markup, escape

from mailer.edition.blocks import (
    Break,
    Code,
    Emphasis,
    Inlines,
    Link,
    Placeholder,
    Strong,
    Text,
)
from mailer.rendering.model import Scene
from mailer.rendering.personalise import NAMES, hole


class InlineHtml:
    """Writes inlines for one scene; links get ``color`` and ``css`` where given.

    Some clients drop every style sheet, so a link says its colour itself.
    """

    def __init__(self, scene: Scene) -> None:
        self._shared = shared_urls(scene)

    def __call__(self, nodes: Inlines, color: str = "", css: str = "") -> Markup:
        """*nodes* as HTML that needs no more escaping."""
        return Markup().join(self._node(node, color, css) for node in nodes)

    def href(self, target: str) -> str:
        """A link's target with the addresses that are the same for everybody."""
        for name, url in self._shared.items():
            target = target.replace(hole(name), url)
        return target

    def _node(self, node: object, color: str, css: str) -> Markup:
        match node:
            case Text(text):
                return escape(text)
            case Code(text):
                return Markup("<code>{}</code>").format(text)
            case Break():
                return Markup("<br />")
            case Strong(children):
                return Markup("<strong>{}</strong>").format(self(children, color, css))
            case Emphasis(children):
                return Markup("<em>{}</em>").format(self(children, color, css))
            case Link(href, children):
                return self._link(href, self(children, color, css), color, css)
            case Placeholder(name):
                return escape(hole(name) if name in NAMES else self._shared[name])
        raise TypeError(node)

    def _link(self, href: str, words: Markup, color: str, css: str) -> Markup:
        extra = Markup()
        if css:
            extra += Markup(' class="i-{}"').format(css)
        if color:
            extra += Markup(' style="color:{}"').format(color)
        return Markup('<a href="{}"{}>{}</a>').format(self.href(href), extra, words)


def shared_urls(scene: Scene) -> dict[str, str]:
    """Placeholders that are the same for everybody, resolved at render."""
    publication = scene.publication
    archive = f"{scene.public_url}/archive/{publication.id}" if scene.public_url else ""
    return {
        "subscribe_url": publication.subscribe_url or publication.url,
        "archive_url": archive or publication.url,
    }
