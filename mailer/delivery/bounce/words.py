"""Kinds and reasons in words, for people."""

from __future__ import annotations

from mailer.delivery.bounce.model import Reason
from mailer.phrases import NOTHING, Phrase, say

_SPOKEN = {
    Reason.UNKNOWN_USER: say("unknown address"),
    Reason.UNKNOWN_HOST: say("unknown domain"),
    Reason.MOVED: say("moved away"),
    Reason.TAKES_NO_MAIL: say("the domain takes no mail"),
    Reason.MAILBOX_FULL: say("mailbox full"),
    Reason.DISABLED: say("mailbox disabled"),
    Reason.FILTERED: say("filtered out"),
    Reason.EXPIRED: say("not delivered in time"),
    Reason.NETWORK: say("network failure"),
    Reason.SYSTEM: say("failure of their server"),
    Reason.UNDEFINED: say("unclear"),
    Reason.SPAM: say("taken for spam"),
    Reason.BLOCKED: say("we are blocked"),
    Reason.POLICY: say("against their policy"),
    Reason.AUTHENTICATION: say("our mail is not authenticated"),
    Reason.RELAYING: say("relaying denied"),
    Reason.RATE: say("too fast"),
    Reason.CONTENT: say("the message is refused"),
    Reason.TOO_BIG: say("the message is too big"),
    Reason.PROTOCOL: say("protocol error"),
    Reason.DELAYED: say("delayed"),
    Reason.COMPLAINT: say("complaint"),
    Reason.REPLY: say("automatic reply"),
    Reason.DELIVERED: say("delivered"),
    Reason.NONE: NOTHING,
}


def spoken(reason: Reason) -> Phrase:
    """*reason* as people say it."""
    return _SPOKEN[reason]
