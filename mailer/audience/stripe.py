"""Stripe's events as ours: who paid for a membership, until when, and whose ended.

Only what is documented is read, in the shape of API versions before and after
2025-03-31 (``basil``), which moved the end of a period to the items of a subscription
and the subscription of an invoice below ``parent``. A membership is a Stripe
subscription; a single payment is one of its own, if there is a setting for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailer.audience.address import read_address
from mailer.audience.patron import Event, Phase
from mailer.errors import InputError
from mailer.phrases import say

PROVIDER = "stripe"

_PHASES = {
    "active": Phase.ACTIVE,
    "trialing": Phase.ACTIVE,
    "past_due": Phase.LATE,
    "unpaid": Phase.ENDED,
    "canceled": Phase.ENDED,
    "incomplete_expired": Phase.ENDED,
    "paused": Phase.ENDED,
}
"""``incomplete`` says nothing: its first payment is still to come."""

_FAR = int(datetime(2500, 1, 1, tzinfo=UTC).timestamp())
"""A moment beyond it is none that anybody paid for."""

_PAID = frozenset({"paid", "no_payment_required"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What Stripe does not know of us.

    ``one_time`` is how long a single payment lasts; None: single payments are not ours.
    """

    one_time: timedelta | None = None


class _Object:
    """A JSON object read by paths; what is missing or of another type is empty."""

    def __init__(self, value: object) -> None:
        self._value: Mapping[str, object] = value if isinstance(value, dict) else {}

    def at(self, key: str) -> _Object:
        return _Object(self._value.get(key))

    def all(self, key: str) -> Iterator[_Object]:
        """The objects of a Stripe list: ``{"data": [...]}``."""
        yield from self.at(key).items()

    def items(self) -> Iterator[_Object]:
        """What is listed under ``data``."""
        data = self._value.get("data")
        if isinstance(data, list):
            yield from map(_Object, data)

    def text(self, key: str) -> str:
        value = self._value.get(key)
        return value if isinstance(value, str) and value.isprintable() else ""

    def name(self, key: str) -> str:
        """The id of something that may stand there whole (``expand``)."""
        return self.text(key) or self.at(key).text("id")

    def moment(self, key: str) -> datetime | None:
        value = self._value.get(key)
        if not isinstance(value, int) or not 0 < value < _FAR:
            return None
        return datetime.fromtimestamp(value, UTC)


def read_event(body: bytes, shop: Shop) -> Event | None:
    """What *body* tells of a membership; None if nothing.

    InputError if it is no event of Stripe's, or has an address that is none.
    """
    try:
        told = _Object(json.loads(body))
    except (ValueError, RecursionError) as error:
        message = say("this is no JSON")
        raise InputError(message) from error
    id_, kind, at = told.text("id"), told.text("type"), told.moment("created")
    if not id_ or not kind or at is None:
        message = say("this is no event of Stripe's")
        raise InputError(message)
    it = told.at("data").at("object")
    match kind:
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            return _checkout(id_, at, it, shop)
        case "invoice.paid" | "invoice.payment_succeeded":
            return _invoice(id_, at, it)
        case (
            "customer.subscription.created"
            | "customer.subscription.updated"
            | "customer.subscription.deleted"
        ):
            return _subscription(id_, at, it, is_over=kind.endswith("deleted"))
    return None


def _checkout(id_: str, at: datetime, it: _Object, shop: Shop) -> Event | None:
    """Who began to pay. How long is told by the invoice, or by the setting."""
    if it.text("payment_status") not in _PAID:
        return None
    customer = it.at("customer_details")
    subscription = it.name("subscription")
    if subscription:
        key, paid_until = subscription, at
    elif it.text("mode") == "payment" and shop.one_time is not None:
        key, paid_until = it.text("id"), at + shop.one_time
    else:
        return None
    return Event(
        provider=PROVIDER,
        id=id_,
        key=key,
        at=at,
        email=_address(customer.text("email") or it.text("customer_email")),
        name=customer.text("name"),
        publication=it.at("metadata").text("publication"),
        paid_until=paid_until,
    )


def _invoice(id_: str, at: datetime, it: _Object) -> Event | None:
    """What was paid for, and until when: the farthest period on the invoice."""
    parent = it.at("parent").at("subscription_details")
    subscription = it.name("subscription") or parent.name("subscription")
    ends = [line.at("period").moment("end") for line in it.all("lines")]
    known = [end for end in ends if end is not None]
    if not subscription or not known:
        return None
    metadata = it.at("subscription_details").at("metadata")
    said = metadata.text("publication") or parent.at("metadata").text("publication")
    return Event(
        provider=PROVIDER,
        id=id_,
        key=subscription,
        at=at,
        email=_address(it.text("customer_email")),
        name=it.text("customer_name"),
        publication=said,
        paid_until=max(known),
    )


def _subscription(
    id_: str, at: datetime, it: _Object, *, is_over: bool
) -> Event | None:
    """Where it stands; that of a deleted one is ended, whatever else it says."""
    phase = Phase.ENDED if is_over else _PHASES.get(it.text("status"))
    if phase is None or not it.text("id"):
        return None
    ends = [it.moment("current_period_end")]
    ends += [item.moment("current_period_end") for item in it.all("items")]
    known = [end for end in ends if end is not None]
    if phase is Phase.ACTIVE and not known:
        return None  # without an end it would be one for ever
    return Event(
        provider=PROVIDER,
        id=id_,
        key=it.text("id"),
        at=at,
        publication=it.at("metadata").text("publication"),
        phase=phase,
        runs_until=max(known) if phase is Phase.ACTIVE else None,
    )


def _address(said: str) -> str:
    return read_address(said) if said else ""
