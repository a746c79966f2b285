"""Asking Amazon: public hosts only, briefly, once for a certificate; a fault is a refusal."""

from __future__ import annotations

import pytest

from mailer.errors import TokenError
from mailer.online.amazon import SnsHosts
from tests.unit.online.press import press

ANYWHERE = SnsHosts(allowed=lambda _: True)


async def test_a_certificate_is_fetched_once() -> None:
    """It changes once a year."""
    async with press() as amazon:
        amazon.says("/key.pem", b"PEM")
        hosts = SnsHosts(allowed=lambda _: True)
        for _ in range(3):
            assert await hosts.certificate(amazon.url("/key.pem")) == b"PEM"
        await hosts.confirm(amazon.url("/key.pem"))
    assert [path for path, _ in amazon.asked] == ["/key.pem"] * 2


async def test_what_is_no_good_answer_is_a_refusal() -> None:
    """Missing, moved, endless, on a private network, nowhere."""
    async with press() as amazon:
        amazon.says("/moved", b"", 302, location=amazon.url("/key.pem"))
        amazon.says("/endless", b"x" * 100_000)
        for path in ("/missing", "/moved", "/endless"):
            with pytest.raises(TokenError):
                await ANYWHERE.certificate(amazon.url(path))
        with pytest.raises(TokenError):
            await SnsHosts().certificate(amazon.url("/missing"))
        url = amazon.url("/key.pem")
    with pytest.raises(TokenError):
        await ANYWHERE.confirm(url)
