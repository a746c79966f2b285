"""Reading a roster: a CSV of people, as spreadsheets really write it.

UTF-8 or UTF-16 with or without BOM, Windows-1252; commas, semicolons or tabs; French or
English headers in any case, or none. What was guessed is handed back to be shown, and
every line that cannot be used comes back with its reason: nothing is dropped in silence.

A column of addresses is known by its header, else by what it holds. What another tool
says of people who left there is heard: they are no readers of ours.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

from mailer.audience.address import address_key, read_address
from mailer.audience.sheet import Sheet, open_sheet, write_sheet
from mailer.audience.subscriber import Subscriber, Tier
from mailer.errors import InputError
from mailer.phrases import say

_EXPORTED = ("email", "name", "publication", "tier", "state", "since", "until")
_ONLY = "the only column"
_HEADERS = {  # the surest word first: an « Adresse » may be a street
    "email": """email e-mail mail courriel mel adresse-mail adresse-email
        adresse-e-mail adresse-electronique e-mail-address email-address adresse
        address""",
    "name": "nom-complet full-name nom-et-prenom prenom-nom destinataire name nom",
    "first_name": "first-name firstname prenom given-name",
    "last_name": "last-name lastname nom-de-famille surname family-name",
    "tier": "tier formule membre member abonnement offre plan niveau",
    "status": """statut status etat state subscription-status statut-d-abonnement
        etat-de-l-abonnement""",
    "until": """until expires expires-at expiry expiry-date end-date membre-jusqu-au
        valable-jusqu-au jusqu-au date-de-fin fin expire-le echeance expiration""",
}
_GUESSES = {
    header: (field, rank)
    for field, words in _HEADERS.items()
    for rank, header in enumerate(words.split())
}
_FAMILY_NAMES = frozenset({"name", "nom"})  # when they stand beside a first name
_MEMBER = frozenset(
    "member members membre membres oui yes true vrai 1 x paid payant premium".split()
)
_FREE = frozenset("free gratuit gratuite non no false faux 0 libre".split()) | {""}
_ACTIVE = frozenset(  # says that they read, not what
    """active actif active abonne abonnee inscrit inscrite subscribed confirmed confirme
    confirmee opted-in enabled valide""".split()
)
_GONE = frozenset(
    """left unsubscribed desabonne desabonnee desinscrit desinscrite inactive inactif
    resilie resiliee cancelled canceled cleaned bounced hard-bounced complained
    suppressed blocked bloque bloquee opted-out pending unconfirmed non-confirme
    non-confirmee en-attente disabled deleted supprime supprimee archived""".split()
)
_EUROPEAN = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")  # the day comes first
_GAPS = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_SAMPLE = 20  # lines that are looked at to see which column holds addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable line of a roster; ``line`` counts from 1, the header included."""

    line: int
    email: str
    name: str = ""
    tier: Tier = Tier.FREE
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A line that cannot be used, as it stands in the file, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A roster, read. ``columns`` maps our fields to the headers they were found under.

    Who stands in the file twice is in ``rows`` once; ``duplicates`` counts the rest.
    """

    columns: Mapping[str, str]
    encoding: str
    delimiter: str
    rows: tuple[Row, ...]
    invalid: tuple[Invalid, ...] = ()
    duplicates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFile:
    """A roster to be read line by line, as often as one likes.

    ``columns`` maps our fields to the headers they were found under.
    """

    sheet: Sheet
    columns: Mapping[str, str]
    places: Sequence[tuple[str, int]]
    has_header: bool

    def __iter__(self) -> Iterator[Row | Invalid]:
        """Every line that is not empty; InputError where the file is broken."""
        lines = self.sheet.records()
        for number, cells in islice(lines, int(self.has_header), None):
            try:
                yield _row(number, cells, self.places)
            except InputError as error:
                shown = self.sheet.delimiter.join(cells)[:200]
                yield Invalid(line=number, text=shown, reason=error.message)


def open_roster(
    source: BinaryIO, *, columns: Mapping[str, str] | None = None
) -> RosterFile:
    """A look at the CSV *source*; InputError if no column holds addresses.

    *source* can be sought in. *columns* says a field's header where the guess would be
    wrong.
    """
    for field in (columns or {}).keys() - _HEADERS.keys():
        message = say("a roster has no field {field}", field=field)
        raise InputError(
            message, hint=say("there are: {names}", names=", ".join(_HEADERS))
        )
    sheet = open_sheet(source)
    head = list(islice(sheet.records(), _SAMPLE + 1))
    if not head:
        message = say("the file is empty")
        raise InputError(message)
    has_header = not any(map(_is_address, head[0][1]))
    people = head[1:] if has_header else head  # without one, the first line is a person
    header = head[0][1] if has_header else _numbered(head)
    places = _places(header, columns or {}, [cells for _, cells in people])
    return RosterFile(
        sheet=sheet,
        columns={
            field: header[at] if len(header) > 1 or has_header else _ONLY
            for field, at in places
        },
        places=places,
        has_header=has_header,
    )


def read_roster(content: bytes, *, columns: Mapping[str, str] | None = None) -> Roster:
    """Everybody in the CSV *content* at once; InputError if that cannot be."""
    file = open_roster(io.BytesIO(content), columns=columns)
    rows: dict[str, Row] = {}
    invalid: list[Invalid] = []
    duplicates = 0
    for line in file:
        if isinstance(line, Invalid):
            invalid.append(line)
        elif rows.setdefault(address_key(line.email), line) is not line:
            duplicates += 1
    return Roster(
        columns=file.columns,
        encoding=file.sheet.encoding,
        delimiter=file.sheet.delimiter,
        rows=tuple(rows.values()),
        invalid=tuple(invalid),
        duplicates=duplicates,
    )


def write_roster(subscribers: Iterable[Subscriber]) -> str:
    """A CSV of *subscribers*, one line a subscription, harmless in a spreadsheet."""
    lines = [
        (
            person.email,
            person.name,
            taken.publication,
            taken.tier,
            taken.standing,
            taken.since.isoformat(),
            taken.until.isoformat() if taken.until else "",
        )
        for person in subscribers
        for taken in person.subscriptions
    ]
    return write_sheet([_EXPORTED, *lines])


def _places(
    header: Sequence[str], said: Mapping[str, str], people: Sequence[Sequence[str]]
) -> list[tuple[str, int]]:
    """Which field stands in which column, by *header*, or by what *people* have there."""
    wanted = {_plain(column): field for field, column in said.items()}
    found: list[tuple[int, int, str]] = []
    for at, column in enumerate(map(_plain, header)):
        if column in wanted:
            found.append((0, at, wanted[column]))
        elif column in _GUESSES and _GUESSES[column][0] not in said:
            found.append((_GUESSES[column][1], at, _GUESSES[column][0]))
    taken: dict[str, int] = {}
    for _, at, field in sorted(found):
        taken.setdefault(field, at)
    missing = [column for field, column in said.items() if field not in taken]
    if "name" in taken and "first_name" in taken:
        _settle_names(taken, header)
    holding = _holding_addresses(people)
    if "email" not in said and len(holding) == 1 and taken.get("email") not in holding:
        # What stands in a column is surer than its name: « Adresse » was a street.
        taken = {field: at for field, at in taken.items() if at != holding[0]}
        taken["email"] = holding[0]
    if "email" in taken and not missing:
        return sorted(taken.items(), key=lambda item: item[1])
    headers = ", ".join(cell or "(empty)" for cell in header[:12])
    message = (
        say("no column is called {names}", names=", ".join(missing))
        if missing
        else say("no column holds the addresses")
    )
    raise InputError(
        message,
        line=1,
        hint=say("the columns are: {headers}; say --column email=…", headers=headers),
    )


def _holding_addresses(people: Sequence[Sequence[str]]) -> list[int]:
    """The columns in which most of *people* have an address."""
    width = max(map(len, people), default=0)
    counts = [
        sum(at < len(cells) and _is_address(cells[at]) for cells in people)
        for at in range(width)
    ]
    return [at for at, count in enumerate(counts) if 2 * count > len(people)]


def _numbered(lines: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
    """Names for the columns of a file that has no header: ``1``, ``2`` and so on.

    Where only one column is filled (``a@x.example;``), it is the only one.
    """
    filled = [at for at, cell in enumerate(lines[0][1]) if cell]
    width = 1 if filled == [0] else len(lines[0][1])
    return [str(at + 1) for at in range(width)]


def _settle_names(taken: dict[str, int], first: Sequence[str]) -> None:
    """« Nom » beside « Prénom » is the family name; a full name says it all."""
    if _plain(first[taken["name"]]) in _FAMILY_NAMES:
        taken.setdefault("last_name", taken.pop("name"))
    else:
        taken.pop("first_name")
        taken.pop("last_name", None)


def _row(line: int, cells: Sequence[str], places: Sequence[tuple[str, int]]) -> Row:
    values = {field: cells[at] if at < len(cells) else "" for field, at in places}
    if not values["email"]:
        message = say("no address")
        raise InputError(message)
    names = (values.get("first_name"), values.get("last_name"), values.get("name"))
    name = _GAPS.sub(" ", " ".join([n for n in names if n]))
    tier = _tier(values.get("tier", ""), values.get("status", ""))
    return Row(
        line=line,
        email=read_address(values["email"]),
        name=unicodedata.normalize("NFC", name.strip())[:200],
        tier=tier,
        until=_day(values.get("until", "")) if tier is Tier.MEMBER else None,
    )


def _tier(word: str, status: str) -> Tier:
    """What they read; InputError if the file says that they do not.

    A status is a word of another tool, or of no meaning here: only what it says of
    having left, or of members, is heard.
    """
    known, standing = _plain(word), _plain(status)
    for said, plain in ((word, known), (status, standing)):
        if plain in _GONE:
            message = say("the file says that they do not read: {word}", word=said)
            raise InputError(message)
    if known in _MEMBER or (standing in _MEMBER and not known):
        return Tier.MEMBER
    if known in _FREE or known in _ACTIVE:
        return Tier.FREE
    message = say("neither free nor member: {word}", word=word)
    raise InputError(message)


def _day(text: str) -> date | None:
    """The last day of a membership; InputError if it is none that we can read."""
    if not text:
        return None
    try:
        if european := _EUROPEAN.fullmatch(text):
            day, month, year = map(int, european.groups())
            return date(year, month, day)
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        message = say("no date: {word}", word=text)
        raise InputError(message) from error


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except InputError:
        return False
    return True


@lru_cache(maxsize=1024)
def _plain(header: str) -> str:
    """A header without case, accents and punctuation: ``Adresse e-mail``, folded."""
    bare = unicodedata.normalize("NFKD", header.casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
