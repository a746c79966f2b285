"""A theme: template texts and tokens, handed over as mappings, never as a folder.

Colours come in (light, dark) pairs. Every text must stand out from its ground in both,
which is checked here, when the theme is read, and not when readers complain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mailer.errors import ThemeError

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of ordinary size
_SCHEMES = ("light", "dark")
_USED = re.compile(r"\b([tibkefl])-([a-z_]+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Templates by name (``edition.mjml.j2``, ``blocks/quote.txt.j2``) and tokens.

    ``colors`` maps a name to its (light, dark) pair of ``#rrggbb``; ``fonts`` to a
    font stack; ``sizes`` to CSS pixels; ``mobile`` maps a class to the font size it
    has under 480 px. ``contrast`` lists (text, ground) pairs that must be readable.
    """

    name: str
    templates: Mapping[str, str]
    colors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    mobile: Mapping[str, int] = field(default_factory=dict)
    contrast: tuple[tuple[str, str], ...] = ()

    def override(self, tokens: Mapping[str, tuple[str, str]], *, file: str) -> Theme:
        """The theme with some colours changed; ThemeError if they cannot be read.

        An empty dark value leaves the theme's own.
        """
        for name in tokens.keys() - self.colors.keys():
            message = f"the theme {self.name} has no colour {name}"
            hint = f"there are: {', '.join(sorted(self.colors))}"
            raise ThemeError(message, file=file, hint=hint)
        colors = {
            name: (light, dark or self.colors[name][1])
            for name, (light, dark) in tokens.items()
        }
        changed = replace(self, colors={**self.colors, **colors})
        check_contrast(changed, file=file)
        return changed

    def dark_rules(self, source: str) -> str:
        """The dark sheet's rules for the tokens that *source* uses, and no others.

        A class says what it colours: ``t-`` text of an mj-text, ``i-`` an inline
        element, ``b-`` the ground of a section, ``k-`` of a column, ``e-`` its edge,
        ``f-`` of a cell, ``l-`` a border.
        """
        return "".join(
            _RULES[kind].format(name=name, dark=self.colors[name][1])
            for kind, name in sorted(set(_USED.findall(source)))
            if name in self.colors
        )


_RULES = {
    "t": ".page .t-{name} div{{color:{dark}!important}}",
    "i": ".page .i-{name}{{color:{dark}!important}}",
    "b": ".b-{name},.b-{name}>table{{background:{dark}!important}}",
    "k": ".k-{name}>table>tbody>tr>td{{background:{dark}!important}}",
    "e": ".e-{name}>table>tbody>tr>td{{border-color:{dark}!important}}",
    "f": ".page .f-{name}{{background:{dark}!important}}",
    "l": ".page .l-{name}{{border-color:{dark}!important}}",
}


def read_theme(
    name: str, *, templates: Mapping[str, str], tokens: Mapping[str, Any]
) -> Theme:
    """A theme from its templates and the tables of its ``theme.toml``; ThemeError."""
    file = f"themes/{name}/theme.toml"
    known = {"extends", "color", "font", "size", "mobile", "contrast"}
    for table in tokens.keys() - known:
        message = f"unknown table {table}"
        raise ThemeError(
            message, file=file, hint=f"there are: {', '.join(sorted(known))}"
        )
    tables = {name: _table(tokens, name, file) for name in known - {"extends"}}
    theme = Theme(
        name=name,
        templates=templates,
        colors=dict(_colors(tables["color"], file)),
        fonts={key: str(font) for key, font in tables["font"].items()},
        sizes=_pixels(tables["size"], "size", file),
        mobile=_pixels(tables["mobile"], "mobile", file),
        contrast=tuple(_pairs(tables["contrast"], file)),
    )
    check_contrast(theme, file=file)
    return theme


def check_contrast(theme: Theme, *, file: str) -> None:
    """ThemeError naming the first text that cannot be read on its ground."""
    for text, ground in theme.contrast:
        for missing in {text, ground} - theme.colors.keys():
            message = f"contrast: there is no colour {missing}"
            raise ThemeError(message, file=file)
        for scheme, ink, paper in zip(
            _SCHEMES, theme.colors[text], theme.colors[ground], strict=True
        ):
            ratio = contrast(ink, paper)
            if ratio < _CONTRAST:
                message = (
                    f"{text} {ink} on {ground} {paper} ({scheme}) has a contrast "
                    f"of {ratio:.2f}, {_CONTRAST} is needed"
                )
                raise ThemeError(message, file=file)


def contrast(one: str, other: str) -> float:
    """The ratio of two ``#rrggbb``, from 1 to 21 (WCAG 2.2, relative luminance)."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(color: str) -> float:
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colors(
    table: Mapping[str, object], file: str
) -> Iterable[tuple[str, tuple[str, str]]]:
    for name, said in table.items():
        pair = said if isinstance(said, list) else [said, said]
        if len(pair) != len(_SCHEMES) or not all(
            isinstance(color, str) and _COLOR.fullmatch(color) for color in pair
        ):
            message = f"color.{name}: write a light and a dark #rrggbb"
            raise ThemeError(message, file=file)
        yield name, (str(pair[0]), str(pair[1]))


def _table(tokens: Mapping[str, Any], name: str, file: str) -> Mapping[str, object]:
    table = tokens.get(name, {})
    if not isinstance(table, Mapping):
        message = f"{name} is not a table"
        raise ThemeError(
            message, file=file, hint=f"write [{name}] on a line of its own"
        )
    return table


def _pixels(table: Mapping[str, object], name: str, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, said in table.items():
        if not isinstance(said, int) or isinstance(said, bool):
            message = f"{name}.{key}: write whole pixels, without unit"
            raise ThemeError(message, file=file)
        found[key] = said
    return found


def _pairs(table: Mapping[str, object], file: str) -> Iterable[tuple[str, str]]:
    for ground, texts in table.items():
        if not isinstance(texts, list):
            message = f"contrast.{ground}: write a list of colours"
            raise ThemeError(message, file=file)
        for text in texts:
            yield str(text), ground
