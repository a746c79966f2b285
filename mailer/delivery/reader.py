"""Everything that is one reader's own in a message: address, links, Message-ID."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from mailer.audience.token import Keyring, Purpose
from mailer.delivery.header import LINK, LONGEST_LINK, cleaned, one_line
from mailer.delivery.mailbox import read_mailbox
from mailer.edition.model import Edition, Publication, Variant
from mailer.errors import InputError
from mailer.phrases import say

_EMAIL = re.compile(r"[^\s<>()\[\],:;@\\\"]+@[^\s<>()\[\],:;@\\\"]+")
_MESSAGE_ID = re.compile(r"<[\w!#$%&'*+/=?^`{|}~.-]+@[A-Za-z0-9.-]+>", re.ASCII)
_LINKS = (
    "web_url",
    "unsubscribe_url",
    "one_click_url",
    "unsubscribe_mailto",
    "preferences_url",
    "poll_url",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a message fills its holes with; InputError if a value could break out.

    ``email`` may need SMTPUTF8: the relay refuses that reader then, not the run.
    ``name`` is who the message is addressed to, empty if we do not know; ``greeting``
    is what ``{{ name }}`` says, ``name`` unless given. A link that does not exist is
    empty. ``one_click_url`` takes the POST of RFC 8058 and is https, or empty.
    """

    email: str
    message_id: str
    name: str = ""
    greeting: str = ""
    web_url: str = ""
    unsubscribe_url: str = ""
    one_click_url: str = ""
    unsubscribe_mailto: str = ""
    preferences_url: str = ""
    poll_url: str = ""

    def __post_init__(self) -> None:
        if not self._is_plain():
            self._check()

    def _is_plain(self) -> bool:
        """Whether nothing needs a closer look; most readers, and quickly seen."""
        links = (
            f"{self.web_url}{self.unsubscribe_url}{self.one_click_url}"
            f"{self.unsubscribe_mailto}{self.preferences_url}{self.poll_url}"
        )
        return (
            len(links) <= LONGEST_LINK
            and links.isascii()
            and links.isprintable()
            and not (" " in links or "<" in links or ">" in links)
            and self.name.isprintable()
            and self.greeting.isprintable()
            and _EMAIL.fullmatch(self.email) is not None
            and self.email.isprintable()
            and _MESSAGE_ID.fullmatch(self.message_id) is not None
        )

    def _check(self) -> None:
        if not _EMAIL.fullmatch(one_line(self.email, what="the reader's address")):
            message = say("no address: {email}", email=repr(self.email))
            raise InputError(message)
        one_line(self.name, what="the reader's name")
        one_line(self.greeting, what="the reader's name")
        if not _MESSAGE_ID.fullmatch(self.message_id):
            message = say(
                "no Message-ID: {message_id}", message_id=repr(self.message_id)
            )
            raise InputError(message)
        for link in _LINKS:
            if not LINK.fullmatch(getattr(self, link)):
                message = say(
                    "{link} cannot stand in a message: {address}",
                    link=link,
                    address=repr(getattr(self, link)),
                )
                raise InputError(message)

    def value(self, placeholder: str) -> str:
        """What *placeholder* says to this reader, neither escaped nor encoded."""
        if placeholder == "name":
            return self.greeting or self.name
        value: str = getattr(self, placeholder)
        return value


class Addressing:
    """How the readers of one variant are addressed: what their links share.

    Without a *public_url* nothing is hosted: one leaves by mail, the other links are
    empty. The Message-ID is the same at every attempt, so that a second copy can be
    recognised, and different for every reader (Gmail counts equal ones as a burst).
    """

    def __init__(
        self,
        *,
        publication: Publication,
        edition: Edition,
        variant: Variant,
        keyring: Keyring,
        public_url: str | None,
    ) -> None:
        sender = read_mailbox(edition.sender or publication.sender, what="the sender")
        leave_to = publication.unsubscribe_to or f"unsubscribe@{sender.domain}"
        issue = re.sub(r"[^A-Za-z0-9-]+", "-", edition.name).strip("-")
        self._keyring = keyring
        self._publication = publication.id
        self._edition = edition.name
        self._variant = variant
        self._fallback = cleaned(publication.fallback_name)
        self._message_id = f"<e{issue}.", f"@{sender.domain}>"
        self._mailto = f"mailto:{quote(leave_to, safe='@+')}?subject=unsubscribe%20"
        self._base = None if public_url is None else public_url.rstrip("/")
        place = f"{publication.id}/{quote(edition.slug)}"
        self._page = f"{self._base}/archive/{place}"
        self._polls = f"{self._base}/poll/{place}"

    def reader(self, *, subscriber: int, email: str, name: str) -> Reader:
        """The reader that a delivery is for, with links that name them and nobody else."""
        known = cleaned(name)  # nobody misses a letter because of a tab in their name
        greeting = known or self._fallback
        key = str(subscriber)
        leave = self._keyring.sign(Purpose.UNSUBSCRIBE, self._publication, key)
        mailto = f"{self._mailto}{leave}"
        before, after = self._message_id
        who = f"{self._edition} {self._variant} {subscriber} {email}"
        message_id = f"{before}{self._keyring.digest('message-id', who)}{after}"
        base = self._base
        if base is None:
            return Reader(
                email=email,
                name=known,
                greeting=greeting,
                message_id=message_id,
                unsubscribe_url=mailto,
                unsubscribe_mailto=mailto,
            )
        choose = self._keyring.sign(Purpose.PREFERENCES, self._publication, key)
        read = self._keyring.sign(Purpose.WEB, self._publication, key)
        vote = self._keyring.sign(Purpose.VOTE, self._publication, key)
        is_member = self._variant is Variant.MEMBER
        unsubscribe_url = f"{base}/unsubscribe/{leave}"
        return Reader(
            email=email,
            name=known,
            greeting=greeting,
            message_id=message_id,
            web_url=f"{self._page}?m={read}" if is_member else self._page,
            unsubscribe_url=unsubscribe_url,
            one_click_url=unsubscribe_url if base.startswith("https://") else "",
            unsubscribe_mailto=mailto,
            preferences_url=f"{base}/preferences/{choose}",
            poll_url=f"{self._polls}/{vote}",
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
    public_url: str | None,
) -> Reader:
    """One reader alone, for a proof or a look; a run keeps its ``Addressing``."""
    addressing = Addressing(
        publication=publication,
        edition=edition,
        variant=variant,
        keyring=keyring,
        public_url=public_url,
    )
    return addressing.reader(subscriber=subscriber, email=email, name=name)
