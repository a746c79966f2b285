"""Words that no dictionary knows: which are asked about, which are told.

The dictionary is a port: whoever may read files looks the words of an edition up and
hands the answer over. Names are not told, nor what is foreign or technical by its looks;
a slip inside them is missed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mailer.edition.blocks import Source, plain
from mailer.edition.finding import warning
from mailer.edition.model import Author, Edition, Publication
from mailer.errors import Finding
from mailer.phrases import Phrase, say
from mailer.rendering.checks.passages import HIDDEN, Kind, Passage

RULE = "spelling"
_SHOWN = 3
_FEW = 30  # so many unknown words are an author's; more may be another language's
_LONGEST = 60  # letters
_QUOTED = 5  # words in italics
_NEAR = 40  # letters that tell whether a sentence begins

_LETTER = r"[^\W\d_][\u0300-\u036f\u00ad]*"
_JOINT = "’'\u2011-"
_WORD = re.compile(
    rf"(?<![\w@#&./·{_JOINT}{HIDDEN}\u0300-\u036f])"
    rf"(?>{_LETTER}(?:[{_JOINT}]?{_LETTER})*)"
    rf"(?![\w@/·\u2011{HIDDEN}-])(?!\.\w)"
)
_ELIDED = re.compile(
    r"(?i)(?:[cdjlmnst]|(?:jusq|lorsq|puisq|quoiq|q)u|entr|presqu)[’']"
)
_POSSESSIVE = re.compile(r"[’']s$")
_HYPHEN = re.compile("[-\u2011]")
_MEASURED = re.compile(r"\d\s*$")
_OPENING = " \u00a0\u202f\n«“‘\"'([—–-•"


class Speller(Protocol):
    """A dictionary of one language."""

    def knows(self, word: str) -> bool:
        """Whether *word* is spelt so."""

    def suggest(self, word: str) -> Sequence[str]:
        """What may have been meant, the likeliest first; nothing if it takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """What a dictionary said of an edition: unknown words, each with suggestions.

    ``trouble`` and ``way_out`` are filled where no dictionary could be asked.
    """

    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trouble: Phrase | None = None
    way_out: Phrase | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a passage; ``opens`` says that a sentence would give it its capital."""

    text: str
    passage: Passage
    start: int
    opens: bool

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.text[0].isupper()

    @property
    def is_name(self) -> bool:
        """A capital that no sentence gave it: ``GitHub``, ``d’Arvor``, ``EVP``."""
        inner = any(letter.isupper() for letter in self.text[1:])
        return inner or (self.is_capital and not self.opens)


def names_around(
    edition: Edition, publication: Publication, authors: Iterable[Author]
) -> frozenset[str]:
    """Words that are known because somebody or something here is called so."""
    said = [
        publication.name,
        publication.tagline,
        publication.kicker,
        *publication.flags,
        *publication.labels,
        *edition.tags,
        *(plain(section.strap) for section in edition.sections),
        *(author.name for author in authors),
    ]
    return frozenset(_key(part) for text in said for part in re.findall(r"\w+", text))


def look_up(
    passages: Sequence[Passage], *, lang: str, names: Iterable[str], speller: Speller
) -> Spelling:
    """What *speller* says of the words of *passages*, *names* being known."""
    words = list(_words(passages, lang=lang))
    called = {_key(name) for name in names}
    called |= {_key(word.text) for word in words if word.is_name}
    asked: dict[str, Word] = {}
    for word in words:
        if not word.is_name:
            asked.setdefault(_key(word.text), word)
            if not word.is_capital:  # a slip, wherever else it opens a sentence
                asked[_key(word.text)] = word
    unknown = [
        word
        for key, word in asked.items()
        if key not in called and not _is_known(word.text, called, speller)
    ]
    if len(unknown) > max(_FEW, len(asked) // 3):
        return Spelling(
            trouble=say(
                "{count} of {total} words are not in the dictionary of {lang}",
                count=len(unknown),
                total=len(asked),
                lang=lang,
            ),
            way_out=say("is the edition’s lang right?"),
        )
    found = {}
    for word in unknown:
        near = tuple(speller.suggest(word.text))[:_SHOWN]
        if not word.is_capital or any(_is_near(word.text, each) for each in near):
            found[_key(word.text)] = near
    return Spelling(unknown=found)


def check_spelling(
    passages: Sequence[Passage], spelling: Spelling, *, lang: str, at: Source
) -> Iterator[Finding]:
    """Findings about words that are in no dictionary, each told once; *at* is the whole."""
    if spelling.trouble is not None:
        yield warning("spelling", at, spelling.trouble, spelling.way_out or "")
        return
    told: set[str] = set()
    for word in _words(passages, lang=lang):
        key = _key(word.text)
        if key in told or key not in spelling.unknown:
            continue
        told.add(key)
        source, column = word.passage.at(word.start)
        message = say("not in the dictionary: “{word}”", word=word.text)
        hint = say("if it is right, a line in spelling.txt makes it known")
        if near := spelling.unknown[key]:
            hint = say(
                "perhaps {words}; if it is right, a line in spelling.txt makes it known",
                words=", ".join(near),
            )
        yield warning("spelling", source, message, hint, column=column)


def _words(passages: Sequence[Passage], *, lang: str) -> Iterator[Word]:
    """The words that are worth asking about, without what elides before them."""
    for passage in passages:
        titled = lang == "en" and passage.kind in {Kind.HEADING, Kind.HEAD}
        for match in _WORD.finditer(passage.text):
            start, said = match.start(), match[0]
            elided = _ELIDED.match(said) if lang == "fr" else None
            if elided and elided.end() < len(said):
                start, said = start + elided.end(), said[elided.end() :]
            elif lang == "en":
                said = _POSSESSIVE.sub("", said)
            if not 1 < len(said) <= _LONGEST or _is_quoted(passage, start):
                continue
            before = passage.text[max(0, start - _NEAR) : start]
            if len(said) <= 3 and _MEASURED.search(before):
                continue  # a unit: 12 kt, 3 dB
            text = unicodedata.normalize("NFC", said.replace("\u00ad", ""))
            opens = titled or (not elided and _opens(before))
            yield Word(text, passage, start, opens)


def _is_quoted(passage: Passage, start: int) -> bool:
    """A few words in italics: another language's, or a title; not a whole standfirst."""
    return 0 < len(passage.in_italics(start).split()) <= _QUOTED


def _opens(before: str) -> bool:
    """Whether a sentence begins after *before*."""
    bare = before.rstrip(_OPENING)
    return not bare or bare[-1] in f".!?…:{HIDDEN}"


def _is_known(word: str, called: set[str], speller: Speller) -> bool:
    """Whether it is known whole, or each part of a compound is."""
    straight = word.replace("’", "'").replace("\u2011", "-")
    curly = straight.replace("'", "’")
    if any(speller.knows(form) for form in dict.fromkeys((curly, straight))):
        return True
    parts = _HYPHEN.split(curly)
    return len(parts) > 1 and all(
        len(part) < 2 or _key(part) in called or speller.knows(part) for part in parts
    )


def _key(word: str) -> str:
    """What two spellings of one word share."""
    return unicodedata.normalize("NFC", word).casefold().replace("'", "’")


def _is_near(word: str, other: str) -> bool:
    """Whether one letter is added, lost or changed, or two have changed places."""
    one, two = _key(word), _key(other)
    while one and two and one[0] == two[0]:
        one, two = one[1:], two[1:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    return len(one) < 2 > len(two) or (len(one) == 2 and one == two[::-1])
