"""Reading a segment as people write it.

::

    tier = member and domain in (orange.fr, wanadoo.fr) and not tag:presse
    joined < 2026-01-01 or (replies >= 3 and joined within 30 days)

``not`` binds closest, then ``and``, then ``or``; a name alone is a segment of the
settings, spelt out where it stands. What is read is a tree of ``segment`` and nothing
else: there is nothing in the language that could do anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import NoReturn

from mailer.audience.segment import (
    EVERYBODY,
    KEYWORDS,
    And,
    Count,
    Counted,
    Everybody,
    Has,
    Moment,
    Not,
    On,
    Or,
    Rule,
    Sign,
    Trait,
    Within,
)
from mailer.audience.subscriber import Tier
from mailer.audience.symbols import Symbol, symbols_of
from mailer.audience.tag import read_tag
from mailer.errors import InputError
from mailer.phrases import NOTHING, Phrase, did_you_mean, say

_SIGNS = {"==": "=", ":": "=", "<>": "!="}  # as other languages write them
_ALIASES = {"lang": "language", "publications": "publication", "tags": "tag"}
_SHORT: Mapping[str, Rule] = {
    str(tier): Has(Trait.TIER, (str(tier),)) for tier in Tier
} | {EVERYBODY: Everybody()}
"""What can be said without a field."""

_TRAITS, _MOMENTS = frozenset(map(str, Trait)), frozenset(map(str, Moment))
_FIELDS = _TRAITS | _MOMENTS | frozenset(map(str, Count))
RESERVED = KEYWORDS | _FIELDS | _SHORT.keys() | _ALIASES.keys()
"""What a segment cannot be called."""

_LANGUAGES = ("en", "fr")
_DOMAIN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_DAYS = {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7}
_LONGEST_TEXT = 4000  # characters, names spelt out
_DEEPEST = 20  # of brackets, negations and names inside one another
_MOST_VALUES = 200  # of all comparisons together: a database reads them as one tree
_MOST = 1_000_000_000  # what a database counts with
_MOST_DAYS = 36_500
_YEARS = range(1970, 9000)  # what a clock can say in every zone
_SHOWN = 30


def read_segment(
    text: str,
    *,
    named: Mapping[str, str] | None = None,
    publications: Collection[str] | None = None,
) -> Rule:
    """The rule that *text* says; InputError with the place, and what was expected.

    *named* are the segments that may be called by name; *publications* those there are,
    None where that is not to be judged.
    """
    reading = _Reading(text, named or {}, publications)
    rule = reading.alternatives(depth=0)
    reading.finish()
    return rule


def read_name(name: str) -> str:
    """*name*, which is no word of the language; InputError otherwise."""
    if name.casefold() in RESERVED:
        message = say("{name} is a word of the language of segments", name=name)
        raise InputError(message)
    return name


class _Reading:
    """One text, from left to right."""

    def __init__(
        self,
        text: str,
        named: Mapping[str, str],
        publications: Collection[str] | None,
        within: tuple[str, ...] = (),
        budget: list[int] | None = None,
    ) -> None:
        self._text = text
        self._named = named
        self._publications = publications
        self._within = within
        # Of all texts together: names that say names could grow without an end.
        self._budget = budget if budget is not None else [_LONGEST_TEXT, _MOST_VALUES]
        self._spend(0, len(text), 0)
        self._symbols = symbols_of(text)
        self._next = 0
        last = self._symbols[-1]
        if last.kind == "stray":
            message = (
                say("a quotation mark is left open")
                if last.text in "\"'"
                else say("{sign} means nothing here", sign=last.text)
            )
            self._fault(last.at, message)

    # -- the grammar, from the loosest bond to the closest

    def alternatives(self, *, depth: int) -> Rule:
        parts = [self._conjunction(depth)]
        while self._take_word("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def finish(self) -> None:
        if self._token.kind != "end":
            message = say("“and” or “or” is expected here")
            self._fault(self._token.at, message)

    def _conjunction(self, depth: int) -> Rule:
        parts = [self._negation(depth)]
        while self._take_word("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self, depth: int) -> Rule:
        at = self._token.at
        if depth > _DEEPEST:
            self._fault(at, say("nested more than {most} deep", most=_DEEPEST))
        if self._take_word("not"):
            return Not(self._negation(depth + 1))
        if self._take_mark("("):
            inner = self.alternatives(depth=depth + 1)
            if not self._take_mark(")"):
                self._fault(self._token.at, say("the bracket is not closed: “)”"))
            return inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Rule:
        token = self._take()
        if token.kind != "word" or token.text.casefold() in KEYWORDS - {EVERYBODY}:
            fields = ", ".join(sorted(_FIELDS))
            self._fault(
                token.at,
                say("a condition is expected: field = value"),
                say("fields: {names}", names=fields),
            )
        word = token.text.casefold()
        name = _ALIASES.get(word, word)
        if name not in _FIELDS:
            return self._name(token, depth)
        if self._take_word("within"):
            return self._recent(name, token)
        if self._take_word("not"):
            if not self._take_word("in"):
                self._fault(self._token.at, say("“in” is expected here"))
            return Not(self._one_of(name, token))
        if self._take_word("in"):
            return self._one_of(name, token)
        if self._token.kind != "sign":
            if name in _SHORT:
                return _SHORT[name]
            self._fault(
                self._token.at,
                say("after {field}, = or another sign is expected", field=name),
                say("signs: {names}", names="= != < <= > >= in within"),
            )
        sign = self._take()
        said = _SIGNS.get(sign.text, sign.text)
        if said == "!=":
            return Not(self._compared(name, Sign.EQUAL, sign))
        return self._compared(name, Sign(said), sign)

    def _name(self, token: Symbol, depth: int) -> Rule:
        """A segment called by its name, or one of the words that stand alone."""
        if self._token.kind == "sign" or self._is_word("in", "within"):
            message = say("there is no field {name}", name=token.text)
            self._fault(token.at, message, did_you_mean(token.text, _FIELDS))
        if (short := _SHORT.get(token.text.casefold())) is not None:
            return short
        if token.text not in self._named:
            message = say("there is no segment {name}", name=token.text)
            known = {*self._named, *_SHORT}
            self._fault(token.at, message, did_you_mean(token.text, known))
        if token.text in self._within or depth >= _DEEPEST:
            way = " → ".join((*self._within, token.text))
            self._fault(token.at, say("segments name one another: {way}", way=way))
        inner = _Reading(
            self._named[token.text],
            self._named,
            self._publications,
            (*self._within, token.text),
            self._budget,
        )
        rule = inner.alternatives(depth=depth + 1)
        inner.finish()
        return rule

    # -- what a field is compared with

    def _compared(self, name: str, sign: Sign, at: Symbol) -> Rule:
        if name in _TRAITS:
            if sign is not Sign.EQUAL:
                message = say("{field} has no order: use = or in", field=name)
                self._fault(at.at, message)
            return Has(Trait(name), (self._value(Trait(name)),))
        token = self._one_value()
        if name in _MOMENTS:
            return On(Moment(name), sign, self._day(token))
        return Counted(Count(name), sign, self._number(token))

    def _one_of(self, name: str, field: Symbol) -> Rule:
        if name not in _TRAITS:
            message = say("{field} is compared by a sign, not by “in”", field=name)
            self._fault(field.at, message)
        if not self._take_mark("("):
            self._fault(self._token.at, say("a list is expected: (one, two)"))
        values = [self._value(Trait(name))]
        while self._take_mark(","):
            values.append(self._value(Trait(name)))
        if not self._take_mark(")"):
            self._fault(self._token.at, say("the list is not closed: “)”"))
        return Has(Trait(name), tuple(dict.fromkeys(values)))

    def _recent(self, name: str, field: Symbol) -> Rule:
        if name not in _MOMENTS:
            names = ", ".join(Moment)
            message = say(
                "{field} is no day: “within” fits {names}", field=name, names=names
            )
            self._fault(field.at, message)
        token = self._one_value()
        match = re.fullmatch(r"(\d{1,6})([a-z]*)", token.text.casefold())
        unit = match[2] if match else ""
        if match and not unit and self._token.kind == "word":
            unit = self._take().text.casefold()
        days = int(match[1]) * _DAYS.get(unit, 0) if match else 0
        if not 0 < days <= _MOST_DAYS:
            self._fault(token.at, say("a number of days is expected: 30 days, 4 weeks"))
        return Within(Moment(name), days)

    def _value(self, trait: Trait) -> str:
        token = self._one_value()
        readers: Mapping[Trait, Callable[[Symbol], str]] = {
            Trait.TIER: lambda t: self._word_of(t, list(map(str, Tier))),
            Trait.LANGUAGE: lambda t: self._word_of(t, _LANGUAGES),
            Trait.PUBLICATION: self._publication,
            Trait.TAG: self._tag,
            Trait.DOMAIN: self._domain,
        }
        return readers[trait](token)

    def _word_of(self, token: Symbol, words: Collection[str]) -> str:
        word = token.text.casefold()
        if word not in words:
            message = say(
                "{value} is none of {names}", value=word, names=", ".join(words)
            )
            self._fault(token.at, message, did_you_mean(word, words))
        return word

    def _publication(self, token: Symbol) -> str:
        if self._publications is not None and token.text not in self._publications:
            message = say("no publication {name}", name=token.text)
            self._fault(token.at, message, did_you_mean(token.text, self._publications))
        return token.text

    def _tag(self, token: Symbol) -> str:
        try:
            return read_tag(token.text)
        except InputError as error:
            self._fault(token.at, error.message)

    def _domain(self, token: Symbol) -> str:
        domain = token.text.casefold().removeprefix("@")
        if not _DOMAIN.fullmatch(domain):
            try:
                domain = domain.encode("idna").decode()
            except UnicodeError:
                domain = ""
        if not _DOMAIN.fullmatch(domain):
            message = say("{value} is no domain", value=token.text)
            self._fault(token.at, message, say("orange.fr, or *.gouv.fr"))
        return domain

    def _day(self, token: Symbol) -> date:
        try:
            day = date.fromisoformat(token.text)
        except ValueError:
            day = date.min
        if day.year not in _YEARS:
            message = say(
                "{value} is no date: write it as 2026-03-14", value=token.text
            )
            self._fault(token.at, message)
        return day

    def _number(self, token: Symbol) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", token.text):
            message = say("{value} is no number", value=token.text)
            self._fault(token.at, message, say("0 and more"))
        return min(int(token.text), _MOST)

    # -- symbols

    @property
    def _token(self) -> Symbol:
        return self._symbols[self._next]

    def _take(self) -> Symbol:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _one_value(self) -> Symbol:
        token = self._take()
        is_keyword = token.kind == "word" and token.text.casefold() in KEYWORDS
        if token.kind not in {"word", "quoted"} or is_keyword:
            message = say("a value is expected here")
            self._fault(
                token.at, message, say("quote it if it is a word of the language")
            )
        self._spend(token.at, 0, 1)
        return token

    def _is_word(self, *words: str) -> bool:
        return self._token.kind == "word" and self._token.text.casefold() in words

    def _take_word(self, word: str) -> bool:
        found = self._is_word(word)
        if found:
            self._next += 1
        return found

    def _take_mark(self, mark: str) -> bool:
        found = self._token.kind == "mark" and self._token.text == mark
        if found:
            self._next += 1
        return found

    def _spend(self, at: int, characters: int, values: int) -> None:
        self._budget[0] -= characters
        self._budget[1] -= values
        if self._budget[0] < 0:
            message = say("longer than {most} characters", most=_LONGEST_TEXT)
            self._fault(at, message)
        if self._budget[1] < 0:
            self._fault(at, say("more than {most} values", most=_MOST_VALUES))

    def _fault(self, at: int, what: Phrase, hint: Phrase = NOTHING) -> NoReturn:
        rest = " ".join(self._text[at:].split())
        rest = f"{rest[:_SHOWN]}…" if len(rest) > _SHOWN else rest
        place = (
            say("character {at}, “{rest}”", at=str(at + 1), rest=rest)
            if rest
            else say("at the end of “{text}”", text=self._text.strip()[-_SHOWN:])
        )
        if self._within:
            place = say("segment {name}, {place}", name=self._within[-1], place=place)
        else:
            place = say("segment, {place}", place=place)
        raise InputError(say("{place}: {what}", place=place, what=what), hint=hint)
