"""What people really upload: each of these files was once refused or misread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.audience.address import read_address
from mailer.audience.cells import Departure
from mailer.audience.exports import write_csv
from mailer.audience.roster import read_roster
from mailer.audience.subscriber import (
    Reason,
    Standing,
    Subscriber,
    Subscription,
    Tier,
)
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
        "Nom;Adresse;Adresse de courriel\nX;12, rue de la Paix;a@b.example\n",
        "Contact principal,Ville\na@b.example,Paris\n",
        "a@b.example,Anne\n",
        "Anne;a@b.example;membre\n",
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


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_without_its_mark(order: str) -> None:
    """Some tools leave the mark out; the NULs of every other byte say it as well."""
    roster = read_roster("Courriel;Prénom\na@b.example;Zoé\n".encode(order))
    assert (roster.encoding, roster.rows[0].name) == ("UTF-16", "Zoé")


def test_a_column_without_a_header_is_said_by_its_number() -> None:
    """Names are not guessed where nothing says that they are names."""
    text = b"a@b.example;Anne\nc@d.example;Paul\n"
    assert [row.name for row in read_roster(text).rows] == ["", ""]
    said = read_roster(text, columns={"name": "2"})
    assert [row.name for row in said.rows] == ["Anne", "Paul"]
    assert said.columns == {"email": "1", "name": "2"}


def test_two_columns_of_addresses_are_not_told_apart_by_chance() -> None:
    """Whose address is meant is for the operator to say."""
    text = b"Parrain;Filleul\na@b.example;c@d.example\n"
    with pytest.raises(InputError, match="no column holds the addresses"):
        read_roster(text)
    (row,) = read_roster(text, columns={"email": "Filleul"}).rows
    assert row.email == "c@d.example"


@pytest.mark.parametrize(
    ("header", "cell", "tier"),
    [
        ("Statut", "abonné", Tier.FREE),
        ("Statut", "Membre", Tier.MEMBER),
        ("Status", "Retired", Tier.FREE),
        ("Abonnement", "Actif", Tier.FREE),
        ("Abonnement", "payant", Tier.MEMBER),
        ("State", "subscribed", Tier.FREE),
    ],
)
def test_what_another_tool_says_of_a_reader_is_heard(
    header: str, cell: str, tier: Tier
) -> None:
    """A status that only says that they read says nothing about what."""
    roster = read_roster(f"Email;{header}\na@b.example;{cell}\n".encode())
    assert roster.invalid == ()
    assert [row.tier for row in roster.rows] == [tier]


@pytest.mark.parametrize("header", ["Statut", "status", "Abonnement", "Formule"])
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("désabonné", Reason.UNSUBSCRIBED),
        ("Unsubscribed", Reason.UNSUBSCRIBED),
        ("cleaned", Reason.BOUNCED),
        ("Complained", Reason.COMPLAINED),
        ("bloqué", Reason.MANUAL),
    ],
)
def test_who_left_elsewhere_is_no_reader_here(
    header: str, cell: str, reason: Reason
) -> None:
    """Another tool's list of everybody does not revive those who left it."""
    roster = read_roster(f"Email;{header}\na@b.example;{cell}\n".encode())
    assert roster.rows[0].gone == Departure(reason)
    assert roster.invalid == ()


@pytest.mark.parametrize("cell", ["inactif", "pending", "archived"])
def test_who_does_not_read_elsewhere_is_no_reader_here(cell: str) -> None:
    """That says neither that they left nor that they agreed."""
    roster = read_roster(f"Email;Statut\na@b.example;{cell}\n".encode())
    assert roster.rows == ()
    assert roster.invalid[0].reason == f"the file says that they do not read: {cell}"


def test_an_open_quotation_mark_swallows_nobody() -> None:
    """It is told with its line, rather than taking the next reader for a name."""
    with pytest.raises(InputError, match="quotation mark") as caught:
        read_roster(b'email;name\na@b.example;"open\nc@d.example;x\n')
    assert caught.value.line == 2


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
    (row,) = read_roster(
        write_csv(
            [person], barred={}, publication=None, day=taken.since.date()
        ).encode()
    ).rows
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
