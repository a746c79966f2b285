"""Checks of what readers would get: size, sheets, links to leave, leaks."""

from __future__ import annotations

import html
import quopri
import re
from collections.abc import Iterator

from mailer.edition.model import Edition, Variant
from mailer.errors import Finding, Severity
from mailer.rendering.cut import cut
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.personalise import HOLE, NAMES, hole
from mailer.rendering.words import lines_of, words_in

_KB = 1024
_NEAR_BYTES = 85 * _KB
_TOO_BIG_BYTES = 102 * _KB  # Gmail cuts what is longer
_STYLE_BYTES = 16 * _KB  # Gmail drops what is longer
_PICTURE_BYTES = 200 * _KB
_PICTURES_BYTES = 1024 * _KB
_RUN = 8  # so many words of members' text in a row are no coincidence

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_NESTED_AT = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*@")
_MARKUP = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(r"""\b(?:content|alt|title)=(?:"([^"]*)"|'([^']*)')""")
_LINK_MARK = re.compile(r" \[\d+\]")  # how the text part numbers its links
_C1 = re.compile(r"[\x80-\x9f]")


def check_output(frozen: Frozen) -> Iterator[Finding]:
    """Findings about the renderings of an edition."""
    edition = frozen.edition
    for rendering in frozen.renderings:
        if rendering.variant.is_mail:
            yield from _check_mail(rendering, edition)
        yield from _check_part(rendering, edition)
        if rendering.variant is Variant.FEED:
            continue
        shown = cut(edition, rendering.variant)
        if not shown.preface and not shown.sections:
            message = f"{rendering.variant}: nothing is left to read"
            hint = "give these readers something, or leave their variant out"
            yield _error(edition, "variant-empty", message, hint)
    yield from _check_pictures(frozen)
    yield from _check_leaks(frozen)


def _check_mail(rendering: Rendering, edition: Edition) -> Iterator[Finding]:
    raw = rendering.html.encode()
    size = max(len(raw), len(quopri.encodestring(raw)))
    name = rendering.variant
    if size > _TOO_BIG_BYTES:
        message = f"{name}: {size / _KB:.0f} KB of HTML, Gmail cuts at 102"
        yield _error(edition, "html-too-big", message, "shorten, or split the edition")
    elif size > _NEAR_BYTES:
        message = f"{name}: {size / _KB:.0f} KB of HTML, Gmail cuts at 102"
        yield _warning(edition, "html-near", message)
    for part, text in (("HTML", rendering.html), ("text", rendering.text)):
        if hole("unsubscribe_url") not in text:
            message = f"{name}: no way to unsubscribe in the {part} part"
            yield _error(edition, "unsubscribe-missing", message)
    if not rendering.text.strip():
        yield _error(edition, "text-part-missing", f"{name}: the text part is empty")
    sheets = _STYLE.findall(rendering.html)
    if sum(len(sheet.encode()) for sheet in sheets) > _STYLE_BYTES:
        message = f"{name}: more than 16 KB of style sheets"
        yield _error(edition, "style-16k", message)
    if any(_NESTED_AT.search(sheet) for sheet in sheets):
        message = f"{name}: an at-rule inside another; Gmail drops the whole sheet"
        yield _error(edition, "style-nested-at", message)


def _check_part(rendering: Rendering, edition: Edition) -> Iterator[Finding]:
    everything = "\n".join(
        (rendering.subject, rendering.preheader, rendering.html, rendering.text)
    )
    left = {name for name in HOLE.findall(everything) if name not in NAMES}
    if not rendering.variant.is_mail:
        left |= set(HOLE.findall(everything))
    for name in sorted(left):
        message = f"{rendering.variant}: nothing fills {hole(name)}"
        yield _error(edition, "placeholder-left", message)
    if _C1.search(everything):
        message = f"{rendering.variant}: holds control characters"
        yield _error(edition, "encoding-c1", message)


def _check_pictures(frozen: Frozen) -> Iterator[Finding]:
    pictures = {p.name: p for r in frozen.renderings for p in r.pictures}
    for picture in pictures.values():
        if len(picture.content) > _PICTURE_BYTES:
            message = f"{picture.name}: {len(picture.content) / _KB:.0f} KB"
            hint = "200 KB are enough for a picture"
            yield _warning(frozen.edition, "image-heavy", message, hint)
    total = sum(len(picture.content) for picture in pictures.values())
    if total > _PICTURES_BYTES:
        message = f"all pictures together: {total / _KB:.0f} KB"
        yield _warning(frozen.edition, "image-heavy", message)


def _check_leaks(frozen: Frozen) -> Iterator[Finding]:
    """No eight words in a row of members' text in what others can read."""
    edition = frozen.edition
    for variant in (Variant.FREE, Variant.WEB, Variant.FEED):
        secret = _runs_of(cut(edition, Variant.MEMBER)) - _runs_of(
            cut(edition, variant)
        )
        if not secret:
            continue
        for rendering in frozen.renderings:
            if rendering.variant is not variant:
                continue
            for part in (
                rendering.subject,
                rendering.preheader,
                html.unescape(_MARKUP.sub("\n", rendering.html)),
                *(
                    html.unescape("".join(said))
                    for said in _SAID.findall(rendering.html)
                ),
                _LINK_MARK.sub("", rendering.text),
            ):
                leaked = secret & set(_runs(words_in(part)))
                if leaked:
                    words = " ".join(min(leaked))
                    message = f"{variant} shows what is for members: “{words}”"
                    yield _error(edition, "paywall-leak", message)
                    break


def _runs_of(edition: Edition) -> set[tuple[str, ...]]:
    """Every run of eight words that stands in one line of the body."""
    return {
        run
        for part in (edition.preface, edition.sections)
        for line in lines_of(part)
        for run in _runs(words_in(line))
    }


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    for at in range(len(words) - _RUN + 1):
        yield tuple(words[at : at + _RUN])


def _error(edition: Edition, rule: str, message: str, hint: str = "") -> Finding:
    return _finding(edition, Severity.ERROR, rule, message, hint)


def _warning(edition: Edition, rule: str, message: str, hint: str = "") -> Finding:
    return _finding(edition, Severity.WARNING, rule, message, hint)


def _finding(
    edition: Edition, severity: Severity, rule: str, message: str, hint: str
) -> Finding:
    return Finding(
        rule=rule, severity=severity, message=message, file=edition.at.file, hint=hint
    )
