"""Reading a roster: a CSV of people, as spreadsheets really write it.

UTF-8 or UTF-16 with or without BOM, Windows-1252; commas, semicolons or tabs; French or
English headers in any case, or none. What was guessed is handed back to be shown, and
every line that cannot be used comes back with its reason: nothing is dropped in silence.

A column of addresses is known by its header, else by what it holds. The exports of other
tools are known by theirs (``tools``). What they say of people who left there is heard.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import BinaryIO

from mailer.audience.address import address_key, read_address
from mailer.audience.cells import (
    Departure,
    day_of,
    departure_of,
    evidence_of,
    language_of,
    moment_of,
    name_of,
    plain,
    tags_of,
    tier_of,
    unfolded,
)
from mailer.audience.sheet import Sheet, open_sheet
from mailer.audience.subscriber import Tier
from mailer.audience.tools import Tool, recognised, tool_called
from mailer.errors import InputError
from mailer.phrases import say

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
    "joined": """created-at created joined since subscribed-at subscription-date
        date-d-inscription date-inscription inscrit-le inscription date-d-abonnement
        abonne-depuis date-de-creation date-creation cree-le date-added""",
    "lang": "lang language langue locale preferred-language",
    "tags": "tags tag labels etiquettes mots-cles groupes groups",
    "reads": "subscribed subscribed-to-emails abonne inscrit opt-in optin",
    "gone_at": """unsubscribed-at unsub-time date-de-desabonnement desabonne-le
        date-de-desinscription desinscrit-le""",
    "bounced_at": "bounced-at clean-time cleaned-at",
    "until": """until expires expires-at expiry expiry-date end-date membre-jusqu-au
        valable-jusqu-au jusqu-au date-de-fin fin expire-le echeance expiration
        expiration-date""",
}
_GUESSES = {
    header: (field, rank)
    for field, words in _HEADERS.items()
    for rank, header in enumerate(words.split())
}
FIELDS = frozenset(_HEADERS)
NO_COLUMN = "-"
"""Said of a field that no column is to be taken for."""

_FAMILY_NAMES = frozenset({"name", "nom"})  # when they stand beside a first name
_SAMPLE = 20  # lines that are looked at to see which column holds addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable line of a roster; ``line`` counts from 1, the header included.

    ``joined`` and ``evidence`` are what the file knows of how they agreed. ``gone`` says
    that they are written to no more where it comes from: a row to remember, no reader.
    """

    line: int
    email: str
    name: str = ""
    tier: Tier = Tier.FREE
    until: date | None = None
    joined: datetime | None = None
    lang: str = ""
    tags: tuple[str, ...] = ()
    evidence: str = ""
    gone: Departure | None = None


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

    ``columns`` maps our fields to the headers they were found under; ``tool`` wrote it,
    if it is one we know.
    """

    sheet: Sheet
    columns: Mapping[str, str]
    places: Sequence[tuple[str, int]]
    has_header: bool
    tool: Tool | None = None
    publication: str | None = None

    def __iter__(self) -> Iterator[Row | Invalid]:
        """Every line that is not empty; InputError where the file is broken."""
        lines = self.sheet.records()
        for number, cells in islice(lines, int(self.has_header), None):
            try:
                yield self._row(number, cells)
            except InputError as error:
                shown = self.sheet.delimiter.join(cells)[:200]
                yield Invalid(line=number, text=shown, reason=error.message)

    def _row(self, line: int, cells: Sequence[str]) -> Row:
        values: dict[str, str] = {}
        for field, at in self.places:
            if at < len(cells) and cells[at]:
                values.setdefault(field, cells[at])
        if "email" not in values:
            message = say("no address")
            raise InputError(message)
        paper = values.get("publication")
        if paper and self.publication and paper != self.publication:
            message = say("of another publication: {name}", name=paper)
            raise InputError(message)
        values = unfolded(values)
        gone = departure_of(values, self.tool.left if self.tool else ())
        # What somebody read who left is of no interest, and no reason to refuse a line.
        tier = Tier.FREE if gone else tier_of(values)
        return Row(
            line=line,
            email=read_address(values["email"]),
            name=name_of(values),
            tier=tier,
            until=day_of(values.get("until", "")) if tier is Tier.MEMBER else None,
            joined=moment_of(values.get("joined", "")),
            lang=language_of(values),
            tags=tags_of(values),
            evidence=evidence_of(values, self.tool.title if self.tool else ""),
            gone=gone,
        )


def open_roster(
    source: BinaryIO,
    *,
    columns: Mapping[str, str] | None = None,
    tool: str | None = None,
    publication: str | None = None,
) -> RosterFile:
    """A look at the CSV *source*; InputError if no column holds addresses.

    *source* can be sought in. *columns* says a field's header where the guess would be
    wrong, ``-`` that it has none; *tool* says who wrote it. Of a file that names
    publications only the lines of *publication* are read.
    """
    for field in (columns or {}).keys() - FIELDS:
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
    written_by = _writer(header, tool)
    places = _places(header, columns or {}, [cells for _, cells in people], written_by)
    found: dict[str, str] = {}
    for field, at in places:
        called = header[at] if len(header) > 1 or has_header else _ONLY
        found[field] = f"{found[field]} / {called}" if field in found else called
    return RosterFile(
        sheet=sheet,
        columns=found,
        places=places,
        has_header=has_header,
        tool=written_by,
        publication=publication,
    )


def read_roster(
    content: bytes,
    *,
    columns: Mapping[str, str] | None = None,
    tool: str | None = None,
) -> Roster:
    """Everybody in the CSV *content* at once; InputError if that cannot be."""
    file = open_roster(io.BytesIO(content), columns=columns, tool=tool)
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


def _writer(header: Sequence[str], name: str | None) -> Tool | None:
    """The tool called *name*, or the one that the *header* is known by."""
    there = [plain(column) for column in header]
    if name is None:
        return recognised(there)
    tool = tool_called(name)
    if missing := sorted(set(tool.fields["email"]) - set(there)):
        message = say(
            "this is no export of {tool}: it has no column {names}",
            tool=tool.title,
            names=", ".join(missing),
        )
        raise InputError(message, line=1)
    return tool


def _places(
    header: Sequence[str],
    said: Mapping[str, str],
    people: Sequence[Sequence[str]],
    tool: Tool | None,
) -> list[tuple[str, int]]:
    """Which field stands in which column, by *header*, or by what *people* have there.

    The operator's word first, then what is known of the *tool*, then a guess.
    """
    known = _known_places(header, tool, said)
    taken = _guessed_places(header, said, tool, {field for field, _ in known})
    none = {field for field, column in said.items() if column == NO_COLUMN}
    missing = [c for field, c in said.items() if field not in {*taken, *none}]
    if "name" in taken and "first_name" in taken:
        _settle_names(taken, header)
    has_email = "email" in taken or any(field == "email" for field, _ in known)
    holding = _holding_addresses(people)
    if (
        not known
        and "email" not in said
        and len(holding) == 1
        and taken.get("email") not in holding
    ):
        # What stands in a column is surer than its name: « Adresse » was a street.
        taken = {field: at for field, at in taken.items() if at != holding[0]}
        taken["email"] = holding[0]
        has_email = True
    if has_email and not missing:
        return [*known, *sorted(taken.items(), key=lambda item: item[1])]
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


def _known_places(
    header: Sequence[str], tool: Tool | None, said: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Where the *tool* has each field; one that stands in several, the surest first."""
    if tool is None:
        return []
    there: dict[str, int] = {}
    for at, column in enumerate(map(plain, header)):
        there.setdefault(column, at)
    return [
        (field, there[column])
        for field, columns in tool.fields.items()
        if field not in said
        for column in columns
        if column in there
    ]


def _guessed_places(
    header: Sequence[str],
    said: Mapping[str, str],
    tool: Tool | None,
    known: Collection[str],
) -> dict[str, int]:
    """What the operator *said*, and for the rest what a column's name suggests."""
    wanted = {plain(column): field for field, column in said.items()}
    theirs = {c for columns in tool.fields.values() for c in columns} if tool else set()
    ignored = theirs | tool.ignored if tool else theirs
    found: list[tuple[int, int, str]] = []
    for at, column in enumerate(map(plain, header)):
        if column and column in wanted:
            found.append((0, at, wanted[column]))
        elif column in _GUESSES and column not in ignored:
            rank, field = _GUESSES[column][1], _GUESSES[column][0]
            if field not in said and field not in known:
                found.append((rank, at, field))
    taken: dict[str, int] = {}
    for _, at, field in sorted(found):
        taken.setdefault(field, at)
    return taken


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
    if plain(first[taken["name"]]) in _FAMILY_NAMES:
        taken.setdefault("last_name", taken.pop("name"))
    else:
        taken.pop("first_name")
        taken.pop("last_name", None)


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except InputError:
        return False
    return True
