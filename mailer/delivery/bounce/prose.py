"""What servers write about a failure in words, and where the returned message begins.

There is no standard to this. What most have in common: the address stands at the beginning
of a line, or where SMTP would have it; the reasons stand below it; and what comes back
follows behind a line that says so, or begins as any mail does, with its trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.delivery.bounce.mail import Fields, read_fields
from mailer.delivery.bounce.testimony import LONGEST, Testimony

_SEPARATOR = re.compile(
    r"[\s>|*=_-]{0,80}(?:"
    r"(?:this|below|here|included|enclosed|attached) (?:this line )?is (?:a|the|your) "
    r"(?:copy|headers?|original|returned)\b|"
    r"(?:the )?(?:headers? of the )?(?:original|returned|unsent|undelivered|rejected) "
    r"(?:message|mail|e-mail)(?: headers?| text)?(?: below| is following)?"
    r"(?:\s*(?::|follow|[-=*_|])|\s*$)|"
    r"the headers? of the original|message (?:headers?|text|body) follow|"
    r"original mail as follows|(?:start|beginning?) of (?:the )?(?:original|returned))",
    re.IGNORECASE,
)
_TRACE = re.compile(
    r"\s{0,4}(?:received|return-path|dkim-signature|x-originating-ip|delivered-to|"
    r"message-id|mime-version|authentication-results|arc-seal|x-received):",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s{0,4}[A-Za-z][A-Za-z0-9-]{1,40}:|[ \t]+\S")
_HEAD_LINES = 6  # of a header without a line before it, to be told from prose
_MOST_LINES = 400
_LONGEST_LINE = 1_000
_MOST_READ = 20_000

_AT = re.compile("@")
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){0,8}[A-Za-z0-9-]{1,63}")
_MOST_ADDRESSES = 50  # in one line
_MOST_RECIPIENTS = 20

_AT_THE_MARGIN = re.compile(
    r"[\s>*|\-\"'<(\d.)#]*(?:(?:to|recipients?|user|address|failed|e-?mail)\s*:)?[\s<\"'(]*",
    re.IGNORECASE,
)
_IN_A_PATH = re.compile(
    r"(?:rcpt to|recipient|(?:mail|message|delivered|deliver|sent) to)[:\s]*<?\Z",
    re.IGNORECASE,
)
_SAID_BY_THE_OTHER = re.compile(r"\s*<<<|.*\(reason:")
_OWN_GUESS = re.compile(r"\s*[45]\d\d \d\.\d\.\d .*\.\.\. ")
_NOBODY = re.compile(
    r"(?:post_?master|mailer-daemon|mail-daemon|abuse|root|support|help|no-?reply)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """The notice above what is returned, line by line, and the header of the latter."""

    lines: tuple[str, ...]
    returned: Fields

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def read_prose(text: str) -> Prose:
    """*text* cut where the returned message begins."""
    lines = [line[:_LONGEST_LINE] for line in text.split("\n", _MOST_READ)[:_MOST_READ]]
    end, begin = _cut(lines)
    while begin < len(lines) and not lines[begin].strip():
        begin += 1
    head: list[str] = []
    for line in lines[begin : begin + _MOST_LINES]:
        if not line.strip():
            break
        head.append(line)
    return Prose(
        lines=tuple(line for line in lines[:end] if line.strip())[:_MOST_LINES],
        returned=read_fields("\n".join(head).encode("utf-8", "replace")),
    )


def testimonies(prose: Prose, *, not_these: frozenset[str]) -> list[Testimony]:
    """What *prose* says of each recipient it names; *not_these* are other people's."""
    named = _recipients(prose.lines, not_these)
    bounds = [*(number for _, number in named), len(prose.lines)]
    return [
        testimony(address, prose.lines[begin : max(end, begin + 1)])
        for (address, begin), end in zip(named, bounds[1:], strict=False)
    ]


def testimony(address: str, lines: Sequence[str]) -> Testimony:
    """What *lines* say of *address*; of a dialogue, what the other end said.

    Behind the other's refusal sendmail writes what it makes of it, and that is always
    ``User unknown``.
    """
    replies = [line for line in lines if _SAID_BY_THE_OTHER.match(line)]
    rest = [line for line in lines if not (replies and _OWN_GUESS.match(line))]
    diagnosis = " ".join(line.replace("<<<", " ") for line in replies)
    return Testimony(
        recipient=address,
        diagnosis=diagnosis[:LONGEST],
        prose=" ".join(" ".join(rest).split())[:LONGEST],
        lines=tuple(line.strip() for line in rest),
    )


def addresses_in(text: str) -> Iterator[str]:
    """Each address in *text*, in its order."""
    return (address for address, _ in _placed(text))


def _placed(line: str) -> Iterator[tuple[str, int]]:
    """Each address in *line*, and where it begins."""
    for count, at in enumerate(_AT.finditer(line)):
        if count >= _MOST_ADDRESSES:
            return
        local = _LOCAL.search(line[max(0, at.start() - 64) : at.start()])
        domain = _DOMAIN.match(line, at.end())
        name = local[0].lstrip("'`*#-.") if local else ""
        if name and domain:
            yield f"{name}@{domain[0].rstrip('.-')}", at.start() - len(name)


def _recipients(
    lines: Sequence[str], not_these: frozenset[str]
) -> list[tuple[str, int]]:
    """The recipients that *lines* name, each once, with the line; the surest sort alone."""
    at_margin: dict[str, int] = {}
    in_path: dict[str, int] = {}
    anywhere: dict[str, int] = {}
    for number, line in enumerate(lines):
        for address, begin in _placed(line):
            if address.lower() in not_these or _NOBODY.match(address.partition("@")[0]):
                continue
            before = line[:begin]
            if _AT_THE_MARGIN.fullmatch(before):
                at_margin.setdefault(address, number)
            elif _IN_A_PATH.search(before):
                in_path.setdefault(address, number)
            else:
                anywhere.setdefault(address, number)
    found = at_margin or in_path or anywhere
    return list(found.items())[:_MOST_RECIPIENTS]


def _cut(lines: Sequence[str]) -> tuple[int, int]:
    """Where the notice ends, and where the returned message begins."""
    for number, line in enumerate(lines):
        if _SEPARATOR.match(line):
            return number, number + 1
        if _TRACE.match(line):
            ahead = lines[number : number + _HEAD_LINES]
            if sum(1 for each in ahead if _HEADER.match(each)) >= min(3, len(ahead)):
                return number, number
    return len(lines), len(lines)
