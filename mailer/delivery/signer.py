"""A domain's private key, what it signs with, and the record that lets others verify.

The key itself says which algorithm it is for: RSA is ``rsa-sha256``, Ed25519 is
``ed25519-sha256``. Anything else, and anything too weak, is refused here, before a
message is written.

Sources: RFC 6376 sections 3.3 and 3.6 (algorithms, key records), RFC 8301 (key sizes;
no SHA-1), RFC 8463 (Ed25519).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from mailer.errors import InputError
from mailer.phrases import Phrase, say

SHORTEST_RSA = 1024
"""Verifiers do not even consider less: RFC 8301 section 3.2."""

GOOD_RSA = 2048
"""What a signer should use: RFC 8301 section 3.2. Longer ones outgrow a DNS answer."""

_STRING = (
    255  # octets of one character-string of a TXT record: RFC 6376 section 3.6.2.2
)
_ANOTHER_KEY = say("mailer dkim new DOMAIN makes one")

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is published so that a signature can be verified: a TXT record."""

    name: str
    value: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The value in pieces that fit; whoever reads them joins them, without a gap."""
        return tuple(
            self.value[at : at + _STRING] for at in range(0, len(self.value), _STRING)
        )

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it (BIND), each string on a line."""
        quoted = [f'"{string}"' for string in self.strings]
        if len(quoted) == 1:
            return f"{self.name}. IN TXT {quoted[0]}"
        rows = "\n".join(f"    {string}" for string in quoted)
        return f"{self.name}. IN TXT (\n{rows} )"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key that signs for ``domain``, found by verifiers under ``selector``."""

    domain: str
    selector: str
    key: PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        """What stands in ``a=``."""
        is_rsa = isinstance(self.key, RSAPrivateKey)
        return "rsa-sha256" if is_rsa else "ed25519-sha256"

    @property
    def kind(self) -> str:
        """The key in words: ``RSA 2048`` or ``Ed25519``."""
        if isinstance(self.key, RSAPrivateKey):
            return f"RSA {self.key.key_size}"
        return "Ed25519"

    def sign(self, digest: bytes) -> bytes:
        """The signature over a SHA-256 *digest*; the same one every time.

        Ed25519 signs the digest as its message: RFC 8463 section 3.
        """
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
        return self.key.sign(digest)

    @property
    def record(self) -> Record:
        """What to publish. RSA keys are wrapped, Ed25519 keys bare: RFC 8463 section 4."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            kind = "rsa"
            octets = public.public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
        else:
            kind, octets = (
                "ed25519",
                public.public_bytes(Encoding.Raw, PublicFormat.Raw),
            )
        return Record(
            name=f"{self.selector}._domainkey.{self.domain}",
            value=f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode('ascii')}",
        )

    @property
    def weakness(self) -> str:
        """What is not as it should be about the key, or nothing."""
        if isinstance(self.key, RSAPrivateKey) and self.key.key_size < GOOD_RSA:
            return say(
                "RSA with {bits} bits is weak: {rule} is the rule (RFC 8301)",
                bits=str(self.key.key_size),
                rule=str(GOOD_RSA),
            )
        return ""


def read_private_key(pem: bytes) -> PrivateKey:
    """The key in *pem*; InputError says what is there instead."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:  # how cryptography says that a password is needed
        message = say("the key is encrypted, and nobody is there to type its password")
        hint = say("openssl pkey -in KEY -out CLEAR writes it in clear")
        raise InputError(message, hint=hint) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(_instead(pem), hint=_ANOTHER_KEY) from error
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SHORTEST_RSA:
            message = say(
                "RSA with {bits} bits proves nothing (RFC 8301)", bits=str(key.key_size)
            )
            raise InputError(message, hint=_ANOTHER_KEY)
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    message = say("DKIM knows RSA and Ed25519, not {kind}", kind=_kind_of(key))
    raise InputError(message, hint=_ANOTHER_KEY)


def _instead(pem: bytes) -> Phrase:
    """What a file without a usable private key holds."""
    if b"PRIVATE KEY" in pem:
        return say("the private key in it is damaged, or of a kind we do not know")
    if b"PUBLIC KEY" in pem:
        return say("this is a public key; the private one is needed")
    if b"CERTIFICATE" in pem:
        return say("this is a certificate; a private key is needed")
    return say("there is no private key in it (PEM)")


def _kind_of(key: object) -> str:
    """What cryptography calls it: ``EC``, ``Ed448``, ``DSA``."""
    return type(key).__name__.removesuffix("PrivateKey")
