"""DKIM: signing what a template writes, as the last thing that happens to the bytes.

A message is hashed in its canonical form, which is not what travels: fields lose their
folds, runs of white space shrink to one space, white space at the end of a line goes.
Fields are made canonical once per template where they are constant, and per reader where
they fill a hole; this is exact because both are whole fields. A body is written in its
canonical form to begin with (see ``quoted``), so what travels is hashed as it is, and the
hash of its constant beginning is copied rather than made again.

Every field that we write is signed. Those that a message may have once are named once
more than they occur: a second From or Subject, added by whoever passes the message on,
breaks the signature (RFC 6376 sections 5.4.2 and 8.15). There is no ``l=``: the whole
body counts.

Sources: RFC 6376 sections 3.4.2 and 3.4.4 (relaxed), 3.5 (tags), 3.7 (hashes),
5.4 (fields to sign); RFC 8463 (Ed25519); RFC 8058 section 4 (one-click must be signed).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from mailer.delivery.message import MessageTemplate
from mailer.delivery.reader import Reader

if TYPE_CHECKING:  # it brings cryptography: seven megabytes for those who do not sign
    from mailer.delivery.signer import Signer

ONCE = frozenset(
    "from to cc subject date reply-to message-id mime-version content-type "
    "content-transfer-encoding list-id list-unsubscribe list-unsubscribe-post".split()
)
"""What a message has once at most, and readers or their programs act upon."""

_SPACES = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")
_LINE = 76
_END_OF_HEAD = _EMPTY_LINE = b"\r\n\r\n"


class _Hash(Protocol):
    """A SHA-256 that was fed something, as the standard library has it."""

    def copy(self) -> _Hash: ...
    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class Template(Protocol):
    """What writes one reader's message: a template, signed or not."""

    @property
    def return_path(self) -> str:
        """Where bounces go."""

    def write(self, reader: Reader) -> bytes:
        """The message that *reader* gets, canonical, without the final dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    """A signature up to its body hash: as it travels, and as it is hashed."""

    signer: Signer
    wire: bytes
    relaxed: bytes

    def field(self, head: _Hash, body_hash: bytes) -> bytes:
        """The whole field, for a message whose relaxed fields were fed to *head*."""
        hashed = head.copy()
        hashed.update(self.relaxed + body_hash + b"; b=")  # RFC 6376 section 3.7
        signature = base64.b64encode(self.signer.sign(hashed.digest()))
        rows = [signature[at : at + 72] for at in range(0, len(signature), 72)]
        return self.wire + body_hash + b";\r\n b=" + b"\r\n ".join(rows) + b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTemplate:
    """A template whose messages carry a signature per key.

    ``head`` is its fields as they are hashed, holes between them. ``opening`` has hashed
    the first ``opened`` octets of the body, up to its first hole; none where the body may
    end there, for empty lines at its end do not count.
    """

    template: MessageTemplate
    signatures: tuple[_Tags, ...]
    head: tuple[bytes, ...]
    opening: _Hash
    opened: int

    @property
    def return_path(self) -> str:
        """Where bounces go."""
        return self.template.return_path

    def write(self, reader: Reader) -> bytes:
        """The message that *reader* gets, signed; not a byte of it may change now."""
        template = self.template
        values = template.pick(template.values(reader))
        content = template.join(values)
        start = content.index(_END_OF_HEAD) + len(_END_OF_HEAD) + self.opened
        body_hash = self.opening.copy()
        if content.endswith(_EMPTY_LINE):
            body_hash.update(_ended(content[start:]))
        else:
            body_hash.update(memoryview(content)[start:])
        head = list(self.head)
        head[1::2] = map(relaxed_fields, values[: len(head) // 2])
        head_hash = hashlib.sha256(b"".join(head))
        coded = base64.b64encode(body_hash.digest())
        fields = [tags.field(head_hash, coded) for tags in self.signatures]
        return b"".join([*fields, content])


def sign_template(
    template: MessageTemplate, signers: Sequence[Signer], *, now: datetime
) -> Template:
    """*template* with a signature of every one of *signers*, dated *now*.

    Without signers it stays as it is: then the relay signs, or nobody does.
    """
    if not signers:
        return template
    cut = next(n for n, p in enumerate(template.parts[::2]) if _END_OF_HEAD in p)
    last, _, first = template.parts[2 * cut].partition(_END_OF_HEAD)
    head = (*template.parts[: 2 * cut], last + b"\r\n")
    body = (first, *template.parts[2 * cut + 1 :])
    if any(relaxed_lines(part) != part for part in body):
        message = "a body that is not its own canonical form"
        raise ValueError(message)
    is_open = len(body) > 1 and body[-1].strip(b"\r\n")
    opening = first if is_open else b""
    in_head = template.pick(list(template.holes))[:cut]
    fields: list[str] = []
    for constant, hole in zip(head[::2], [*in_head, None], strict=True):
        fields += _names(constant)
        fields += hole.fields if hole else ()
    return SignedTemplate(
        template=template,
        signatures=tuple(_tags(signer, _signed(fields), now) for signer in signers),
        head=tuple(relaxed_fields(part) for part in head),
        opening=hashlib.sha256(opening),
        opened=len(opening),
    )


def signers_for(domain: str, signers: Sequence[Signer]) -> tuple[Signer, ...]:
    """The keys that mail from *domain* is signed with: its own, or of the nearest above.

    A signature counts for DMARC only when its domain is that of From or one above it
    (relaxed alignment), so no other key is ever used. None: nothing is signed here.
    """
    name = domain.lower()
    while "." in name:
        found = tuple(signer for signer in signers if signer.domain == name)
        if found:
            return found
        name = name.partition(".")[2]
    return ()


def relaxed_fields(fields: bytes) -> bytes:
    """Whole header *fields* as they are hashed (RFC 6376 section 3.4.2)."""
    rows: list[bytes] = []
    for row in _unfolded(fields):
        name, _, value = row.partition(b":")
        value = _single_spaced(value).strip(b" ")
        rows += name.rstrip(b" \t").lower(), b":", value, b"\r\n"
    return b"".join(rows)


def relaxed_lines(lines: bytes) -> bytes:
    """Whole *lines* of a body as they are hashed, wherever in it they stand.

    RFC 6376 section 3.4.4, but for the empty lines at the end of a whole body.
    """
    return _SPACES.sub(b" ", _TRAILING.sub(b"", lines))


def _ended(body: bytes) -> bytes:
    """*body* without empty lines at its end; nothing where there is nothing else."""
    ended = body.rstrip(b"\r\n")
    return ended + b"\r\n" if ended else b""


def _single_spaced(octets: bytes) -> bytes:
    # Most values have nothing to shrink, and this is asked per reader.
    if b"  " in octets or b"\t" in octets:
        return _SPACES.sub(b" ", octets)
    return octets


def _unfolded(fields: bytes) -> list[bytes]:
    """One line per field."""
    unfolded = fields.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    return unfolded.split(b"\r\n")[:-1]


def _names(fields: bytes) -> list[str]:
    return [row.partition(b":")[0].decode("ascii") for row in _unfolded(fields)]


def _signed(fields: Sequence[str]) -> list[str]:
    """The names for ``h=``, in the order of the message; then those once too often."""
    names = [name.lower() for name in fields]
    if len(names) != len(set(names)):
        # Of fields with the same name the last one is hashed first; ours have none.
        message = f"a field occurs twice: {sorted(names)}"
        raise ValueError(message)
    return [*names, *sorted(ONCE)]


def _tags(signer: Signer, names: Sequence[str], now: datetime) -> _Tags:
    tags = [
        "v=1",
        f"a={signer.algorithm}",
        "c=relaxed/relaxed",
        f"d={signer.domain}",
        f"s={signer.selector}",
        f"t={int(now.timestamp())}",
    ]
    *most, last = names
    tokens = [
        "DKIM-Signature: ",
        *(f"{tag}; " for tag in tags),
        f"h={most[0]}:",
        *(f"{name}:" for name in most[1:]),
        f"{last}; ",
    ]
    wire = _folded(tokens) + b"\r\n bh="
    relaxed = relaxed_fields(wire + b"\r\n").removesuffix(b"\r\n")
    return _Tags(signer=signer, wire=wire, relaxed=relaxed)


def _folded(tokens: Iterable[str]) -> bytes:
    """*tokens* in lines of at most 76, each broken after a whole token."""
    rows = [""]
    for token in tokens:
        if len(rows[-1] + token.rstrip(" ")) <= _LINE:
            rows[-1] += token
        else:
            rows.append(f" {token}")
    return "\r\n".join(row.rstrip(" ") for row in rows).encode("ascii")
