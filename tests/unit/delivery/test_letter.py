"""Letters of our own: whole, signed, automatic, and in their reader's language."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.dkim import sign_template
from mailer.delivery.message import compile_letter
from mailer.delivery.reader import Reader
from mailer.phrases import say, verbatim
from mailer.rendering.letter import Letter, Written, write_letter
from mailer.workspace.letters import letter_templates
from tests.fakes.keys import ed25519, rsa, verdicts
from tests.fakes.specimen import TEMPLATES, french

NOW = datetime(2026, 3, 13, 19, tzinfo=UTC)
READER = Reader(
    email="claire@house.example", name="Claire", message_id="<a.1@meridien.example>"
)
FOLDERS = (TEMPLATES,)


def bytes_of(written: Written, *signers) -> bytes:
    sender = "Le Méridien <lettre@meridien.example>"
    template = compile_letter(written, sender=sender, date=NOW)
    return sign_template(template, signers, now=NOW).write(READER)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def letter(**changed: object) -> Letter:
    values: dict[str, object] = {
        "subject": say(
            "{name}: {title}", name=verbatim("P"), title=say("Let it leave:")
        ),
        "title": say("Nothing is ready to leave"),
        "lead": say("{name} is not approved", name="le-meridien/118"),
        "sender": "Le Méridien",
        "grave": True,
        "facts": ((say("Edition"), "le-meridien/118"),),
        "details_title": say("What blocks it"),
        "details": ("index.md:3: {{ name }} <b>",),
        "steps": ((say("Let it leave:"), "mailer approve le-meridien/118"),),
    }
    return Letter(**{**values, **changed})  # type: ignore[arg-type]


def test_a_letter_is_signed_and_marked_as_automatic() -> None:
    """Both keys verify, and nobody's absence answers it."""
    written = write_letter(letter(), letter_templates(FOLDERS), french())
    content = bytes_of(written, rsa(), ed25519())
    assert verdicts(content, rsa(), ed25519()) == [True, True]
    message = read(content)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"].addresses[0].display_name == "Claire"
    assert message["List-Id"] is None
    assert message["Date"].datetime == NOW


def test_what_it_quotes_is_neither_markup_nor_a_placeholder() -> None:
    """An edition's own text, in a letter about it, comes out as typed."""
    written = write_letter(letter(), letter_templates(FOLDERS), french())
    message = read(bytes_of(written))
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "index.md:3: {{ name }} <b>" in text.get_content()
    assert "{{ name }} &lt;b&gt;" in html.get_content()


def test_a_letter_speaks_its_readers_language() -> None:
    """Every sentence of it, in both parts and in the subject."""
    written = write_letter(letter(), letter_templates(FOLDERS), french())
    for part in (" ".join(written.html.split()), written.text):
        assert "Rien n’est prêt à partir" in part
        assert "n’est pas approuvée" in part
    assert "La laisser partir" in written.subject


def test_a_letter_may_be_short() -> None:
    """Without facts, details and steps nothing of them is left."""
    bare = letter(facts=(), details=(), steps=())
    written = write_letter(bare, letter_templates(FOLDERS), french())
    assert 'class="fact"' not in written.html
    assert written.text == (
        "LE MÉRIDIEN\n\nRien n’est prêt à partir\n\nle-meridien/118 n’est pas approuvée\n"
    )


@given(
    st.text(st.characters(exclude_categories=["C"]), max_size=300),
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=300),
)
def test_any_text_comes_out_as_typed(subject: str, body: str) -> None:
    """Whatever the relay gets, the reader reads what was written; no line is too long."""
    written = Written(subject=subject, html=f"<p>{body}</p>", text=f"{body}\n")
    content = bytes_of(written)
    text = read(content).get_body(("plain",))
    assert text is not None
    assert text.get_content().rstrip("\r\n") == body
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(b".") for line in lines)
