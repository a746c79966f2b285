"""Keys to sign with, made once, and dkimpy as the stranger who verifies."""

from __future__ import annotations

from functools import cache

import dkim

from mailer.delivery.signer import PrivateKey, Signer
from mailer.workspace.keys import make_key

DOMAIN = "meridien.example"
ED = "ed2026"
RSA = "rsa2026"


@cache
def key(kind: str) -> PrivateKey:
    return make_key(kind)


def rsa(domain: str = DOMAIN, selector: str = RSA) -> Signer:
    return Signer(domain=domain, selector=selector, key=key("rsa"))


def ed25519(domain: str = DOMAIN, selector: str = ED) -> Signer:
    return Signer(domain=domain, selector=selector, key=key("ed25519"))


def verdicts(content: bytes, *signers: Signer) -> list[bool]:
    """What dkimpy says of each signature in *content*, the topmost first."""
    records = {f"{s.record.name}.": s.record.value for s in signers}

    def published(name: bytes, timeout: int = 5) -> bytes:
        return records.get(name.decode("ascii"), "").encode("ascii")

    message = dkim.DKIM(content)
    count = sum(name.lower() == b"dkim-signature" for name, _ in message.headers)
    said = []
    for index in range(count):
        try:
            passed = dkim.DKIM(content).verify(idx=index, dnsfunc=published)
        except dkim.DKIMException:
            passed = False
        said.append(passed)
    return said
