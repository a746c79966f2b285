"""Rosters as spreadsheets really write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.audience.exports import write_csv
from mailer.audience.roster import read_roster
from mailer.audience.subscriber import Standing, Subscriber, Subscription, Tier
from mailer.errors import InputError

ACCENTED = (
    "Nom;Prénom;Adresse e-mail;Formule\r\nDupont;Élise;elise@orange.example;Membre\r\n"
)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("cp1252", "Windows-1252"),
        ("utf-16", "UTF-16"),
    ],
)
def test_every_encoding_of_a_spreadsheet_is_read(encoding: str, named: str) -> None:
    """Accents arrive whole, whatever wrote the file."""
    roster = read_roster(ACCENTED.encode(encoding))
    assert roster.encoding == named
    (row,) = roster.rows
    assert (row.name, row.email, row.tier, row.line) == (
        "Élise Dupont",
        "elise@orange.example",
        Tier.MEMBER,
        2,
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    """Commas, semicolons and tabs are told apart."""
    text = f"email{delimiter}name\na@x.example{delimiter}A\n"
    roster = read_roster(text.encode())
    assert (roster.delimiter, roster.rows[0].name) == (delimiter, "A")
    assert roster.columns == {"email": "email", "name": "name"}


def test_a_bare_list_of_addresses_is_a_roster() -> None:
    """One column without a header is enough."""
    roster = read_roster(b"a@x.example\nb@x.example\n")
    assert [(r.line, r.email) for r in roster.rows] == [
        (1, "a@x.example"),
        (2, "b@x.example"),
    ]


def test_nothing_is_dropped_in_silence() -> None:
    """Every unusable line comes back with its number and reason."""
    text = (
        "email,name,tier\nnot an address,X,\n,Y,\na@x.example,Z,gold\n"
        'b@x.example,"two\nlines",free\nB@x.example,twice,\n\nc@x.example\n'
    )
    roster = read_roster(text.encode())
    assert [i.line for i in roster.invalid] == [2, 3, 4]
    assert "neither free nor member" in roster.invalid[2].reason
    assert [(r.line, r.email, r.name) for r in roster.rows] == [
        (5, "b@x.example", "two lines"),
        (9, "c@x.example", ""),
    ]
    assert roster.duplicates == 1


def test_a_column_can_be_said() -> None:
    """Where the guess would be wrong, the operator's word holds."""
    text = b"Contact;email\na@x.example;b@x.example\n"
    assert (
        read_roster(text, columns={"email": "contact"}).rows[0].email == "a@x.example"
    )
    with pytest.raises(InputError, match="no column is called Nope"):
        read_roster(text, columns={"email": "Nope"})


@pytest.mark.parametrize("content", [b"", b"\n\n", b"nom;ville\nX;Y\n"])
def test_a_file_without_addresses_is_refused(content: bytes) -> None:
    """What holds nobody says which columns it has."""
    with pytest.raises(InputError):
        read_roster(content)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No file makes the reader fail otherwise than by saying so."""
    try:
        roster = read_roster(b"email;name\n" + content)
    except InputError:
        return
    assert len({row.email for row in roster.rows}) == len(roster.rows)


def test_an_export_is_harmless_in_a_spreadsheet() -> None:
    """Cells that begin like a formula are quoted away, and it reads back."""
    now = datetime(2026, 3, 14, tzinfo=UTC)
    taken = Subscription(
        publication="p", tier=Tier.MEMBER, standing=Standing.ACTIVE, since=now
    )
    person = Subscriber(
        id=1,
        email="a@x.example",
        name="=HYPERLINK(1)",
        created=now,
        subscriptions=(taken,),
    )
    text = write_csv([person], barred={}, publication=None, day=now.date())
    assert '"\'=HYPERLINK(1)"' in text
    assert read_roster(text.encode()).rows[0].tier is Tier.MEMBER


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("2027-01-31T09:00:00+01:00", date(2027, 1, 31)),
        ("31/01/2027", date(2027, 1, 31)),
        ("1.2.2027", date(2027, 2, 1)),
        ("", None),
    ],
)
def test_a_membership_may_have_a_last_day(written: str, read: date | None) -> None:
    """As programs write it, or as Europe does; a free reader has none."""
    lines = f"email;formule;valable jusqu'au\nm@x.example;membre;{written}\nf@x.example;gratuit;{written}\n"
    member, free = read_roster(lines.encode()).rows
    assert (member.until, free.until) == (read, None)


def test_a_last_day_that_is_none_is_told() -> None:
    """Rather than a membership for ever."""
    (invalid,) = read_roster(b"email,tier,until\na@x.example,member,soon\n").invalid
    assert str(invalid.reason) == "no date: soon"
