"""Memberships told by programs: any order, any number of times, and nobody's forgery."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.audience.patron import Event, Patron, Phase, is_endless, last_end
from mailer.audience.signed import TOLERANCE, is_signed
from mailer.audience.stripe import Shop, read_event
from mailer.errors import InputError

NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
DAY = timedelta(days=1)
NOTHING = timedelta(0)
EVENTS = st.builds(
    Event,
    provider=st.just("stripe"),
    id=st.just("e"),
    key=st.just("sub_1"),
    at=st.integers(0, 3).map(lambda n: NOW + n * DAY),
    email=st.sampled_from(["", "a@x.example", "b@x.example"]),
    name=st.sampled_from(["", "Ada", "Bo"]),
    publication=st.sampled_from(["", "p", "q"]),
    paid_until=st.none() | st.integers(0, 3).map(lambda n: NOW + 30 * n * DAY),
    phase=st.none() | st.sampled_from(Phase),
    runs_until=st.none() | st.integers(0, 3).map(lambda n: NOW + 30 * n * DAY),
)


def told(*events: Event) -> Patron:
    patron = Patron(provider="stripe", key="sub_1")
    for event in events:
        patron = patron.heard(event)
    return patron


def stripe(
    kind: str, obj: object, *, created: datetime = NOW, id_: str = "evt_1"
) -> bytes:
    moment = int(created.timestamp())
    return json.dumps(
        {"id": id_, "type": kind, "created": moment, "data": {"object": obj}}
    ).encode()


def read(kind: str, obj: object, **more: object) -> Event | None:
    return read_event(stripe(kind, obj, **more), Shop())  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=3))
def test_the_order_of_events_changes_nothing(events: list[Event]) -> None:
    """Nor does it when one of them comes twice."""
    once = told(*events)
    assert {told(*each) for each in permutations(events)} == {once}
    assert told(*events, *events) == once


def test_what_was_paid_for_lasts_and_a_grace_follows() -> None:
    """A late payment keeps what was paid before; an end ends at once."""
    event = Event(provider="stripe", id="e", key="k", at=NOW)
    month = NOW + 30 * DAY
    paid = told(Event(provider="stripe", id="e", key="k", at=NOW, paid_until=month))
    assert paid.ends(DAY) == month + DAY

    def then(phase: Phase, runs_until: datetime | None) -> datetime | None:
        later = Event(
            provider="stripe",
            id="f",
            key="k",
            at=NOW + DAY,
            phase=phase,
            runs_until=runs_until,
        )
        return paid.heard(later).ends(NOTHING)

    assert then(Phase.ACTIVE, month + DAY) == month + DAY
    assert then(Phase.LATE, None) == month
    assert then(Phase.ENDED, None) is None
    endless = then(Phase.ACTIVE, None)
    assert endless is not None
    assert is_endless(endless)
    assert told(event).ends(DAY) is None
    assert last_end([paid, told(event)], NOTHING) == month
    assert last_end([], NOTHING) is None


PERIOD_END = int((NOW + 30 * DAY).timestamp())


@pytest.mark.parametrize(
    "invoice",
    [
        {"subscription": "sub_1"},
        {"subscription": {"id": "sub_1"}},
        {"parent": {"subscription_details": {"subscription": "sub_1"}}},
    ],
    ids=["before-basil", "expanded", "basil"],
)
def test_an_invoice_says_until_when(invoice: dict[str, object]) -> None:
    """The farthest of its lines' periods, in every shape that Stripe gave it."""
    lines = [{"period": {"end": 5}}, {"period": {"end": PERIOD_END}}, {}]
    found = read(
        "invoice.paid",
        {**invoice, "customer_email": "a@x.example", "lines": {"data": lines}},
    )
    assert found is not None
    assert (found.key, found.email, found.phase) == ("sub_1", "a@x.example", None)
    assert found.paid_until == NOW + 30 * DAY


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("active", Phase.ACTIVE),
        ("trialing", Phase.ACTIVE),
        ("past_due", Phase.LATE),
        ("canceled", Phase.ENDED),
        ("unpaid", Phase.ENDED),
        ("incomplete", None),
        ("something new", None),
    ],
)
def test_a_subscription_says_where_it_stands(status: str, phase: Phase | None) -> None:
    """Its end stands on it, or since 2025 on its items; an unknown state says nothing."""
    old = {"id": "sub_1", "status": status, "current_period_end": PERIOD_END}
    new = {
        "id": "sub_1",
        "status": status,
        "items": {"data": [{"current_period_end": PERIOD_END}]},
    }
    for shape in (old, new):
        found = read("customer.subscription.updated", shape)
        assert (found and found.phase) == phase
        if phase is Phase.ACTIVE:
            assert found is not None
            assert found.runs_until == NOW + 30 * DAY
    deleted = read("customer.subscription.deleted", old)
    assert deleted is not None
    assert deleted.phase is Phase.ENDED
    assert (
        read("customer.subscription.updated", {"id": "s", "status": "active"}) is None
    )


def test_a_checkout_says_who_pays() -> None:
    """Once it is paid; a single payment lasts as long as the setting says."""
    session = {
        "id": "cs_1",
        "mode": "subscription",
        "payment_status": "paid",
        "subscription": "sub_1",
        "customer_details": {"email": "a@x.example", "name": "Ada"},
        "metadata": {"publication": "le-meridien"},
    }
    kind = "checkout.session.completed"
    found = read(kind, session)
    assert found is not None
    assert (found.key, found.email, found.name) == ("sub_1", "a@x.example", "Ada")
    assert (found.publication, found.paid_until) == ("le-meridien", NOW)
    assert read(kind, {**session, "payment_status": "unpaid"}) is None
    single = {**session, "mode": "payment", "subscription": None}
    assert read(kind, single) is None
    year = read_event(stripe(kind, single), Shop(one_time=365 * DAY))
    assert year is not None
    assert (year.key, year.paid_until) == ("cs_1", NOW + 365 * DAY)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"id":"e","type":"x","created":"now"}', b"\xff"]
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    """And one of another kind is none of ours."""
    with pytest.raises(InputError):
        read_event(body, Shop())
    assert read("charge.refunded", {}) is None


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "status",
                        "data",
                        "lines",
                        "period",
                        "end",
                        "subscription",
                        "items",
                    ]
                ),
                x,
            )
        ),
    )
)
def test_any_object_is_read_or_refused(obj: object) -> None:
    """Whatever stands where: no event breaks the reader."""
    for kind in (
        "invoice.paid",
        "customer.subscription.updated",
        "checkout.session.completed",
    ):
        try:
            read(kind, obj)
        except InputError:
            continue


def sign(body: bytes, key: bytes, when: datetime) -> str:
    moment = str(int(when.timestamp()))
    signed = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def test_only_who_has_the_key_signs_and_only_now() -> None:
    """Another key, another body, another hour, a header cut short: none is believed."""
    body, keys = b'{"id":1}', [b"old", b"new"]
    good = sign(body, b"new", NOW)
    assert is_signed(good, body, keys=keys, now=NOW)
    assert is_signed(f"{good},v1=00,v0=x", body, keys=keys, now=NOW + TOLERANCE)
    renewed = f"{good.partition(',')[0]},v1=00,{good.partition(',')[2]}"
    assert is_signed(renewed, body, keys=keys, now=NOW)
    late = NOW + TOLERANCE + timedelta(seconds=1)
    assert not is_signed(good, body, keys=keys, now=late)
    assert not is_signed(good, body, keys=keys, now=NOW - 2 * TOLERANCE)
    assert not is_signed(good, body + b" ", keys=keys, now=NOW)
    assert not is_signed(good, body, keys=[b"old"], now=NOW)
    assert not is_signed(good, body, keys=[], now=NOW)
    for forged in (
        "",
        "t=,v1=",
        good[:-1],
        good.replace("t=", "t=1"),
        "v1=" + good[-64:],
        "t=-1,v1=é",
    ):
        assert not is_signed(forged, body, keys=keys, now=NOW)
