"""What people really upload: each of these files was once refused or misread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.audience.address import read_address
from mailer.audience.roster import read_roster, write_roster
from mailer.audience.subscriber import Standing, Subscriber, Subscription, Tier
from mailer.audience.token import Keyring, Purpose
from mailer.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "email\ra@b.example\r",
        "\n\nemail,name\na@b.example,X\n",
        "sep=;\r\nemail;name\r\na@b.example;X\r\n",
        '"Nom, prénom, titre";email\n"X, Y, Z";a@b.example\n',
        "a@b.example;\n",
        "Nom;Adresse;Ville;Email\nX;12, rue de la Paix;Paris;a@b.example\n",
    ],
)
def test_a_spreadsheet_is_read_however_it_was_saved(text: str) -> None:
    """Old line ends, Excel's own first line, blank lines, a street beside the mail."""
    roster = read_roster(text.encode())
    assert [row.email for row in roster.rows] == ["a@b.example"]
    assert roster.invalid == ()


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Prénom;Nom", "Jean;Dupont"),
        ("Nom;Prénom", "Dupont;Jean"),
        ("Nom complet;Prénom", "Jean Dupont;Jean"),
        ("Full name;First name;Last name", "Jean Dupont;Jean;Dupont"),
        ("First name;Last name;Name", "Jean;Dupont;J. D."),
    ],
)
def test_a_name_is_said_once(header: str, cells: str) -> None:
    """However many columns it is spread over."""
    roster = read_roster(f"Email;{header}\na@b.example;{cells}\n".encode())
    assert [row.name for row in roster.rows] == ["Jean Dupont"]


def test_an_open_quotation_mark_swallows_nobody() -> None:
    """It is told with its line, rather than taking the next reader for a name."""
    with pytest.raises(InputError, match=r"line 2.*quotation mark"):
        read_roster(b'email;name\na@b.example;"open\nc@d.example;x\n')


def test_an_unknown_field_is_told() -> None:
    """A column said for a field that does not exist is not left aside in silence."""
    with pytest.raises(InputError, match="no field mail"):
        read_roster(b"X;email\n1;a@b.example\n", columns={"mail": "X"})


def test_an_export_is_a_roster() -> None:
    """What is quoted against formulas comes back as it was."""
    taken = Subscription(
        publication="p",
        tier=Tier.MEMBER,
        standing=Standing.ACTIVE,
        since=datetime(2026, 3, 14, tzinfo=UTC),
    )
    person = Subscriber(
        id=1,
        email="+jean@b.example",
        name="=1+1",
        created=taken.since,
        subscriptions=(taken,),
    )
    (row,) = read_roster(write_roster([person]).encode()).rows
    assert (row.email, row.name, row.tier) == (person.email, person.name, Tier.MEMBER)


@pytest.mark.parametrize(
    "text", ["MAILTO:a@B.example", "mailto:a@b.example?subject=Bonjour"]
)
def test_a_link_to_write_is_an_address(text: str) -> None:
    """A copied link counts in any case, with its question left out."""
    assert read_address(text) == "a@b.example"


@pytest.mark.parametrize(
    "text",
    ["a" * 65 + "@b.example", "Je\x00an <a@b.example>", "a@" + "b." * 130 + "fr"],
)
def test_what_no_relay_takes_is_no_address(text: str) -> None:
    """Local parts and paths beyond RFC 5321's limits, control characters anywhere."""
    with pytest.raises(InputError):
        read_address(text)


@pytest.mark.parametrize("parts", [(), ("a\x1fb",)])
def test_no_token_reads_back_as_another(parts: tuple[str, ...]) -> None:
    """What would not come back as it was signed is not signed."""
    with pytest.raises(ValueError, match="U\\+001F"):
        Keyring([b"k" * 16]).sign(Purpose.WEB, *parts)
