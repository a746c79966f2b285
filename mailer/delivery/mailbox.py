"""A mailbox, ``Name <address>``: who a letter is from, and where answers go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.delivery.header import one_line
from mailer.errors import InputError
from mailer.phrases import say

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})*")
_LONGEST = 254  # a path is 256 octets with its brackets: RFC 5321 section 4.5.3.1.3


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, possibly empty, and an address in ASCII."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]


def read_mailbox(text: str, *, what: str) -> Mailbox:
    """The mailbox that a setting names; InputError, saying *what* it was to be."""
    one_line(text, what=what)
    name, bracket, address = text.strip().rpartition("<")
    if not bracket:
        return Mailbox("", ascii_address(address, what=what))
    if not address.endswith(">"):
        message = say("{what} is no mailbox: {text}", what=what, text=text)
        raise InputError(message, hint=say("write Name <address@example.org>"))
    return Mailbox(_unquoted(name.strip()), ascii_address(address[:-1], what=what))


def wire_address(text: str) -> str:
    """*text* as an address in ASCII, an international domain as A-labels; else empty.

    A local part that is not ASCII needs SMTPUTF8 (RFC 6531), which few relays have;
    quoted local parts nobody has.
    """
    local, _, domain = text.rpartition("@")
    try:
        address = (
            text if text.isascii() else f"{local}@{domain.encode('idna').decode()}"
        )
    except UnicodeError:
        return ""
    fits = _ADDRESS.fullmatch(address) and len(address) <= _LONGEST
    return address if fits else ""


def ascii_address(text: str, *, what: str) -> str:
    """``wire_address`` of a setting; InputError, saying *what* it was to be."""
    address = wire_address(text)
    if not address:
        message = say(
            "{what} is no address that we can write to: {text}",
            what=what,
            text=repr(text),
        )
        raise InputError(message, hint=say("write it as name@example.org"))
    return address


def _unquoted(name: str) -> str:
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name
