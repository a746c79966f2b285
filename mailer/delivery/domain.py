"""Names in the DNS that mail is signed by: a domain, and a selector below it.

Sources: RFC 1035 section 2.3.1 (labels), RFC 6376 section 3.1 (selectors).
"""

from __future__ import annotations

import re

from mailer.errors import InputError
from mailer.phrases import say

_LONGEST_NAME = 253
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def read_domain(text: str) -> str:
    """*text* as a domain in a signature: A-labels, small letters; InputError."""
    domain = text.strip().rstrip(".").lower()
    if (
        not domain.isascii()
    ):  # else its tables, half a megabyte, would be loaded for nothing
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
    if len(domain) > _LONGEST_NAME or not _DOMAIN.fullmatch(domain):
        message = say("{text} is no domain", text=repr(text))
        raise InputError(message, hint=say("write it as example.org"))
    return domain


def read_selector(text: str) -> str:
    """*text* as a selector; InputError. It is part of a name in the DNS."""
    selector = text.strip().lower()
    if len(selector) > _LONGEST_NAME or not _SELECTOR.fullmatch(selector):
        message = say("{text} is no selector", text=repr(text))
        raise InputError(message, hint=say("letters, digits and -, as in rsa2026"))
    return selector
