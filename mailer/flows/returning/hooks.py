"""Reports that providers post: proved to be theirs, then taken in like any mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from mailer.delivery.providers.event import Event
from mailer.delivery.providers.reading import READERS
from mailer.delivery.providers.ses import read_envelope
from mailer.errors import TokenError
from mailer.flows.returning.arrivals import Arrival
from mailer.flows.returning.intake import IntakeDesk, take_events

log = structlog.get_logger()


class Amazon(Protocol):
    """What is asked of Amazon's own hosts; TokenError where it does not answer well."""

    async def certificate(self, url: str) -> bytes:
        """The certificate at *url*, in PEM."""

    async def confirm(self, url: str) -> None:
        """Say yes to a subscription that we wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDesk:
    """Who is heard: ``secrets`` by provider, and the ``topics`` of SNS."""

    intake: IntakeDesk
    secrets: Mapping[str, str]
    topics: frozenset[str]
    amazon: Amazon


async def receive(
    provider: str, body: bytes, headers: Mapping[str, str], desk: HookDesk
) -> list[Arrival]:
    """Take in what *provider* posts; those reports that are new. Durable when it returns.

    *headers* have small names. TokenError if it is not proved to be theirs, or nobody is
    to be heard by that name; ValueError if it makes no sense; StoreError.
    """
    if provider == "ses":
        events = await _amazons(body, desk)
    else:
        events = _theirs(provider, body, headers, desk)
    return await take_events(events, desk.intake, way=provider)


def _theirs(
    provider: str, body: bytes, headers: Mapping[str, str], desk: HookDesk
) -> list[Event]:
    reader, secret = READERS.get(provider), desk.secrets.get(provider, "")
    if reader is None or not secret:
        message = "nobody of that name is heard"
        raise TokenError(message)
    now = desk.intake.clock.now()
    return [event for event in reader(body, headers, secret, now) if event.key.strip()]


async def _amazons(body: bytes, desk: HookDesk) -> list[Event]:
    envelope = read_envelope(body)
    if envelope.topic not in desk.topics:
        message = "nobody listens to that topic"
        raise TokenError(message)
    certificate = await desk.amazon.certificate(envelope.certificate_url)
    envelope.check(certificate, desk.intake.clock.now())
    if envelope.is_confirmation:
        await desk.amazon.confirm(envelope.confirm_url)
        log.info("hook.confirmed", topic=envelope.topic)
    return envelope.events()
