"""Keys: which are taken, which are refused and why, and what is published of them."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mailer.delivery.dkim import signers_for
from mailer.delivery.signer import Signer, read_private_key
from mailer.errors import InputError
from tests.fakes import keys


def pem(key, *, form=PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    way = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, way)


def short(bits: int):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


# Made by openssl: cryptography makes none this short any more.
RSA_512 = b"""\
-----BEGIN PRIVATE KEY-----
MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEAuxNIdviFzU//Cb3F
cWRyQsIQM3muJ+m+EpS8xQaF0TW2m1hupIWA4jHCEPBtSNBP9hwB5x7EigoxenTK
vn4TRwIDAQABAkBIeQ7wsBS91kjaUD9mT2CIhj/agUA7zCzLa/25Ym6C/l7P1D38
W+HdpxtPcb/ZG4rctoUsqcwI4FDgj2t3OzVpAiEA74zvul2vuhzBmPCzZsb/eiD+
ewGFPqu640cpAHHgWgsCIQDH6+JHMQv7IJ60Y2QqQ2MmzBjhODDSr08Td6/Qe9at
NQIhAO21VBoCZ6Nub6odiFi/tbpyTTSwoJE9BjoMXiKD3hZbAiB9GsRPzoZz0Pbf
ZS8CL4c1eRS8o0ASJ3gxc31G1qgBXQIgZ3837Zem48WNETnLT/roCGFtWiIRGYUP
PsSe0u10MBQ=
-----END PRIVATE KEY-----
"""
DAMAGED = RSA_512.replace(b"uxNIdvi", b"uxNIdvj").replace(b"MIIBVA", b"MIIBVB")


@pytest.mark.parametrize(
    "form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL]
)
def test_keys_of_other_tools_are_read(form: PrivateFormat) -> None:
    """PKCS #8, and the older form that opendkim-genkey writes."""
    key = keys.key("rsa")
    again = read_private_key(pem(key, form=form))
    assert again.private_numbers() == key.private_numbers()
    assert read_private_key(pem(keys.key("ed25519"))) is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no private key in it"),
        (b"\xff\xfe\x00", "no private key in it"),
        (b"v=DKIM1; k=rsa; p=MIGf", "no private key in it"),
        (RSA_512, "512 bits proves nothing"),
        (DAMAGED, "damaged"),
        (pem(keys.key("rsa"), password=b"secret"), "encrypted"),
        (
            keys.key("rsa").public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ),
            "public key",
        ),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA and Ed25519, not EC"),
        (pem(ed448.Ed448PrivateKey.generate()), "not Ed448"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_what_cannot_sign_is_refused_by_name(content: bytes, said: str) -> None:
    """What is there instead of a key, and a way out."""
    with pytest.raises(InputError, match=said) as caught:
        read_private_key(content)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_short_key_is_weak_a_shorter_one_refused() -> None:
    """RFC 8301: at least 1024 bits, and 2048 as the rule."""
    weak = Signer(domain="a.example", selector="s", key=short(1024))
    assert "1024 bits is weak" in weak.weakness
    assert weak.kind == "RSA 1024"
    assert keys.rsa().weakness == keys.ed25519().weakness == ""


def test_a_record_is_what_verifiers_look_up() -> None:
    """The name below the domain, the public key, in strings of 255 that join."""
    record = keys.rsa().record
    assert record.name == "rsa2026._domainkey.meridien.example"
    assert record.value.startswith("v=DKIM1; k=rsa; p=MIIBIjAN")
    assert [len(string) for string in record.strings] == [255, len(record.value) - 255]
    assert "".join(record.strings) == record.value
    first, *strings = record.zone_line.split("\n")
    assert first == "rsa2026._domainkey.meridien.example. IN TXT ("
    assert strings == [f'    "{record.strings[0]}"', f'    "{record.strings[1]}" )']


def test_an_ed25519_record_holds_the_bare_key() -> None:
    """RFC 8463 section 4: 32 octets, without a wrapping."""
    record = keys.ed25519().record
    kind, public = record.value.removeprefix("v=DKIM1; k=").split("; p=")
    assert kind == "ed25519"
    assert len(base64.b64decode(public)) == 32
    assert record.zone_line == (
        f'ed2026._domainkey.meridien.example. IN TXT "{record.value}"'
    )


def test_a_private_key_is_not_printed() -> None:
    """Not in a repr, and so in no log and no traceback."""
    assert "key" not in repr(keys.rsa()).replace("_domainkey", "")


def test_the_nearest_domain_signs() -> None:
    """Its own keys, else those above it; never a neighbour's, which would not align."""
    above, own = keys.rsa("meridien.example"), keys.rsa("lettres.meridien.example")
    other, beside = keys.rsa("autre.example"), keys.rsa("eridien.example")
    second = keys.ed25519("meridien.example")
    all_keys = (other, above, own, second, beside)
    assert signers_for("lettres.meridien.example", all_keys) == (own,)
    assert signers_for("Meridien.Example", all_keys) == (above, second)
    assert signers_for("www.meridien.example", all_keys) == (above, second)
    assert signers_for("a.lettres.meridien.example", all_keys) == (own,)
    assert signers_for("meridien.org", all_keys) == ()
    assert signers_for("example", all_keys) == ()
