"""Themes and their sentences from folders: a workspace's files over the shipped ones."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from mailer.errors import ThemeError
from mailer.rendering.theme import Theme, read_theme

TOKENS = "theme.toml"


def load_theme(name: str, folders: Sequence[Path]) -> Theme:
    """The theme *name*, its files looked up in *folders*, the first winning.

    ``extends = "other"`` in its tokens lets it say only what differs; ThemeError if
    there is no such theme, or it extends itself.
    """
    templates, tokens = _layered(name, folders, seen=())
    return read_theme(name, templates=templates, tokens=tokens)


def load_sentences(lang: str, folders: Sequence[Path]) -> Mapping[str, str]:
    """What themes say, from English to *lang*; a workspace may say it otherwise."""
    sentences: dict[str, str] = {}
    for folder in reversed(folders):
        file = folder / "locale" / f"{lang}.po"
        if file.exists():
            with file.open("rb") as source:
                catalogue = read_po(source, locale=lang)
            sentences.update(
                (str(entry.id), str(entry.string))
                for entry in catalogue
                if entry.id and entry.string
            )
    return sentences


def _layered(
    name: str, folders: Sequence[Path], *, seen: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Templates and tokens of *name* over those of what it extends."""
    if name in seen:
        message = f"the theme extends itself: {' -> '.join((*seen, name))}"
        raise ThemeError(message, file=f"themes/{name}/{TOKENS}")
    places = [folder / "themes" / name for folder in folders]
    places = [place for place in places if place.is_dir()]
    if not places:
        there = sorted(
            {
                theme.name
                for folder in folders
                for theme in (folder / "themes").glob("*")
                if theme.is_dir()
            }
        )
        message = f"there is no theme {name}"
        raise ThemeError(message, hint=f"there are: {', '.join(there)}")
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
    return {
        file.relative_to(place).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(place.rglob("*.j2"))
    }


def _tokens(place: Path) -> dict[str, Any]:
    file = place / TOKENS
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"cannot be read: {error}"
        raise ThemeError(message, file=str(file)) from error


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Lay *over* on *base*, table by table and key by key."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            base[key] = {**base[key], **value}
        else:
            base[key] = value
