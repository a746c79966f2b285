"""What the letters to single readers say, kind by kind, and how they become messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from mailer.audience.token import Keyring, Purpose
from mailer.delivery.dkim import sign_template, signers_for
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.message import Envelope, compile_letter
from mailer.delivery.reader import Reader
from mailer.edition.model import Publication
from mailer.edition.rhythm import rhythm
from mailer.flows.readers.correspondence import ClaimedLetter, LetterKind
from mailer.flows.sending.carriage import Message
from mailer.language import Catalogue
from mailer.phrases import Phrase, say
from mailer.rendering.reader_letter import Action, ReaderLetter, write_to_reader
from mailer.rendering.theme import Theme

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A letter to be written: what it is about, and how its links are made."""

    letter: ClaimedLetter
    publication: Publication
    keyring: Keyring
    public_url: str

    @property
    def asked_lang(self) -> str:
        """``?lang=en`` for a page that would speak another language than the letter."""
        lang = self.letter.lang
        return f"?lang={lang}" if lang and lang != self.publication.lang else ""

    def signed(self, purpose: Purpose, *more: str) -> str:
        """A token of *purpose* that names this reader, and says *more*."""
        reader = str(self.letter.subscriber)
        return self.keyring.sign(purpose, self.publication.id, reader, *more)

    @property
    def preferences_url(self) -> str:
        """Where they choose."""
        return f"{self.public_url}/preferences/{self.signed(Purpose.PREFERENCES)}"

    @property
    def leave_url(self) -> str:
        """Where they leave."""
        return f"{self.public_url}/unsubscribe/{self.signed(Purpose.UNSUBSCRIBE)}"


def confirm_letter(errand: Errand) -> ReaderLetter:
    """Somebody, perhaps they, asked for the publication: only a button subscribes."""
    name = errand.publication.name
    token = errand.signed(Purpose.CONFIRM, errand.letter.values["asked"])
    return ReaderLetter(
        subject=say("Please confirm: {name}", name=name),
        preheader=say("One click, and you will receive it."),
        title=say("One more step"),
        paragraphs=(
            say(
                "Somebody asked, perhaps you, that {name} be sent to this address.",
                name=name,
            ),
            *_rhythm(errand.publication),
        ),
        button=Action(
            words=say("I confirm"),
            url=f"{errand.public_url}/confirm/{token}{errand.asked_lang}",
        ),
        fine=(
            say(
                "Not you? Do nothing: you will not hear of us again, and the"
                " address is deleted in a few days."
            ),
        ),
    )


def welcome_letter(errand: Errand) -> ReaderLetter:
    """They have confirmed."""
    publication = errand.publication
    return ReaderLetter(
        subject=say("Welcome to {name}", name=publication.name),
        preheader=say("Your subscription is confirmed."),
        title=say("It is done"),
        paragraphs=(
            say(
                "Your subscription to {name} is confirmed. Thank you.",
                name=publication.name,
            ),
            *_rhythm(publication),
            say(
                "It comes from {address}: put this address into your contacts, and"
                " your mail program will know us.",
                address=read_mailbox(publication.sender, what="the sender").address,
            ),
        ),
        links=(
            Action(words=say("Choose what you receive"), url=errand.preferences_url),
            Action(words=say("Unsubscribe"), url=errand.leave_url),
        ),
        fine=(
            say(
                "You get this letter because you confirmed your subscription on our"
                " site."
            ),
        ),
        leave=errand.leave_url,
    )


def present_letter(errand: Errand) -> ReaderLetter:
    """Somebody asked for what they receive already."""
    name = errand.publication.name
    return ReaderLetter(
        subject=say("You receive {name} already", name=name),
        title=say("You are with us already"),
        paragraphs=(
            say(
                "Somebody asked, perhaps you, that {name} be sent to this address."
                " It is already: there is nothing to do.",
                name=name,
            ),
            say("If it does not reach you, look into the folder of unwanted mail."),
        ),
        links=(
            Action(words=say("Choose what you receive"), url=errand.preferences_url),
            Action(words=say("Unsubscribe"), url=errand.leave_url),
        ),
        fine=(say("Was it not you? Nothing was changed."),),
        leave=errand.leave_url,
    )


def goodbye_letter(errand: Errand) -> ReaderLetter:
    """They have left by the page, or somebody did to whom their copy was forwarded."""
    name = errand.publication.name
    token = errand.signed(Purpose.UNDO, errand.letter.values["left"])
    return ReaderLetter(
        subject=say("You have left {name}", name=name),
        preheader=say("Not you? One click takes it back."),
        title=say("You get no further edition"),
        paragraphs=(
            say("This address was unsubscribed from {name}, on our page.", name=name),
            say(
                "If it was you, there is nothing to do, and this is our last word."
                " If it was somebody to whom you forwarded an edition, one click"
                " takes it back."
            ),
        ),
        button=Action(
            words=say("Keep sending it"), url=f"{errand.public_url}/rejoin/{token}"
        ),
        fine=(
            say("This letter comes once, because somebody unsubscribed on our page."),
        ),
    )


def data_letter(errand: Errand) -> ReaderLetter:
    """They asked for what we hold about them, or somebody did who has their mail."""
    token = errand.signed(Purpose.DATA, errand.letter.values["asked"])
    return ReaderLetter(
        subject=say("Your data at {name}", name=errand.publication.name),
        preheader=say("A link that works for a day."),
        title=say("What we hold about you"),
        paragraphs=(
            say(
                "Somebody asked, perhaps you, to see what we hold about this address."
                " Behind the button you can read it, take it with you, and have it"
                " erased. It works for a day."
            ),
        ),
        button=Action(
            words=say("Open my data"), url=f"{errand.public_url}/data/{token}"
        ),
        fine=(say("Not you? Do nothing. Do not pass this letter on."),),
    )


def ending_letter(errand: Errand) -> ReaderLetter:
    """Their membership ends soon; what is free goes on coming."""
    name = errand.publication.name
    until = date.fromisoformat(errand.letter.values["until"])
    renew = errand.publication.subscribe_url
    return ReaderLetter(
        subject=say("Your membership of {name} ends soon", name=name),
        preheader=say("Until {day} everything stays as it is.", day=until),
        title=say("Your membership ends soon"),
        paragraphs=(
            say("Your membership of {name} lasts until {day}.", name=name, day=until),
            say(
                "Afterwards you go on receiving what is free for all, without doing"
                " anything."
            ),
        ),
        button=Action(words=say("Stay a member"), url=renew) if renew else None,
        links=(
            Action(words=say("Choose what you receive"), url=errand.preferences_url),
            Action(words=say("Unsubscribe"), url=errand.leave_url),
        ),
        fine=(say("This letter comes once, before a membership ends."),),
        leave=errand.leave_url,
    )


WRITERS: Mapping[LetterKind, Callable[[Errand], ReaderLetter]] = {
    LetterKind.CONFIRM: confirm_letter,
    LetterKind.WELCOME: welcome_letter,
    LetterKind.PRESENT: present_letter,
    LetterKind.GOODBYE: goodbye_letter,
    LetterKind.DATA: data_letter,
    LetterKind.ENDING: ending_letter,
}


def _rhythm(publication: Publication) -> tuple[Phrase, ...]:
    often = rhythm(publication.schedule)
    return (say("{often}.", often=often),) if often else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Makes messages of letters. ``now`` dates them.

    ``publication`` raises NotFoundError for one that is no more; ``theme`` and
    ``sentences`` are read where they may have changed.
    """

    publication: Callable[[str], Publication]
    theme: Callable[[Publication], Theme]
    sentences: Callable[[str], Catalogue]
    templates: Callable[[], Mapping[str, str]]
    keyring: Keyring
    signers: Sequence[Signer]
    public_url: str
    now: Callable[[], datetime]

    async def __call__(self, letter: ClaimedLetter) -> Message:
        """See ``correspondence.Compose``."""
        return await asyncio.to_thread(self.message, letter)

    def message(self, letter: ClaimedLetter) -> Message:
        """*letter* as it goes over the wire; ThemeError, NotFoundError, InputError."""
        publication = self.publication(letter.publication)
        errand = Errand(
            letter=letter,
            publication=publication,
            keyring=self.keyring,
            public_url=self.public_url,
        )
        said = WRITERS[letter.kind](errand)
        written = write_to_reader(
            said,
            publication=publication,
            theme=self.theme(publication),
            templates=self.templates(),
            sentences=self.sentences(letter.lang or publication.lang),
        )
        sender = read_mailbox(publication.sender, what="the sender")
        now = self.now()
        template = sign_template(
            compile_letter(
                written,
                sender=publication.sender,
                date=now,
                reply_to=publication.reply_to,
                return_path=publication.return_path,
                leave=_ways_out(said, publication, errand),
            ),
            signers_for(sender.domain, self.signers),
            now=now,
        )
        key = self.keyring.digest("letter", letter.key)
        reader = Reader(email=letter.email, message_id=f"<l{key}@{sender.domain}>")
        return Message(
            envelope=Envelope(return_path=template.return_path, recipient=letter.email),
            content=template.write(reader),
        )


def _ways_out(
    said: ReaderLetter, publication: Publication, errand: Errand
) -> list[str]:
    """By a click, and by mail; none for who does not read us yet."""
    if not said.leave:
        return []
    ways = [said.leave]
    if publication.unsubscribe_to:
        token = errand.signed(Purpose.UNSUBSCRIBE)
        to = quote(publication.unsubscribe_to, safe="@+")
        ways.append(f"mailto:{to}?subject=unsubscribe%20{token}")
    return ways
