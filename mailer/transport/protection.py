"""How the connection to a relay is encrypted, and how both ends prove who they are.

Never opportunistic: what the setting names is done, or nothing is sent. TLS 1.2 is the
least (RFC 8996 ends what came before), and the relay's certificate must be valid for
its name; there is no switch against that.

Sources: RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 8996.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mailer.errors import RelayError
from mailer.phrases import Phrase, say


class Security(StrEnum):
    """When TLS begins: after STARTTLS, with the first byte, or never."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a relay's connections are to be protected by.

    ``ca_file`` replaces the machine's authorities. ``tls_name`` is the name on the
    relay's certificate where it is not the host's. ``client_cert`` and ``client_key``
    are PEM files (the certificate's may hold both); ``key_password`` opens the key.
    """

    security: Security = Security.STARTTLS
    ca_file: Path | None = None
    tls_name: str = ""
    client_cert: Path | None = None
    client_key: Path | None = None
    key_password: str = ""

    def context(self, *, relay: str) -> ssl.SSLContext | None:
        """The one TLS context of all connections to *relay*; None without TLS.

        RelayError names the setting whose file cannot be used.
        """
        if self.security is Security.NONE:
            return None
        try:
            ca_file = str(self.ca_file) if self.ca_file else None
            context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            words = say(
                "ca_file {ca_file} cannot be read: {error}",
                ca_file=self.ca_file,
                error=error,
            )
            raise _unusable(words, relay) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.client_cert is not None:
            self._identify(context, self.client_cert, relay)
        return context

    def _identify(self, context: ssl.SSLContext, cert: Path, relay: str) -> None:
        """Load our own certificate, without OpenSSL asking the terminal for anything."""
        asked = False

        def password() -> str:
            nonlocal asked
            asked = True
            return self.key_password

        try:
            context.load_cert_chain(cert, self.client_key, password)
        except (OSError, ValueError) as error:
            words = say(
                "client_cert {cert} cannot be used: {error}", cert=cert, error=error
            )
            if asked:
                words = say(
                    "client_key {key} is encrypted, and client_key_password_file does "
                    "not open it",
                    key=self.client_key or cert,
                )
            raise _unusable(words, relay) from error


def _unusable(words: Phrase, relay: str) -> RelayError:
    return RelayError(words, relay=relay, temporary=False)
