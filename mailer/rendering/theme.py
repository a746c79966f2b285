"""A theme: template texts and tokens, handed over as mappings, never as a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Templates by name (``edition.mjml.j2``, ``blocks/quote.txt.j2``) and tokens.

    ``colors`` maps a name to its (light, dark) pair of ``#rrggbb``; ``fonts`` to a
    font stack; ``sizes`` to CSS pixels; ``mobile`` maps a class to the font size it
    has under 480 px.
    """

    name: str
    templates: Mapping[str, str]
    colors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    mobile: Mapping[str, int] = field(default_factory=dict)
