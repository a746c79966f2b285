"""The one place where ports meet adapters: settings in, a working house out."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from mailer.config.load import Loaded, load
from mailer.config.places import data_home, shipped
from mailer.errors import ConfigError, InputError
from mailer.phrases import Phrase, say

if TYPE_CHECKING:
    from mailer.audience.token import Keyring
    from mailer.delivery.pace import Pace, RelayPace
    from mailer.delivery.signer import Signer
    from mailer.delivery.switchboard import Switchboard
    from mailer.edition.model import Publication
    from mailer.flows.departing.vigil import Vigil
    from mailer.flows.editing.gather import GatheringDesk
    from mailer.flows.readers.retention import Terms
    from mailer.flows.sending.carriage import Relay
    from mailer.flows.sending.desk import Stationery
    from mailer.flows.sending.send import SendingDesk
    from mailer.store.upkeep import Upkeep
    from mailer.stores import Stores
    from mailer.workspace.newsroom import WorkspaceNewsroom


class SystemClock:
    """The machine's own time: the only place that reads it."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock port's one adapter

    def monotonic(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, duration: timedelta) -> bool:
        """Wait for *event*, at most *duration*; whether it came."""
        try:
            async with asyncio.timeout(max(0.0, duration.total_seconds())):
                return await event.wait()
        except TimeoutError:
            return False


class House:
    """Everything a command works with, made from the settings when first asked for."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.settings = loaded.settings
        self.clock = SystemClock()

    @classmethod
    def open(
        cls, *, config: Path | None, start: Path, environ: Mapping[str, str]
    ) -> Self:
        """Load the settings that hold for *start*; ConfigError if they cannot."""
        return cls(load(config=config, start=start, environ=environ))

    @property
    def public_url(self) -> str | None:
        """Where pages and pictures are served, without a final slash; None if nowhere."""
        return self.settings.site.public_url or None

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.settings.site.timezone)

    @property
    def worker(self) -> str:
        """This process among all that work on one store."""
        return f"{socket.gethostname()}:{os.getpid()}"

    def today(self) -> date:
        """The date on the site's wall calendar."""
        return self.clock.now().astimezone(self.zone).date()

    def publication(self, name: str | None) -> Publication:
        """The publication called *name*, or the only one there is."""
        if name is not None:
            return self.settings.publication(name)
        known = sorted(self.settings.publications)
        if len(known) == 1:
            return self.settings.publication(known[0])
        message = say("say which publication")
        raise ConfigError(message, hint=f"--publication {' | '.join(known)}")

    @cached_property
    def newsroom(self) -> WorkspaceNewsroom:
        """The workspace: editions, themes, pictures."""
        from mailer.workspace.newsroom import WorkspaceNewsroom

        return WorkspaceNewsroom(self.loaded, now=self.clock.now)

    @cached_property
    def gathering(self) -> GatheringDesk:
        """Everything that fills a draft with the week's material."""
        from mailer.flows.editing.gather import GatheringDesk
        from mailer.online.feeds import Address, FeedReader
        from mailer.stores import LastResults
        from mailer.workspace.composing import ComposingRoom

        addresses = {
            name: Address(url=feed.url, private=feed.private)
            for name, feed in self.settings.feeds.items()
        }
        return GatheringDesk(
            room=ComposingRoom(self.newsroom),
            feeds=FeedReader(
                addresses, self.loaded.data_folder() / "feeds", now=self.clock.now
            ),
            polls=LastResults(self.loaded.database_url(), now=self.clock.now),
        )

    @cached_property
    def keyring(self) -> Keyring:
        """The keys that sign links, oldest to newest."""
        from mailer.audience.token import Keyring

        return Keyring(self.loaded.secret_keys())

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """Every key that signs mail; ConfigError names the one that cannot."""
        return tuple(signer for signer, _ in self._signers)

    @property
    def key_warnings(self) -> list[Phrase]:
        """What is not as it should be about keys that can be used all the same."""
        return [warning for _, warnings in self._signers for warning in warnings]

    @cached_property
    def _signers(self) -> list[tuple[Signer, list[Phrase]]]:
        if not self.settings.dkim:
            return []
        from mailer.delivery.domain import read_domain, read_selector
        from mailer.delivery.signer import Signer
        from mailer.workspace.keys import load_key

        read = []
        for entry in self.settings.dkim:
            path = self.loaded.dkim_key_file(entry)
            key = f"dkim.{entry.selector}.key_file: {path}"
            try:
                found = load_key(path)
            except InputError as error:
                message = say("{key}: {reason}", key=key, reason=error.message)
                raise ConfigError(
                    message, file=str(self.loaded.path or ""), hint=error.hint
                ) from error
            signer = Signer(
                domain=read_domain(entry.domain),
                selector=read_selector(entry.selector),
                key=found.key,
            )
            said = (found.warning, signer.weakness)
            warnings = [say("{key}: {reason}", key=key, reason=w) for w in said if w]
            read.append((signer, warnings))
        return read

    @property
    def retention(self) -> Terms:
        """How long what is known of people is kept."""
        from mailer.flows.readers.retention import Terms

        kept = self.settings.retention
        return Terms(
            replies=kept.replies,
            unconfirmed=kept.unconfirmed,
            left=kept.left,
            measured=kept.measured,
        )

    @property
    def upkeep(self) -> Upkeep:
        """The database as a whole, not opened, and not migrated."""
        from mailer.store.copies import SqliteUpkeep
        from mailer.store.dumps import PostgresUpkeep

        url = self.loaded.database_url()
        if url.startswith("sqlite:///"):
            return SqliteUpkeep(Path(url.removeprefix("sqlite:///")))
        return PostgresUpkeep(url)

    @asynccontextmanager
    async def stores(self) -> AsyncIterator[Stores]:
        """The database, opened, brought to the newest schema, and closed again."""
        from mailer.stores import open_stores

        url = self.loaded.database_url()
        async with open_stores(url, fingerprint=self._fingerprint) as stores:
            yield stores

    def _fingerprint(self, key: str) -> str:
        """By what an erased address is known again; the secret is read only then."""
        return self.keyring.digest("erased", key)

    def relays(self, *, patiently: bool = True) -> list[Relay]:
        """Every relay; ConfigError if none is configured.

        One that does not let us in is tried again for as long as it says, or once.
        """
        from mailer.relays import make_relay

        if not self.settings.relays:
            message = say("no relay is configured")
            raise ConfigError(message, hint=say("add a [[relays]] table"))
        relays = self.settings.relays
        if not patiently:
            relays = tuple(
                replace(each, connect_patience=timedelta()) for each in relays
            )
        return [make_relay(relay, self.loaded) for relay in relays]

    def pace(self) -> Pace:
        """How fast mail may go: rates, quotas, warm-up, lanes."""
        from mailer.delivery.pace import LanePace, Pace

        return Pace(
            relays=self.relay_paces(),
            lanes={
                name: LanePace(domains=lane.domains, rate=lane.rate)
                for name, lane in self.settings.lanes.items()
            },
            worker=f"{self.worker}:{secrets.token_hex(4)}",
        )

    def relay_paces(self) -> dict[str, RelayPace]:
        """The pace each relay is configured with."""
        from mailer.delivery.pace import RelayPace
        from mailer.delivery.quota import Quotas

        return {
            relay.name: RelayPace(
                rate=relay.rate,
                quotas=Quotas(
                    hourly=relay.hourly, daily=relay.daily, warm_up=relay.warm_up
                ),
            )
            for relay in self.settings.relays
        }

    def switchboard(self) -> Switchboard:
        """Who carries what: weights, priorities, nobody set aside yet."""
        from mailer.delivery.switchboard import Share, Switchboard

        return Switchboard(
            Share(
                relay=relay.name,
                weight=relay.weight,
                priority=relay.priority,
                connections=relay.connections,
            )
            for relay in self.settings.relays
        )

    def vigil(self, stores: Stores) -> Vigil:
        """The watch over coming departures: proofs by themselves, alarms in time."""
        from mailer.edition.vigil import Watch
        from mailer.flows.departing.vigil import Vigil, WatchDesk
        from mailer.workspace.letters import letter_templates

        send, proof = self.settings.send, self.settings.proof
        desk = WatchDesk(
            newsroom=self.newsroom,
            publication=self.settings.publication,
            approvals=stores.approvals,
            notices=stores.notices,
            ledger=stores.ledger,
            proof_book=stores.proof_book,
            relay=self.relays()[0],
            clock=self.clock,
            stationery=self.stationery,
            watch=Watch(proof=proof.auto_before, alarm=send.alarm_before),
            auto=send.approval == "auto",
            to=proof.to,
            templates=letter_templates(self.newsroom.templates),
            sentences=self.newsroom.sentences,
        )
        return Vigil(desk)

    @property
    def stationery(self) -> Stationery:
        """What messages are written with, whoever sends or shows them."""
        from mailer.flows.sending.desk import Stationery

        return Stationery(
            keyring=self.keyring,
            signers=self.signers,
            public_url=self.public_url,
            bounces=self.settings.bounces.address,
            measures_clicks=self.settings.web.privacy.track_clicks,
            measures_opens=self.settings.web.privacy.track_opens,
        )

    def desk(self, stores: Stores) -> SendingDesk:
        """A desk to send runs from; those sent at the same time share its traffic."""
        from mailer.delivery.valve import Limits
        from mailer.flows.sending.send import Policy, SendingDesk
        from mailer.flows.sending.traffic import Traffic

        send = self.settings.send
        chance: Callable[[], float] = random.random
        return SendingDesk(
            ledger=stores.ledger,
            traffic=Traffic(
                self.relays(),
                clock=self.clock,
                pace=self.pace(),
                board=self.switchboard(),
                keeper=stores.pace,
                book=stores.relay_book,
                worker=self.worker,
            ),
            clock=self.clock,
            stationery=self.stationery,
            policy=Policy(
                delays=send.retry,
                give_up_after=send.give_up_after,
                linger=send.linger,
                limits=Limits(
                    max_failure_ratio=send.max_failure_ratio,
                    max_refusals_in_row=send.max_refusals_in_row,
                    max_message_refusals=send.max_message_refusals,
                    max_domain_refusals=send.max_domain_refusals,
                    domain_wait=send.domain_wait,
                ),
                canary_wait=send.canary_wait,
                resend_doubt=send.in_doubt == "resend",
            ),
            worker=self.worker,
            chance=chance,
            is_shared=stores.is_shared,
        )


def new_workspace(folder: Path, *, theme: str, data: Path | None = None) -> list[Path]:
    """Write a workspace into *folder*, its data folder and secret key outside it.

    Returns the files written; GuardError if anything would be overwritten.
    """
    from mailer.workspace.starter import create

    return create(
        folder,
        theme=theme,
        templates=shipped("templates"),
        today=SystemClock().now().astimezone().date(),
        data=data or _data_folder(folder),
        secret=secrets.token_bytes(32),
    )


def _data_folder(workspace: Path) -> Path:
    """A data folder of its own for *workspace*, which may move without losing it."""
    name = f"{workspace.resolve().name or 'workspace'}-{secrets.token_hex(3)}"
    return data_home(os.environ) / name
