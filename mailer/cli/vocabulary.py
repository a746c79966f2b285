"""The words of our closed sets, as the terminal says them.

Programs read them in English, whatever the locale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from mailer.phrases import Phrase, say, say_many, verbatim

if TYPE_CHECKING:
    from mailer.flows.approvals import Acceptance

_WORDS = {
    str(each): each
    for each in (
        say("free"),
        say("member"),
        say("web"),
        say("feed"),
        say("error"),
        say("warning"),
        # editions, runs and deliveries
        say("draft"),
        say("approved"),
        say("scheduled"),
        say("armed"),
        say("sending"),
        say("paused"),
        say("sent"),
        say("cancelled"),
        say("due"),
        say("claimed"),
        say("handing over"),
        say("accepted"),
        say("deferred"),
        say("refused"),
        say("in doubt"),
        say("withdrawn"),
        say("expired"),
        # relays
        say("up"),
        say("set aside"),
        say("on probation"),
        say("untried"),
        # subscriptions and suppressions
        say("pending"),
        say("active"),
        say("left"),
        say("unsubscribed"),
        say("bounced"),
        say("complained"),
        say("erased"),
        say("manual"),
        # what the consent log says
        say("rejoined"),
        say("tracking granted"),
        say("tracking refused"),
        # mail that came back
        say("hard"),
        say("soft"),
        say("delayed"),
        say("complaint"),
        say("reply"),
        say("delivered"),
        say("none"),
        say("leave"),
        say("answer"),
        say("open"),
        say("counted"),
        say("ignored"),
        say("unproved"),
        say("return path"),
        say("token"),
        say("message-id"),
        say("provider"),
        say("ledger"),
        say("sender"),
        # what became of one row of a roster
        say("added"),
        say("present"),
        say("updated"),
        say("changed"),
        say("unchanged"),
        say("suppressed"),
        say("invalid"),
        say("gone"),
        say("barred"),
    )
}

_COUNTED: Mapping[str, Callable[[int], Phrase]] = {
    "free": lambda n: say_many("{count} free", "{count} free", n),
    "member": lambda n: say_many("{count} member", "{count} members", n),
    "accepted": lambda n: say_many("{count} accepted", "{count} accepted", n),
    "deferred": lambda n: say_many("{count} deferred", "{count} deferred", n),
    "refused": lambda n: say_many("{count} refused", "{count} refused", n),
    "in doubt": lambda n: say_many("{count} in doubt", "{count} in doubt", n),
    "waiting": lambda n: say_many("{count} waiting", "{count} waiting", n),
    "left": lambda n: say_many("{count} left before", "{count} left before", n),
    "unconfirmed": lambda n: say_many("{count} unconfirmed", "{count} unconfirmed", n),
    "suppressed": lambda n: say_many("{count} suppressed", "{count} suppressed", n),
    "already sent in an earlier run": lambda n: say_many(
        "{count} already sent in an earlier run",
        "{count} already sent in an earlier run",
        n,
    ),
    "not in the segment": lambda n: say_many(
        "{count} not in the segment", "{count} not in the segment", n
    ),
    "paused": lambda n: say_many("{count} paused", "{count} paused", n),
    "had one this month": lambda n: say_many(
        "{count} who wants one a month had it",
        "{count} who want one a month had it",
        n,
    ),
    "not for their tier": lambda n: say_many(
        "{count} not for their tier", "{count} not for their tier", n
    ),
    "added": lambda n: say_many("{count} added", "{count} added", n),
    "present": lambda n: say_many("{count} already there", "{count} already there", n),
    "updated": lambda n: say_many("{count} updated", "{count} updated", n),
    "gone": lambda n: say_many(
        "{count} left there, and stays away",
        "{count} left there, and stay away",
        n,
    ),
    "barred": lambda n: say_many(
        "{count} bounced or complained there, and is suppressed",
        "{count} bounced or complained there, and are suppressed",
        n,
    ),
    "invalid": lambda n: say_many("{count} invalid", "{count} invalid", n),
    "duplicates": lambda n: say_many(
        "{count} line repeated in the file", "{count} lines repeated in the file", n
    ),
    "role": lambda n: say_many(
        "{count} address of a function rather than a person",
        "{count} addresses of a function rather than a person",
        n,
    ),
    "smtputf8": lambda n: say_many(
        "{count} address that only a relay with SMTPUTF8 takes",
        "{count} addresses that only a relay with SMTPUTF8 takes",
        n,
    ),
}


def word(name: str) -> str:
    """The phrase for *name*, or *name* itself where it is nobody's word."""
    return _WORDS.get(str(name), str(name))


def ledger_reason(text: str) -> Phrase:
    """A delivery's reason, as the ledger keeps it, with our part of it as a phrase.

    ``no such recipient: 550 5.1.1 unknown`` is ours up to the colon, then the relay's.
    """
    ours, colon, reply = text.partition(": ")
    reason = verbatim(ours)
    return say("{reason}: {reply}", reason=reason, reply=reply) if colon else reason


def counted(name: str, count: int) -> Phrase:
    """``21 refused``."""
    known = _COUNTED.get(str(name))
    return known(count) if known else say("{count} {name}", count=count, name=name)


def listed(phrases: Iterable[Phrase | str]) -> Phrase | str:
    """``one, two, three`` as one phrase; empty for none."""
    found: Phrase | str = ""
    for each in phrases:
        found = say("{before}, {last}", before=found, last=each) if found else each
    return found


def acceptances(accepted: Iterable[Acceptance]) -> Phrase | str:
    """``date-past by claire``, for each."""
    return listed(
        say("{rule} by {name}", rule=each.rule, name=each.by) for each in accepted
    )


def problems(errors: int, warnings: int) -> Phrase:
    """``1 error, 2 warnings``."""
    return say(
        "{errors}, {warnings}",
        errors=say_many("{count} error", "{count} errors", errors),
        warnings=say_many("{count} warning", "{count} warnings", warnings),
    )
