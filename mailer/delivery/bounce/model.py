"""What a mail that came back says: its kind, the reason, and the lines it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of news it is; ``none`` is mail that is no news of ours."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    REPLY = "reply"
    DELIVERED = "delivered"
    NONE = "none"


class Reason(StrEnum):
    """Why, in a closed vocabulary, whatever words a server found for it."""

    # The address is gone: hard.
    UNKNOWN_USER = "unknown user"
    UNKNOWN_HOST = "unknown host"
    MOVED = "moved"
    TAKES_NO_MAIL = "takes no mail"

    # The reader's mailbox or server, perhaps only today: soft.
    MAILBOX_FULL = "mailbox full"
    DISABLED = "disabled"
    FILTERED = "filtered"
    EXPIRED = "expired"
    NETWORK = "network"
    SYSTEM = "system"
    UNDEFINED = "undefined"

    # The sender, or what was sent: soft, and no fault of the reader's.
    SPAM = "spam"
    BLOCKED = "blocked"
    POLICY = "policy"
    AUTHENTICATION = "authentication"
    RELAYING = "relaying"
    RATE = "rate"
    CONTENT = "content"
    TOO_BIG = "too big"
    PROTOCOL = "protocol"

    # No failure.
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    REPLY = "automatic reply"
    DELIVERED = "delivered"
    NONE = "none"

    @property
    def is_hard(self) -> bool:
        """Whether the address is gone for good."""
        return self in _HARD

    @property
    def is_ours(self) -> bool:
        """Whether sender or message are to blame, so that it says nothing of the reader."""
        return self in _OURS


_HARD = frozenset(
    {Reason.UNKNOWN_USER, Reason.UNKNOWN_HOST, Reason.MOVED, Reason.TAKES_NO_MAIL}
)
_OURS = frozenset(
    {
        Reason.SPAM,
        Reason.BLOCKED,
        Reason.POLICY,
        Reason.AUTHENTICATION,
        Reason.RELAYING,
        Reason.RATE,
        Reason.CONTENT,
        Reason.TOO_BIG,
        Reason.PROTOCOL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the message to one *recipient*, as the server at fault *said* it.

    ``recipient`` is empty where nobody is named; ``status`` is an enhanced code or empty.
    """

    recipient: str
    kind: Kind
    reason: Reason
    status: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A mail that came back, read.

    ``kind``, ``recipient``, ``reason`` and ``status`` are those of the worst of ``fates``;
    ``evidence`` are the lines of the mail that this rests on. Whose message it was is found
    by ``addresses`` (where the mail was sent to, and the return path of what it returns),
    ``envelope_id``, ``message_ids`` of what it returns, and its ``ways_out``
    (List-Unsubscribe). ``feedback`` is the type of a complaint: abuse, opt-out, not-spam.
    """

    kind: Kind
    recipient: str = ""
    reason: Reason = Reason.NONE
    status: str = ""
    evidence: tuple[str, ...] = ()
    fates: tuple[Fate, ...] = ()
    addresses: tuple[str, ...] = ()
    envelope_id: str = ""
    message_ids: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()
    feedback: str = ""
