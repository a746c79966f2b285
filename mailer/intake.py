"""What takes in what comes back, wired: a desk, the places to empty, who is let in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.stores import Stores
from mailer.wiring import House

if TYPE_CHECKING:
    from mailer.config.intake import MailboxSettings
    from mailer.delivery.bounce.policy import Terms
    from mailer.flows.answers import AnswersDesk
    from mailer.flows.returning.arrivals import Arrival, Upshot
    from mailer.flows.returning.hooks import HookDesk
    from mailer.flows.returning.intake import IntakeDesk, Maildrop
    from mailer.transport.imap import ImapAccount
    from mailer.transport.reception import Door


def intake_desk(
    house: House,
    stores: Stores,
    *,
    settled: Callable[[Arrival, Upshot], None] = lambda _arrival, _upshot: None,
) -> IntakeDesk:
    """Everything that taking in and settling need; *settled* hears of each."""
    from mailer.delivery.bounce.parse import parse
    from mailer.delivery.return_path import ReturnPaths
    from mailer.flows.answers import note_answer
    from mailer.flows.readers.leaving import Turnstile
    from mailer.flows.returning.intake import IntakeDesk

    answers = answers_desk(house, stores)
    return IntakeDesk(
        arrivals=stores.arrivals,
        leave=Turnstile(stores.exits, house.clock).leave,
        parse=parse,
        paths=ReturnPaths(house.keyring),
        keyring=house.keyring,
        terms=lambda publication: terms_of(house, publication),
        leaves=_leaves(house),
        clock=house.clock,
        answered=lambda raw: note_answer(raw, answers),
        trusted=house.settings.intake.trusted,
        settled=settled,
    )


def answers_desk(house: House, stores: Stores) -> AnswersDesk:
    """What noting the mails that readers write back needs."""
    from mailer.flows.answers import AnswersDesk

    return AnswersDesk(
        arrivals=stores.arrivals,
        answers=stores.answers,
        keyring=house.keyring,
        clock=house.clock,
    )


def hook_desk(house: House, stores: Stores) -> HookDesk:
    """What takes in the reports of providers that prove themselves; ConfigError."""
    from mailer.flows.returning.hooks import HookDesk
    from mailer.online.amazon import SnsHosts

    hooks = house.settings.intake.webhooks
    secrets = {
        provider: house.loaded.hook_secret(provider)
        for provider in ("postmark", "mailgun", "brevo", "mailjet")
    }
    return HookDesk(
        intake=intake_desk(house, stores),
        secrets={**secrets, "sendgrid": hooks.sendgrid_key},
        topics=frozenset(hooks.ses_topics),
        amazon=SnsHosts(),
    )


def terms_of(house: House, publication: str) -> Terms:
    """The patience of *publication*; that of all, if it is not one of ours any more."""
    settings = house.settings
    table = settings.publications.get(publication)
    return settings.bounces.terms(None if table is None else table.bounces)


def maildrops(house: House) -> list[Maildrop]:
    """Every place that is emptied."""
    from mailer.transport.imap import ImapDrop
    from mailer.transport.maildrop import MaildirDrop

    intake, loaded = house.settings.intake, house.loaded
    folders = [MaildirDrop(loaded.place(said)) for said in intake.maildirs]
    mailboxes = [
        ImapDrop(_account(house, each), name=each.name) for each in intake.mailboxes
    ]
    return [*folders, *mailboxes]


def door(
    house: Callable[[], House],
    desk: Callable[[], IntakeDesk],
    taken: Callable[[], None],
) -> Door:
    """Who is let in by the listener, by the settings in force; *taken* after each mail."""
    from mailer.flows.returning.intake import take_mail
    from mailer.transport.reception import Door

    def is_ours(address: str) -> bool:
        name, _, domain = address.lower().rpartition("@")
        bare = f"{name.partition('+')[0]}@{domain}"
        return bare in _own(house()) or desk().paths.read(address) is not None

    async def take(raw: bytes, recipients: Sequence[str]) -> None:
        way = house().settings.intake.protocol
        await take_mail(raw, desk(), way=way, recipients=recipients)
        taken()

    return Door(is_ours=is_ours, take=take)


def _own(house: House) -> set[str]:
    """The return paths, as they are without keys, and where one unsubscribes."""
    known = map(house.settings.publication, house.settings.publications)
    paths = {publication.return_path.lower() for publication in known}
    return paths | set(_leaves(house))


def _leaves(house: House) -> dict[str, frozenset[str]]:
    """The addresses that take mails that unsubscribe, and what each is of."""
    found: dict[str, frozenset[str]] = {}
    for name in house.settings.publications:
        address = house.settings.publication(name).unsubscribe_to.lower()
        found[address] = found.get(address, frozenset()) | {name}
    return found


def _account(house: House, mailbox: MailboxSettings) -> Callable[[], ImapAccount]:
    """How *mailbox* is entered, its secret read at each visit; ConfigError."""
    loaded = house.loaded

    def account() -> ImapAccount:
        from mailer.transport.imap import ImapAccount

        return ImapAccount(
            name=mailbox.name,
            host=mailbox.host,
            port=mailbox.port,
            security=mailbox.security,
            username=mailbox.username,
            secret=loaded.mailbox_secret(mailbox),
            is_token=bool(mailbox.token_file),
            folder=mailbox.folder,
            done=mailbox.done,
            ca_file=loaded.credential(mailbox.ca_file),
        )

    return account


def listens_at(house: House) -> str:
    """Where the listener is: an address, a path, or empty."""
    said = house.settings.intake.listen
    return str(Path(said)) if said.startswith("/") else said
