"""What stands alone in its paragraph and is no prose: a picture, or a button."""

from __future__ import annotations

from urllib.parse import unquote

from markdown_it.token import Token

from mailer.edition.blocks import Button, Figure, Text, plain
from mailer.edition.characters import on_one_line, unwritable
from mailer.edition.reading.inlines import InlineReader
from mailer.edition.reading.known import Known
from mailer.edition.reading.nodes import Node, spoken
from mailer.edition.reading.notes import Notes
from mailer.phrases import did_you_mean, say

_VIDEO = "video"


def read_figure(node: Node, known: Known, notes: Notes) -> Figure | None:
    """A picture alone in its paragraph, possibly inside a link."""
    tokens, link = spoken(node), None
    if len(tokens) > 2 and tokens[0].type == "link_open":
        if tokens[-1].type != "link_close":
            return None
        link, tokens = tokens[0], tokens[1:-1]
    if len(tokens) != 1 or tokens[0].type != "image":
        return None
    picture, line = tokens[0], node.line
    reader = InlineReader(notes, line)
    href = str(link.attrs.get("href", "")) if link else ""
    if link:
        href = reader.href(href, line)
        if link.attrs.keys() - {"href"}:
            hint = say("[![what one sees](file.jpg){.video}](https://…)")
            message = say("what is said of a picture stands right after it")
            notes.error("image-class", notes.at(line), message, hint)
    alt = plain(reader.read(picture.children or [])).strip()
    if not alt:
        hint = say("![what one sees](file.jpg)")
        at = notes.at(line, "![")
        notes.error("image-alt", at, say("picture has no alt text"), hint)
    caption = _caption(picture, line, notes)
    return Figure(
        at=notes.at(line),
        src=_file(picture, line, known, notes),
        alt=alt,
        caption=(Text(caption),) if caption else (),
        href=href,
        video=_is_video(picture, line, notes, is_linked=link is not None),
    )


def read_button(node: Node, notes: Notes) -> Button | None:
    """``[Words](href){.button}`` alone in its paragraph."""
    tokens = spoken(node)
    if not tokens or tokens[-1].type != "link_close":
        return None
    links = [token for token in tokens if token.type == "link_open"]
    if links != tokens[:1] or links[0].attrs.get("class") != "button":
        return None
    reader = InlineReader(notes, node.line)
    return Button(
        at=notes.at(node.line),
        words=reader.read(tokens[1:-1]),
        href=reader.href(str(links[0].attrs.get("href", "")), node.line),
    )


def _file(picture: Token, line: int, known: Known, notes: Notes) -> str:
    """The name of the file it shows, as the folder spells it."""
    src = unquote(str(picture.attrs.get("src", "")))
    if found := known.file(src):
        return found
    hint = did_you_mean(src, [f for f in known.files if not f.endswith(".md")])
    if "/" in src:
        hint = say("pictures lie beside the text; put it there, and name the file")
    message = say("picture {src} is not in the folder", src=src or say("(no name)"))
    notes.error("image-missing", notes.at(line, src), message, hint)
    return src


def _caption(picture: Token, line: int, notes: Notes) -> str:
    caption = on_one_line(str(picture.attrs.get("title", "")))
    if fault := unwritable(caption):
        notes.error("encoding-c1", notes.at(line), fault)
    return caption


def _is_video(picture: Token, line: int, notes: Notes, *, is_linked: bool) -> bool:
    """Whether ``{.video}`` stands after it; whatever else stands there is told."""
    said = picture.attrs.keys() - {"src", "alt", "title", "class"}
    classes = str(picture.attrs.get("class", "")).split()
    for name in (*(f".{c}" for c in classes if c != _VIDEO), *sorted(said)):
        hint = did_you_mean(name.lstrip("."), [_VIDEO])
        message = say("a picture takes no {name}", name=name)
        notes.error("image-class", notes.at(line, name), message, hint)
    if _VIDEO in classes and not is_linked:
        hint = say("[![what one sees](file.jpg){.video}](https://…)")
        message = say("the video leads nowhere")
        notes.error("video-link", notes.at(line), message, hint)
    return _VIDEO in classes
