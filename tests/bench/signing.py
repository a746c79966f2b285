"""What a signature costs on top of building a message, beside what dkimpy takes for it.

dkimpy is handed the finished message and the same list of fields; it signs RSA in
Python, where ours hashes prepared parts and leaves the arithmetic to OpenSSL.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable

import dkim
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mailer.delivery.dkim import Template
from mailer.delivery.reader import Reader
from mailer.delivery.signer import Signer
from tests.bench.newsletter import DOMAIN
from tests.fakes import keys


def signing(
    templates_by: Callable[[tuple[Signer, ...]], Template],
    reader: Reader,
    *,
    rounds: int,
    count: int,
) -> dict[str, list[float]]:
    """Microseconds on top of building, by algorithm and who signs, round by round."""
    plain = templates_by(())
    tables: dict[str, list[float]] = {}
    for title, signer in (
        ("Ed25519", keys.ed25519(DOMAIN)),
        ("RSA 2048", keys.rsa(DOMAIN)),
    ):
        signed = templates_by((signer,))
        stranger = _dkimpy(signer, plain.write(reader), signed.write(reader))
        assert keys.verdicts(signed.write(reader), signer) == [True]
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(rounds):
            bare = _time(lambda: plain.write(reader), count)
            whole = _time(lambda: signed.write(reader), count)  # noqa: B023 - called here
            ours.append(whole - bare)
            theirs.append(_time(stranger, max(1, count // 20)))
        tables[f"signed, {title}"] = ours
        tables[f"signed by dkimpy, {title}"] = theirs
    return tables


def _dkimpy(signer: Signer, message: bytes, signed: bytes) -> Callable[[], bytes]:
    """dkimpy's way to sign *message* as ours was, its key in the form it wants."""
    found = re.search(rb"(?s)h=(.*?);", signed)
    assert found
    fields = re.sub(rb"\s", b"", found[1]).split(b":")
    is_rsa = signer.algorithm.startswith("rsa")
    key = (
        signer.key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        if is_rsa
        else base64.b64encode(
            signer.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        )
    )

    def sign() -> bytes:
        return dkim.sign(
            message,
            signer.selector.encode(),
            signer.domain.encode(),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=signer.algorithm.encode(),
            include_headers=fields,
        )

    assert keys.verdicts(sign() + message, signer) == [True]
    return sign


def _time(build: Callable[[], bytes], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        build()
    return (time.perf_counter() - begun) / count * 1e6
