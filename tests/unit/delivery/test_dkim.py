"""Signatures, with dkimpy as the stranger who verifies them."""

from __future__ import annotations

import base64
import email
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.audience.token import Purpose
from mailer.delivery.dkim import (
    ONCE,
    relaxed_fields,
    relaxed_lines,
    sign_template,
)
from mailer.delivery.links import Link, Links
from mailer.delivery.message import Letterhead, compile_message
from mailer.delivery.reader import Reader
from mailer.delivery.signer import Signer
from mailer.edition.model import Variant
from mailer.rendering.model import Picture, Rendering
from mailer.rendering.personalise import NAMES, hole
from tests.fakes.keys import ed25519, rsa, verdicts

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
    subject="Les ports se cherchent un cerveau, {{ name }}",
    preheader="",
    html='<html lang="fr">\n  <p>Bonjour   {{ name }} !</p>\n'
    '\t<a href="{{ unsubscribe_url }}">Se désabonner</a> \n\n</html>\n\n\n',
    text="Bonjour {{ name }} !\n.\n  deux  espaces \n\n{{ unsubscribe_url }}\n\n\n",
)
LEAVE = Link("https://lettres.example/unsubscribe/" + "k=7." * 30, Purpose.UNSUBSCRIBE)
LINKS = Links(
    web=Link("https://lettres.example/archive/le-meridien/ports?m=", Purpose.WEB),
    unsubscribe=LEAVE,
    one_click=LEAVE,
    mailto=Link(
        "mailto:unsubscribe@meridien.example?subject=unsubscribe%20",
        Purpose.UNSUBSCRIBE,
    ),
    preferences=Link("https://lettres.example/preferences/", Purpose.PREFERENCES),
    poll=Link("https://lettres.example/poll/", Purpose.VOTE),
)
READER = Reader(
    email="renee@example.org",
    name="Renée  de  Deux-Espaces",
    message_id="<e118.4f2a@meridien.example>",
    unsubscribe_token="kA7",
    preferences_token="kB" * 60,
    web_token="kC7",
    vote_token="kD7",
)
SIGNED = (
    "From Reply-To To Subject Date Message-ID List-Id List-Unsubscribe "
    "List-Unsubscribe-Post List-Archive Feedback-ID Precedence Auto-Submitted "
    "MIME-Version Content-Language Content-Type"
).split()
BODIES = st.lists(
    st.one_of(
        st.sampled_from([hole(name) for name in NAMES]),
        st.sampled_from(["\n", " ", "  ", "\t", " \n", "\n\n", ".", "\n.\n", "=", "é"]),
        st.text(st.characters(exclude_categories=["C"]), max_size=90),
    ),
    max_size=20,
).map("".join)
NAMED = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)
LINES = st.lists(st.sampled_from([b" ", b"\t", b"a", b"=20", b"\r\n"])).map(b"".join)


def signed(
    *signers: Signer,
    rendering: Rendering = RENDERING,
    letterhead: Letterhead = LETTERHEAD,
    reader: Reader = READER,
    links: Links = LINKS,
) -> bytes:
    template = compile_message(rendering, letterhead, links)
    return sign_template(template, signers, now=letterhead.date).write(reader)


def unsigned(content: bytes) -> bytes:
    """*content* without its signatures."""
    return re.sub(rb"\ADKIM-Signature:(?:.*\r\n(?=[ \t]))*.*\r\n", b"", content)


def test_every_key_signs_and_a_stranger_agrees() -> None:
    """Two keys give two signatures, and dkimpy passes both."""
    keys = rsa(), ed25519()
    content = signed(*keys)
    assert verdicts(content, *keys) == [True, True]
    assert verdicts(signed(rsa()), rsa()) == [True]
    assert verdicts(signed(ed25519()), ed25519()) == [True]


def test_signing_adds_a_field_and_touches_nothing_else() -> None:
    """Below the signatures stands the very message that is written without a key."""
    content = signed(rsa(), ed25519())
    assert unsigned(unsigned(content)) == signed()
    assert b"DKIM" not in signed()


def test_the_same_message_is_signed_the_same_way() -> None:
    """A second copy, after a doubt, is the first to the last byte."""
    assert signed(rsa(), ed25519()) == signed(rsa(), ed25519())


def test_the_signature_says_what_it_covers() -> None:
    """Every field of ours; those that stand once are named once more than they occur."""
    field = email.message_from_bytes(signed(ed25519()))["DKIM-Signature"]
    tags = dict(
        tag.strip().split("=", 1) for tag in re.sub(r"\s", "", field).split(";")
    )
    names = tags["h"].split(":")
    assert set(SIGNED) <= set(email.message_from_bytes(signed()).keys())
    for name in email.message_from_bytes(signed()).keys():  # noqa: SIM118 - with doubles
        assert names.count(name.lower()) == (2 if name.lower() in ONCE else 1), name
    assert {"cc", "content-transfer-encoding"} < set(names)
    assert (tags["v"], tags["c"]) == ("1", "relaxed/relaxed")
    assert (tags["d"], tags["s"]) == ("meridien.example", "ed2026")
    assert tags["t"] == str(int(LETTERHEAD.date.timestamp()))
    assert tags.keys() == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}, "and no l="


def test_a_signature_fits_on_its_lines() -> None:
    """However long the domain: folded between tags and names, 7-bit, CRLF."""
    domain = ".".join(["d" * 40] * 5) + ".example"
    key = rsa(domain, "selector-" * 3 + "2026")
    content = signed(key)
    head = content[: -len(signed())].decode("ascii")
    rows = head.split("\r\n")
    assert "\n" not in head.replace("\r\n", "")
    assert all(len(row) <= 76 for row in rows if domain not in row)
    assert all(len(row) <= 250 for row in rows)
    assert verdicts(content, key) == [True]


@pytest.mark.parametrize("name", SIGNED)
def test_a_changed_field_fails(name: str) -> None:
    """Nobody changes, removes or (where it matters) adds a field unnoticed."""
    keys = rsa(), ed25519()
    content = signed(*keys)
    field = re.compile(rb"(?m)^%b: (?:.*\r\n(?=[ \t]))*.*\r\n" % name.encode("ascii"))
    found = field.search(content)[0]
    changed = content.replace(found, found[:-2] + b"x\r\n", 1)
    assert verdicts(changed, *keys) == [False, False]
    assert verdicts(content.replace(found, b"", 1), *keys) == [False, False]
    if name.lower() in ONCE:
        for more in (found + content, content.replace(found, found + found, 1)):
            assert verdicts(more, *keys) == [False, False]


@pytest.mark.parametrize("name", ["Cc", "Content-Transfer-Encoding"])
def test_a_field_that_was_not_there_fails(name: str) -> None:
    """Fields that would change what is read cannot be added either."""
    content = f"{name}: base64\r\n".encode() + signed(ed25519())
    assert verdicts(content, ed25519()) == [False]


@given(st.data())
@settings(max_examples=60)
def test_a_changed_byte_of_the_body_fails(data: st.DataObject) -> None:
    """Wherever in the body a letter becomes another one, the signature fails."""
    content = signed(ed25519())
    start = content.index(b"\r\n\r\n") + 4
    visible = [n for n in range(start, len(content)) if content[n] > 32]
    at = data.draw(st.sampled_from(visible))
    letter = b"Y" if content[at : at + 1] == b"X" else b"X"
    assert verdicts(content[:at] + letter + content[at + 1 :], ed25519()) == [False]


def test_a_longer_body_fails() -> None:
    """Nothing can be added at the end: the whole body counts."""
    assert verdicts(signed(rsa()) + b"<p>more</p>\r\n", rsa()) == [False]


def test_what_relays_do_to_white_space_passes() -> None:
    """Folds made anew and spaces lost at the end of lines do not break a signature."""
    content = signed(rsa(), ed25519())
    head, _, body = content.partition(b"\r\n\r\n")
    head = head.replace(b"\r\nSubject: ", b"\r\nSUBJECT:\r\n\t ")
    body = body.replace(b"  ", b" ").replace(b"\r\n", b" \t\r\n") + b"\r\n\r\n"
    moved = head + b"\r\n\r\n" + body
    assert moved != content
    assert verdicts(moved, rsa(), ed25519()) == [True, True]


def test_a_reader_without_links_is_signed_for_too() -> None:
    """No way out but the page: the fields that are missing cannot be added."""
    content = signed(rsa(), reader=replace(READER, name=""), links=Links())
    assert b"List-Unsubscribe:" not in content
    assert verdicts(content, rsa()) == [True]
    added = b"List-Unsubscribe: <https://evil.example/>\r\n" + content
    assert verdicts(added, rsa()) == [False]


def test_a_message_without_holes_in_its_body_is_signed() -> None:
    """All of the body is its beginning, and its end is trimmed all the same."""
    still = replace(RENDERING, html="<p>  x </p>\n\n", text="x\n\n\n")
    assert verdicts(signed(rsa(), rendering=still), rsa()) == [True]


def test_empty_lines_at_the_end_do_not_count() -> None:
    """Whatever a body ends with, and a relay may drop it."""
    template = compile_message(RENDERING, LETTERHEAD, LINKS)
    *first, last = template.parts
    longer = replace(template, parts=(*first, last + b"\r\n\r\n"))
    content = sign_template(longer, [rsa()], now=LETTERHEAD.date).write(READER)
    assert content.endswith(b"--\r\n\r\n\r\n")
    assert verdicts(content, rsa()) == [True]
    assert verdicts(content.rstrip(b"\r\n") + b"\r\n", rsa()) == [True]


def test_empty_lines_behind_a_body_without_holes_do_not_count() -> None:
    """A body that is the same for all is hashed as any other."""
    template = compile_message(
        replace(RENDERING, html="", text="Hi"), LETTERHEAD, LINKS
    )
    *first, last = template.parts
    longer = replace(template, parts=(*first, last + b"\r\n\r\n"))
    content = sign_template(longer, [rsa()], now=LETTERHEAD.date).write(READER)
    assert verdicts(content, rsa()) == [True]
    assert verdicts(content.rstrip(b"\r\n") + b"\r\n", rsa()) == [True]


def test_a_body_that_a_hash_would_have_to_change_is_a_defect() -> None:
    """What travels is hashed as it is, so it has to be canonical."""
    template = compile_message(RENDERING, LETTERHEAD, LINKS)
    *first, last = template.parts
    spaced = replace(template, parts=(*first, last + b"two  spaces\r\n"))
    with pytest.raises(ValueError, match="canonical"):
        sign_template(spaced, [ed25519()], now=LETTERHEAD.date)


def test_pictures_that_travel_along_are_signed() -> None:
    """Base64 counts as any other line."""
    picture = Picture(
        name="port.png",
        src="cid:4f2a9c",
        content=bytes(range(256)) * 9,
        media_type="image/png",
        width=64,
        height=64,
        shown_width=32,
    )
    content = signed(rsa(), rendering=replace(RENDERING, pictures=(picture,)))
    assert verdicts(content, rsa()) == [True]
    assert verdicts(content.replace(b"AAECAwQF", b"AAECAwQG", 1), rsa()) == [False]


@given(html=BODIES, text=BODIES, subject=NAMED, name=NAMED, greeting=NAMED)
@settings(max_examples=60, deadline=None)
def test_any_text_is_signed_right(
    html: str, text: str, subject: str, name: str, greeting: str
) -> None:
    """Whatever is written, with holes anywhere, dkimpy computes the same hashes."""
    content = signed(
        ed25519(),
        rendering=replace(RENDERING, html=html, text=text, subject=subject),
        letterhead=replace(LETTERHEAD, list_name=name),
        reader=replace(READER, name=name, greeting=greeting),
    )
    assert verdicts(content, ed25519()) == [True]


@given(LINES, LINES)
def test_lines_are_canonical_one_by_one(one: bytes, other: bytes) -> None:
    """Parts made canonical each are the whole made canonical, as dkimpy makes it."""
    one, other = one + b"=\r\n", other + b"--x--\r\n"
    whole = Relaxed.canonicalize_body(one + other)
    assert relaxed_lines(one) + relaxed_lines(other) == whole


@given(LINES)
def test_fields_are_canonical_as_a_stranger_makes_them(value: bytes) -> None:
    """Folds, tabs and runs of spaces in a field become what dkimpy makes of them."""
    value = re.sub(rb"(?:\r\n)+", b"\r\n ", value)
    ((name, theirs),) = Relaxed.canonicalize_headers([(b"X-Test", value + b"\r\n")])
    assert relaxed_fields(b"X-Test:" + value + b"\r\n") == name + b":" + theirs


def test_the_example_of_the_standard() -> None:
    """RFC 6376 section 3.4.5."""
    assert relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n") == b"a:X\r\nb:Y Z\r\n"
    assert relaxed_lines(b" C \r\nD \t E\r\n") == b" C\r\nD E\r\n"


def test_a_field_that_occurs_twice_is_a_defect() -> None:
    """The last of several is hashed first; ours have none, and say so."""
    template = compile_message(RENDERING, LETTERHEAD, LINKS)
    first, *rest = template.parts
    doubled = replace(template, parts=(b"To: <a@b.example>\r\n" + first, *rest))
    with pytest.raises(ValueError, match="occurs twice"):
        sign_template(doubled, [ed25519()], now=LETTERHEAD.date)


# RFC 8463 appendix A: one message, signed with both algorithms.
VECTOR = b"""\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>
""".replace(b"\n", b"\r\n")
VECTOR_BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
VECTOR_SIGNATURE = b"""\
DKIM-Signature: v=1; a=%b-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=%b; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=
""".replace(b"\n", b"\r\n")
VECTOR_KEY = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
VECTOR_RSA = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
    "jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvH"
    "O9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)
VECTOR_ED25519_B = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
VECTOR_RSA_B = (
    "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rp"
    "o1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="
)


def vector_hashed(algorithm: bytes, selector: bytes) -> bytes:
    """What a signer of the appendix hashed: fields, then the signature without b=."""
    tags = relaxed_fields(VECTOR_SIGNATURE % (algorithm, selector))
    return relaxed_fields(
        b"".join(
            re.findall(rb"(?m)^%b:.*\r\n" % name, VECTOR)[0]
            for name in (b"From", b"To", b"Subject", b"Date", b"Message-ID")
        )
    ) + tags.removesuffix(b"\r\n")


def test_the_vectors_of_the_standard() -> None:
    """RFC 8463 appendix A: body hash and Ed25519 signature to the byte, RSA verified."""
    digest = hashlib.sha256(relaxed_lines(VECTOR_BODY)).digest()
    assert base64.b64encode(digest) in VECTOR_SIGNATURE
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(VECTOR_KEY))
    signer = Signer(domain="football.example.com", selector="brisbane", key=key)
    assert signer.record.value.endswith(
        "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    )
    digest = hashlib.sha256(vector_hashed(b"ed25519", b"brisbane")).digest()
    assert base64.b64encode(signer.sign(digest)).decode() == VECTOR_ED25519_B
    public = load_der_public_key(base64.b64decode(VECTOR_RSA))
    hashed = vector_hashed(b"rsa", b"test")
    public.verify(base64.b64decode(VECTOR_RSA_B), hashed, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(
            base64.b64decode(VECTOR_RSA_B), hashed + b" ", PKCS1v15(), SHA256()
        )
