"""Addresses: one canonical form, one key per person, masks for screens.

Sources: RFC 5321 section 2.4 (domains ignore case), RFC 5891 (A-labels), RFC 6531.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mailer.errors import InputError
from mailer.phrases import say

_NAMED = re.compile(r"^[^<>]*<([^<>]+)>$")
_MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE)
_PLAIN = re.compile(r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LOCAL_LENGTH = 64  # RFC 5321 section 4.5.3.1.1
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_LENGTH = 254  # a path of 256 with its brackets, RFC 5321 section 4.5.3.1.3
_ROLES = frozenset(
    """abuse admin administrator billing commercial compta contact direction dpo help
    hostmaster info information jobs mailer-daemon marketing no-reply noc noreply office
    postmaster presse privacy recrutement redaction root sales secretariat security
    service spam support webmaster""".split()
)


def read_address(text: str) -> str:
    """The canonical form of an address as people type it; InputError says what is wrong.

    Takes ``Name <address>`` and ``mailto:address``; the domain comes back in lower case
    and as A-labels, the local part as written. No DNS is asked.
    """
    typed = unicodedata.normalize("NFC", text).strip()
    if _CONTROL.search(typed):
        message = say("the address holds a control character")
        raise InputError(message)
    named = _NAMED.match(typed)
    address = (named[1] if named else typed).strip()
    if link := _MAILTO.fullmatch(address):
        address = link[1]
    plain = _PLAIN.fullmatch(address)
    if plain and len(plain[1]) <= _LOCAL_LENGTH and len(address) <= _LENGTH:
        return f"{plain[1]}@{_canonical_domain(plain[2])}"
    return _validated(address)


@lru_cache(maxsize=4096)
def _canonical_domain(domain: str) -> str:
    """Rosters repeat few domains, and domains are what takes time to judge."""
    return domain_of(_validated(f"a@{domain}"))


def _validated(address: str) -> str:
    # Who sends reads no address, and need not load all that is known of them.
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            address, check_deliverability=False, test_environment=True, strict=True
        )
    except EmailNotValidError as error:
        message = say("not an address: {error}", error=str(error).rstrip("."))
        raise InputError(message) from error
    return f"{found.local_part}@{found.ascii_domain or found.domain}"


def address_key(email: str) -> str:
    """The form in which two addresses are the same person: case does not count."""
    return unicodedata.normalize("NFKC", email).casefold()


def mailbox_key(email: str) -> str:
    """The mailbox behind *email* as well as one can tell: tags and Gmail's dots aside.

    For counting what one mailbox is sent, never for telling people apart.
    """
    local, _, domain = address_key(email).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def mask(email: str) -> str:
    """``c•••@orange.fr``: enough for a person to recognise, too little to write to."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def mask_wholly(email: str) -> str:
    """``c•••@o•••.fr``: for screens that colleagues look at, too."""
    local, _, domain = email.rpartition("@")
    name, dot, end = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••{dot}{end}"


def domain_of(email: str) -> str:
    """What stands behind the ``@``, in lower case."""
    return email.rpartition("@")[2].lower()


def is_role(email: str) -> bool:
    """Whether the address belongs to a function (``info@``) rather than a person."""
    return email.partition("@")[0].lower() in _ROLES


def needs_smtputf8(email: str) -> bool:
    """Whether only a relay with SMTPUTF8 can carry it (RFC 6531 section 3.2)."""
    return not email.isascii()
