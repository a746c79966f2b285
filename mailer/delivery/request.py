"""A mail that asks to leave: what it says of who asks, and whether a machine wrote it.

``List-Unsubscribe`` names an address of ours with a token in the subject (RFC 2369
section 3.2); mail programs write there at a click, people by hand. The token says who
leaves, whoever the mail is from. Where there is none, the From alone proves nothing, for
anybody can write it: it is told only where a server that we trust says that the mail
passed DMARC for that very domain (RFC 8601, RFC 7489).

An answer of a machine asks for nothing (RFC 3834 section 2), and is never answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,160}")
_ASKS = re.compile(r"^\W*unsubscribe\W+([A-Za-z0-9_-]{22,160})\W*$", re.IGNORECASE)
_WORD = re.compile(
    r"\b(unsubscribe|d[ée]sabonn\w*|d[ée]sinscri\w*|desabonnement)\b", re.IGNORECASE
)
_ENOUGH = 64 * 1024
"""Bytes of a text that are looked through; somebody who leaves says so at its head."""
_SUBJECT_TOKENS = 4
_BODY_TOKENS = 32
_HOSTILE = (LookupError, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a mail says that may be a request to leave.

    ``tokens`` may be ours: those of the subject, then those of the text. ``exact`` says
    that the subject is the one that we ask for, and nothing else. ``sender`` is who it
    is from if a server we trust vouches for it, else empty; ``claimed`` is who it
    says it is from. ``to`` is whom it names as recipients, in lower case.
    """

    tokens: tuple[str, ...] = ()
    exact: bool = False
    names_leaving: bool = False
    sender: str = ""
    claimed: str = ""
    to: tuple[str, ...] = ()
    is_automatic: bool = False


def read_request(raw: bytes, *, trusted: str = "") -> Request:
    """What *raw* asks for; never raises.

    *trusted* is the name with which our own server signs its Authentication-Results.
    """
    try:
        return _read(message_from_bytes(raw), trusted.strip().lower())
    except _HOSTILE:  # the parser of the standard library stumbles over hostile headers
        return Request()


def _read(mail: Message, trusted: str) -> Request:
    subject = _decoded(mail.get("Subject", ""))
    asks = _ASKS.match(subject)
    found = _TOKEN.findall(subject)[:_SUBJECT_TOKENS]
    if asks:
        found.insert(0, asks[1])
    is_automatic = _is_automatic(mail, exact=asks is not None)
    if not is_automatic:
        found += _TOKEN.findall(_text(mail))[:_BODY_TOKENS]
    to = [
        address.lower()
        for name in ("Delivered-To", "X-Original-To", "To", "Cc")
        for _, address in getaddresses(list(map(str, mail.get_all(name, ()))))
        if "@" in address
    ]
    return Request(
        tokens=tuple(dict.fromkeys(found)),
        exact=asks is not None,
        names_leaving=_WORD.search(subject) is not None,
        sender=_vouched(mail, trusted) if trusted else "",
        claimed=_claimed(mail),
        to=tuple(dict.fromkeys(to)),
        is_automatic=is_automatic,
    )


def _is_automatic(mail: Message, *, exact: bool) -> bool:
    """Whether a machine wrote it by itself, and not at somebody's click.

    A mail program that sends what List-Unsubscribe names may say so: it is generated,
    with exactly the subject we asked for. What answers a mail is never a request.
    """
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    if submitted.startswith("auto-generated"):
        return not exact
    if submitted not in {"", "no"}:
        return True
    if mail.get_content_type() == "multipart/report":
        return True
    if str(mail.get("Return-Path", "")).strip() == "<>":
        return True
    if mail.get("X-Autoreply") or mail.get("X-Autorespond"):
        return True
    precedence = str(mail.get("Precedence", "")).strip().lower()
    return precedence in {"auto_reply", "junk"} or (
        precedence in {"bulk", "list"} and not exact
    )


def _vouched(mail: Message, trusted: str) -> str:
    """The address it is from, if the topmost verdict of *trusted* says ``dmarc=pass``."""
    sender = _claimed(mail)
    if not sender:
        return ""
    for value in mail.get_all("Authentication-Results", ()):
        server, _, results = " ".join(str(value).split()).lower().partition(";")
        if server.split()[:1] != [trusted]:
            continue
        bare = re.sub(r"\([^()]*\)", " ", results)
        for result in bare.split(";"):
            said = result.split()
            if said[:1] == ["dmarc=pass"]:
                domain = sender.rpartition("@")[2].lower()
                return sender if f"header.from={domain}" in said else ""
        return ""  # the topmost one is ours; what stands below anybody may have written
    return ""


def _claimed(mail: Message) -> str:
    """The one address in From; empty if there are none, or several."""
    addresses = getaddresses(list(map(str, mail.get_all("From", ()))))
    only = addresses[0][1] if len(addresses) == 1 else ""
    return only[:320] if "@" in only and only.isprintable() else ""


def _text(mail: Message) -> str:
    return "\n".join(_texts(mail))[:_ENOUGH]


def _texts(mail: Message) -> Iterator[str]:
    left = 20  # parts; who leaves sends one or two
    for part in mail.walk():
        left -= 1
        if left < 0:
            return
        if part.get_content_type() == "text/plain" and not part.get_filename():
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield content[:_ENOUGH].decode("ascii", "replace")


def _decoded(value: object) -> str:
    text = " ".join(str(value).split())[:2000]
    if "=?" in text:
        try:
            text = str(make_header(decode_header(text)))
        except _HOSTILE:
            return text
    return text
