"""The Dossiers port: everything about somebody is told, and all of it can be erased."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, LargeBinary, String, Text, insert, select

from mailer.audience.address import address_key
from mailer.audience.roster import Row
from mailer.audience.subscriber import Reason, Standing, Suppression
from mailer.delivery.ledger import State
from mailer.errors import StoreError
from mailer.flows.ports import Admission
from mailer.flows.readers.dossier import Dossier
from mailer.store.barring import barred, lift
from mailer.store.engine import Store
from mailer.store.people import erasure
from mailer.store.people.dossier import SqlDossiers
from mailer.store.people.readers import SqlReaders
from mailer.store.schema import metadata, patron
from tests.contract.house import NOW, PAPER, House, settlement

LATER = NOW + timedelta(days=1)
A, B = "alice.martin@lecteurs.example", "b@x.example"


@pytest.fixture(autouse=True)
def known_by_hash(house: House) -> None:
    """The house has a secret key."""
    house.store._fingerprint = lambda key: f"hash{sum(key.encode())}"


def _people_in(table: Any) -> bool:
    """Whether a table can name a reader."""
    columns = {"subscriber_id", "email", "email_key", "recipient"}
    return bool(columns & set(table.c.keys()))


def _fill(connection: Connection, number: int) -> None:
    """A row about subscriber *number* in every table that has none."""
    for table in metadata.sorted_tables:
        theirs = table.c.get("subscriber_id")
        if theirs is None and table is not patron:
            continue
        known = (
            select(table) if theirs is None else select(table).where(theirs == number)
        )
        if connection.execute(known).first():
            continue
        row = {
            column.name: _value(column, number)
            for column in table.columns
            if column.name != "id" or not column.autoincrement
        }
        connection.execute(insert(table).values(row))


def _value(column: Any, number: int) -> object:
    if column.name == "subscriber_id":
        return number
    if column.name == "email_key":
        return address_key(A)
    if column.name == "run_id":
        return 1
    if column.name.endswith("_at") or column.name in {"at", "lease_until"}:
        return NOW
    match column.type:
        case Boolean():
            return True
        case LargeBinary():
            return A.encode()
        case Text() | String():
            if column.name in {"edition", "poll", "publication"}:
                return "le-meridien/118"
            return "{}" if column.name.endswith("_json") else "alice"
        case _:
            return 1


async def somebody(house: House) -> int:
    """Alice, with a trace of her in every table there is."""
    run = await house.open_run(A, B)
    claims = {claim.email: claim for claim in await house.claim(run)}
    assert await house.hand_over(claims[A], now=NOW)
    await house.settle(settlement(claims[A], State.ACCEPTED), now=NOW)
    await house.readers.suppress(
        Suppression(email=A, reason=Reason.BOUNCED, at=NOW, note="550 <alice>")
    )
    person = await house.readers.find(A)
    assert person is not None
    await house.store.write(lambda c: _fill(c, person.id))
    return person.id


def _everything(connection: Connection) -> str:
    return repr(
        {t.name: connection.execute(t.select()).all() for t in metadata.sorted_tables}
    )


def test_every_table_with_people_in_it_is_erased_and_told() -> None:
    """A new table that can name a reader says what becomes of it."""
    named = {table.name for table in metadata.sorted_tables if _people_in(table)}
    handled = {
        table.name for table in (*erasure.GONE, *erasure.BY_ADDRESS, *erasure.BLANKED)
    }
    assert named == handled


async def test_what_is_told_is_everything(house: House) -> None:
    """Each table with a row about somebody has one in their dossier; it is JSON."""
    number = await somebody(house)
    dossier = await SqlDossiers(house.store).read(number)
    assert isinstance(dossier, Dossier)
    facts = json.loads(json.dumps(dossier.facts))
    assert facts["subscriber"]["email"] == A
    assert [kind for kind, found in facts.items() if not found] == []
    assert facts["deliveries"][0]["title"] == "Les ports, l’été"
    assert facts["suppression"][0]["note"] == "550 <alice>"
    handled = len((*erasure.GONE, *erasure.BY_ADDRESS, *erasure.BLANKED))
    assert len(facts) == handled
    assert await SqlDossiers(house.store).read(4711) is None


async def test_nothing_is_left_but_a_hash(house: House) -> None:
    """Neither address, name nor words; the run still adds up, and others are untouched."""
    number = await somebody(house)
    before = await house.readers.find(B)
    erased = await SqlDossiers(house.store).erase(number, now=LATER)
    assert erased is not None
    assert erased.deliveries >= 1
    assert erased.rows["consent"] == 1
    left = await house.store.read(_everything)
    assert "alice" not in left.lower()
    (run,) = await house.ledger.runs()
    assert (await house.ledger.tally(run)).balanced
    assert (await house.ledger.tally(run)).accepted == 1
    assert await house.readers.find(B) == before
    assert await SqlDossiers(house.store).read(number) is None
    assert await SqlDossiers(house.store).erase(number, now=LATER) is None
    assert [p.email for p in await house.readers.list_subscribers()] == [B]


async def test_no_import_brings_somebody_erased_back(house: House) -> None:
    """In any spelling; the reason that stood before stays; others come in."""
    await house.admit(A)
    person = await house.readers.find(A)
    assert person is not None
    await SqlDossiers(house.store).erase(person.id, now=LATER)
    assert await house.admit(A.upper(), B) == [Admission.SUPPRESSED, Admission.ADDED]
    again = Suppression(email=A, reason=Reason.MANUAL, at=LATER)
    assert not await house.readers.suppress(again)
    key = address_key(A)
    assert await house.store.read(lambda c: barred(c, [key])) == {key: Reason.ERASED}
    (entry,) = await house.readers.suppressions()
    assert (entry.email, entry.reason, entry.note) == ("", Reason.ERASED, "")


async def test_who_asks_and_confirms_may_return(house: House) -> None:
    """Their own word lifts an erasure, and nothing else."""
    await house.admit(A, B)
    await house.suppress(B)
    for email in (A, B):
        person = await house.readers.find(email)
        assert person is not None
        await SqlDossiers(house.store).erase(person.id, now=LATER)
    await house.store.write(lambda c: [lift(c, e, [Reason.ERASED]) for e in (A, B)])
    assert await house.admit(A, B) == [Admission.ADDED, Admission.SUPPRESSED]
    person = await house.readers.find(A)
    assert person is not None
    assert person.subscriptions[0].standing is Standing.ACTIVE


async def test_who_is_erased_during_a_run_is_out_of_it(house: House) -> None:
    """What was not handed over is withdrawn; late words about what was are blanked."""
    run = await house.open_run(A, B)
    claims = {claim.email: claim for claim in await house.claim(run)}
    assert await house.hand_over(claims[A], now=NOW)
    for email in (A, B):
        person = await house.readers.find(email)
        assert person is not None
        await SqlDossiers(house.store).erase(person.id, now=LATER)
    await house.settle(settlement(claims[A], State.REFUSED), now=LATER)
    entries = await house.ledger.entries(run)
    assert {entry.state for entry in entries} == {State.REFUSED, State.WITHDRAWN}
    assert any(entry.reason for entry in entries)
    await house.store.write(erasure.blank_late_replies)
    assert not any(entry.reason for entry in await house.ledger.entries(run))


async def test_without_the_secret_nobody_is_let_in_by_mistake(house: House) -> None:
    """Where somebody was erased, an import needs the key that knows them again."""
    await house.admit(A)
    person = await house.readers.find(A)
    assert person is not None
    await SqlDossiers(house.store).erase(person.id, now=LATER)
    other = await Store.open(house.url)
    try:
        with pytest.raises(StoreError, match="secret key"):
            await SqlReaders(other).admit(
                [Row(line=1, email=A)], publication=PAPER.id, source="x", now=NOW
            )
    finally:
        await other.close()
