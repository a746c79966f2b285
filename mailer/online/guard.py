"""Which addresses of the network may be asked: public ones, by the address resolved.

A name is looked up once, every address it gives must be public, and the connection goes
to that very address: a name that answers differently the second time gains nothing.
Decimal, octal and short forms of an address are resolved like names, and judged alike.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpcore

from mailer.phrases import Phrase, say

PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FOR_GOOD = frozenset({301, 308})
_RESERVED = (".example", ".test", ".invalid", ".localhost")

_EMBEDDING = tuple(
    ipaddress.ip_network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""IPv6 that carries an IPv4 address inside: nobody links to one in good faith."""

_SPECIAL = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20", "5f00::/16")
)
"""What Python takes for public, or took until lately: 192.0.0.192 is a cloud's metadata."""


class RefusedError(OSError):
    """An address that is not public."""


def is_public(address: str) -> bool:
    """Whether *address* may be asked.

    Neither private, loopback, link-local, shared (CGNAT) nor multicast, and no IPv6
    that hides an IPv4 address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in net for net in _EMBEDDING):
            return False
    if any(found in net for net in _SPECIAL):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified
    )


def unasked(address: str, ports: Mapping[str, int]) -> Phrase | None:
    """Why *address* is not asked for at all; None if it is.

    *ports* are the schemes that are asked, and the one port of each.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return say("it is no address")
    if parts.scheme not in ports or not host:
        return say("it is no address")
    if host.endswith(_RESERVED) or host in {"example", "localhost"}:
        return say("its name is reserved for examples")
    if parts.username is not None:
        return say("it holds a name or a password")
    if port is not None and port not in ports.values():
        return say("only the ports 80 and 443 are asked")
    if not address.isascii():
        return say("it has letters beyond ASCII")
    return None


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses only. *allowed* is for tests on loopback."""

    def __init__(self, allowed: Callable[[str], bool] = is_public) -> None:
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's shape
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, connect to what was judged."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not self._allowed(address):
                message = f"{host} is {address}"
                raise RefusedError(message)
        return await self._inner.connect_tcp(
            addresses[0], port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between its own attempts."""
        await asyncio.sleep(seconds)
