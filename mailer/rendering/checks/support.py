"""Which mail program knows what: caniemail's data, and the names they give to things.

Features are recognised by those names: ``html-video`` is an element or an attribute,
``css-text-shadow`` a property, ``css-unit-vw`` a unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARED = re.compile(r"([a-z-]+)\s*:\s*([^;{}]+)", re.IGNORECASE)
_BLOCK = re.compile(r"\{([^{}]*)\}")
_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_AT = re.compile(r"@([a-z-]+)")
_MEDIA = re.compile(r"@media[^{]*?\(\s*(?:min-|max-)?([a-z-]+)")
_PSEUDO = re.compile(r"(::?)([a-z-]+)")
_UNIT = re.compile(
    r"(?<![\w#])-?\d*\.?\d+(px|em|rem|vh|vw|vmin|vmax|ch|cm|mm|in|pt|pc|ex)\b"
)
_FUNCTION = re.compile(r"\b([a-z-]+)\(")
_IMAGE = re.compile(
    r"\.(webp|svg|avif|apng|bmp|ico|tiff?|heic|heif|hdr|mp4)(?:[?#]|$)", re.IGNORECASE
)
_ALIKE = {"tif": "tiff", "heic": "heif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """``lacking`` maps a feature to the programs that do not know it.

    ``gmail: (ios, android)``; ``titles`` are for people; ``baselines`` what each theme
    that ships uses; ``dated`` the day of the data.
    """

    dated: str = ""
    clients: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    baselines: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def baseline_of(self, theme: str) -> frozenset[str]:
        """What *theme* uses anyway; for a theme of one's own what any of ours does."""
        known = self.baselines.get(theme)
        return (
            known if known is not None else frozenset().union(*self.baselines.values())
        )


def features_of(html: str) -> frozenset[str]:
    """The features that *html* uses, by caniemail's names.

    What stands in conditional comments is Outlook's own and not counted.
    """
    reader = _Reader()
    reader.feed(_COMMENT.sub("", html))
    reader.close()
    for sheet in _SHEET.findall(html):
        reader.sheet(sheet)
    return frozenset(reader.found)


class _Reader(HTMLParser):
    """Tags, attributes and declarations as names of features."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element with its attributes."""
        self.found.add(f"html-{tag}")
        if tag in {"ul", "ol", "dl"}:
            self.found.add("html-lists")
        if re.fullmatch("h[1-6]", tag):
            self.found.add("html-h1-h6")
        for name, value in attrs:
            said = value or ""
            self.found.add(f"html-{name}")
            if name == "loading":
                self.found.add("html-loading-attribute")
            if name == "style":
                self.declarations(said)
            if name in {"src", "srcset", "background"} and (
                kind := _IMAGE.search(said)
            ):
                form = kind[1].lower()
                self.found.add(f"image-{_ALIKE.get(form, form)}")
            if name == "src" and said.startswith("data:"):
                self.found.add("image-base64")
            if name == "href" and said.startswith("#") and len(said) > 1:
                self.found.add("html-anchor-links")
            if name == "type" and tag in {"input", "button"}:
                self.found.add(f"html-{tag}-{said}")

    def sheet(self, text: str) -> None:
        """A style sheet: its at-rules, selectors and declarations."""
        bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        self.found |= {f"css-at-{name}" for name in _AT.findall(bare)}
        self.found |= {f"css-at-media-{name}" for name in _MEDIA.findall(bare)}
        for block in _BLOCK.findall(bare):
            self.declarations(block)
        selectors = re.sub(r"@[^{]*\{|\{[^{}]*\}", "}", bare)
        for colons, name in _PSEUDO.findall(selectors):
            is_element = colons == "::" or name in {"before", "after"}
            kind = "element" if is_element else "class"
            self.found.add(f"css-pseudo-{kind}-{name}")

    def declarations(self, text: str) -> None:
        """``property: value`` pairs, inline or in a sheet."""
        for declared in _DECLARED.findall(text.lower()):
            name, value = declared
            if name.startswith("--"):
                self.found.add("css-variables")
                continue
            self.found.add(f"css-{name}")
            if name == "display":
                self.found.add(
                    f"css-display-{value.split()[0].removeprefix('inline-')}"
                )
            self.found |= {f"css-unit-{unit}" for unit in _UNIT.findall(value)}
            for function in _FUNCTION.findall(value):
                self.found |= {f"css-function-{function}", f"css-{function}"}
                if function == "var":
                    self.found.add("css-variables")
                if function == "calc":
                    self.found.add("css-unit-calc")
