"""What a relay shows of itself to who connects, secures and logs in."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiosmtplib

from mailer.transport.login import Mechanism


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """A relay as it was met.

    ``tls`` is the version (``TLSv1.3``), empty without; ``certificate_until`` is when
    the certificate that it showed expires. ``login`` is the mechanism that was used,
    None if nobody logged in. ``size`` is the longest message in bytes, None if it does
    not say.
    """

    where: str
    tls: str
    certificate_until: datetime | None
    login: Mechanism | None
    extensions: tuple[str, ...]
    size: int | None


def introduction(
    client: aiosmtplib.SMTP, *, where: str, login: Mechanism | None
) -> Introduction:
    """What *client*, which has said EHLO and logged in, knows of the other end."""
    secured = client.get_transport_info("ssl_object")
    tls = secured.version() if isinstance(secured, ssl.SSLObject) else None
    shown: Any = client.get_transport_info("peercert")
    until = shown.get("notAfter") if isinstance(shown, dict) else None
    size = client.esmtp_extensions.get("size", "")
    return Introduction(
        where=where,
        tls=tls or "",
        certificate_until=(
            datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
            if isinstance(until, str)
            else None
        ),
        login=login,
        extensions=tuple(word.upper() for word in client.esmtp_extensions),
        size=int(size) if size.isdecimal() and int(size) else None,
    )
