"""Which text stands on which ground in a mail, and whether it can be read there.

A theme declares its grounds and is judged by them when it loads. Here the mail itself is
asked: it is rendered with every colour of the theme told apart from every other, so that
whatever a template writes on whatever it paints names both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.edition.model import Edition, Variant
from mailer.errors import Finding
from mailer.phrases import say
from mailer.rendering.model import Scene
from mailer.rendering.render import render
from mailer.rendering.theme import CONTRAST, Theme, contrast, faint

_VOID = frozenset("area base br col hr img input link meta source wbr".split())
_STEP = 4999  # far enough apart that no two colours are the same, and none is common
_COLOR = re.compile(r"(?:^|;)\s*color\s*:\s*(#[0-9a-f]{6})", re.IGNORECASE)
_GROUND = re.compile(
    r"(?:^|;)\s*background(?:-color)?\s*:\s*(#[0-9a-f]{6})", re.IGNORECASE
)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def check_contrast(edition: Edition, scene: Scene) -> Iterator[Finding]:
    """Every text of the free mail that stands out too little, by the colours' names."""
    theme = scene.theme
    file = f"themes/{theme.name}/theme.toml"
    for each in faint(theme, sorted(pairs(edition, scene))):
        message = say(
            "{text} stands on {ground} ({scheme}) with a contrast of {ratio}, "
            "{needed} is needed",
            text=each.text,
            ground=each.ground,
            scheme=each.scheme,
            ratio=f"{contrast(each.ink, each.paper):.2f}",
            needed=f"{CONTRAST}",
        )
        yield error("theme-contrast", Source(file, 0), message)


def pairs(edition: Edition, scene: Scene) -> set[tuple[str, str]]:
    """The (text, ground) colours of the theme that meet in the free mail of *edition*."""
    stained, names = _stained(scene.theme)
    publication = replace(scene.publication, tokens={})
    scene = replace(scene, theme=stained, publication=publication)
    made = render(replace(edition, tokens={}), Variant.FREE, scene)
    reader = _Reader()
    reader.feed(made.html)
    return {
        (names[text], names[ground])
        for text, ground in reader.met
        if text in names and ground in names
    }


def _stained(theme: Theme) -> tuple[Theme, dict[str, str]]:
    """*theme* with a colour for each name that no other has, and the names by colour."""
    told = {name: f"#{at * _STEP:06x}" for at, name in enumerate(theme.colors, 1)}
    colors = {name: (color, color) for name, color in told.items()}
    return (
        replace(theme, colors=colors, contrast=()),
        {color: name for name, color in told.items()},
    )


class _Reader(HTMLParser):
    """Remembers on which ground each word stands, as inline styles say."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[tuple[str, str]] = set()
        self._open: list[tuple[str, str, str, bool]] = [("", "", "", False)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What the element says of itself, or what it stands in says of it."""
        if tag in _VOID:
            return
        _, color, ground, hidden = self._open[-1]
        style = dict(attrs).get("style") or ""
        if said := _COLOR.search(style):
            color = said[1].lower()
        if said := _GROUND.search(style):
            ground = said[1].lower()
        hidden = hidden or bool(_HIDDEN.search(style)) or tag in {"style", "title"}
        self._open.append((tag, color, ground, hidden))

    def handle_endtag(self, tag: str) -> None:
        """Back to what the element stood in."""
        for at in range(len(self._open) - 1, 0, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        """Words meet the ground that was painted last."""
        _, color, ground, hidden = self._open[-1]
        if not hidden and any(letter.isalnum() for letter in data):
            self.met.add((color, ground))
