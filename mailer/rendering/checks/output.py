"""Checks of what readers would get: size, sheets, links to leave, left-overs."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

from mailer.edition.blocks import Source
from mailer.edition.finding import error, warning
from mailer.errors import Finding
from mailer.phrases import kilobytes, say
from mailer.rendering.checks.inspection import Inspection, Limits
from mailer.rendering.model import Rendering
from mailer.rendering.personalise import HOLE, NAMES, hole

_KB = 1024
_STYLE_BYTES = 16 * _KB  # Gmail drops what is longer

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_NESTED_AT = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*@")
_C1 = re.compile(r"[\x80-\x9f]")


def check_output(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the renderings of an edition."""
    for rendering in inspection.frozen.renderings:
        if rendering.variant.is_mail:
            yield from _check_mail(rendering, inspection.at, inspection.limits)
        yield from _check_part(rendering, inspection.at)


def html_bytes(rendering: Rendering) -> int:
    """The larger of the HTML and its quoted-printable form: what Gmail may count."""
    raw = rendering.html.encode()
    return max(len(raw), len(quopri.encodestring(raw)))


def _check_mail(rendering: Rendering, at: Source, limits: Limits) -> Iterator[Finding]:
    size = html_bytes(rendering)
    name = rendering.variant
    if size > limits.max_html_kb * _KB:
        message = say(
            "{name}: {size} of HTML, Gmail cuts at 102",
            name=name,
            size=kilobytes(size),
        )
        yield error("html-too-big", at, message, say("shorten, or split the edition"))
    elif size > limits.warn_html_kb * _KB:
        message = say(
            "{name}: {size} of HTML, Gmail cuts at 102",
            name=name,
            size=kilobytes(size),
        )
        yield warning("html-near", at, message)
    for part, text in (("HTML", rendering.html), ("text", rendering.text)):
        if hole("unsubscribe_url") not in text:
            message = say(
                "{name}: no way to unsubscribe in the {part} part", name=name, part=part
            )
            yield error("unsubscribe-missing", at, message)
    if not rendering.text.strip():
        yield error(
            "text-part-missing", at, say("{name}: the text part is empty", name=name)
        )
    sheets = _STYLE.findall(rendering.html)
    if sum(len(sheet.encode()) for sheet in sheets) > _STYLE_BYTES:
        message = say("{name}: more than 16 KB of style sheets", name=name)
        yield error("style-16k", at, message)
    if any(_NESTED_AT.search(sheet) for sheet in sheets):
        message = say(
            "{name}: an at-rule inside another; Gmail drops the whole sheet", name=name
        )
        yield error("style-nested-at", at, message)


def _check_part(rendering: Rendering, at: Source) -> Iterator[Finding]:
    everything = "\n".join(
        (rendering.subject, rendering.preheader, rendering.html, rendering.text)
    )
    left = {name for name in HOLE.findall(everything) if name not in NAMES}
    if not rendering.variant.is_mail:
        left |= set(HOLE.findall(everything))
    for name in sorted(left):
        message = say(
            "{variant}: nothing fills {placeholder}",
            variant=rendering.variant,
            placeholder=hole(name),
        )
        yield error("placeholder-left", at, message)
    if _C1.search(everything):
        message = say("{variant}: holds control characters", variant=rendering.variant)
        yield error("encoding-c1", at, message)
