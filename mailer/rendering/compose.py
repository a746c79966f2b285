"""From a cut edition to MJML, remembering which block wrote which bytes.

Templates stay simple; what needs a decision (which blocks share an element, which dark
rules are needed, how long the hidden preheader is) is decided here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

import jinja2
from markupsafe import Markup, escape

from mailer.edition.blocks import Block, Inlines, Source, plain
from mailer.edition.model import Edition, Variant
from mailer.phrases import say
from mailer.rendering.bands import lay_out
from mailer.rendering.environment import environment, has_page, renderer, template
from mailer.rendering.inline import InlineHtml
from mailer.rendering.model import Picture, Scene
from mailer.rendering.personalise import HOLE, hole

_MARK = re.compile("\x02(\\d*)\x03")
_SPARED = re.compile(rf"<[^>]*>|&[#\w]+;|{HOLE.pattern}")
# Never characters: they stand for rules that are known when the rest is written.
_DARK, _OUTLOOK = "\ufdd1", "\ufdd2"
_PREHEADER = 200
"""Gmail shows up to about 200 characters; what is padded keeps the body out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """MJML source, and where its bytes come from."""

    source: str
    starts: tuple[int, ...]
    places: tuple[Source, ...]

    def locate(self, offset: int) -> Source:
        """The place in the edition that wrote byte *offset* of the source."""
        return self.places[max(0, bisect_right(self.starts, offset) - 1)]


def compose(
    edition: Edition, variant: Variant, scene: Scene, *, preheader: str
) -> Composed:
    """The MJML of *edition*, which is cut already."""
    inline = InlineHtml(scene)
    lines: list[Source] = [edition.at]

    def colored(nodes: Inlines, tone: str = "accent") -> Markup:
        """*nodes* with links in the colour *tone*, on every client; in none without."""
        return inline(nodes, scene.theme.colors[tone][0] if tone else "", tone)

    env = environment(
        edition,
        variant,
        scene,
        channel="mjml",
        filters={"inline": colored, "href": inline.href, "plain": plain, "caps": caps},
    )

    render_block = renderer(env)

    def marked(block: Block, **context: object) -> Markup:
        """*block*, with invisible marks where it begins and ends."""
        lines.append(block.at)
        mark = len(lines) - 1
        inner = render_block(block, **context)
        return Markup(f"\x02{mark}\x03") + inner + Markup("\x02\x03")

    env.globals["render_block"] = marked
    env.globals["label"] = _label(scene)
    env.globals["toc_base"] = _toc_base(edition, scene)
    env.globals["picture"] = lambda name: _picture(scene, name)
    text = template(env, "edition.mjml.j2").render(
        body=lay_out(edition, marked, scene.theme),
        preheader=preheader,
        padding=max(0, _PREHEADER - len(preheader)) // 2,
        dark_rules=Markup(_DARK),
        outlook_rules=Markup(_OUTLOOK),
    )
    body = text[text.index("<mj-body") :] if "<mj-body" in text else text
    text = text.replace(_DARK, scene.theme.dark_rules(body))
    text = text.replace(_OUTLOOK, scene.theme.outlook_rules(body))
    return _unmarked(text, lines)


def caps(text: object) -> object:
    """Capitals with their accents, markup and placeholders untouched."""
    spared = _SPARED if isinstance(text, Markup) else HOLE
    shown, end = [], 0
    for found in spared.finditer(str(text)):
        shown += [str(text)[end : found.start()].upper(), found[0]]
        end = found.end()
    raised = "".join(shown) + str(text)[end:].upper()
    return Markup(raised) if isinstance(text, Markup) else raised


def _label(scene: Scene) -> Markup:
    """The style of words in the label font; nothing where the text has it too."""
    fonts = scene.theme.fonts
    label = fonts.get("label", "")
    same = label == fonts.get("text", "")
    return Markup("" if same else f"font-family:{escape(label)};")


def _toc_base(edition: Edition, scene: Scene) -> str | None:
    """What a line of the contents leads to: local anchors fail in many clients."""
    if scene.publication.toc_links == "anchor":
        return ""
    if scene.publication.toc_links == "web" and has_page(edition, scene):
        return hole("web_url")
    return None


def _picture(scene: Scene, name: str) -> Picture:
    try:
        return scene.pictures[name]
    except KeyError:
        message = say("picture {name} was not prepared", name=name)
        raise jinja2.UndefinedError(message) from None


def _unmarked(text: str, lines: list[Source]) -> Composed:
    """*text* without its marks, and the byte at which each of them stood."""
    starts, places, parts = [0], [lines[0]], []
    inside = [lines[0]]
    size = end = 0
    for match in _MARK.finditer(text):
        part = text[end : match.start()]
        parts.append(part)
        size += len(part.encode())
        starts.append(size)
        if match[1]:
            inside.append(lines[int(match[1])])
        else:
            inside.pop()
        places.append(inside[-1])
        end = match.end()
    parts.append(text[end:])
    return Composed(source="".join(parts), starts=tuple(starts), places=tuple(places))
