"""Themes from folders: a workspace's files over the shipped ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mailer.config.origins import nearest
from mailer.edition.blocks import Block
from mailer.edition.model import Publication
from mailer.edition.reading.known import CHANNELS
from mailer.errors import ConfigError, ThemeError
from mailer.phrases import Phrase, did_you_mean, say
from mailer.rendering.theme import Theme, faint, read_theme

TOKENS = "theme.toml"
_OUR_BLOCKS = frozenset(kind.kind for kind in Block.__subclasses__())
_BLOCK = re.compile(rf"blocks/([^/.]+)\.({'|'.join(CHANNELS)})\.j2")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a folder's, and no way out of it


def theme_names(folders: Sequence[Path]) -> list[str]:
    """The themes there are, in order."""
    places = (place for folder in folders for place in (folder / "themes").glob("*"))
    return sorted({place.name for place in places if place.is_dir()})


def load_theme(name: str, folders: Sequence[Path]) -> Theme:
    """The theme *name*, its files looked up in *folders*, the first winning.

    ``extends = "other"`` in its tokens lets it say only what differs; ThemeError if
    there is no such theme, or it extends itself.
    """
    templates, tokens = _layered(name, folders, seen=())
    return read_theme(name, templates=templates, tokens=tokens)


def check_tokens(
    theme: Theme, publication: Publication, origins: Mapping[str, str]
) -> None:
    """ConfigError, at its key, at a colour of *publication* that *theme* cannot take."""
    tokens = publication.tokens
    for name in tokens.keys() - theme.colors.keys():
        message = say(
            "the theme {name} has no colour {color}", name=theme.name, color=name
        )
        hint = did_you_mean(name, theme.colors)
        raise _at_key(publication, name, origins, message, hint)
    for each in faint(theme.recoloured(tokens, file="")):
        name = each.text if each.text in tokens else each.ground
        hint = each.hint(tokens)
        raise _at_key(publication, name, origins, each.message, hint)


def _at_key(
    publication: Publication,
    name: str,
    origins: Mapping[str, str],
    fault: Phrase,
    hint: Phrase,
) -> ConfigError:
    """The fault of one token, with the place that said it."""
    key = f"publications.{publication.id}.tokens.{name}"
    message = say("{key}: {fault}", key=key, fault=fault)
    file, _, line = (nearest(key.split("."), origins) or "").rpartition(":")
    if line.isdecimal():
        return ConfigError(message, file=file, line=int(line), hint=hint)
    return ConfigError(message, file=line, hint=hint)


def theme_blocks(theme: Theme) -> dict[str, set[str]]:
    """The blocks that *theme* brings beyond our own, and the channels each speaks in."""
    found: dict[str, set[str]] = {}
    for template in theme.templates:
        if (named := _BLOCK.fullmatch(template)) and named[1] not in _OUR_BLOCKS:
            found.setdefault(named[1], set()).add(named[2])
    return found


def _layered(
    name: str, folders: Sequence[Path], *, seen: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Templates and tokens of *name* over those of what it extends."""
    if name in seen:
        message = say(
            "the theme extends itself: {names}", names=" -> ".join((*seen, name))
        )
        raise ThemeError(message, file=f"themes/{name}/{TOKENS}")
    places = [folder / "themes" / name for folder in folders]
    places = [p for p in places if _NAME.fullmatch(name) and p.is_dir()]
    if not places:
        there = ", ".join(theme_names(folders))
        message = say("there is no theme {name}", name=name)
        raise ThemeError(message, hint=say("there are: {names}", names=there))
    templates: dict[str, str] = {}
    tokens: dict[str, Any] = {}
    for place in reversed(places):
        templates.update(_templates(place))
        _merge(tokens, _tokens(place))
    parent = tokens.get("extends")
    if not parent:
        return templates, tokens
    below, base = _layered(str(parent), folders, seen=(*seen, name))
    _merge(base, tokens)
    return {**below, **templates}, base


def _templates(place: Path) -> dict[str, str]:
    templates = {}
    for file in sorted(place.rglob("*.j2")):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(file, error) from error
        templates[file.relative_to(place).as_posix()] = text
    return templates


def _tokens(place: Path) -> dict[str, Any]:
    file = place / TOKENS
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> ThemeError:
    message = say("cannot be read: {error}", error=error)
    return ThemeError(message, file=str(file))


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Lay *over* on *base*, table by table and key by key, however deep."""
    for key, value in over.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            base[key] = dict(below)
            _merge(base[key], value)
        else:
            base[key] = value
