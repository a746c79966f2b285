"""A reader's own links and identifiers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.token import Purpose
from mailer.delivery.header import LINK
from mailer.delivery.reader import Addressing, Reader, address_reader
from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import InputError

PUBLIC = "https://lettres.example"
PUBLICATION = Publication(
    id="le-meridien",
    name="Le Méridien",
    sender="Le Méridien <lettre@meridien.example>",
    list_id="le-meridien.meridien.example",
    fallback_name="cher lecteur",
)
EDITION = Edition(
    at=Source("index.md", 1),
    publication="le-meridien",
    folder="2026-03-14-ports",
    slug="ports",
    title="Les ports se cherchent un cerveau",
    date=date(2026, 3, 14),
    number=118,
)
MESSAGE_ID = re.compile(r"<([\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*)@(.+)>")


class PlainKeyring:
    """Signs without a secret: the interface of the real one, and nothing of its worth."""

    def sign(self, purpose: Purpose, *parts: str) -> str:
        return hashlib.sha256(repr((purpose, parts)).encode()).hexdigest()[:32]

    def digest(self, label: str, text: str) -> str:
        return hashlib.sha256(f"{label}:{text}".encode()).hexdigest()[:20]


KEYRING = PlainKeyring()


@pytest.fixture
def keyring() -> PlainKeyring:
    return KEYRING


@pytest.fixture
def address(keyring):
    def with_values(**changes) -> Reader:
        values = {
            "subscriber": 7,
            "email": "renee@example.org",
            "name": "Renée",
            "publication": PUBLICATION,
            "edition": EDITION,
            "variant": Variant.FREE,
            "keyring": keyring,
            "public_url": PUBLIC,
        }
        return address_reader(**(values | changes))

    return with_values


def test_links_name_the_reader_and_the_publication(address, keyring) -> None:
    """One leaves, chooses and answers by links that nobody else has."""
    reader = address()
    leave = keyring.sign(Purpose.UNSUBSCRIBE, "le-meridien", "7")
    choose = keyring.sign(Purpose.PREFERENCES, "le-meridien", "7")
    vote = keyring.sign(Purpose.VOTE, "le-meridien", "7")
    assert reader.unsubscribe_url == f"{PUBLIC}/unsubscribe/{leave}"
    assert reader.one_click_url == reader.unsubscribe_url
    assert reader.preferences_url == f"{PUBLIC}/preferences/{choose}"
    assert reader.poll_url == f"{PUBLIC}/poll/le-meridien/ports/{vote}"
    assert reader.unsubscribe_mailto == (
        f"mailto:unsubscribe@meridien.example?subject=unsubscribe%20{leave}"
    )


def test_free_readers_share_a_page_and_members_bring_a_token(address, keyring) -> None:
    """The web version is open to all, and to members with what is theirs."""
    page = f"{PUBLIC}/archive/le-meridien/ports"
    read = keyring.sign(Purpose.WEB, "le-meridien", "7")
    assert address().web_url == page
    assert address(variant=Variant.MEMBER).web_url == f"{page}?m={read}"


def test_without_a_public_address_one_leaves_by_mail(address) -> None:
    """Where nothing is hosted no link is invented, and leaving works all the same."""
    reader = address(public_url=None)
    assert reader.unsubscribe_url == reader.unsubscribe_mailto
    assert reader.unsubscribe_url.startswith("mailto:unsubscribe@meridien.example?")
    assert (reader.one_click_url, reader.web_url) == ("", "")
    assert (reader.preferences_url, reader.poll_url) == ("", "")


def test_one_click_needs_https(address) -> None:
    """A page on plain http still takes who clicks, but no mail program's POST."""
    reader = address(public_url="http://localhost:8000/")
    assert reader.unsubscribe_url.startswith("http://localhost:8000/unsubscribe/")
    assert reader.one_click_url == ""


def test_leaving_by_mail_goes_where_the_publication_says(address) -> None:
    """An address for leaving, where one is set, replaces the usual one."""
    publication = replace(PUBLICATION, unsubscribe_to="partir+lm@example.net")
    mailto = address(publication=publication).unsubscribe_mailto
    assert mailto.startswith("mailto:partir+lm@example.net?subject=unsubscribe%20")


def test_an_edition_may_have_a_sender_of_its_own(address) -> None:
    """Message-ID and mailto follow the domain that the letter is from."""
    edition = replace(EDITION, sender="Claire <claire@ports.example>")
    reader = address(edition=edition)
    assert reader.message_id.endswith("@ports.example>")
    assert "unsubscribe@ports.example" in reader.unsubscribe_mailto


def test_the_message_id_stays_with_reader_and_edition(address) -> None:
    """A second copy can be told by it, whatever else has changed meanwhile."""
    first = address().message_id
    assert first == address(name="Someone", public_url=None).message_id
    changes = (
        {"subscriber": 8},
        {"edition": replace(EDITION, number=119)},
        {"variant": Variant.MEMBER},
        {"email": "paul@example.org"},
    )
    others = {address(**change).message_id for change in changes}
    assert len(others | {first}) == 5


@given(
    st.integers(0, 10**9),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
)
def test_the_message_id_is_a_dot_atom(subscriber, slug) -> None:
    """Whatever the edition is called, its Message-ID is legal ASCII."""
    reader = address_reader(
        subscriber=subscriber,
        email="renee@example.org",
        name="",
        publication=PUBLICATION,
        edition=replace(EDITION, number=None, slug=slug),
        variant=Variant.FREE,
        keyring=KEYRING,
        public_url=PUBLIC,
    )
    assert reader.message_id.isascii()
    found = MESSAGE_ID.fullmatch(reader.message_id)
    assert found
    assert found[3] == "meridien.example"


def test_a_reader_without_a_name_is_greeted_all_the_same(address) -> None:
    """The publication's word stands in the text; the To header claims no name."""
    reader = address(name=" \t")
    assert reader.name == ""
    assert reader.value("name") == "cher lecteur"
    assert address().value("name") == "Renée"


def test_a_poor_name_does_not_cost_the_letter(address) -> None:
    """Tabs, breaks and controls of an old import are taken out."""
    assert address(name="Renée\r\nBcc: x@y.example\0").name == "Renée Bcc: x@y.example"


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no address"},
        {"email": "renee@example.org>"},
        {"email": "renee\0@example.org"},
        {"email": "renee@example.org\r\nBcc: all@example.org"},
        {"name": "Renée\r\nBcc: all@example.org"},
        {"greeting": "a\0b"},
        {"message_id": "<a b@example.org>"},
        {"message_id": "a@example.org"},
        {"web_url": "https://lettres.example/a b"},
        {"unsubscribe_mailto": "mailto:a@example.org>"},
        {"one_click_url": "https://x.example/\r\nBcc: all@example.org"},
        {"poll_url": "https://x.example/" + "a" * 900},
        {"preferences_url": "https://x.example/é"},
    ],
)
def test_no_value_can_break_out_of_its_place(change) -> None:
    """What could end a header or a bracket is refused where the reader is made."""
    good = Reader(email="renee@example.org", message_id="<e118.7@meridien.example>")
    with pytest.raises(InputError):
        replace(good, **change)


@given(
    st.text(
        st.one_of(st.sampled_from(" <>\n\0é"), st.characters(codec="utf-8")),
        max_size=30,
    ),
    st.sampled_from(["web_url", "unsubscribe_mailto", "poll_url"]),
)
def test_a_quick_look_is_as_strict_as_a_long_one(text, link) -> None:
    """What is plain at first sight is what stands the check of every single value."""
    values = {"email": "renee@example.org", "message_id": "<a@example.org>", link: text}
    if LINK.fullmatch(text):
        assert getattr(Reader(**values), link) == text
    else:
        with pytest.raises(InputError):
            Reader(**values)


def test_a_run_addresses_as_one_reader_alone(address, keyring) -> None:
    """What is made once for all readers changes nothing for any of them."""
    addressing = Addressing(
        publication=PUBLICATION,
        edition=EDITION,
        variant=Variant.MEMBER,
        keyring=keyring,
        public_url=PUBLIC,
    )
    for subscriber, email in ((7, "renee@example.org"), (8, "paul@example.org")):
        alone = address(subscriber=subscriber, email=email, variant=Variant.MEMBER)
        among = addressing.reader(subscriber=subscriber, email=email, name="Renée")
        assert among == alone
