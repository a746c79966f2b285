"""How a language says things: sentences from a catalogue, dates, numbers, money.

French has U+202F between thousands and U+00A0 before a unit, and calls the first of a
month *1er*, which Babel does not know. Sentences are looked up by their English, so
that what has no translation is said in English rather than not at all. Babel, a megabyte
of it, is loaded where a day or a sum is said, and not by every process that has words.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from mailer.phrases import Phrase, Value, fill, say, say_many

ENGLISH_PLURAL = "n != 1"

_NARROW = "\u202f"
_WIDE = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The sentences of one language, by their English.

    A sentence has one form, or as many as ``plural`` tells apart: a C expression in
    ``n``, as gettext has it.
    """

    lang: str = "en"
    sentences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: str = ENGLISH_PLURAL

    def translate(self, text: str) -> str:
        """*text* in this language if it is a phrase, else as it is."""
        if not isinstance(text, Phrase):
            return text
        return fill(self._template(text), text.values, self.spoken)

    def spoken(self, value: Value) -> str:
        """A value as this language writes it."""
        match value:
            case Phrase():
                return self.translate(value)
            case int() | float():
                return number(value, self.lang)
            case date():
                return long_date(value, self.lang)
        return value

    def _template(self, phrase: Phrase) -> str:
        forms = self.sentences.get(phrase.english)
        if not forms:
            is_one = phrase.number == 1 or not phrase.plural
            return phrase.english if is_one else phrase.plural
        if len(forms) == 1 or not phrase.plural:
            return forms[0]
        return forms[min(_plural(self.plural)(abs(phrase.number)), len(forms) - 1)]


ENGLISH = Catalogue()


def speech(catalogue: Catalogue) -> dict[str, Callable[..., str]]:
    """``_`` and ``ngettext``, as templates know them: sentences with named values."""

    def sentence(english: str, **values: object) -> str:
        return catalogue.translate(say(english, **values))

    def counted(one: str, many: str, count: int, **values: object) -> str:
        return catalogue.translate(say_many(one, many, count, **values))

    return {"_": sentence, "ngettext": counted}


@lru_cache(maxsize=8)
def _plural(expression: str) -> Callable[[int], int]:
    rule: Callable[[int], int] = gettext.c2py(expression)
    return rule


def long_date(day: date, lang: str) -> str:
    """``samedi 14 mars 2026``, and ``1er`` where Babel's French says ``1``."""
    return _first(_dated(day, "full", lang), day, lang)


def plain_date(day: date, lang: str) -> str:
    """``14 mars 2026``, ``1er mars 2026``; ``March 14, 2026`` in English."""
    return _first(_dated(day, "long", lang), day, lang)


def day_and_month(day: date, lang: str) -> str:
    """``14 mars``, ``1er octobre``; ``March 14`` in English."""
    return _first(_dated_as("MMMMd", day, lang), day, lang)


def short_day(day: date, lang: str) -> str:
    """``14 mars``, ``24 nov.``; ``Mar 14`` in English."""
    return _first(_dated_as("MMMd", day, lang), day, lang)


def moment(when: datetime, lang: str) -> str:
    """``14/03 07:00``, ``14 Mar 07:00``: as wide as any other, for tables."""
    if lang == "fr":  # its short months are four letters long, or five with a dot
        return f"{when:%d/%m %H:%M}"
    month = _dated(when, "MMM", lang)
    return f"{when:%d} {month} {when:%H:%M}"


def weekday(day: date, lang: str) -> str:
    """``sam.``, ``Sat``: as wide as any other of its language, for tables."""
    return _dated(day, "EEE", lang)


def lately(when: datetime, lang: str, *, now: datetime) -> str:
    """``Fri 18:12``, or as ``moment`` says it where that day is a week ago or more."""
    if not timedelta(0) <= now - when < timedelta(days=6):
        return moment(when, lang)
    return f"{weekday(when, lang)} {when:%H:%M}"


def number(value: float, lang: str) -> str:
    """``1 234,5`` in French, ``1,234.5`` in English; two decimals at most."""
    if isinstance(value, int):
        grouped = f"{value:,}"
        return grouped.replace(",", _NARROW) if lang == "fr" else grouped
    from babel.numbers import format_decimal

    return format_decimal(value, "#,##0.##", locale=lang)


def percent(value: float, lang: str) -> str:
    """``11 %`` in French, ``11%`` in English, of a value counted in hundredths."""
    return number(value, lang) + (f"{_WIDE}%" if lang == "fr" else "%")


def money(value: float, currency: str, lang: str) -> str:
    """``1 234,50 €`` in French, ``€1,234.50`` in English."""
    from babel.numbers import format_currency

    return format_currency(value, currency, locale=lang)


def _dated(day: date, form: str, lang: str) -> str:
    from babel.dates import format_date

    return format_date(day, form, locale=lang)


def _dated_as(skeleton: str, day: date, lang: str) -> str:
    from babel.dates import format_skeleton

    return format_skeleton(skeleton, day, locale=lang)


def _first(said: str, day: date, lang: str) -> str:
    if lang != "fr" or day.day != 1:
        return said
    before, one, after = f" {said}".partition(" 1 ")
    return f"{before} 1er {after}".lstrip() if one else said
