"""The message as it goes over the wire, with the standard library as its judge."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.audience.token import Purpose
from mailer.delivery.links import Link, Links
from mailer.delivery.message import Letterhead, compile_message, feedback_id
from mailer.delivery.reader import Reader
from mailer.edition.model import Variant
from mailer.errors import InputError
from mailer.rendering.model import Picture, Rendering
from mailer.rendering.personalise import NAMES, fill, hole

HEADERS = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Archive",
    "Feedback-ID",
    "Precedence",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Language",
    "Content-Type",
]
LETTERHEAD = Letterhead(
    sender="Le Méridien <lettre@meridien.example>",
    reply_to="redaction@meridien.example",
    list_id="le-meridien.meridien.example",
    list_name="Le Méridien",
    date=datetime(2026, 3, 14, 6, 0, tzinfo=UTC),
    archive_url="https://lettres.example/archive/le-meridien",
    feedback_id="118:le-meridien:newsletter:meridienexample",
)
RENDERING = Rendering(
    variant=Variant.FREE,
    lang="fr",
    subject="Les ports se cherchent un cerveau",
    preheader="",
    html='<html lang="fr"><p>Bonjour {{ name }} !</p>\n'
    '<a href="{{ unsubscribe_url }}">Se désabonner</a></html>\n',
    text="Bonjour {{ name }} !\n.\nSe désabonner : {{ unsubscribe_url }}\n",
)
LEAVE = Link("https://lettres.example/unsubscribe/" + "k=7." * 30, Purpose.UNSUBSCRIBE)
MAILTO = "mailto:unsubscribe@meridien.example?subject=unsubscribe%20"
LINKS = Links(
    web=Link("https://lettres.example/archive/le-meridien/ports"),
    unsubscribe=LEAVE,
    one_click=LEAVE,
    mailto=Link(MAILTO, Purpose.UNSUBSCRIBE),
    preferences=Link("https://lettres.example/preferences/", Purpose.PREFERENCES),
    poll=Link("https://lettres.example/poll/le-meridien/ports/", Purpose.VOTE),
)
READER = Reader(
    email="renee@example.org",
    name="Renée",
    message_id="<e118.4f2a@meridien.example>",
    unsubscribe_token="kA-7_",
    preferences_token="kB-" + "7_" * 60,
    web_token="kC",
    vote_token="kD",
)
PICTURE = Picture(
    name="auteurs/clairé \r\n.png",
    src="cid:4f2a9c",
    content=bytes(range(256)) * 20,
    media_type="image/png",
    width=64,
    height=64,
    shown_width=32,
)

# Spaces in odd places are left out: no judge agrees with another on them.
WORDS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from('=?_".,:;<>()@\\é\u2019🧀'),
            st.characters(exclude_categories=["C", "Z"]),
        ),
        min_size=1,
        max_size=12,
    ),
    max_size=6,
).map(" ".join)
BODIES = st.lists(
    st.one_of(
        st.sampled_from([hole(name) for name in NAMES]),
        st.sampled_from(["\n", ".", "\n.\n", " \n", "From ", "=", "&amp;", "\u202f"]),
        st.text(st.characters(exclude_categories=["C"]), max_size=90),
    ),
    max_size=20,
).map("".join)
ADDRESSES = st.builds(
    Link,
    st.from_regex(r"https://[!-;=?-z|~]{1,200}", fullmatch=True),
    st.sampled_from([None, Purpose.WEB]),
)


def write(
    rendering: Rendering = RENDERING,
    letterhead: Letterhead = LETTERHEAD,
    reader: Reader = READER,
    links: Links = LINKS,
) -> bytes:
    return compile_message(rendering, letterhead, links).write(reader)


def parse(wire: bytes) -> EmailMessage:
    return email.message_from_bytes(wire, policy=email.policy.default)


def display_name(wire: bytes, header: str) -> str:
    """The name in front of an address, by the older parser: see ``test_header``."""
    name, _ = parseaddr(email.message_from_bytes(wire)[header])
    return str(make_header(decode_header(name)))


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part.defects == []
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def check_wire(wire: bytes) -> None:
    """Nothing is left for a transport to mend."""
    assert wire.isascii()
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    head, _, rest = wire.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, rest.split(b"\r\n"))) <= 76
    assert not any(row.startswith(b".") for row in wire.split(b"\r\n"))
    assert wire.endswith(b"--\r\n" if b"multipart/" in wire else b"\r\n")


def filled(
    body: str, reader: Reader = READER, links: Links = LINKS, *, escape: bool
) -> str:
    values = {
        "name": reader.value("name"),
        "email": reader.email,
        "web_url": links.web.of(reader.web_token),
        "unsubscribe_url": links.unsubscribe.of(reader.unsubscribe_token),
        "preferences_url": links.preferences.of(reader.preferences_token),
        "poll_url": links.poll.of(reader.vote_token),
    }
    text = fill(body, values, escape=escape)
    return text if body.endswith("\n") else text + "\n"


@settings(max_examples=60)
@given(WORDS, WORDS, WORDS, st.emails())
def test_headers_say_what_was_written_and_nothing_else(subject, name, sender, to):
    """For any words the set of headers is ours, and each decodes to its value."""
    letterhead = replace(
        LETTERHEAD, sender=f'"{sender.translate(QUOTED)}" <l@m.example>'
    )
    reader = replace(READER, name=name, email=to)
    wire = write(replace(RENDERING, subject=subject), letterhead, reader)
    check_wire(wire)
    message = parse(wire)
    assert message.keys() == HEADERS
    assert message["Subject"] == subject
    assert message["To"].addresses[0].addr_spec == to
    assert message["From"].addresses[0].addr_spec == "l@m.example"
    assert display_name(wire, "To") == name
    assert display_name(wire, "From") == sender


QUOTED = str.maketrans({'"': '\\"', "\\": "\\\\"})


@settings(max_examples=60)
@given(BODIES, BODIES, WORDS, ADDRESSES)
@example("{{ name }}", "{{ name }}{{ name }}", "", Link("https://x.example/?a=1&b="))
@example("", "", "<b>&", Link("https://x.example/", Purpose.WEB))
def test_both_parts_read_as_they_were_filled(html, text, name, link):
    """Values are escaped in HTML and raw in text, and every octet of the rest is kept.

    Where there is no HTML, for who reads plain text, there is no part for it either.
    """
    reader = replace(READER, name=name)
    links = replace(LINKS, web=link)
    wire = write(replace(RENDERING, html=html, text=text), reader=reader, links=links)
    check_wire(wire)
    message = parse(wire)
    assert body(message, "plain") == filled(text, reader, links, escape=False)
    if html:
        assert body(message, "html") == filled(html, reader, links, escape=True)
    else:
        assert message.get_content_type() == "text/plain"


@settings(max_examples=40)
@given(st.text(max_size=20), st.sampled_from("\r\n\0\x85\u2028"), WORDS)
def test_no_header_can_be_smuggled_in(before, control, after):
    """A line break in anything that becomes a header is refused before it is written."""
    poison = f"{before}{control}{after}"
    attacks = (
        lambda: replace(LETTERHEAD, sender=f"{poison} <l@m.example>"),
        lambda: replace(LETTERHEAD, reply_to=f"{poison} <l@m.example>"),
        lambda: replace(LETTERHEAD, list_name=poison),
        lambda: replace(LETTERHEAD, list_id=f"{poison}.example"),
        lambda: replace(LETTERHEAD, archive_url=f"https://{poison}"),
        lambda: replace(LETTERHEAD, feedback_id=f"1:2:{poison}:abcde"),
        lambda: replace(LETTERHEAD, return_path=f"{poison}@m.example"),
        lambda: replace(LETTERHEAD, subject_prefix=poison),
        lambda: write(replace(RENDERING, subject=poison)),
        lambda: write(replace(RENDERING, subject=poison + " {{ name }}")),
        lambda: write(replace(RENDERING, lang=poison)),
        lambda: write(reader=replace(READER, message_id=f"<{poison}@x.example>")),
        lambda: write(reader=replace(READER, name=poison)),
        lambda: write(reader=replace(READER, unsubscribe_token=poison)),
    )
    for attack in attacks:
        with pytest.raises(InputError):
            attack()


def test_a_mail_program_finds_the_way_out() -> None:
    """One click first, raw and whole, then mail; and the promise that goes with it."""
    wire = write().decode()
    way = LEAVE.of("kA-7_")
    assert f"\r\nList-Unsubscribe: <{way}>,\r\n <{MAILTO}kA-7_>\r\n" in wire
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in wire


def test_one_click_is_not_promised_where_nothing_takes_it() -> None:
    """Without an https address one leaves by mail, and no Post header stands there."""
    message = parse(write(links=replace(LINKS, one_click=Link())))
    assert message["List-Unsubscribe"] == f"<{MAILTO}kA-7_>"
    assert "List-Unsubscribe-Post" not in message


def test_a_message_without_links_has_no_empty_header() -> None:
    """A trial message that nobody can leave says nothing about leaving."""
    reader = Reader(email="a@example.org", message_id="<a@example.org>")
    message = parse(write(reader=reader, links=Links()))
    assert "List-Unsubscribe" not in message
    assert message["To"].addresses[0].addr_spec == "a@example.org"


@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("renee@été.example", b"<renee@xn--t-9fab.example>"),
        ("ren\u00e9e@example.org", b"undisclosed-recipients:;"),
    ],
)
def test_an_address_beyond_ascii_spoils_no_message(address, to) -> None:
    """Domains travel as A-labels; what needs SMTPUTF8 is left to the envelope."""
    wire = write(reader=replace(READER, email=address, name=""))
    check_wire(wire)
    assert b"\r\nTo: " + to + b"\r\n" in wire


def test_headers_are_what_providers_ask_for() -> None:
    """The machine-read headers stand on the wire as they are."""
    head = write().decode().partition("\r\n\r\n")[0].split("\r\n")
    assert "From: =?utf-8?q?Le_M=C3=A9ridien?= <lettre@meridien.example>" in head
    assert "Reply-To: <redaction@meridien.example>" in head
    assert "Date: Sat, 14 Mar 2026 06:00:00 +0000" in head
    assert "Message-ID: <e118.4f2a@meridien.example>" in head
    assert (
        "List-Id: =?utf-8?q?Le_M=C3=A9ridien?= <le-meridien.meridien.example>" in head
    )
    assert "List-Archive: <https://lettres.example/archive/le-meridien>" in head
    assert "Feedback-ID: 118:le-meridien:newsletter:meridienexample" in head
    assert "Precedence: bulk" in head
    assert "Auto-Submitted: auto-generated" in head
    assert "Content-Language: fr" in head


def test_what_the_letterhead_lacks_is_not_written() -> None:
    """No archive, no Feedback-ID, no other address for answers: no header."""
    bare = replace(LETTERHEAD, archive_url="", feedback_id="", reply_to="")
    keys = parse(write(letterhead=bare)).keys()
    assert set(HEADERS) - set(keys) == {"Reply-To", "List-Archive", "Feedback-ID"}


def test_a_subject_may_name_the_reader() -> None:
    """The name stands in the subject, encoded as it needs; a proof is marked."""
    rendering = replace(RENDERING, subject="{{ name }}, les ports se cherchent")
    letterhead = replace(LETTERHEAD, subject_prefix="[BAT]")
    template = compile_message(rendering, letterhead, LINKS)
    unknown = replace(READER, name="", greeting="Cher lecteur")
    assert parse(template.write(READER))["Subject"] == (
        "[BAT] Renée, les ports se cherchent"
    )
    assert parse(template.write(unknown))["Subject"] == (
        "[BAT] Cher lecteur, les ports se cherchent"
    )


def test_text_comes_first_and_the_richest_part_last() -> None:
    """Programs that show HTML take the last part that they know."""
    message = parse(write())
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_inline_pictures_travel_with_the_html() -> None:
    """A picture comes whole, under the Content-ID that the HTML shows."""
    hosted = replace(PICTURE, src="https://lettres.example/media/4f2a9c.png")
    wire = write(replace(RENDERING, pictures=(PICTURE, hosted)))
    check_wire(wire)
    message = parse(wire)
    text, related = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    assert related.get_param("type") == "text/html"
    html, picture = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert picture["Content-ID"] == "<4f2a9c>"
    assert picture["Content-Disposition"] == 'inline; filename="auteurs-clair-.png"'
    assert picture.get_content() == PICTURE.content


@given(BODIES)
def test_a_boundary_occurs_only_where_it_parts(text) -> None:
    """Two writings of one rendering are equal, and no body can hold its boundary."""
    rendering = replace(RENDERING, text=text, pictures=(PICTURE,))
    wire = write(rendering)
    assert wire == write(rendering)
    found = re.findall(rb'boundary="(.*)"', wire)
    assert len(set(found)) == 2
    for boundary, parts in zip(found, (2, 2), strict=True):
        assert wire.count(boundary) == parts + 2


def test_a_template_knows_where_bounces_go() -> None:
    """Reports go to the sender unless the publication has an address for them."""
    bounce = "retours@meridien.example"
    assert (
        compile_message(RENDERING, LETTERHEAD, LINKS).return_path
        == "lettre@meridien.example"
    )
    own = replace(LETTERHEAD, return_path=bounce)
    assert compile_message(RENDERING, own, LINKS).return_path == bounce


@pytest.mark.parametrize("part", ["html", "text", "subject"])
def test_an_unknown_placeholder_is_found_when_compiling(part) -> None:
    """A hole that nothing fills is refused before the first reader, with those known."""
    with pytest.raises(InputError, match=r"surname[^$]*unsubscribe_url"):
        write(replace(RENDERING, **{part: "Bonjour {{ surname }}"}))


def test_the_web_page_is_no_message() -> None:
    """Only variants with recipients can be compiled."""
    with pytest.raises(ValueError, match="web variant has no recipient"):
        compile_message(replace(RENDERING, variant=Variant.WEB), LETTERHEAD, LINKS)


def test_a_date_without_a_zone_is_refused() -> None:
    """A naive date would be written as somebody's wall clock."""
    with pytest.raises(ValueError, match="needs a time zone"):
        replace(LETTERHEAD, date=datetime(2026, 3, 14, 6))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("edition", "sender", "expected"),
    [
        ("118", "l@meridien.example", "118:le-meridien:newsletter:meridienexample"),
        ("été:2", "l@a.fr", "-t--2:le-meridien:newsletter:afr00"),
        ("x", "l@" + "a" * 30 + ".fr", "x:le-meridien:newsletter:" + "a" * 15),
    ],
)
def test_complaints_are_counted_by_edition_and_sender(edition, sender, expected):
    """Four fields, the sender's the same in all their mail, and no reader in any."""
    assert (
        feedback_id(edition=edition, publication="le-meridien", sender=sender)
        == expected
    )
    assert replace(LETTERHEAD, feedback_id=expected).feedback_id == expected
