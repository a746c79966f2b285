"""A signature made before the wire is whole behind it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.audience.token import Purpose
from mailer.delivery.dkim import sign_template
from mailer.delivery.links import Link, Links
from mailer.delivery.message import Envelope, Letterhead, compile_message
from mailer.delivery.reader import Reader
from mailer.edition.model import Variant
from mailer.rendering.model import Rendering
from tests.fakes.carrying import carry
from tests.fakes.keys import ed25519, rsa, verdicts
from tests.relay import ScriptedRelay, smtp_relay

HOSTILE = (
    ".\n..\n. point\n.{{ web_url }}\n{{ name }}.\n.\n\n",
    "é" * 300 + "\n" + "." * 300 + "\n \n\t\nFrom moi\n  deux  espaces  \n",
    "{{ name }}\n{{ name }} . {{ name }}\n=\n=20\n=\n\n\n\n",
)


@pytest.mark.parametrize("extensions", [("8BITMIME", "SMTPUTF8", "PIPELINING"), ()])
async def test_the_wire_leaves_a_signature_whole(extensions: tuple[str, ...]) -> None:
    """Dots, long lines, accents: what a relay takes down verifies, whatever it offers."""
    letterhead = Letterhead(
        sender="Lé Méridien <lettre@meridien.example>",
        list_id="le-meridien.meridien.example",
        list_name="Le  Méridien",
        date=datetime(2026, 3, 14, 6, tzinfo=UTC),
    )
    reader = Reader(
        email="renee@example.org",
        name="..Renée  .",
        message_id="<e118.4f2a@meridien.example>",
        unsubscribe_token="k7",
    )
    links = Links(
        web=Link("https://lettres.example/" + "." * 200),
        one_click=Link("https://lettres.example/unsubscribe/", Purpose.UNSUBSCRIBE),
    )
    signers = rsa(), ed25519()
    envelope = Envelope(return_path="a@meridien.example", recipient=reader.email)
    async with ScriptedRelay(extensions=extensions) as server:
        relay = smtp_relay(server.port)
        written = []
        async with relay.session() as session:
            for text in HOSTILE:
                rendering = Rendering(
                    variant=Variant.FREE,
                    lang="fr",
                    subject=". {{ name }} .",
                    preheader="",
                    html=f"<pre>{text}</pre>",
                    text=text,
                )
                content = sign_template(
                    compile_message(rendering, letterhead, links),
                    signers,
                    now=letterhead.date,
                ).write(reader)
                written.append(content)
                await carry(session, envelope, content)
    received = [accepted.content for accepted in server.accepted]
    assert received == written
    for content in received:
        assert content.isascii()
        assert not any(line.startswith(b".") for line in content.split(b"\r\n"))
        assert verdicts(content, *signers) == [True, True]
