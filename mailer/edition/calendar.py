"""Dates as a reader says them, and the next date a publication appears."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date


def long_date(day: date, lang: str) -> str:
    """``samedi 14 mars 2026``, and ``1er`` where Babel's French says ``1``."""
    text = format_date(day, "full", locale=lang)
    if lang.startswith("fr") and day.day == 1:
        text = text.replace(" 1 ", " 1er ", 1)
    return text
