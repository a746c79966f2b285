"""A theme: template texts and tokens, handed over as mappings, never as a folder.

Colours come in (light, dark) pairs. Every text must stand out from its ground in both,
which is checked here, when the theme is read, and not when readers complain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mailer.errors import ThemeError
from mailer.phrases import Phrase, say

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
PAPER = "paper"
"""The ground of whatever has none of its own."""

CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of ordinary size
SCHEMES = (say("light"), say("dark"))
_USED = re.compile(r"\b([tibfl])-([a-z_]+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A coloured surface, and the colours of what stands on it, all by their names.

    ``panel`` is the ground of what is set off on it; ``button`` that of its buttons,
    whose words have the colour ``on_<button>``.
    """

    name: str
    ink: str = "ink"
    muted: str = "muted"
    accent: str = "accent"
    rule: str = "rule"
    panel: str = "tint"
    button: str = "button"

    @property
    def on_button(self) -> str:
        """The colour of a button's words."""
        return f"on_{self.button}"

    def pairs(self) -> Iterable[tuple[str, str]]:
        """The (text, ground) pairs that must be readable."""
        for text in (self.ink, self.muted, self.accent):
            yield text, self.name
        yield self.on_button, self.button


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Templates by name (``edition.mjml.j2``, ``blocks/quote.txt.j2``) and tokens.

    ``colors`` maps a name to its (light, dark) pair of ``#rrggbb``; ``fonts`` to a
    font stack; ``sizes`` to CSS pixels; ``mobile`` maps a class to the font size it
    has under 480 px. ``grounds`` are the surfaces; ``bands`` says which of them a class
    of section, a box or another kind of block gets for itself. ``contrast`` lists
    (text, ground) pairs that must be readable, those of the grounds among them.
    """

    name: str
    templates: Mapping[str, str]
    colors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    mobile: Mapping[str, int] = field(default_factory=dict)
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    bands: Mapping[str, str] = field(default_factory=dict)
    contrast: tuple[tuple[str, str], ...] = ()

    def ground(self, *names: str) -> Ground:
        """The ground of the first of *names* that has one of its own; else the paper."""
        found = next((self.bands[name] for name in names if name in self.bands), PAPER)
        return self.grounds[found]

    def override(self, tokens: Mapping[str, tuple[str, str]], *, file: str) -> Theme:
        """The theme with some colours changed; ThemeError if they cannot be read.

        An empty dark value leaves the theme's own.
        """
        changed = self.recoloured(tokens, file=file)
        _must_be_readable(changed, file=file)
        return changed

    def recoloured(self, tokens: Mapping[str, tuple[str, str]], *, file: str) -> Theme:
        """The theme with some colours changed, readable or not."""
        for name in tokens.keys() - self.colors.keys():
            message = say(
                "the theme {name} has no colour {color}",
                name=self.name,
                color=name,
            )
            hint = say("there are: {names}", names=", ".join(sorted(self.colors)))
            raise ThemeError(message, file=file, hint=hint)
        colors = {
            name: (light, dark or self.colors[name][1])
            for name, (light, dark) in tokens.items()
        }
        return replace(self, colors={**self.colors, **colors})

    def dark_rules(self, source: str) -> str:
        """The dark sheet's rules for the tokens that *source* uses, and no others.

        A class says what it colours: ``t-`` text of an mj-text, ``i-`` an inline
        element, ``b-`` the ground of a section, ``f-`` of a cell, ``l-`` a border.
        """
        return self._rules(source, _DARK_RULES)

    def outlook_rules(self, source: str) -> str:
        """The same for Outlook on the web, which marks what it has recoloured itself."""
        return self._rules(source, _OUTLOOK_RULES)

    def _rules(self, source: str, rules: Mapping[str, str]) -> str:
        return "".join(
            rules[kind].format(name=name, dark=self.colors[name][1])
            for kind, name in sorted(set(_USED.findall(source)))
            if name in self.colors
        )


_DARK_RULES = {
    "t": ".page .t-{name} div{{color:{dark}!important}}",
    "i": ".page .i-{name}{{color:{dark}!important}}",
    "b": ".b-{name},.b-{name}>table{{background:{dark}!important}}",
    "f": ".page .f-{name}{{background:{dark}!important}}",
    "l": ".page .l-{name}{{border-color:{dark}!important}}",
}
_OUTLOOK_RULES = {
    "t": "[data-ogsc] .t-{name} div{{color:{dark}!important}}",
    "i": "[data-ogsc] .i-{name}{{color:{dark}!important}}",
    "b": "[data-ogsb] .b-{name}>table{{background:{dark}!important}}",
    "f": "[data-ogsb] .f-{name}{{background:{dark}!important}}",
    "l": "",
}


def read_theme(
    name: str, *, templates: Mapping[str, str], tokens: Mapping[str, Any]
) -> Theme:
    """A theme from its templates and the tables of its ``theme.toml``; ThemeError."""
    file = f"themes/{name}/theme.toml"
    known = {"extends", "color", "font", "size", "mobile", "ground", "band", "contrast"}
    for table in tokens.keys() - known:
        message = say("unknown table {table}", table=table)
        raise ThemeError(
            message,
            file=file,
            hint=say("there are: {names}", names=", ".join(sorted(known))),
        )
    tables = {name: _table(tokens, name, file) for name in known - {"extends"}}
    grounds = {
        name: _ground(name, told, file) for name, told in tables["ground"].items()
    }
    pairs = dict.fromkeys(
        (
            *(pair for ground in grounds.values() for pair in ground.pairs()),
            *_pairs(tables["contrast"], file),
        )
    )
    theme = Theme(
        name=name,
        templates=templates,
        colors=dict(_colors(tables["color"], file)),
        fonts={key: str(font) for key, font in tables["font"].items()},
        sizes=_pixels(tables["size"], "size", file),
        mobile=_pixels(tables["mobile"], "mobile", file),
        grounds=grounds,
        bands={key: str(ground) for key, ground in tables["band"].items()},
        contrast=tuple(pairs),
    )
    _check_grounds(theme, file)
    _must_be_readable(theme, file=file)
    return theme


def _must_be_readable(theme: Theme, *, file: str) -> None:
    """ThemeError naming the first text that cannot be read on its ground."""
    for text, ground in theme.contrast:
        for missing in {text, ground} - theme.colors.keys():
            message = say("contrast: there is no colour {missing}", missing=missing)
            raise ThemeError(message, file=file)
    for each in faint(theme):
        raise ThemeError(each.message, file=file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faint:
    """A text that cannot be read on its ground, in one of the schemes."""

    text: str
    ground: str
    scheme: Phrase
    ink: str
    paper: str

    @property
    def message(self) -> Phrase:
        """Both colours by name, and how much they lack."""
        return say(
            "{text} {ink} on {ground} {paper} ({scheme}) has a contrast "
            "of {ratio}, {least} is needed",
            text=self.text,
            ink=self.ink,
            ground=self.ground,
            paper=self.paper,
            scheme=self.scheme,
            ratio=round(contrast(self.ink, self.paper), 2),
            least=CONTRAST,
        )

    def hint(self, changed: Collection[str]) -> Phrase:
        """The nearest colour that can be read, for the one that was *changed*."""
        name, color, other = self.text, self.ink, self.paper
        if self.text not in changed:
            name, color, other = self.ground, self.paper, self.ink
        return say(
            "the nearest {name} that can be read there ({scheme}): {color}",
            name=name,
            scheme=self.scheme,
            color=readable(color, other),
        )


def faint(
    theme: Theme, pairs: Iterable[tuple[str, str]] | None = None
) -> Iterator[Faint]:
    """Every text of *pairs* that cannot be read on its ground, in light or in dark.

    Without them, those (text, ground) that the theme says must be readable.
    """
    for text, ground in theme.contrast if pairs is None else pairs:
        for scheme, ink, paper in zip(
            SCHEMES, theme.colors[text], theme.colors[ground], strict=True
        ):
            if contrast(ink, paper) < CONTRAST:
                yield Faint(
                    text=text, ground=ground, scheme=scheme, ink=ink, paper=paper
                )


def contrast(one: str, other: str) -> float:
    """The ratio of two ``#rrggbb``, from 1 to 21 (WCAG 2.2, relative luminance)."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def readable(color: str, other: str) -> str:
    """*color* made darker or lighter, as little as it takes to be read with *other*."""
    for step in range(256):
        for end in (0, 255):
            mixed = "#" + "".join(
                f"{round(channel + (end - channel) * step / 255):02x}"
                for channel in _channels(color)
            )
            if contrast(mixed, other) >= CONTRAST:
                return mixed
    return color  # never: black or white can be read with anything


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))


def _luminance(color: str) -> float:
    channels = (channel / 255 for channel in _channels(color))
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colors(
    table: Mapping[str, object], file: str
) -> Iterable[tuple[str, tuple[str, str]]]:
    for name, said in table.items():
        pair = said if isinstance(said, list) else [said, said]
        if len(pair) != len(SCHEMES) or not all(
            isinstance(color, str) and _COLOR.fullmatch(color) for color in pair
        ):
            message = say("color.{name}: write a light and a dark #rrggbb", name=name)
            raise ThemeError(message, file=file)
        yield name, (str(pair[0]), str(pair[1]))


def _table(tokens: Mapping[str, Any], name: str, file: str) -> Mapping[str, object]:
    table = tokens.get(name, {})
    if not isinstance(table, Mapping):
        message = say("{name} is not a table", name=name)
        raise ThemeError(
            message,
            file=file,
            hint=say("write [{name}] on a line of its own", name=name),
        )
    return table


def _pixels(table: Mapping[str, object], name: str, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, said in table.items():
        if not isinstance(said, int) or isinstance(said, bool):
            message = say(
                "{name}.{key}: write whole pixels, without unit", name=name, key=key
            )
            raise ThemeError(message, file=file)
        found[key] = said
    return found


def _ground(name: str, told: object, file: str) -> Ground:
    """The ground *name*, told as a table of colours."""
    if not isinstance(told, Mapping):
        message = say("ground.{name} is not a table", name=name)
        raise ThemeError(
            message, file=file, hint=say("write [ground.{name}]", name=name)
        )
    known = {field.name for field in fields(Ground)} - {"name"}
    for key in told.keys() - known:
        message = say("ground.{name}: unknown key {key}", name=name, key=key)
        hint = say("there are: {names}", names=", ".join(sorted(known)))
        raise ThemeError(message, file=file, hint=hint)
    return Ground(name=name, **{key: str(color) for key, color in told.items()})


def _check_grounds(theme: Theme, file: str) -> None:
    """ThemeError if a ground or a rule is named that the theme has not."""
    for ground in theme.grounds.values():
        if ground.panel not in theme.grounds:
            message = say(
                "ground.{name}: there is no ground {panel}",
                name=ground.name,
                panel=ground.panel,
            )
            raise ThemeError(message, file=file)
        if ground.rule not in theme.colors:
            message = say(
                "ground.{name}: there is no colour {rule}",
                name=ground.name,
                rule=ground.rule,
            )
            raise ThemeError(message, file=file)
    for name, told in theme.bands.items():
        if told not in theme.grounds:
            message = say(
                "band.{name}: there is no ground {told}", name=name, told=told
            )
            hint = say("there are: {names}", names=", ".join(sorted(theme.grounds)))
            raise ThemeError(message, file=file, hint=hint)


def _pairs(table: Mapping[str, object], file: str) -> Iterable[tuple[str, str]]:
    for ground, texts in table.items():
        if not isinstance(texts, list):
            message = say("contrast.{ground}: write a list of colours", ground=ground)
            raise ThemeError(message, file=file)
        for text in texts:
            yield str(text), ground
