"""Reading a roster: a CSV of people, as spreadsheets really write it.

UTF-8 or UTF-16 with or without BOM, Windows-1252; commas, semicolons or tabs; French or
English headers in any case, or none. What was guessed is handed back to be shown, and
every line that cannot be used comes back with its reason: nothing is dropped in silence.

A column of addresses is known by its header, else by what it holds. What another tool
says of people who left there is heard: they are no readers of ours.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

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
    "tier": "tier formule membre member abonnement offre plan niveau",
    "status": """statut status etat state subscription-status statut-d-abonnement
        etat-de-l-abonnement""",
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
_SAMPLE = 20  # lines that are looked at to see which column holds addresses


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
    head = list(islice(lines, _SAMPLE + 1))
    if not head:
        message = say("the file is empty")
        raise InputError(message)
    has_header = not any(map(_is_address, head[0][1]))
    people = head[1:] if has_header else head  # without one, the first line is a person
    header = head[0][1] if has_header else _numbered(head)
    places = _places(header, columns or {}, [cells for _, cells in people])
    lines = chain(people, lines)
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
        columns={
            field: header[at] if len(header) > 1 or has_header else _ONLY
            for field, at in places
        },
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
    low, high = content[:400:2].count(0), content[1:400:2].count(0)
    if 3 * (low + high) > len(content[:400]):
        # Half of an ASCII text in UTF-16 is NUL, and no text has one otherwise.
        order = "utf-16-le" if high > low else "utf-16-be"
        return content.decode(order, "replace"), "UTF-16"
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
            message = say("{error}: is a quotation mark left open?", error=error)
            raise InputError(message, line=begins) from error
        cells = [_unquoted(cell.strip()) for cell in cells]
        if any(cells) and not (begins == 1 and cells[0] == "sep="):  # Excel's own line
            yield begins, cells


def _unquoted(cell: str) -> str:
    """What ``_harmless`` quoted, as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


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
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", " ".join(n for n in names if n))
    return Row(
        line=line,
        email=read_address(values["email"]),
        name=unicodedata.normalize("NFC", name.strip())[:200],
        tier=_tier(values.get("tier", ""), values.get("status", "")),
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
