"""A mail opened as far as bounces need it, however it is broken, and never for long.

The parser of the standard library asks every open boundary about every line, and calls
itself for every level: a megabyte of nested parts keeps it busy for minutes. Here all is
bounded: bytes, levels, parts, fields. What claims to have parts and shows no boundary is
searched for the one it has; what has none is text.

Sources: RFC 2045 section 6, RFC 2046 section 5.1 (parts), RFC 2047 (words in fields).
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

LONGEST = 2_000_000
"""Octets of a mail that are looked at: what matters stands before the returned message."""

RETURNED = (
    "message/rfc822",
    "message/global",
    "message/rfc822-headers",
    "message/global-headers",
    "text/rfc822-headers",
    "text/rfc822-header",
)
"""Media types of what comes back: the message, or its header; the last one is a slip."""

_DEEPEST = 8
_MOST_PARTS = 60
_MOST_FIELDS = 400
_LONGEST_HEAD = 256_000
_LONGEST_FIELD = 4_000  # octets: a Diagnostic-Code with many lines has 2,000
_LONGEST_TEXT = 200_000

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)", re.DOTALL)
_CONTENT_TYPE = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,80})")
_BOUNDARY = re.compile(
    r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
_GUESSED_BOUNDARY = re.compile(
    rb"^--(\S[^\r\n]{3,100}?)[ \t]{0,8}\r?\nContent-", re.MULTILINE | re.IGNORECASE
)
_CHARSETS = re.compile(
    r"(?:us-ascii|ascii|utf-?8|utf-?16|iso-?8859|iso-?2022|latin|windows-|cp\d|koi8|"
    r"shift|sjis|euc|gb|big5|tis-?620|ks_c|mac)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,3000}>")
_NO_TEXT = re.compile(r"<(/?)(?:style|script|head)\b[^<>]{0,500}>", re.IGNORECASE)
_BREAK = re.compile(
    r"<(?:br|/?p|/?div|/?tr|/?h\d|/?li|/?td|/?table)\b[^<>]{0,500}>", re.IGNORECASE
)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&quot;": '"', "&#39;": "'"}


@dataclass(frozen=True, slots=True)
class Fields:
    """The header of a mail or part, or a block of a report: names in small letters."""

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """The first value of *name*, unfolded; empty if there is none."""
        return next((value for known, value in self.pairs if known == name), "")

    def all(self, *names: str) -> list[str]:
        """Every value of any of *names*, in their order."""
        return [value for known, value in self.pairs if known in names]

    def has(self, *names: str) -> bool:
        """Whether any of *names* is there."""
        return any(known in names for known, _ in self.pairs)


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the mail: its media type, header, and body as it travelled."""

    media_type: str
    fields: Fields
    body: bytes

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding."""
        return _decoded(self.body, self.fields.get("content-transfer-encoding"))

    @property
    def text(self) -> str:
        """The body as text, tags taken out of HTML; line ends are those of Unix."""
        found = _CHARSET.search(self.fields.get("content-type"))
        content = self.content[:_LONGEST_TEXT]
        text = _in_charset(content, found[1] if found else "utf-8")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return _without_tags(text) if self.media_type == "text/html" else text


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: its header, and its leaves in the order they stand in."""

    fields: Fields
    parts: tuple[Part, ...]

    def of_type(self, *media_types: str) -> Iterator[Part]:
        """The leaves of one of *media_types*."""
        return (part for part in self.parts if part.media_type in media_types)


def open_mail(raw: bytes) -> Mail:
    """*raw* opened; whatever it is, something comes out, and nothing is raised."""
    fields, body = split_header(raw[:LONGEST])
    return Mail(fields, tuple(_leaves(fields, body)))


def split_header(raw: bytes) -> tuple[Fields, bytes]:
    """The fields at the beginning of *raw*, and what follows them."""
    rest = raw.lstrip(b"\r\n")
    if rest.startswith((b"From ", b">From ")):  # as mailboxes of one file have it
        rest = rest.partition(b"\n")[2]
    head, body = _at_the_empty_line(rest)
    return read_fields(head), body


def read_fields(head: bytes) -> Fields:
    """The fields of *head*, unfolded; a line that is none belongs to none."""
    pairs: list[tuple[str, list[bytes]]] = []
    room = 0  # octets that the last field may still grow by
    for line in head[:_LONGEST_HEAD].split(b"\n"):
        if line[:1] in {b" ", b"\t"}:
            piece = line.strip()[: max(0, room)]
            room -= len(piece) + 1
            if piece:
                pairs[-1][1].append(piece)
            continue
        found = _FIELD.match(line[: _LONGEST_FIELD + 100])
        room = 0
        if found is not None:
            if len(pairs) >= _MOST_FIELDS:
                break
            pairs.append((found[1].decode("ascii").lower(), [found[2].strip()]))
            room = _LONGEST_FIELD - len(found[2])
    return Fields(tuple((name, _as_text(b" ".join(pieces))) for name, pieces in pairs))


def unencoded(value: str) -> str:
    """A field's value with its encoded words read."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value[:1000])
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        piece if isinstance(piece, str) else _in_charset(piece, charset or "utf-8")
        for piece, charset in pieces
    )


def _leaves(fields: Fields, body: bytes) -> Iterator[Part]:
    """The leaves below *fields*, at most so many and so deep."""
    waiting = [(fields, body, 0)]
    count = 0
    while waiting and count < _MOST_PARTS:
        fields, body, depth = waiting.pop()
        count += 1
        media_type = _media_type(fields)
        pieces: Sequence[bytes] = ()
        if media_type.startswith("multipart/") and depth < _DEEPEST:
            pieces = _pieces(body, _boundary(fields), _MOST_PARTS - count)
        if not pieces:
            is_text = media_type.startswith("multipart/")
            yield Part("text/plain" if is_text else media_type, fields, body)
            continue
        waiting += [(*split_part(piece), depth + 1) for piece in reversed(pieces)]


def split_part(piece: bytes) -> tuple[Fields, bytes]:
    """The header of a part, which may have none, and its body."""
    if piece.startswith((b"\r\n", b"\n")):
        return Fields(), piece.partition(b"\n")[2]
    head, body = _at_the_empty_line(piece)
    return read_fields(head), body


def _pieces(body: bytes, boundary: bytes, most: int) -> Sequence[bytes]:
    """What stands between the boundaries of *body*; nothing, if it has none."""
    for mark in (boundary, *_guessed(body)):
        if not mark:
            continue
        found = (b"\n" + body).split(b"\n--" + mark, most + 1)
        if len(found) > 1:
            inside = [
                piece.partition(b"\n")[2] for piece in found[1:] if piece[:2] != b"--"
            ]
            return [piece for piece in inside if piece.strip()][:most]
    return ()


def _guessed(body: bytes) -> Iterator[bytes]:
    found = _GUESSED_BOUNDARY.search(body)
    if found is not None:
        yield found[1]


def _boundary(fields: Fields) -> bytes:
    found = _BOUNDARY.search(fields.get("content-type"))
    return (found[1] or found[2]).encode("utf-8", "replace") if found else b""


def _media_type(fields: Fields) -> str:
    found = _CONTENT_TYPE.match(fields.get("content-type"))
    return found[1].lower() if found else "text/plain"


def _at_the_empty_line(raw: bytes) -> tuple[bytes, bytes]:
    """*raw* before and after its first empty line."""
    ends = [(raw.find(mark), len(mark)) for mark in (b"\n\r\n", b"\n\n")]
    at, length = min(((at, n) for at, n in ends if at >= 0), default=(len(raw), 0))
    return raw[:at], raw[at + length :]


def _decoded(body: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64":
            kept = re.sub(rb"[^A-Za-z0-9+/]", b"", body[: 2 * _LONGEST_TEXT])
            return binascii.a2b_base64(kept[: len(kept) // 4 * 4])
        case "quoted-printable":
            return quopri.decodestring(body[: 3 * _LONGEST_TEXT])
        case _:
            return body


def _in_charset(content: bytes, charset: str) -> str:
    """*content* as text; only charsets of mail, for some codecs are slow on purpose."""
    if charset.lower() not in {"utf-8", "us-ascii"} and _CHARSETS.match(charset):
        try:
            return content.decode(charset, "replace")
        except (LookupError, UnicodeError):
            pass
    return _as_text(content)


def _as_text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _shown(text: str) -> Iterator[str]:
    """*text* without styles and scripts; one that is never closed hides nothing."""
    at = 0
    for mark in _NO_TEXT.finditer(text):
        if not mark[1]:
            yield text[at : mark.start()]
        at = mark.end()
    yield text[at:]


def _without_tags(text: str) -> str:
    text = "".join(_shown(text))
    text = _TAG.sub("", _BREAK.sub("\n", text))
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text
