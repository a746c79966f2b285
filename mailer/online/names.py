"""The DNS as the doctor asks it: what is not there is nothing, what fails is an error."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
import dns.reversename

from mailer.errors import InputError, MailerError
from mailer.phrases import Phrase, say

_SECONDS = 6.0


class SilentError(MailerError):
    """No name server has answered in time, or none in a way that makes sense."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.words: Phrase = say("no name server answers for {name}", name=name)


class Names:
    """Asks the machine's name servers, or the one at *server* (``9.9.9.9``, with a port)."""

    def __init__(self, server: str = "") -> None:
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not server)
        except dns.resolver.NoResolverConfiguration as error:
            message = say("this machine knows no name server")
            raise InputError(message, hint="--nameserver 9.9.9.9") from error
        self._resolver.lifetime = _SECONDS
        if server:
            self._resolver.nameservers = [_read_server(server)]

    async def texts(self, name: str) -> Sequence[str]:
        """See ``delivery.spf.Lookup``."""
        found = await self._ask(name, "TXT")
        return [b"".join(each.strings).decode("utf-8", "replace") for each in found]

    async def addresses(self, name: str) -> Sequence[str]:
        """See ``delivery.spf.Lookup``."""
        four, six = await self._ask(name, "A"), await self._ask(name, "AAAA")
        return [each.address for each in (*four, *six)]

    async def exchangers(self, name: str) -> Sequence[str]:
        """See ``delivery.spf.Lookup``."""
        found = sorted(await self._ask(name, "MX"), key=lambda each: each.preference)
        return [str(each.exchange).rstrip(".") or "." for each in found]

    async def names_of(self, address: str) -> Sequence[str]:
        """PTR."""
        reverse = str(dns.reversename.from_address(address))
        return [
            str(each.target).rstrip(".") for each in await self._ask(reverse, "PTR")
        ]

    async def _ask(self, name: str, kind: str) -> Sequence[Any]:
        try:
            return list(await self._resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise SilentError(name) from error


def _read_server(text: str) -> dns.nameserver.Nameserver:
    """``9.9.9.9``, ``9.9.9.9:53`` or ``2620:fe::fe``; a name would need another."""
    host, colon, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    try:
        address = str(ipaddress.ip_address(host))
        return dns.nameserver.Do53Nameserver(address, int(port) if colon else 53)
    except ValueError as error:
        message = say("{server} is no address of a name server", server=text)
        raise InputError(message, hint="--nameserver 9.9.9.9") from error
