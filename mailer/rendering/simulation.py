"""What mail programs make of our HTML, near enough to look at: for the preview alone.

Nothing here is ever sent. *Light* and *dark* are exact: which of our own styles hold.
Everything else is an approximation, and is called one wherever it is shown: the programs
are known by what they drop (caniemail.com), not by their code.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable
from enum import StrEnum


class Appearance(StrEnum):
    """How bright the reader likes it."""

    LIGHT = "light"
    DARK = "dark"
    FORCED = "forced"


class Client(StrEnum):
    """A mail program, by what it does to us."""

    NONE = "none"
    OUTLOOK = "outlook"
    NO_STYLES = "no-styles"
    NO_IMAGES = "no-images"
    LARGE_TEXT = "large-text"


_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)\s*\{")
_MEDIA = re.compile(r"@media\b[^{]*\{")
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.DOTALL | re.IGNORECASE)
_HEAD_END = re.compile(r"</head>", re.IGNORECASE)
_INLINE = re.compile(r'(\bstyle=")([^"]*)(")', re.IGNORECASE)
_BACKGROUND = re.compile(r'(\bbgcolor=")([^"]*)(")', re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r'(\bsrc(?:set)?=")[^"]*(")', re.IGNORECASE)
_ONLY_MSO = re.compile(
    r"<!--\[if\s+(?:mso(?:\s*\|\s*IE)?|gte mso \d+)\s*\]>(.*?)<!\[endif\]-->",
    re.DOTALL | re.IGNORECASE,
)
_NOT_MSO = re.compile(
    r"<!--\[if\s+!mso\s*\]>(?:<!-->|<!-- -->)?(.*?)(?:<!--)?<!\[endif\]-->",
    re.DOTALL | re.IGNORECASE,
)
_SETTINGS = re.compile(r"<xml>.*?</xml>", re.DOTALL | re.IGNORECASE)
"""What Word is told and shows nobody: how many pixels make an inch."""
_COLOR = re.compile(
    r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b|\brgb\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)"
    r"|\b(?:white|black)\b",
    re.IGNORECASE,
)
_SIZE = re.compile(r"((?:font-size|line-height)\s*:\s*)(\d+(?:\.\d+)?)px")
_NAMED = {"white": "#ffffff", "black": "#000000"}
_UNKNOWN_TO_WORD = re.compile(
    r"(?:border-radius|max-width|background-image|box-shadow|text-wrap)\s*:[^;}]*;?",
    re.IGNORECASE,
)
_LARGER = 1.35
_FACTOR, _SATURATION = 0.75, 0.8


def as_shown(html: str, appearance: Appearance, client: Client = Client.NONE) -> str:
    """*html* as it looks in that appearance and program."""
    html = _CLIENTS[client](html)
    # What is styled for dark is gone where styles are, and a frame follows the system's
    # own scheme: so the one that is asked for is made the only one.
    html = _styles(html, _unwrap if appearance is Appearance.DARK else _drop)
    if appearance is Appearance.FORCED:
        html = _inverted(html)
    scheme = "light" if appearance is Appearance.LIGHT else "dark"
    return _with_scheme(html, scheme)


def _with_scheme(html: str, scheme: str) -> str:
    """The page's own ground and form controls in *scheme*, whatever the system's."""
    rule = f"<style>:root{{color-scheme:{scheme}!important}}</style>"
    found = _HEAD_END.search(html)
    at = found.start() if found else 0
    return html[:at] + rule + html[at:]


def _styles(html: str, change: Callable[[str], str]) -> str:
    return _STYLE.sub(lambda m: m[1] + change(m[2]) + m[3], html)


def _blocks(css: str, opening: re.Pattern[str], keep: Callable[[str], str]) -> str:
    """*css* with what stands in the braces after *opening* replaced by ``keep`` of it."""
    out, at = [], 0
    while found := opening.search(css, at):
        end, depth = found.end(), 1
        while end < len(css) and depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        out += [css[at : found.start()], keep(css[found.end() : end - (not depth)])]
        at = end
    return "".join([*out, css[at:]])


def _drop(css: str) -> str:
    return _blocks(css, _DARK, lambda _: "")


def _unwrap(css: str) -> str:
    return _blocks(css, _DARK, lambda inside: inside)


def _without_styles(html: str) -> str:
    """Gmail for addresses of others, SFR, La Poste: no style sheet survives."""
    return _STYLE.sub("", html)


def _without_images(html: str) -> str:
    """Images are not fetched: what stands in ``alt`` is all there is of them."""
    blocked = _IMAGE.sub(lambda m: _SOURCE.sub(r"\1\2", m[0]), html)
    return re.sub(r"url\([^)]*\)", "none", blocked)


def _outlook(html: str) -> str:
    """Outlook on Windows lays out with Word: ours for it, and much of CSS is nothing."""
    html = _SETTINGS.sub("", _ONLY_MSO.sub(r"\1", _NOT_MSO.sub("", html)))
    html = _styles(html, lambda css: _blocks(css, _MEDIA, lambda _: ""))
    html = _styles(html, lambda css: _UNKNOWN_TO_WORD.sub("", css))
    return _INLINE.sub(lambda m: m[1] + _UNKNOWN_TO_WORD.sub("", m[2]) + m[3], html)


def _large(html: str) -> str:
    """Somebody who reads larger text, as phones and Apple Mail allow."""

    def grown(text: str) -> str:
        return _SIZE.sub(lambda m: f"{m[1]}{float(m[2]) * _LARGER:.0f}px", text)

    html = _styles(html, grown)
    return _INLINE.sub(lambda m: m[1] + grown(m[2]) + m[3], html)


_CLIENTS: dict[Client, Callable[[str], str]] = {
    Client.NONE: lambda html: html,
    Client.OUTLOOK: _outlook,
    Client.NO_STYLES: _without_styles,
    Client.NO_IMAGES: _without_images,
    Client.LARGE_TEXT: _large,
}


# -- dark by force: Gmail's apps, Outlook's, some of Yahoo ---------------------------


def _inverted(html: str) -> str:
    """Light grounds made dark and dark text light, whatever was meant."""
    html = _styles(html, _inverted_rules)
    html = _INLINE.sub(lambda m: m[1] + _inverted_rules(m[2]) + m[3], html)
    html = _BACKGROUND.sub(lambda m: m[1] + _each(m[2], _ground) + m[3], html)
    # A page that says nothing of its ground lies on the program's own.
    return html.replace(
        "</head>",
        "<style>html{background:#1b1b1b;color:#e8e8e8}</style></head>",
        1,
    )


def _inverted_rules(css: str) -> str:
    def declared(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        is_text = name.strip().lower() == "color"
        return f"{name}:{_each(value, _ink if is_text else _ground)}"

    return re.sub(
        r"((?<![\w-])(?:background(?:-color)?|color|border(?:-[a-z-]+)?)\s*)"
        r":([^;}\"]*)",
        declared,
        css,
        flags=re.IGNORECASE,
    )


def _each(value: str, change: Callable[[float], float]) -> str:
    return _COLOR.sub(lambda m: _changed(m[0], change), value)


def _ground(lightness: float) -> float:
    return 1 - lightness * _FACTOR - (1 - _FACTOR) / 2 if lightness > 0.5 else lightness


def _ink(lightness: float) -> float:
    return 1 - lightness * _FACTOR if lightness < 0.5 else lightness


def _changed(color: str, change: Callable[[float], float]) -> str:
    red, green, blue = _channels(color)
    hue, light, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    after = change(light)
    if after == light:
        return color
    channels = colorsys.hls_to_rgb(hue, after, saturation * _SATURATION)
    return "#" + "".join(f"{round(255 * each):02x}" for each in channels)


def _channels(color: str) -> tuple[int, int, int]:
    color = _NAMED.get(color.lower(), color)
    if color.startswith("#"):
        digits = color[1:] if len(color) == 7 else "".join(c * 2 for c in color[1:])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    red, green, blue = map(int, re.findall(r"\d+", color))
    return min(red, 255), min(green, 255), min(blue, 255)
