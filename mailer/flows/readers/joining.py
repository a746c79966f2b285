"""Joining by double opt-in: who asks is written to, and who confirms is subscribed.

Anybody can type anybody's address into a form, so a sign-up alone does nothing but send
one letter, with nothing of the visitor's in it. What a page answers never tells whether
an address is known here: known, unknown, gone and barred get the same words, and what
differs happens in the letter, which only the owner of the mailbox reads.

A form that is abused to flood somebody's mailbox (list bombing) meets limits per address,
visitor, network, recipient domain and in all, counted in the database over rolling
windows, so that neither a restart nor a second process forgets them.

Source: GDPR art. 7(1): whoever writes can prove that somebody agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

import structlog

from mailer.audience.address import domain_of, mailbox_key, read_address
from mailer.audience.bearer import Bearer, read_dated_bearer, spell
from mailer.audience.subscriber import Standing
from mailer.audience.token import Keyring, Purpose
from mailer.edition.model import Publication
from mailer.errors import InputError, TokenError
from mailer.flows.ports import Clock
from mailer.language import Catalogue
from mailer.phrases import NOTHING, Phrase, say

log = structlog.get_logger()

_FORM_LASTS = timedelta(hours=24)
_LEAST_AGAIN = timedelta(seconds=1)
"""Who has filled the form in already needs only press the button."""

_V4_NETWORK, _V6_NETWORK = 24, 64
_LONGEST_EMAIL = 320
_LONGEST_AGENT = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupLimits:
    """How many requests are taken; 0 is no limit. An hour and a day are rolling ones."""

    address_daily: int = 1
    address_monthly: int = 3
    ip_hourly: int = 10
    network_hourly: int = 30
    domain_hourly: int = 200
    hourly: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who did something on a page: address, program, and the page's own address."""

    ip: str
    agent: str
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What requests are counted by: keyed names that cannot be turned back."""

    address: str
    visitor: str
    network: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A sign-up that may be answered by a letter. ``lang`` is the page's."""

    email: str
    publication: str
    lang: str
    wording: str
    version: str
    visit: Visit
    traces: Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A sign-up that a confirmation link names, and how it stands now."""

    email: str
    standing: Standing


class Joining(Protocol):
    """The port to who joins. Durable when it returns; StoreError, and nothing happened."""

    async def ask(
        self, asking: Asking, *, limits: SignupLimits, lasts: timedelta, now: datetime
    ) -> bool:
        """Take a sign-up, log it, and have the right letter sent; False: too many now.

        Within the limits of the address the owner is asked to confirm, or told that they
        read us already; beyond those, or where they must not be written to, nobody is
        told, and nothing differs to who asked. The letter is of use as long as *lasts*.
        """

    async def asked(
        self, subscriber: int, publication: str, *, at: datetime
    ) -> Asked | None:
        """The sign-up of the moment *at*, unless it was overtaken by leaving."""

    async def confirm(
        self,
        subscriber: int,
        publication: str,
        *,
        at: datetime,
        visit: Visit,
        lang: str,
        now: datetime,
    ) -> Asked | None:
        """Subscribe who asked *at* that moment, log it, have them welcomed.

        Idempotent: who is subscribed stays so, and is welcomed once. A suppression that
        the reader may lift themselves (gone, bounced, erased) ends.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class JoiningDesk:
    """What joining needs. ``ring`` has the letters looked at soon.

    ``lasts`` is how long a confirmation link works, ``fill_time`` what a person needs to
    fill the form in at least, ``work`` how many zero bits a browser must find (0: none),
    for each address anew. Without ``is_open`` nobody can sign
    up: nothing is hosted that a letter could link to.
    """

    joining: Joining
    clock: Clock
    keyring: Keyring
    limits: SignupLimits
    lasts: timedelta
    is_open: bool
    fill_time: timedelta
    work: int
    sentences: Callable[[str], Catalogue]
    ring: Callable[[], None] = lambda: None


class Heard(Enum):
    """What a sign-up came to, for the page."""

    TAKEN = auto()  # or silently not: the visitor is told the same
    AGAIN = auto()  # the form once more, with what is to be seen to
    TOO_MANY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a sign-up came to; ``fault`` is what is wrong with the address."""

    heard: Heard
    fault: Phrase = NOTHING
    note: Phrase = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A sign-up form as it is shown: what it says one agrees to, and its signature."""

    token: str
    wording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it came back. ``trap`` is the field that only programs fill in.

    ``work`` is the number that the visitor's browser looked for, where it had to.
    """

    email: str
    token: str
    trap: str
    lang: str
    visit: Visit
    work: str = ""


def wording(publication: Publication, sentences: Catalogue) -> str:
    """What one agrees to by signing up, in the words of the page and of the log."""
    return sentences.translate(
        publication.consent
        or say(
            "I want to receive {name} by e-mail. I can leave at any time with one"
            " click, and my address serves for nothing else.",
            name=publication.name,
        )
    )


def show_form(
    publication: Publication, lang: str, desk: JoiningDesk, *, again: bool = False
) -> Form:
    """A fresh form; *again* where the visitor has already filled one in."""
    said = wording(publication, desk.sentences(lang))
    parts = (publication.id, spell(desk.clock.now()), version_of(said))
    kind = "again" if again else "first"
    return Form(token=desk.keyring.sign(Purpose.FORM, *parts, kind), wording=said)


async def sign_up(
    filled: Filled, publication: Publication, desk: JoiningDesk
) -> Answer:
    """Take a form; what happens then, only the owner of the mailbox hears."""
    if filled.trap:
        log.info("signup.trapped", publication=publication.id)
        return Answer(heard=Heard.TAKEN)  # let it think so
    said = wording(publication, desk.sentences(filled.lang))
    if note := _doubt(filled, publication, version_of(said), desk):
        return Answer(heard=Heard.AGAIN, note=note)
    try:
        email = read_address(filled.email[:_LONGEST_EMAIL])
    except InputError:
        return Answer(
            heard=Heard.AGAIN,
            fault=say("This does not look like an e-mail address."),
        )
    asking = Asking(
        email=email,
        publication=publication.id,
        lang=filled.lang,
        wording=said,
        version=version_of(said),
        visit=cut(filled.visit),
        traces=traces_of(email, publication.id, filled.visit.ip, desk.keyring),
    )
    taken = await desk.joining.ask(
        asking, limits=desk.limits, lasts=desk.lasts, now=desk.clock.now()
    )
    if not taken:
        log.warning("signup.too_many", publication=publication.id)
        return Answer(heard=Heard.TOO_MANY)
    log.info("signup.taken", publication=publication.id)
    desk.ring()
    return Answer(heard=Heard.TAKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A sign-up that a link names; ``is_done`` where the reader is subscribed."""

    publication: str
    subscriber: int
    email: str
    is_done: bool


async def look_at(token: str, desk: JoiningDesk) -> Confirmation:
    """What *token* would confirm; nothing changes. TokenError if it is of no use."""
    bearer, at = _read(token, desk)
    found = await desk.joining.asked(bearer.subscriber, bearer.publication, at=at)
    return _confirmation(bearer, found)


async def confirm(
    token: str, visit: Visit, desk: JoiningDesk, *, lang: str = ""
) -> Confirmation:
    """Subscribe the reader whom *token* names; TokenError if it is of no use.

    They are welcomed in *lang*, the publication's own if it is empty.
    """
    bearer, at = _read(token, desk)
    found = await desk.joining.confirm(
        bearer.subscriber,
        bearer.publication,
        at=at,
        visit=cut(visit),
        lang=lang,
        now=desk.clock.now(),
    )
    done = _confirmation(bearer, found)
    log.info(
        "signup.confirmed",
        publication=bearer.publication,
        subscriber=bearer.subscriber,
    )
    desk.ring()
    return done


def version_of(text: str) -> str:
    """A name for a wording, the same wherever it is shown and for no other."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def traces_of(email: str, publication: str, ip: str, keyring: Keyring) -> Traces:
    """What a request from *ip* for *email* is counted by.

    Somebody may take two publications on one day: a mailbox is counted for each.
    """
    mailbox = f"{publication} {mailbox_key(email)}"
    return Traces(
        address=keyring.digest("signup address", mailbox),
        visitor=keyring.digest("signup visitor", ip),
        network=keyring.digest("signup network", network_of(ip)),
        domain=keyring.digest("signup domain", domain_of(email)),
    )


def network_of(ip: str) -> str:
    """The network that *ip* stands for: its /24, or its /64; itself if it is none."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    length = _V6_NETWORK if isinstance(address, IPv6Address) else _V4_NETWORK
    return str(ip_network(f"{address}/{length}", strict=False))


def cut(visit: Visit) -> Visit:
    """*visit* without what a hostile browser may have made endless."""
    return Visit(
        ip=visit.ip[:64],
        agent=visit.agent[:_LONGEST_AGENT],
        form=visit.form[:_LONGEST_AGENT],
    )


def is_worked(filled: Filled, bits: int) -> bool:
    """Whether the number of *filled* makes a hash that begins with *bits* zeros."""
    text = f"{filled.token}.{filled.email.strip()}.{filled.work}"
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") < 1 << (32 - bits)


def _doubt(
    filled: Filled, publication: Publication, version: str, desk: JoiningDesk
) -> Phrase:
    """Why the form has to be sent once more; nothing if it does not."""
    try:
        named, moment, shown, kind = desk.keyring.read(Purpose.FORM, filled.token)
        age = desk.clock.now() - _moment(moment)
    except (TokenError, ValueError, OverflowError):
        return say("Check your address, then press the button.")
    least = desk.fill_time if kind == "first" else min(_LEAST_AGAIN, desk.fill_time)
    if named != publication.id or age > _FORM_LASTS:
        return say("This form has been open for too long. Please send it again.")
    if shown != version:
        return say("The words below have changed. Please read them, and send it again.")
    if age < least:
        return say("That was very quick. Please send it once more.")
    if not is_worked(filled, desk.work):
        return say("Please allow this page its script, and send it once more.")
    return NOTHING


def _confirmation(bearer: Bearer, found: Asked | None) -> Confirmation:
    if found is None:
        message = "nothing to confirm"
        raise TokenError(message)
    return Confirmation(
        publication=bearer.publication,
        subscriber=bearer.subscriber,
        email=found.email,
        is_done=found.standing is Standing.ACTIVE,
    )


def _read(token: str, desk: JoiningDesk) -> tuple[Bearer, datetime]:
    """Whom *token* names, and the moment of their request; TokenError."""
    bearer, at = read_dated_bearer(desk.keyring, Purpose.CONFIRM, token)
    if desk.clock.now() - at > desk.lasts:
        message = "too old"
        raise TokenError(message)
    return bearer, at


def _moment(micros: str) -> datetime:
    return _EPOCH + int(micros) * _MICROSECOND
