"""Certificates for trials, good ones and bad ones, of an authority made on the spot.

Keys live in memory and for one run; only the authority's certificate is written, for a
relay's ``ca_file``. Nothing here is fit for a server that others reach.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from mailer.transport.whims import CERTIFICATES

_DAY = timedelta(days=1)
_HERE = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
)
_ELSEWHERE = (x509.DNSName("relay.invalid"),)


class _Authority:
    """Who vouches for certificates."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("mailer trial inbox, an authority for trials only")
        public = self._key.public_key()
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(public)
        self.certificate = (
            self._builder(self._name, public, now + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(self._identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def context(
        self, names: tuple[x509.GeneralName, ...], *, until: datetime
    ) -> ssl.SSLContext:
        """A server's context with a certificate for *names*, valid until then."""
        key = ec.generate_private_key(ec.SECP256R1())
        vouched = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            self._identifier
        )
        certificate = (
            self._builder(_name("mailer trial inbox"), key.public_key(), until)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(vouched, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:  # ssl takes files only; mode 0600
            file.write(pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(self._now, until) - 30 * _DAY)
            .not_valid_after(until)
        )


def contexts_for_trials(authority_file: Path) -> Mapping[str, ssl.SSLContext]:
    """A server's contexts by the fault of their certificate, the good one under "".

    *authority_file* gets the authority that vouches for all but the foreign one.
    """
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL will compare with this very clock
    ours, stranger = _Authority(now), _Authority(now)
    authority_file.write_bytes(ours.certificate.public_bytes(Encoding.PEM))
    soon = now + 30 * _DAY
    made = {
        "": ours.context(_HERE, until=soon),
        "expired": ours.context(_HERE, until=now - _DAY),
        "foreign": stranger.context(_HERE, until=soon),
        "other-host": ours.context(_ELSEWHERE, until=soon),
    }
    return {fault: made[fault] for fault in ("", *CERTIFICATES)}


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
