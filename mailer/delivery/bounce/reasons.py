"""What a server's words mean: phrases first, then codes, then nothing.

Words outweigh codes, for many servers say 5.0.0 or 5.1.1 to whatever they do not like.
What blames the sender is looked for before what blames the address: a bounce missed costs
one more mail, a reader wrongly taken for dead is lost.

Sources: RFC 3463 and the registry that extends it (enhanced codes), RFC 5321 section 4.2
(reply codes), RFC 7505 section 4.2 (null MX).
"""

from __future__ import annotations

import re
from functools import lru_cache

from mailer.delivery.bounce.model import Reason
from mailer.delivery.bounce.phrases import PHRASES

_URL = re.compile(r"\b(?:https?|ftp)://\S*|\bwww\.\S+|<mailto:[^>\s]*>?")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{0,80}@[\w.-]+")
_HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b|\[[\w.:, ]{0,60}\]")
_COMMAND = re.compile(
    r"\(in reply to [^)]{0,60}\)|\(delivery attempts: \d+\)", re.IGNORECASE
)
_AGAIN = re.compile(r"(?<=\s)[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3}\s)?")
"""The code that opens every line of a long reply: it tears phrases apart."""

_WRAPPED = re.compile(r"\b\d\.\d\.\d - [\w ,]{3,60}?(?=(?: [245]\d\d[- ])|'|$)")
"""A gateway's own guess before the reply it got: `5.1.0 - Unknown address error 550-'…'`."""

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.#/-])(?<!\w:)([45]\d\d)(?=[\s,:;-]|$)")
_BLOCK_LISTS = re.compile(
    r"spamhaus|spamcop|sorbs|barracudacentral|uceprotect|abuseat|dnsbl|\brbl\b|bl\?ip="
)

_BY_STATUS = {
    "1.0": Reason.UNDEFINED,
    "1.1": Reason.UNKNOWN_USER,
    "1.2": Reason.UNKNOWN_HOST,
    "1.3": Reason.UNKNOWN_USER,
    "1.6": Reason.MOVED,
    "1.7": Reason.PROTOCOL,
    "1.8": Reason.PROTOCOL,
    "1.10": Reason.TAKES_NO_MAIL,
    "2.1": Reason.DISABLED,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_BIG,
    "3.4": Reason.TOO_BIG,
    "4.4": Reason.UNKNOWN_HOST,
    "4.7": Reason.EXPIRED,
    "5.3": Reason.RATE,
    "7.26": Reason.AUTHENTICATION,
    "7.8": Reason.AUTHENTICATION,
}
_BY_SUBJECT = {
    "2": Reason.FILTERED,
    "3": Reason.SYSTEM,
    "4": Reason.NETWORK,
    "5": Reason.PROTOCOL,
    "6": Reason.CONTENT,
    "7": Reason.POLICY,
}

_WORDS = [(reason, re.compile("|".join(some))) for reason, some in PHRASES]


def status_in(words: str) -> str:
    """The enhanced code that *words* say, the one of the far end; empty if none."""
    found = _ENHANCED.findall(words)
    return found[-1] if found else ""


def code_in(words: str) -> str:
    """The reply code of SMTP in *words*; empty if there is none."""
    found = _CODE.search(words)
    return found[1] if found else ""


@lru_cache(maxsize=256)
def reason_in(words: str) -> Reason:
    """What the phrases of *words* mean; UNDEFINED if none is known."""
    if _BLOCK_LISTS.search(words.lower()):
        return Reason.BLOCKED
    text = plain(words)
    for reason, pattern in _WORDS:
        if pattern.search(text):
            return reason
    return Reason.UNDEFINED


def reason_of_status(status: str) -> Reason:
    """What the enhanced code *status* means by itself."""
    _, _, detail = status.partition(".")
    if detail in _BY_STATUS:
        return _BY_STATUS[detail]
    return _BY_SUBJECT.get(detail.partition(".")[0], Reason.UNDEFINED)


def plain(words: str) -> str:
    """*words* as phrases are looked for in them: small letters, no names, no codes."""
    text = " ".join(words.lower().split())
    for pattern in (_COMMAND, _AGAIN, _WRAPPED, _URL, _ADDRESS, _HOST):
        text = pattern.sub(" ", text)
    return " ".join(text.replace("’", "'").replace("_", " ").split())
