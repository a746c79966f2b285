"""What a provider reports of one recipient, in our words."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.delivery.bounce.model import Fate, Kind, Reason, Return
from mailer.delivery.bounce.testimony import Testimony
from mailer.delivery.bounce.weigh import weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One report; ``key`` is the provider's own name for it, the same at every retry.

    With ``leaves`` the reader has unsubscribed at the provider.
    """

    key: str
    about: Return
    leaves: bool = False


def failure(
    *, recipient: str, is_permanent: bool, status: str = "", said: str = ""
) -> Fate:
    """What became of a message that did not arrive.

    The server's own words outweigh the provider's verdict where they blame the sender; a
    provider that goes on trying, or may, is believed over words that sound final.
    """
    told = Testimony(
        recipient=recipient,
        action="failed",
        status=status,
        diagnosis=said,
        # The provider saw the dialogue, and says for good only what the address was refused.
        context="in reply to RCPT TO command" if is_permanent else "",
    )
    fate = weigh(told)
    reason = fate.reason
    if reason is Reason.UNDEFINED and is_permanent:
        reason = Reason.UNKNOWN_USER
    kind = Kind.HARD if reason.is_hard and is_permanent else Kind.SOFT
    return Fate(
        recipient=recipient,
        kind=kind,
        reason=reason,
        status=fate.status,
        said=said[:300],
    )


def report(
    fate: Fate,
    *,
    evidence: tuple[str, ...],
    message_id: str = "",
    addresses: tuple[str, ...] = (),
) -> Return:
    """*fate* as what came back; *message_id* and *addresses* tell whose message it was."""
    return Return(
        kind=fate.kind,
        recipient=fate.recipient,
        reason=fate.reason,
        status=fate.status,
        evidence=evidence,
        fates=(fate,),
        addresses=tuple(filter(None, addresses)),
        message_ids=(f"<{message_id.strip('<>')}>",) if message_id else (),
    )


def complaint(recipient: str) -> Fate:
    """The reader called it spam."""
    return Fate(recipient=recipient, kind=Kind.COMPLAINT, reason=Reason.COMPLAINT)


def gone(recipient: str, said: str) -> Fate:
    """The provider will not write to this address any more, for it bounced there."""
    return Fate(
        recipient=recipient, kind=Kind.HARD, reason=Reason.UNKNOWN_USER, said=said
    )


def nothing(recipient: str) -> Fate:
    """Somebody who leaves: nothing became of the message."""
    return Fate(recipient=recipient, kind=Kind.NONE, reason=Reason.NONE)
