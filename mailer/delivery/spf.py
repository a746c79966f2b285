"""Whether a domain's SPF record lets an address send for it, as a receiver finds out.

The resolver is handed in. Records with macros are not evaluated: they depend on a
message. Sources: RFC 7208 sections 4 and 5.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

_MOST_LOOKUPS = 10  # RFC 7208 section 4.6.4
_VERSION = "v=spf1"
_QUALIFIERS = "+-~?"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Lookup(Protocol):
    """The DNS. Nothing where there is no such name or no such record."""

    async def texts(self, name: str) -> Sequence[str]:
        """TXT records, each with its strings joined."""

    async def addresses(self, name: str) -> Sequence[str]:
        """A and AAAA."""

    async def exchangers(self, name: str) -> Sequence[str]:
        """MX, the most wanted first; ``.`` alone is a null MX (RFC 7505)."""


class Result(StrEnum):
    """RFC 7208 section 2.6, but that temporary errors are the resolver's."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    PERMERROR = "permerror"
    UNKNOWN = "unknown"


_BY_QUALIFIER = {
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


class _BrokenError(Exception):
    """The record, or one that it includes, cannot be evaluated."""


class _MacroError(Exception):
    """It depends on a message."""


@dataclass(slots=True)
class Check:
    """One evaluation of *lookup*'s records; ``lookups`` counts towards the limit."""

    lookup: Lookup
    lookups: int = 0
    why: str = field(default="")

    async def result(self, address: str, domain: str) -> Result:
        """What a receiver makes of mail for *domain* from *address*."""
        try:
            return await self._host(ipaddress.ip_address(address), domain)
        except _MacroError:
            return Result.UNKNOWN
        except _BrokenError as error:
            self.why = str(error)
            return Result.PERMERROR

    async def _host(self, address: Address, domain: str) -> Result:
        records = await spf_records(domain, self.lookup)
        if not records:
            return Result.NONE
        if len(records) > 1:
            message = f"{domain} has {len(records)} SPF records"
            raise _BrokenError(message)
        redirect = ""
        for term in records[0].split()[1:]:
            name, _, value = term.partition("=")
            if name.lower() == "redirect":
                redirect = value
            elif "=" not in term or ":" in name or "/" in name:
                qualifier = term[0] if term[0] in _QUALIFIERS else "+"
                if await self._matches(term.lstrip(_QUALIFIERS), address, domain):
                    return _BY_QUALIFIER[qualifier]
        if not redirect:
            return Result.NEUTRAL
        self._count(redirect)
        result = await self._host(address, redirect)
        if result is Result.NONE:
            message = f"redirect={redirect}: there is no record"
            raise _BrokenError(message)
        return result

    async def _matches(self, mechanism: str, address: Address, domain: str) -> bool:
        kind, _, rest = mechanism.partition(":")
        kind, slash, length = kind.partition("/")
        target = (rest or f"{domain}{slash}{length}") if kind != "include" else rest
        match kind.lower():
            case "all":
                return True
            case "ip4" | "ip6":
                return _within(address, rest, mechanism)
            case "include":
                self._count(target)
                result = await self._host(address, target)
                if result is Result.NONE:
                    message = f"include:{target}: there is no record"
                    raise _BrokenError(message)
                return result is Result.PASS
            case "a":
                self._count(target)
                return await self._among([target], address)
            case "mx":
                self._count(target)
                host, lengths = _split(target)
                hosts = await self.lookup.exchangers(host)
                return await self._among([f"{h}{lengths}" for h in hosts], address)
            case "exists":
                self._count(target)
                return bool(await self.lookup.addresses(target))
            case "ptr":
                self._count(target)
                return False  # "This mechanism SHOULD NOT be published"
        message = f"{mechanism} is no mechanism"
        raise _BrokenError(message)

    async def _among(self, hosts: Sequence[str], address: Address) -> bool:
        for each in hosts:
            host, lengths = _split(each)
            four, _, six = lengths.removeprefix("/").partition("//")
            length = (four or "32") if address.version == 4 else (six or "128")
            for found in await self.lookup.addresses(host):
                if _within(address, f"{found}/{length}", each, strict=False):
                    return True
        return False

    def _count(self, target: str) -> None:
        if "%" in target:
            raise _MacroError
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            message = f"more than {_MOST_LOOKUPS} look-ups"
            raise _BrokenError(message)


async def spf_records(domain: str, lookup: Lookup) -> list[str]:
    """The SPF records of *domain*: one, or something is wrong."""
    texts = await lookup.texts(domain)
    return [
        t
        for t in texts
        if t.lower() == _VERSION or t.lower().startswith(_VERSION + " ")
    ]


def _split(target: str) -> tuple[str, str]:
    """A host, and the lengths of prefixes behind it: ``/24//64``."""
    host, slash, lengths = target.partition("/")
    return host, slash + lengths


def _within(address: Address, text: str, term: str, *, strict: bool = True) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        if not strict:  # an address of the other family, with this one's length
            return False
        message = f"{term} is no network"
        raise _BrokenError(message) from error
    return address.version == network.version and address in network
