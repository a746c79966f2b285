"""Delivery reports: one block about the message, then one about each recipient.

Sources: RFC 3464 section 2 (the fields), RFC 6533 section 3 (addresses beyond ASCII).
Written as plain text they are read in the same way: several servers send them so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.delivery.bounce.mail import Fields, read_fields
from mailer.delivery.bounce.testimony import LONGEST, Testimony

TYPES = ("message/delivery-status", "message/global-delivery-status")

_PER_RECIPIENT = (
    "final-recipient",
    "original-recipient",
    "action",
    "status",
    "diagnostic-code",
    "remote-mta",
    "last-attempt-date",
)
_ONCE = frozenset({"final-recipient", "original-recipient", "action", "status"})
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_FIELD_LINE = re.compile(
    r"^[ \t]{0,8}(?:original-recipient|final-recipient|action|status|diagnostic-code|"
    r"reporting-mta|remote-mta|original-envelope-id)[ \t]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_MOST = 200  # recipients of one report
_ADDRESS_TYPE = re.compile(r"^\s*[\w/-]{1,20}\s*;\s*")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A report read: the envelope's id, and what it says of each recipient."""

    envelope_id: str
    testimonies: tuple[Testimony, ...]


def looks_like_report(text: str) -> bool:
    """Whether prose has the fields of a report in it: a recipient, and what became of it."""
    names = {found[0].strip(" \t:").lower() for found in _FIELD_LINE.finditer(text)}
    return "final-recipient" in names and bool(names & {"action", "status"})


def read_report(text: str) -> DeliveryReport:
    """The report that *text* is, or has in it."""
    start = _FIELD_LINE.search(text)
    text = text[start.start() :] if start else text
    message, *recipients = _blocks(text)
    return DeliveryReport(
        envelope_id=message.get("original-envelope-id"),
        testimonies=tuple(_testimony(block) for block in recipients[:_MOST]),
    )


def _blocks(text: str) -> Iterator[Fields]:
    """The block of the message, which may be empty, and then those of the recipients.

    Some writers forget the empty line, others put one into a block.
    """
    message: list[tuple[str, str]] = []
    blocks: list[list[tuple[str, str]]] = []
    known: set[str] = set()
    for chunk in re.split(r"\n[ \t]{0,80}\n", text):
        if not _FIELD_LINE.search(chunk):
            continue
        begins = "action" in known and "-recipient" in chunk.lower()
        fields = read_fields(_flush_left(chunk).encode("utf-8", "replace"))
        for name, value in fields.pairs:
            if not blocks and name not in _PER_RECIPIENT:
                message.append((name, value))
                continue
            if not blocks or begins or (name in known and name in _ONCE):
                blocks.append([])
                known, begins = set(), False
            blocks[-1].append((name, value))
            known.add(name)
    yield Fields(tuple(message))
    yield from (Fields(tuple(block)) for block in blocks)


def _flush_left(chunk: str) -> str:
    """*chunk* with its fields at the margin, where prose has indented them."""
    return _FIELD_LINE.sub(lambda found: found[0].strip(), chunk)


def _testimony(block: Fields) -> Testimony:
    action = block.get("action").partition(";")[0].strip().lower()
    said = block.get("diagnostic-code") or block.get("x-supplementary-info")
    status = _STATUS.search(block.get("status"))
    detail = block.get("status").partition("(")[2]
    return Testimony(
        recipient=_address(block),
        action=action,
        status=status[1] if status else "",
        diagnosis=_ADDRESS_TYPE.sub("", said)[:LONGEST],
        is_local=said.lower().startswith("x-unix"),
        prose=detail.rstrip(")")[:LONGEST],
        lines=tuple(
            f"{name.title()}: {value}"
            for name, value in block.pairs
            if name in {*_PER_RECIPIENT, "diagnostic-code"} and value
        ),
    )


def _address(block: Fields) -> str:
    """Whom we wrote to: the original address where it is told, else the final one."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = block.get(name)
        if "@" not in value:
            continue
        address = _ADDRESS_TYPE.sub("", value).strip().strip("<>").strip()
        if name == "original-recipient":
            address = _XTEXT.sub(lambda c: chr(int(c[1], 16)), address)
        address = _UNITEXT.sub(lambda c: _character(c[1]), address)
        return address.split(" ")[0].strip("<>")[:320]
    return ""


def _character(number: str) -> str:
    try:
        return chr(int(number, 16))
    except (ValueError, OverflowError):
        return ""
