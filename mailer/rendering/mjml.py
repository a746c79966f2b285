"""The guarded door to mrml, which turns MJML into HTML.

mrml writes attributes with a debug formatter, may pull fonts from a third party, panics
on some comments and can overflow the stack; none of this passes this door. What it
refuses is reported at the line of the block that wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import mjml

from mailer.edition.blocks import Source
from mailer.edition.finding import error
from mailer.errors import EditionError
from mailer.phrases import Phrase, say

_MAX_BYTES = 512 * 1024
_MAX_DEPTH = 500  # 16,000 end the whole process, 8,000 are fine
_MAX_LINE = 900  # of 998 in RFC 5322 section 2.1.1: the rest is for what is filled in

_SIGNS = re.compile(rb'\{\{|\}\}|[ "<>]')
_TAG = re.compile(
    r"""<(?P<name>[A-Za-z][\w-]*)"""
    r"""(?P<attrs>(?:\s+[^\s=<>/"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)+)(?P<end>\s*/?>)"""
)
_ATTRIBUTE = re.compile(r"""([^\s=<>/"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_TITLE = re.compile(r"(<mj-title\s*>)(.*?)(</mj-title\s*>)", re.DOTALL)
# A value in quotes may hold brackets; mrml takes nearly any sign for a name.
_OPENING = re.compile(
    r"""<(/?)([^\s<>/!?"'=][^\s<>/"'=]*)(?:[^<>"']|"[^"]*"|'[^']*')*?(/?)>"""
)
# In small letters only: mrml nests <BR>.
_VOID = frozenset("br hr img meta link input".split())
_POSITION = re.compile(r"(\d+):(\d+)")
# Guarded values hold no backslash: what has one was missed, and is a debug formatter's.
_CORRUPTED = re.compile(r'<[A-Za-z][^<>]*="[^"]*\\')
_STYLE = re.compile(r'(?<= )style="([^"]*)"')
_ZERO = re.compile(r"(?<=[:\s])0px\b")
_TWICE = re.compile(r"(background:#[0-9a-f]+);background-color:(#[0-9a-f]+)")
_COMMENTS_MEET = "<![endif]--><!--[if mso | IE]>"
# Where mrml would ask for them; an editor may write of them, and link to them.
_THIRD_PARTY = re.compile(
    r"<(?:link\b[^>]*|style\b[^>]*>[^<]*(?:@import|url\()[^<]*)googleapis",
    re.IGNORECASE,
)
_IMAGE_WITHOUT_ALT = re.compile(r"<img(?![^>]*\salt=)[^>]*>", re.IGNORECASE)


def to_html(source: str, *, locate: Callable[[int], Source]) -> str:
    """The HTML of *source*; EditionError at the place that *locate* gives for a byte.

    Lines are about 900 bytes long where there is white space to break them at; what is
    longer (a text in Chinese, an address) the transfer encoding wraps on the wire.
    """
    _check_size(source, locate)
    guarded = guard(source)
    try:
        html = mjml.mjml2html(guarded, disable_comments=True, fonts={})
    except ValueError as error:
        raise _failure(str(error), guarded, source, locate) from error
    except BaseException as error:
        # PanicException derives from BaseException, and has no importable class.
        if type(error).__name__ != "PanicException":
            raise
        words = "the renderer gave up"
        raise _failure(words, guarded, source, locate) from error
    html = break_lines(lean(html))
    _check_result(html, locate)
    return html


def guard(source: str) -> str:
    """*source* with every attribute written so that mrml gives it back unchanged."""

    def tag(match: re.Match[str]) -> str:
        attributes = _ATTRIBUTE.sub(
            lambda a: f'{a[1]}="{_safe(a[2] if a[2] is not None else a[3])}"',
            match["attrs"],
        )
        return f"<{match['name']}{attributes}{match['end']}"

    titled = _TITLE.sub(lambda m: m[1] + _safe(m[2]) + m[3], source)
    return _TAG.sub(tag, titled)


def lean(html: str) -> str:
    """*html* without what mrml writes twice or for nothing; it looks the same."""

    def styled(match: re.Match[str]) -> str:
        style = _ZERO.sub("0", match[1].removesuffix(";"))
        return f'style="{_TWICE.sub(_once, style)}"'

    return _STYLE.sub(styled, html.replace(_COMMENTS_MEET, ""))


def _once(match: re.Match[str]) -> str:
    return match[1] if match[1].endswith(match[2]) else match[0]


def break_lines(html: str) -> str:
    """*html* with line breaks where white space stood, which change nothing one sees.

    A stretch without white space stays whole, however long.
    """
    broken = (
        part
        for line in html.encode().split(b"\n")
        for part in (_broken(line) if len(line) > _MAX_LINE else [line])
    )
    return b"\n".join(broken).decode()


def _broken(line: bytes) -> Iterator[bytes]:
    """*line* in parts of ``_MAX_LINE`` bytes at most, where its white space allows it."""
    start, best = 0, -1
    for at in _breakable(line):
        if at - start > _MAX_LINE and best >= start:
            yield line[start:best]
            start = best + 1
        best = at
        if at - start >= _MAX_LINE:
            yield line[start:at]
            start = at + 1
    if len(line) - start > _MAX_LINE and best >= start:
        yield line[start:best]
        start = best + 1
    yield line[start:]


def _breakable(line: bytes) -> Iterator[int]:
    """Where *line* has white space that HTML folds anyway.

    That is a space between attributes or between words; not inside a value, and not
    inside a placeholder, which is one word.
    """
    quoted = in_tag = in_hole = False
    for sign in _SIGNS.finditer(line):
        match sign[0]:
            case b" ":
                if not quoted and not in_hole:
                    yield sign.start()
            case b'"':
                quoted = in_tag and not quoted
            case b"{{" | b"}}":
                in_hole = sign[0] == b"{{"
            case edge if not quoted:
                in_tag = edge == b"<"


def _safe(text: str) -> str:
    text = re.sub(r"\s*[\r\n\t]+\s*", " ", text)
    text = text.replace('"', "&quot;").replace("\\", "&#92;")
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _check_size(source: str, locate: Callable[[int], Source]) -> None:
    if len(source.encode()) > _MAX_BYTES:
        message = say("the edition is too long to be a mail")
        raise _error(locate(0), message, say("split it"))
    depth = 0
    for match in _OPENING.finditer(source):
        closing, name, alone = match.groups()
        if closing:
            depth = max(0, depth - 1)
        elif not alone and name not in _VOID:
            depth += 1
        if depth > _MAX_DEPTH:
            at = len(source[: match.start()].encode())
            raise _error(locate(at), say("nested too deeply to be rendered"))


def _check_result(html: str, locate: Callable[[int], Source]) -> None:
    """What mrml is known to get wrong must not be in what it gave us."""
    if found := _CORRUPTED.search(html):
        message = say(
            "the renderer corrupted an attribute: {found}", found=found[0][:60]
        )
        raise _error(locate(0), message)
    if found := _IMAGE_WITHOUT_ALT.search(html):
        message = say(
            "a picture came out without alt text: {found}", found=found[0][:80]
        )
        raise _error(locate(0), message)
    if _THIRD_PARTY.search(html):
        raise _error(locate(0), say("the theme loads fonts from a third party"))


def _failure(
    said: str, guarded: str, source: str, locate: Callable[[int], Source]
) -> EditionError:
    """Mrml names bytes of what it was given, which guarding made longer."""
    position = _POSITION.search(said)
    at = int(position[1]) if position else 0
    before = guarded.encode()[:at].decode("utf-8", "ignore")
    culprit = _unbalanced(source)
    offset = _same_place(before, source) if culprit is None else culprit
    words = said.split(" at position")[0]
    return _error(locate(offset), say("cannot be rendered: {words}", words=words))


def _unbalanced(source: str) -> int | None:
    """The byte of the first tag without its partner; mrml names a later, innocent one."""
    opened: list[tuple[str, int]] = []
    for match in _OPENING.finditer(source):
        closing, name, alone = match.groups()
        if alone or name in _VOID:
            continue
        if not closing:
            opened.append((name, match.start()))
        elif opened and opened[-1][0] == name:
            opened.pop()
        else:
            known = any(name == other for other, _ in opened)
            at = opened[-1][1] if known else match.start()
            return len(source[:at].encode())
    return None


def _same_place(before: str, source: str) -> int:
    """The byte of *source* after as many tags as *before* has."""
    count = before.count("<")
    at = -1
    for _ in range(count):
        following = source.find("<", at + 1)
        if following < 0:
            break
        at = following
    return len(source[: max(at, 0)].encode())


def _error(at: Source, message: Phrase, hint: str = "") -> EditionError:
    return EditionError((error("render-failed", at, message, hint),))
