"""What a mail says of one recipient, wherever in it that stands.

Two sorts of places: the blocks of a delivery report (RFC 3464), which some servers write
as plain text, and the prose that servers have written since before there were reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of what was said that are weighed: no server needs more to say no."""

_STAGES = (
    # Where the sender's server tells at which command the other said no.
    ("DATA", r"in reply to (?:end of )?data|after (?:end of )?data|end of data|"
             r"our (?:final )?data\b|\[(?:body|data|end_of_data|text)\]|"
             r"(?:for|to) (?:the )?(?:text|data) command|smtp:data|\(data\)|"
             r"after i sent the message|sending the message body|"
             r"smtp transmission failure|>>> (?:data|\.|bdat)"),
    ("RCPT", r"in reply to rcpt|after rcpt|our rcpt|\[rcpt_to\]|smtp:rcpt|\(rcpt|"
             r"(?:for|to) (?:the )?rcpt(?: to)? command|does not like recipient|"
             r"remote smtp server has rejected address|>>> rcpt|rcpt to:?<"),
    ("MAIL", r"in reply to mail|after mail from|our mail from|\[mail_from\]|"
             r"sender was rejected|smtp:mail|rejected mail from|>>> mail"),
    ("HELO", r"in reply to (?:helo|ehlo)|after (?:helo|ehlo)|\[connect\]|"
             r"greeting failed|after initial connection|helo handshake"),
)  # fmt: skip
_STAGE = [(stage, re.compile(pattern)) for stage, pattern in _STAGES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What is said of *recipient*: in a report's fields, and in prose.

    ``action`` is failed, delayed, delivered, relayed, expanded… or empty; ``status`` is an enhanced code or
    empty; ``diagnosis`` is the server's reply as a report quotes it, ``prose`` what is
    written beside it, ``context`` what the mail says in general. ``lines`` are those lines
    as they stand in the mail. ``is_local`` if a program on the reader's server said it.
    """

    recipient: str
    action: str = ""
    status: str = ""
    diagnosis: str = ""
    prose: str = ""
    context: str = ""
    lines: tuple[str, ...] = ()
    is_local: bool = False


def stage_of(text: str) -> str:
    """At which command of SMTP *text* says that no was said; empty if it does not tell.

    The last dialogue counts: ``>>> DATA`` after ``>>> RCPT`` is where it ended.
    """
    text = text.lower()
    found = [
        (match.start(), stage)
        for stage, pattern in _STAGE
        for match in [*pattern.finditer(text)][-1:]
    ]
    return max(found)[1] if found else ""
