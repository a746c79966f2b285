"""What a relay's reply means for one delivery.

A reply is a value, never an exception: 4yz and 5yz are ordinary news on the wire.
Only the absence of a reply is out of the ordinary, and that has an Outcome too.

The law stands in two tables, read from top to bottom until a line fits: ``_TEMPORARY``
for 4yz, ``_PERMANENT`` for 5yz. An odd reply of some relay is a row in
``tests/data/replies.toml`` and, where the tables have no line for it, a line here.

Sources: RFC 5321 section 4.2 (replies), RFC 3463 section 2 (enhanced codes), RFC 2034
section 4 (where those stand), RFC 4954 section 6 (replies about logging in).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.fleeting import fleeting
from mailer.phrases import NOTHING, Phrase, say


class Stage(StrEnum):
    """How far a transaction had come when its last reply came, or did not come."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Outcome(StrEnum):
    """What a reply means; silence after the body began is *in doubt*."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


class Fault(StrEnum):
    """Whose fault it is, and so who must act: see the tables of ``judge``.

    ``RUN`` is a setting of ours that would fail for every reader alike: stop and tell.
    ``DOMAIN`` is where the reader's provider judges us, never the reader.
    """

    NONE = "none"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    DOMAIN = "domain"
    RELAY = "relay"
    RUN = "run"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the relay said. ``enhanced`` is ``5.1.1`` or empty (RFC 3463 section 2)."""

    code: int
    text: str = ""
    enhanced: str = ""

    def __str__(self) -> str:
        """On one line, as the relay said it: ``550 5.1.1 no such user``."""
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text)))

    @property
    def ends_session(self) -> bool:
        """Whether it closes the connection (421), and not for a policy (4.7.x)."""
        return self.code == 421 and not self.enhanced.startswith("4.7.")


@fleeting
class Attempt:
    """One hand-over to a relay: the stage reached, and the reply or silence (None)."""

    relay: str
    stage: Stage
    reply: Reply | None

    @property
    def made_sense(self) -> bool:
        """Whether there was a reply, and it was one (a malformed one has code -1)."""
        return self.reply is not None and self.reply.code > 0


@fleeting
class Verdict:
    """An attempt, judged: the outcome, whose fault, and a reason in words.

    What is accepted needs none: the reply says it all.
    """

    outcome: Outcome
    fault: Fault
    reason: Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a table: it fits at ``stages`` if ``said`` is found in the reply."""

    said: re.Pattern[str]
    fault: Fault
    reason: Phrase
    stages: frozenset[Stage]


_EVERYWHERE = frozenset(Stage)
_LATER = frozenset(Stage) - {Stage.CONNECT}
_PAST_MAIL = frozenset({Stage.RCPT, Stage.DATA, Stage.DOT})


def _line(
    said: str, fault: Fault, reason: Phrase, stages: frozenset[Stage] = _PAST_MAIL
) -> _Line:
    return _Line(
        said=re.compile(said, re.VERBOSE | re.IGNORECASE),
        fault=fault,
        reason=reason,
        stages=stages,
    )


TOO_BIG = say("the message is too big")
"""Said of a message that somebody on its way does not take for its size."""

# The patterns are verbose: spaces in them count for nothing, "\ " is a space. They are
# tried on the reply as a line, "450 4.2.0 text", so "^450" is a code, "^...\ 4\.2\.0" an
# enhanced code, whatever the code.

_TEMPORARY = (
    _line(
        "", Fault.RELAY, say("the relay asks us to wait"), frozenset({Stage.CONNECT})
    ),
    # RFC 4954 section 6: the relay cannot check the login now. SES uses it for its rate.
    _line(r"^454", Fault.RELAY, say("the relay asks us to wait"), _LATER),
    _line(
        r"""^452\ 4\.5\.3 | too\ (many|much)\ (mail|connections|recipients|errors)\b
        | client\ host\ rejected | sender\ address\ rejected | connection\ rate""",
        Fault.RELAY,
        say("the relay slows us down"),
        _LATER,
    ),
    _line(r"gr[ea]y-?list", Fault.RECIPIENT, say("greylisted"), _PAST_MAIL),
    # The providers' own words for "slow down": Gmail 4.7.28, Yahoo TSS04 and TS03,
    # Microsoft 4.7.500 and RP-001. A bare 4.7.1 is greylisting more often than not.
    _line(
        r"""^...\ 4\.7\.(?!1\b) | \[TSS?\d\d\] | \bRP-\d{3}\b | too\ many\ spams?
        | rate.?limit | throttl | unsolicited | complaints | reputation""",
        Fault.DOMAIN,
        say("the recipient's provider slows us down"),
        _LATER,
    ),
    _line(r"^421", Fault.RELAY, say("the relay ends the session"), _LATER),
    _line("", Fault.RELAY, say("the relay asks us to wait"), frozenset({Stage.MAIL})),
    _line(r"^4..\ 4\.2\.2 | quota | \bfull\b", Fault.RECIPIENT, say("mailbox full")),
    _line("", Fault.RECIPIENT, say("not now")),
)

_PERMANENT = (
    # Nobody could be written to with this login, sender or address of ours.
    _line(
        r"""^53[0458] | ^...\ 5\.7\.(57|60)\b | ^...\ 5\.7\.0\ .*authenticat
        | authentication\ (failed|unsuccessful) | send\ ?as(\ this|denied)
        | daily\ .*sending\ limit | sending\ paused""",
        Fault.RUN,
        say("the relay does not let us in"),
        _EVERYWHERE,
    ),
    _line("", Fault.RELAY, say("the relay takes no mail"), frozenset({Stage.CONNECT})),
    _line(
        r"""^...\ 5\.(3\.4|2\.3)\b | message\ .{0,20}too\ (big|large|long)
        | message\ size\ exceeds""",
        Fault.MESSAGE,
        TOO_BIG,
        _LATER,
    ),
    # The relay may quote whom it asked ("host x said: relaying denied"), and a closed
    # group asks for a login: one reader's address must not stop the run.
    _line(
        r"""^...\ 5\.1\.([1-6]|10)\b | ^...\ (?!5\.7\.).*recipient\ address\ rejected
        | RESOLVER\.(ADR|RST)\.""",
        Fault.RECIPIENT,
        say("no such recipient"),
    ),
    # Postfix says at RCPT what it holds against MAIL or the client (smtpd_delay_reject).
    _line(
        r"""^...\ 5\.1\.[78]\b | sender\ (address\ rejected|verify\ failed)
        | client\ host\ rejected:\ (access|cannot) | unable\ to\ relay | rcpthosts
        | relay(ing)?\ (access\ )?(denied|not\ permitted|prohibited)
        | address\ is\ not\ verified""",
        Fault.RUN,
        say("the relay does not take mail from us"),
        _LATER,
    ),
    _line(
        r"^(50[0-4]|555)",
        Fault.OURS,
        say("the relay does not understand us"),
        _LATER,
    ),
    _line("", Fault.RUN, say("the relay refuses our sender"), frozenset({Stage.MAIL})),
    _line(r"^...\ 5\.6\.7\b", Fault.RECIPIENT, say("the address needs SMTPUTF8")),
    _line(r"^...\ 5\.6\.", Fault.MESSAGE, say("the message is refused")),
    _line(
        r"^...\ 5\.2\.2\b | over\ ?quota | quota\ exceeded | (mail)?box\ .{0,30}full",
        Fault.RECIPIENT,
        say("mailbox full"),
    ),
    _line(
        r"""^...\ 5\.4\. | (unknown|no\ such|invalid)\ (local
        \ )?(user|recipient|mailbox|account|address)
        | (user|recipient|mailbox|account)\ .{0,60}(unknown|not\ (found|exist)|invalid
        |does(n't|\ not)\ (exist|have)|disabled|discontinued|inactive)""",
        Fault.RECIPIENT,
        say("no such recipient"),
    ),
    _line(
        r"""^...\ 5\.7\. | spam | black-?\ ?list | block-?\ ?list | blocked | \brbl\b
        | dnsbl | policy | dmarc | \bspf\b | dkim | reputation | reverse\ dns | \bptr\b
        | virus | banned | unsolicited | unauthenticated | complaints
        | client\ host\ rejected | service\ refuse | OFR\d*_506 | \b(SC|DY|OU)-\d{3}\b""",
        Fault.DOMAIN,
        say("the recipient's provider rejects us"),
    ),
    _line("", Fault.RECIPIENT, say("refused")),
)


_ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, fault=Fault.NONE, reason=NOTHING)


def judge(attempt: Attempt) -> Verdict:
    """Say what *attempt* means for the delivery, and whose turn it is.

    Refused is only what waiting cannot mend and what concerns this one message: a
    login or sender that the relay refuses (``Fault.RUN``) leaves the delivery deferred,
    for it stands due again as soon as the operator has mended the setting.
    """
    reply, stage = attempt.reply, attempt.stage
    if reply is None:
        return _unsettled(stage, say("no reply at {stage}", stage=stage))
    match reply.code // 100:
        case 2 if stage is Stage.DOT:
            return _ACCEPTED
        case 4:
            return _verdict(_TEMPORARY, reply, stage)
        case 5:
            return _verdict(_PERMANENT, reply, stage)
        case _:
            # Malformed (-1), or no answer to what was asked: 250 instead of 354 takes
            # no message, 354 after the dot does not say that it was taken.
            return _unsettled(
                stage,
                say("senseless reply at {stage}: {reply}", stage=stage, reply=reply),
            )


def read_reply(code: int, text: str) -> Reply:
    """A reply as the connection gives it: *text* may have many lines, and any octet.

    The enhanced code is taken off the lines that it opens (RFC 2034 section 4) or out
    of ``(#5.1.1)``; it must be of the code's own class, or it is left in the text.
    """
    if text.isprintable() and len(text) <= _LONGEST:  # one line: nearly all of them
        found = _OPENING.match(text)
        if found is None and "(#" not in text:
            return Reply(code, " ".join(text.split()))
        if found is not None and found[1].startswith(str(code // 100)):
            return Reply(code, " ".join(text[found.end() :].split()), found[1])
    return _read_lines(code, text)


def _read_lines(code: int, text: str) -> Reply:
    enhanced = _enhanced(code, text)
    opening = re.compile(rf"\W*{re.escape(enhanced)}(?![.\d])") if enhanced else None
    lines = (
        opening.sub("", line, count=1) if opening and opening.match(line) else line
        for line in text.splitlines()
    )
    words = " ".join(" ".join(lines).split())
    return Reply(code, "".join(filter(str.isprintable, words))[:_LONGEST], enhanced)


_LONGEST = 1000  # a line of a reply is at most 512 octets: RFC 5321 section 4.5.3.1.5
_OPENING = re.compile(r"[\s;#(-]*([245]\.\d{1,3}\.\d{1,3})(?![.\d])", re.ASCII)
_QMAIL = re.compile(r"\(#([245]\.\d{1,3}\.\d{1,3})\)", re.ASCII)


def _enhanced(code: int, text: str) -> str:
    found = _OPENING.match(text) or _QMAIL.search(text)
    return found[1] if found and found[1].startswith(str(code // 100)) else ""


def _unsettled(stage: Stage, reason: Phrase) -> Verdict:
    """Nothing sensible was said: the relay's fault, and a doubt once the body is out.

    The relay may hold the message and only its answer be lost: to send again could
    reach the reader twice (RFC 1047). Before the dot nothing was handed over.
    """
    outcome = Outcome.IN_DOUBT if stage is Stage.DOT else Outcome.DEFERRED
    return Verdict(outcome=outcome, fault=Fault.RELAY, reason=reason)


def _verdict(table: tuple[_Line, ...], reply: Reply, stage: Stage) -> Verdict:
    said = str(reply)
    line = next(x for x in table if stage in x.stages and x.said.search(said))
    return Verdict(
        outcome=_outcome(reply, stage, line.fault),
        fault=line.fault,
        reason=say("{reason}: {reply}", reason=line.reason, reply=said),
    )


def _outcome(reply: Reply, stage: Stage, fault: Fault) -> Outcome:
    if 400 <= reply.code < 500:
        return Outcome.DEFERRED
    if reply.code == 552 and stage is Stage.RCPT:
        # Meant as 452, and to be taken as temporary: RFC 5321 section 4.5.3.1.10.
        return Outcome.DEFERRED
    return Outcome.DEFERRED if fault in {Fault.RUN, Fault.RELAY} else Outcome.REFUSED
