"""Reading a roster: a CSV of people, as spreadsheets really write it.

UTF-8 with or without BOM, UTF-16 with BOM, Windows-1252; commas, semicolons or tabs;
French or English headers in any case. What was guessed is handed back to be shown, and
every line that cannot be used comes back with its reason: nothing is dropped in silence.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.audience.address import address_key, read_address
from mailer.audience.subscriber import Subscriber, Tier
from mailer.errors import InputError
from mailer.phrases import say

_DELIMITERS = ";\t,"
_FIELD_LIMIT = 10_000  # a name or an address is short; more is a broken quote
_ONLY = "the only column"
_HEADERS = {  # the surest word first: an « Adresse » may be a street
    "email": """email e-mail mail courriel mel adresse-mail adresse-email
        adresse-e-mail adresse-electronique e-mail-address email-address adresse
        address""",
    "name": "nom-complet full-name nom-et-prenom prenom-nom destinataire name nom",
    "first_name": "first-name firstname prenom given-name",
    "last_name": "last-name lastname nom-de-famille surname family-name",
    "tier": "tier formule membre member abonnement offre plan niveau statut status",
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
_FORMULA = frozenset("=+-@\t\r")
_FREE = frozenset("free gratuit gratuite non no false faux 0 libre".split()) | {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable line of a roster; ``line`` counts from 1, the header included."""

    line: int
    email: str
    name: str = ""
    tier: Tier = Tier.FREE


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


def read_roster(content: bytes, *, columns: Mapping[str, str] | None = None) -> Roster:
    """Everybody in the CSV *content*; InputError if no column holds addresses.

    *columns* says a field's header where the guess would be wrong.
    """
    for field in (columns or {}).keys() - _HEADERS.keys():
        message = say("a roster has no field {field}", field=field)
        raise InputError(
            message, hint=say("there are: {names}", names=", ".join(_HEADERS))
        )
    text, encoding = _decode(content)
    delimiter = _delimiter(text)
    lines = _records(text, delimiter)
    first = next(lines, None)
    if first is None:
        message = say("the file is empty")
        raise InputError(message)
    places, header = _places(first[1], columns or {})
    if header is None:  # a bare list of addresses: its first line is a person
        lines = iter([first, *lines])
    rows: dict[str, Row] = {}
    invalid: list[Invalid] = []
    duplicates = 0
    for number, cells in lines:
        try:
            row = _row(number, cells, places)
        except InputError as error:
            shown = delimiter.join(cells)[:200]
            invalid.append(Invalid(line=number, text=shown, reason=error.message))
            continue
        if rows.setdefault(address_key(row.email), row) is not row:
            duplicates += 1
    return Roster(
        columns={field: header[at] if header else _ONLY for field, at in places},
        encoding=encoding,
        delimiter=delimiter,
        rows=tuple(rows.values()),
        invalid=tuple(invalid),
        duplicates=duplicates,
    )


def write_roster(subscribers: Iterable[Subscriber]) -> str:
    """A CSV of *subscribers*, one line a subscription, harmless in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["email", "name", "publication", "tier", "state", "since"])
    for person in subscribers:
        for taken in person.subscriptions:
            cells = (
                person.email,
                person.name,
                taken.publication,
                taken.tier,
                taken.standing,
                taken.since.isoformat(),
            )
            writer.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that begins like a formula is run by spreadsheets: quote it away."""
    return f"'{cell}" if cell[:1] in _FORMULA else cell


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").lstrip("\ufeff"), "UTF-16"
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; they must not stop the others.
        return content.decode("cp1252", "replace"), "Windows-1252"


def _delimiter(text: str) -> str:
    """The mark that splits the first line into the most cells."""
    head = re.split(r"[\r\n]", text.lstrip(" \r\n"), maxsplit=1)[0]
    bare = re.sub(r'"[^"]*"', "", head)  # « "Nom, prénom";"Courriel" »
    return max(_DELIMITERS, key=bare.count)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Non-empty records with the line each begins on."""
    csv.field_size_limit(_FIELD_LIMIT)
    source = io.StringIO(text.replace("\0", "�"), newline="")
    # Strict: a quotation mark left open would swallow people in silence.
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = say(
                "line {line}: {error}: is a quotation mark left open?",
                line=str(begins),
                error=error,
            )
            raise InputError(message) from error
        cells = [_unquoted(cell.strip()) for cell in cells]
        if any(cells) and not (begins == 1 and cells[0] == "sep="):  # Excel's own line
            yield begins, cells


def _unquoted(cell: str) -> str:
    """What ``_harmless`` quoted, as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def _places(
    first: Sequence[str], said: Mapping[str, str]
) -> tuple[list[tuple[str, int]], Sequence[str] | None]:
    """Which field stands in which column, and the header if the file has one."""
    wanted = {_plain(header): field for field, header in said.items()}
    found: list[tuple[int, int, str]] = []
    for at, header in enumerate(map(_plain, first)):
        if header in wanted:
            found.append((0, at, wanted[header]))
        elif header in _GUESSES and _GUESSES[header][0] not in said:
            found.append((_GUESSES[header][1], at, _GUESSES[header][0]))
    taken: dict[str, int] = {}
    for _, at, field in sorted(found):
        taken.setdefault(field, at)
    missing = [header for field, header in said.items() if field not in taken]
    if "name" in taken and "first_name" in taken:
        _settle_names(taken, first)
    if "email" in taken and not missing:
        return sorted(taken.items(), key=lambda item: item[1]), first
    filled = [at for at, cell in enumerate(first) if cell]
    if not missing and len(filled) == 1 and _is_address(first[filled[0]]):
        return [("email", filled[0])], None
    headers = ", ".join(cell or "(empty)" for cell in first[:12])
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
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", " ".join(n for n in names if n))
    return Row(
        line=line,
        email=read_address(values["email"]),
        name=unicodedata.normalize("NFC", name.strip())[:200],
        tier=_tier(values.get("tier", "")),
    )


def _tier(word: str) -> Tier:
    known = _plain(word)
    if known in _MEMBER:
        return Tier.MEMBER
    if known in _FREE:
        return Tier.FREE
    message = say("neither free nor member: {word}", word=word)
    raise InputError(message)


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except InputError:
        return False
    return True


def _plain(header: str) -> str:
    """A header without case, accents and punctuation: ``Adresse e-mail``, folded."""
    bare = unicodedata.normalize("NFKD", header.casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
