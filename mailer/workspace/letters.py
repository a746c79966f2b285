"""Templates of letters from folders, a workspace's over the shipped ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mailer.errors import ThemeError
from mailer.phrases import say


def letter_templates(folders: Sequence[Path]) -> dict[str, str]:
    """The texts of ``letters/`` by name; the first of *folders* that has one wins."""
    found: dict[str, str] = {}
    for folder in reversed(folders):
        for file in sorted((folder / "letters").glob("*.j2")):
            try:
                found[file.name] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                message = say("cannot be read: {error}", error=error)
                raise ThemeError(message, file=str(file)) from error
    return found
