"""What a run is sent with, and how patient its sender is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.audience.token import Keyring
from mailer.delivery.return_path import BounceAddress
from mailer.delivery.valve import UNLIMITED, Limits
from mailer.flows.ports import Clock, Ledger
from mailer.flows.sending.meter import Meter

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer
    from mailer.flows.sending.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a run is, and what it does about doubt.

    ``delays`` are the waits between attempts, the last one repeating until
    ``give_up_after`` all had their first chance (None: until the next edition makes
    this one old); ``linger`` is how long a sender without daemon stays for the next
    attempt; ``limits`` are what stops the run; ``canary_wait`` is how long the others
    wait for what becomes of those who went ahead; ``resend_doubt`` trades at most once
    for at least once; ``store_patience`` is how long an outcome is offered to a
    database that does not take it; ``catch_up`` is how late an armed run still leaves by
    itself, None: however late.
    """

    delays: Sequence[timedelta]
    give_up_after: timedelta | None
    linger: timedelta
    limits: Limits = UNLIMITED
    canary_wait: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(minutes=5)
    resend_doubt: bool = False
    store_patience: timedelta = timedelta(seconds=30)
    catch_up: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """What messages are written with, in a run and outside of one.

    ``measures_clicks``, ``measures_opens``: in the mail of those who agreed to it.
    """

    keyring: Keyring
    signers: Sequence[Signer]
    public_url: str | None = None
    bounces: BounceAddress = field(default_factory=BounceAddress)
    measures_clicks: bool = False
    measures_opens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingDesk:
    """Everything a run is sent with. ``chance`` gives numbers in [0, 1) for jitter.

    ``has_heir``: who is told to stop leaves the run as it is, for another will go on
    with it, the next start of a daemon say. Else it is paused, and says so.
    ``is_shared``: other processes may carry some of a run (``send.lend_a_hand``).
    """

    ledger: Ledger
    traffic: Traffic
    clock: Clock
    stationery: Stationery
    policy: Policy
    worker: str
    chance: Callable[[], float]
    has_heir: bool = False
    is_shared: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    meter: Meter = field(default_factory=Meter)
