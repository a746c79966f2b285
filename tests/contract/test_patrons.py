"""The Patrons port: what providers post becomes a tier, in any order, once each."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from mailer.audience.subscriber import Subscription, Tier
from mailer.errors import InputError
from mailer.flows.readers.membership import Effect
from mailer.flows.readers.patronage import (
    Heard,
    Hearing,
    PatronageDesk,
    Source,
    hear_own,
    hear_stripe,
)
from mailer.web.public import members
from tests.contract.house import NOW, PAPER, House
from tests.unit.web.site import pages_of, visiting

A = "ada@lecteurs.example"
KEY = b"whsec_test"
MONTH_END = datetime(2026, 4, 14, 6, tzinfo=UTC)
CHECKOUT = {
    "id": "cs_1",
    "mode": "subscription",
    "payment_status": "paid",
    "subscription": "sub_1",
    "customer_details": {"email": A, "name": "Ada  Lovelace"},
}
INVOICE = {
    "subscription": "sub_1",
    "customer_email": A,
    "lines": {"data": [{"period": {"end": int(MONTH_END.timestamp())}}]},
}
ACTIVE = {
    "id": "sub_1",
    "status": "active",
    "current_period_end": int(MONTH_END.timestamp()),
}
KINDS = {
    "checkout.session.completed": CHECKOUT,
    "invoice.paid": INVOICE,
    "customer.subscription.updated": ACTIVE,
}


def signed(body: bytes, now: datetime = NOW) -> str:
    moment = str(int(now.timestamp()))
    mac = hmac.new(KEY, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def desk_of(house: House, *, adds: bool = True) -> PatronageDesk:
    source = Source(keys=[KEY], fallback=PAPER.id, grace=timedelta(days=3))
    return PatronageDesk(
        patrons=house.patrons,
        zones={PAPER.id: "Europe/Paris", "le-bruit": "UTC"},
        own=Source(keys=[KEY]),
        stripe=source,
        adds=adds,
    )


async def post(
    house: House,
    kind: str,
    obj: object,
    *,
    id_: str = "",
    at: datetime = NOW,
    adds: bool = True,
) -> Heard:
    told = {
        "id": id_ or f"{kind} {at}",
        "type": kind,
        "created": int(at.timestamp()),
        "data": {"object": obj},
    }
    body = json.dumps(told).encode()
    return await hear_stripe(desk_of(house, adds=adds), signed(body), body, NOW)


async def subscription(house: House, email: str = A) -> Subscription | None:
    person = await house.readers.find(email)
    return person.subscriptions[0] if person else None


async def test_who_pays_becomes_a_member_in_any_order(house: House) -> None:
    """Checkout, invoice and subscription, shuffled: the same reader, the same day."""
    for number, order in enumerate(permutations(KINDS)):
        email = f"{number}@lecteurs.example"
        for kind in order:
            obj = json.loads(json.dumps(KINDS[kind]).replace(A, email))
            obj = json.loads(json.dumps(obj).replace("sub_1", f"sub_{number}"))
            await post(house, kind, obj, id_=f"{number} {kind}")
        found = await subscription(house, email)
        assert found is not None
        assert (found.tier, found.until) == (Tier.MEMBER, date(2026, 4, 17))
    person = await house.readers.find("0@lecteurs.example")
    assert person is not None
    assert person.name == "Ada Lovelace"
    assert [c.source for c in person.consents] == ["stripe sub_0"]


async def test_an_event_is_heard_once(house: House) -> None:
    """Twice at the same moment, and again later."""
    both = await asyncio.gather(
        *(post(house, "invoice.paid", INVOICE, id_="evt_1") for _ in range(2))
    )
    assert {heard.hearing for heard in both} == {Hearing.GRANTED, Hearing.REPEATED}
    again = await post(house, "invoice.paid", INVOICE, id_="evt_1")
    assert again.hearing is Hearing.REPEATED


async def test_an_end_that_comes_first_stays_the_end(house: House) -> None:
    """An older event that was held up on its way revives nothing."""
    later = NOW + timedelta(days=1)
    await house.admit(A)
    kind = "customer.subscription.deleted"
    early = await post(house, kind, {**ACTIVE, "status": "canceled"}, at=later)
    assert early.hearing is Hearing.WAITING  # nothing says whose it is
    await post(house, "checkout.session.completed", CHECKOUT)
    await post(house, "customer.subscription.updated", ACTIVE)
    found = await subscription(house)
    assert found is not None
    assert found.tier is Tier.FREE


async def test_one_of_two_memberships_may_end(house: House) -> None:
    """Who pays twice stays a member until the last is over."""
    await post(house, "checkout.session.completed", CHECKOUT)
    await post(house, "invoice.paid", INVOICE)
    other = {**CHECKOUT, "id": "cs_2", "subscription": "sub_2"}
    await post(house, "checkout.session.completed", other, id_="two")
    ended = {"id": "sub_2", "status": "canceled"}
    await post(house, "customer.subscription.deleted", ended)
    found = await subscription(house)
    assert found is not None
    assert (found.tier, found.until) == (Tier.MEMBER, date(2026, 4, 17))


async def test_a_forged_post_changes_nothing(house: House) -> None:
    """Unsigned, signed for another body, or of another shop's publication."""
    body = json.dumps({"id": "x"}).encode()
    for header in ("", signed(b"other"), signed(body, NOW - timedelta(minutes=6))):
        heard = await hear_stripe(desk_of(house), header, body, NOW)
        assert heard.hearing is Hearing.FORGED
    foreign = {**CHECKOUT, "metadata": {"publication": "ailleurs"}}
    heard = await post(house, "checkout.session.completed", foreign)
    assert heard.hearing is Hearing.IGNORED
    assert await subscription(house) is None


async def test_who_has_not_signed_up_may_be_left_out(house: House) -> None:
    """With adds = false paying alone subscribes nobody; later it counts."""
    heard = await post(house, "invoice.paid", INVOICE, adds=False)
    assert heard.effect is Effect.UNKNOWN
    await house.admit(A)
    heard = await post(house, "invoice.paid", INVOICE, id_="again", adds=False)
    assert heard.effect is Effect.CHANGED


async def own(house: House, now: datetime = NOW, **said: object) -> Heard:
    told = {
        "id": "1",
        "at": NOW.isoformat(),
        "email": A,
        "publication": PAPER.id,
        "tier": "member",
    } | said
    body = json.dumps(told).encode()
    return await hear_own(desk_of(house), signed(body, now), body, now)


async def test_our_own_format_says_it_plainly(house: House) -> None:
    """A tier, and its last day as written: nothing is added to it."""
    assert (await own(house, until="2026-12-31")).effect is Effect.ADDED
    found = await subscription(house)
    assert found is not None
    assert found.until == date(2026, 12, 31)
    later = (NOW + timedelta(hours=1)).isoformat()
    await own(house, id="3", at=later, tier="free")
    await own(house, id="2")  # was on its way for an hour
    found = await subscription(house)
    assert found is not None
    assert (found.tier, found.until) == (Tier.FREE, None)
    latest = (NOW + timedelta(hours=2)).isoformat()
    await own(house, id="4", at=latest)
    found = await subscription(house)
    assert found is not None
    assert (found.tier, found.until) == (Tier.MEMBER, None)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"tier": "gold"}, "neither free nor member"),
        ({"until": "soon"}, "no date"),
        ({"tier": "free", "until": "2026-12-31"}, "only a membership has a last day"),
        ({"publication": "ailleurs"}, "no publication ailleurs"),
        ({"publication": None}, "publication is missing"),
        ({"at": "2026-03-14T06:00:00"}, "says no time zone"),
        ({"email": "nobody"}, "not an address"),
        ({"id": 1}, "id is missing"),
        ({"id": "1\0"}, "id is missing"),
        ({"expires": "2026-12-31"}, "there is no expires"),
    ],
)
async def test_nonsense_is_refused_in_words(
    said: dict[str, object], fault: str
) -> None:
    """Before anything is opened or written."""
    desk = PatronageDesk(
        patrons=None,  # type: ignore[arg-type]  # is not asked
        zones={PAPER.id: "Europe/Paris", "le-bruit": "UTC"},
        own=Source(keys=[KEY]),
        stripe=None,
    )
    told = {"id": "1", "at": NOW.isoformat(), "email": A, "tier": "member"}
    body = json.dumps({**told, "publication": PAPER.id, **said}).encode()
    with pytest.raises(InputError, match=fault):
        await hear_own(desk, signed(body), body, NOW)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_posts_are_answered_for_programs(house: House) -> None:
    """200 for what was taken, even again; 400 for who cannot sign, 422 for nonsense."""
    desk = desk_of(house)
    pages = pages_of(PAPER)
    routes = members.router(desk, now=lambda: NOW)
    closed = members.router(replace(desk, stripe=None), now=lambda: NOW)
    event = {"id": "e", "type": "invoice.paid", "created": int(NOW.timestamp())}
    body = json.dumps({**event, "data": {"object": INVOICE}}).encode()
    headers = {"Stripe-Signature": signed(body)}
    async with visiting([routes], pages) as program:
        answers = [
            await program.post("/hooks/stripe", content=body, headers=headers)
            for _ in range(2)
        ]
        assert [a.json()["result"] for a in answers] == ["granted", "repeated"]
        forged = await program.post("/hooks/stripe", content=body)
        assert (forged.status_code, forged.json()) == (
            400,
            {"error": "not signed by us"},
        )
        told = json.dumps({"id": "1"}).encode()
        headers = {"Mailer-Signature": signed(told)}
        senseless = await program.post("/hooks/members", content=told, headers=headers)
        assert senseless.status_code == 422
        assert "is missing" in senseless.json()["error"]
        assert (await program.get("/hooks/members")).status_code == 405
    async with visiting([closed], pages) as program:
        assert (await program.post("/hooks/stripe", content=body)).status_code == 404
