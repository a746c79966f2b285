"""Return paths that say whose message came back, and that nobody can invent.

Every message of a run has a key of its own, ``<run>.<subscriber>.<mac>``. It stands in the
return path (``b+<key>@bounces.example.org``, or ``name+<key>@`` of a mailbox that takes
what comes to ``name+anything``), so that a bounce finds its reader however little it says;
and it is the ENVID, which a report gives back where the return path was rewritten. Without
the MAC anybody could have a reader taken for dead by writing to an address they made up.

Digits and lower-case letters only: relays fold the case of addresses (RFC 5321 section 2.4
asks them not to). RFC 5321 section 4.5.3.1.1: a local part has 64 octets at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.delivery.message import Envelope

if TYPE_CHECKING:
    from mailer.audience.token import Keyring

LONGEST_NAME = 23
"""Octets that a mailbox name may have to take a key behind it: 64 less the key's."""

_LABEL = "return path"
_KEY = re.compile(r"(?:^|[+=])((\d{1,9})\.(\d{1,9})\.([0-9a-f]{20}))$", re.ASCII)
_LONGEST_ADDRESS = (
    320  # octets: what is longer is no address of ours, and not looked at
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceAddress:
    """Where keys may stand in a return path: all of *domain*, or behind a ``+``.

    With neither, every message has the same return path, and only its ENVID, Message-ID
    and links tell whose it was.
    """

    domain: str = ""
    plus: bool = False

    def around(self, return_path: str) -> tuple[str, str]:
        """What stands before and after the key in place of *return_path*; empty: no key."""
        if self.domain:
            return "b+", f"@{self.domain}"
        name, _, domain = return_path.rpartition("@")
        if self.plus and len(name) <= LONGEST_NAME:
            return f"{name}+", f"@{domain}"
        return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whose message it was: the run's id, 0 for a letter outside a run, and the reader's."""

    run: int
    subscriber: int


class ReturnPaths:
    """Makes the keys of messages, and reads them again."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def key(self, run: int, subscriber: int) -> str:
        """The key of the message to *subscriber* in *run*: digits, letters a to f, dots."""
        told = f"{run}.{subscriber}"
        return f"{told}.{self._keyring.stamp(_LABEL, told)}"

    def read(self, text: str) -> Bearer | None:
        """Whose message *text*, an address or an ENVID, speaks of; None if no key is ours."""
        if len(text) > _LONGEST_ADDRESS:
            return None
        local = text.strip().strip("<>").rpartition("@")[0] or text.strip()
        found = _KEY.search(local.lower())
        if found is None:
            return None
        told = f"{found[2]}.{found[3]}"
        if not self._keyring.is_stamp(_LABEL, told, found[4]):
            return None
        return Bearer(run=int(found[2]), subscriber=int(found[3]))


class Enveloping:
    """The envelopes of one run, whose bounces would go to *return_path* without keys."""

    def __init__(
        self, return_path: str, *, run: int, bounces: BounceAddress, keyring: Keyring
    ) -> None:
        self._plain = return_path
        self._run = run
        self._before, self._after = bounces.around(return_path)
        self._paths = ReturnPaths(keyring)

    def envelope(self, *, subscriber: int, email: str) -> Envelope:
        """The envelope of the message to *subscriber*."""
        key = self._paths.key(self._run, subscriber)
        path = f"{self._before}{key}{self._after}" if self._after else self._plain
        return Envelope(return_path=path, recipient=email, envelope_id=key)
