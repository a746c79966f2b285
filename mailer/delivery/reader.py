"""Everything that is one reader's own in a message: address, name, tokens, Message-ID."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.audience.token import Keyring
from mailer.delivery.header import cleaned, one_line
from mailer.delivery.mailbox import read_mailbox
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import InputError
from mailer.phrases import say

_EMAIL = re.compile(r"[^\s<>()\[\],:;@\\\"]+@[^\s<>()\[\],:;@\\\"]+")


@dataclass(slots=True)
class Reader:
    """What a message fills its holes with; ``Addressing`` refuses what could break out.

    ``email`` may need SMTPUTF8: the relay refuses that reader then, not the run.
    ``name`` is who the message is addressed to, empty if we do not know; ``greeting``
    is what ``{{ name }}`` says, ``name`` unless given. The tokens end their links.

    Not frozen: one is made per message, and that would cost more than all of its values.
    """

    email: str
    message_id: str
    name: str = ""
    greeting: str = ""
    unsubscribe_token: str = ""
    preferences_token: str = ""
    web_token: str = ""
    vote_token: str = ""
    measure_token: str = ""

    def value(self, placeholder: str) -> str:
        """What *placeholder* says to this reader, neither escaped nor encoded."""
        if placeholder == "name":
            return self.greeting or self.name
        value: str = getattr(self, placeholder)
        return value


class Addressing:
    """How the readers of one variant are addressed.

    The Message-ID is the same at every attempt, so that a second copy can be
    recognised, and different for every reader (Gmail counts equal ones as a burst).
    """

    def __init__(
        self,
        *,
        publication: Publication,
        edition: Edition,
        variant: Variant,
        keyring: Keyring,
    ) -> None:
        sender = read_mailbox(edition.sender or publication.sender, what="the sender")
        issue = re.sub(r"[^A-Za-z0-9-]+", "-", edition.name).strip("-")
        self._keyring = keyring
        self._publication = publication.id
        self._fallback = cleaned(publication.fallback_name)
        self._who = f"{edition.name} {variant}"
        self._message_id = f"<e{issue}.", f"@{sender.domain}>"

    def reader(self, *, subscriber: int, email: str, name: str) -> Reader:
        """The reader that a delivery is for, with tokens that name them and nobody else.

        InputError if their address could break out of its place.
        """
        if _EMAIL.fullmatch(email) is None or not email.isprintable():
            one_line(email, what="the reader's address")
            message = say("no address: {email}", email=repr(email))
            raise InputError(message)
        known = cleaned(name)  # nobody misses a letter because of a tab in their name
        before, after = self._message_id
        digest = self._keyring.digest("message-id", f"{self._who} {subscriber} {email}")
        return Reader(
            email,
            f"{before}{digest}{after}",
            known,
            known or self._fallback,
            *self._keyring.sign_own(self._publication, str(subscriber)),
        )


def address_reader(
    *,
    subscriber: int,
    email: str,
    name: str,
    publication: Publication,
    edition: Edition,
    variant: Variant,
    keyring: Keyring,
) -> Reader:
    """One reader alone, for a proof or a look; a run keeps its ``Addressing``."""
    addressing = Addressing(
        publication=publication, edition=edition, variant=variant, keyring=keyring
    )
    return addressing.reader(subscriber=subscriber, email=email, name=name)
