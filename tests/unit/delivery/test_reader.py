"""What is one reader's own: tokens, Message-ID, name; and the links that tokens end."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.token import READERS_OWN, Keyring, Purpose
from mailer.delivery.header import LINK
from mailer.delivery.links import TOKENS, Link, Links, links_of
from mailer.delivery.reader import Addressing, Reader, address_reader
from mailer.edition.blocks import Source
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import InputError
from mailer.rendering.personalise import HOLE, hole

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


KEYRING = Keyring((b"k" * 32,))


@pytest.fixture
def address():
    def with_values(**changes) -> Reader:
        values = {
            "subscriber": 7,
            "email": "renee@example.org",
            "name": "Renée",
            "publication": PUBLICATION,
            "edition": EDITION,
            "variant": Variant.FREE,
            "keyring": KEYRING,
        }
        return address_reader(**(values | changes))

    return with_values


def links(
    publication: Publication = PUBLICATION,
    edition: Edition = EDITION,
    variant: Variant = Variant.FREE,
    public_url: str | None = PUBLIC,
) -> Links:
    return links_of(publication, edition, variant, public_url=public_url)


def test_a_readers_tokens_name_them_and_the_publication(address) -> None:
    """One leaves, chooses, reads and answers by what nobody else has."""
    reader = address()
    for placeholder, purpose in TOKENS.items():
        token = reader.value(placeholder)
        assert KEYRING.read(purpose, token) == ("le-meridien", "7")
        assert token == KEYRING.sign(purpose, "le-meridien", "7")
    assert tuple(TOKENS.values()) == READERS_OWN


def test_links_lead_to_their_pages() -> None:
    """Each link is where its page is, and ends in the token for it."""
    found = links()
    leave = Link(f"{PUBLIC}/unsubscribe/", Purpose.UNSUBSCRIBE)
    assert found.unsubscribe == found.one_click == leave
    assert found.preferences == Link(f"{PUBLIC}/preferences/", Purpose.PREFERENCES)
    assert found.poll == Link(f"{PUBLIC}/poll/le-meridien/ports/", Purpose.VOTE)
    assert found.mailto == Link(
        "mailto:unsubscribe@meridien.example?subject=unsubscribe%20",
        Purpose.UNSUBSCRIBE,
    )


def test_free_readers_share_a_page_and_members_bring_a_token() -> None:
    """The web version is open to all, and to members with what is theirs."""
    page = f"{PUBLIC}/archive/le-meridien/ports"
    assert links().web == Link(page)
    assert links(variant=Variant.MEMBER).web == Link(f"{page}?m=", Purpose.WEB)


def test_without_a_public_address_one_leaves_by_mail() -> None:
    """Where nothing is hosted no link is invented, and leaving works all the same."""
    found = links(public_url=None)
    assert found.unsubscribe == found.mailto
    assert found.unsubscribe.stem.startswith("mailto:unsubscribe@meridien.example?")
    assert found.one_click == found.web == found.preferences == found.poll == Link()


def test_one_click_needs_https() -> None:
    """A page on plain http still takes who clicks, but no mail program's POST."""
    found = links(public_url="http://localhost:8000/")
    assert found.unsubscribe.stem == "http://localhost:8000/unsubscribe/"
    assert found.one_click == Link()
    assert "List-Unsubscribe-Post" not in found.way_out


def test_leaving_by_mail_goes_where_the_publication_says() -> None:
    """An address for leaving, where one is set, replaces the usual one."""
    publication = replace(PUBLICATION, unsubscribe_to="partir+lm@example.net")
    mailto = links(publication=publication).mailto
    assert mailto.stem == "mailto:partir+lm@example.net?subject=unsubscribe%20"


def test_an_edition_may_have_a_sender_of_its_own(address) -> None:
    """Message-ID and mailto follow the domain that the letter is from."""
    edition = replace(EDITION, sender="Claire <claire@ports.example>")
    assert address(edition=edition).message_id.endswith("@ports.example>")
    assert "unsubscribe@ports.example" in links(edition=edition).mailto.stem


def test_the_message_id_stays_with_reader_and_edition(address) -> None:
    """A second copy can be told by it, whatever else has changed meanwhile."""
    first = address().message_id
    assert first == address(name="Someone").message_id
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
    "email",
    [
        "no address",
        "renee@example.org>",
        "renee\0@example.org",
        "renee@example.org\r\nBcc: all@example.org",
        "renee@example.org\u2028",
    ],
)
def test_no_address_can_break_out_of_its_place(address, email) -> None:
    """What could end a header, a command or a bracket is nobody's address."""
    with pytest.raises(InputError):
        address(email=email)


LINK_NAMES = ("web", "unsubscribe", "one_click", "mailto", "preferences", "poll")


@given(
    st.text(
        st.one_of(st.sampled_from(" <>\n\0é"), st.characters(codec="utf-8")),
        max_size=30,
    ),
    st.sampled_from(LINK_NAMES),
)
def test_no_link_can_break_out_of_its_place(stem, name) -> None:
    """What could end a header or a bracket is refused where the links are made."""
    if LINK.fullmatch(stem):
        assert getattr(Links(**{name: Link(stem)}), name).stem == stem
    else:
        with pytest.raises(InputError, match=name):
            Links(**{name: Link(stem)})


@pytest.mark.parametrize("name", LINK_NAMES)
def test_a_link_fits_on_a_line_with_any_token(name) -> None:
    """The longest link and the longest token are within 998 octets, brackets and all."""
    longest = KEYRING.sign(Purpose.WEB, "p" * 63, str(2**63 - 1))
    with pytest.raises(InputError):
        Links(**{name: Link("https://x.example/" + "a" * 800)})
    link = Link("https://x.example/" + "a" * 700, Purpose.UNSUBSCRIBE)
    way_out = replace(Links(one_click=link, mailto=link)).way_out
    rows = way_out.replace(hole("unsubscribe_token"), longest).split("\r\n")
    assert max(map(len, rows)) <= 900


@given(st.lists(st.sampled_from(["x", "{{", hole("name"), hole("web_url"), "&", "é"])))
def test_a_text_keeps_everything_but_its_links(parts) -> None:
    """Links are put in their places, escaped in HTML; nothing else is touched."""
    body = "".join(parts)
    link = Link("https://x.example/?a=1&m=", Purpose.WEB)
    escaped = "https://x.example/?a=1&amp;m="
    token = hole("web_token")
    found = Links(web=link).expand(body, escape=False)
    assert found == body.replace(hole("web_url"), f"{link.stem}{token}")
    assert Links(web=link).expand(body, escape=True) == (
        body.replace(hole("web_url"), f"{escaped}{token}")
    )
    assert set(HOLE.findall(found)) <= {"name", "web_token"}


def test_a_run_addresses_as_one_reader_alone(address) -> None:
    """What is made once for all readers changes nothing for any of them."""
    addressing = Addressing(
        publication=PUBLICATION,
        edition=EDITION,
        variant=Variant.MEMBER,
        keyring=KEYRING,
    )
    for subscriber, email in ((7, "renee@example.org"), (8, "paul@example.org")):
        alone = address(subscriber=subscriber, email=email, variant=Variant.MEMBER)
        among = addressing.reader(subscriber=subscriber, email=email, name="Renée")
        assert among == alone
