"""Quoted-printable that needs nothing more on the wire: no dot-stuffing, no refolding.

RFC 2045 section 6.7. A run always begins and ends at column 0, so runs may be joined in
any order: that is what lets a message be compiled once and filled per reader.

A tab, and a space behind a space, are escaped: what comes out is its own relaxed form
(RFC 6376 section 3.4.4), so a signature hashes the very bytes that travel.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(rb"[^ !-<>-~]|(?<= ) ")
_WIDTH = 75  # and "=" for the soft break: RFC 2045 section 6.7, rule 5
_SOFT = b"=\r\n"
_SHORT = 4 * _WIDTH
_EQUALS = ord("=")
_BARE = bytes({*range(ord("!"), ord("~") + 1)} - {_EQUALS})
_ESCAPES = [f"={octet:02X}".encode() for octet in range(256)]

# A dot at the start of a line would have to be stuffed (RFC 5321 section 4.5.2), and
# "From " is mangled where mail is kept in mbox files (RFC 2049 section 3).
_MANGLED = (b".", b"From ")


def quoted_printable(text: str) -> bytes:
    """*text*, with LF line ends, encoded; an open last line gets a soft break."""
    octets = text.encode()
    if not octets.translate(None, _BARE):  # needs nothing but rows, as links do
        return plain(octets)
    *lines, rest = octets.split(b"\n")
    return b"".join([_line(line) + b"\r\n" for line in lines] + [_run(rest)])


def plain(octets: bytes) -> bytes:
    """A run of what needs no escape, as tokens are; made per reader, so without a loop."""
    if octets[:1] == b"." or len(octets) > _SHORT or not octets:
        return _run(octets)
    if len(octets) <= _WIDTH:
        return octets + _SOFT
    return octets[:_WIDTH] + _SOFT + plain(octets[_WIDTH:])


def _line(octets: bytes) -> bytes:
    """A whole line without its end; a space at the end is shut in (rule 3)."""
    if octets.endswith(b" "):
        return _run(octets)
    return _SOFT.join(_rows(octets))


def _run(octets: bytes) -> bytes:
    """Part of a line, ended by a soft break; nothing for nothing."""
    return b"".join([row + _SOFT for row in _rows(octets)])


def _rows(octets: bytes) -> list[bytes]:
    """*octets* encoded and cut, never inside an escape; no row starts mangled."""
    coded = _SPECIAL.sub(_escaped, octets)
    rows = []
    start = 0
    while start < len(coded):
        lead = b""
        if coded.startswith(_MANGLED, start):
            lead = _ESCAPES[coded[start]]
            start += 1
        end = start + _WIDTH - len(lead)
        if end < len(coded):
            if coded[end - 1] == _EQUALS:
                end -= 1
            elif coded[end - 2] == _EQUALS:
                end -= 2
        rows.append(lead + coded[start:end])
        start = end
    return rows


def _escaped(special: re.Match[bytes]) -> bytes:
    return _ESCAPES[special[0][0]]
