"""However an edition is written, no members' word reaches anybody else."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.audience.token import Keyring
from mailer.edition.model import Variant
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.proof import sample_message
from mailer.rendering.checks.leaks import check_leaks
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.render import freeze
from tests.fakes.manuscript import SECRET, Manuscript, manuscripts, stage

KEYS = Keyring((b"k" * 32,))
NOW = datetime(2026, 3, 14, 6, 0, tzinfo=UTC)


def everything(frozen: Frozen, rendering: Rendering) -> str:
    """All that a reader of *rendering* could find, in words."""
    said = [rendering.subject, rendering.preheader, rendering.html, rendering.text]
    said += [picture.name + picture.src for picture in rendering.pictures]
    said += [repr(rendering.entry)]
    if rendering.variant.is_mail:
        url = "https://lettres.example.org"
        paper = Stationery(keyring=KEYS, signers=(), public_url=url)
        raw = sample_message(frozen, rendering.variant, paper, now=NOW)
        said += [raw.decode("ascii"), *opened(raw)]
    return "\n".join(said).casefold()


def opened(raw: bytes) -> list[str]:
    """Every header and every part of a message, decoded."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    said = []
    for part in mail.walk():
        assert isinstance(part, EmailMessage)
        said += [f"{name}: {value}" for name, value in part.items()]
        if part.get_content_maintype() == "text":
            said.append(part.get_content())
        elif not part.is_multipart():
            said.append(part.get_content().decode("latin-1"))
    return said


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manuscripts(), st.sampled_from(["presse", "pop", "texte"]), st.booleans())
def test_no_members_word_gets_out(
    manuscript: Manuscript, theme: str, hosted: bool
) -> None:
    """Headers, parts, page, feed, pictures, addresses: none holds one; members do."""
    frozen = freeze(manuscript.edition(), stage(theme, hosted=hosted))
    for rendering in frozen.renderings:
        said = everything(frozen, rendering)
        if rendering.variant is Variant.MEMBER:
            assert [w for w in manuscript.for_members if w not in said] == []
        elif not rendering.variant.is_members:
            at = said.find(SECRET)
            assert at < 0, (str(rendering.variant), said[max(0, at - 200) : at + 80])
    assert list(check_leaks(frozen)) == []
