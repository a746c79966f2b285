"""Who asks to join, and who confirms: the Joining port over SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    func,
    insert,
    select,
    update,
)

from mailer.audience.address import address_key
from mailer.audience.subscriber import Action, Reason, Standing, Tier
from mailer.flows.readers.correspondence import LetterKind, LetterOrder
from mailer.flows.readers.joining import Asked, Asking, SignupLimits, Visit
from mailer.store.barring import barred, lift
from mailer.store.engine import Store, Turn, alone, beside
from mailer.store.people.letters import put
from mailer.store.schema import (
    consent,
    microseconds,
    signup,
    subscriber,
    subscription,
)

_HOUR, _DAY, _MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
_LIFTED = (Reason.UNSUBSCRIBED, Reason.BOUNCED, Reason.ERASED)
"""What a reader's own confirmation undoes: they went, their mailbox is there again, they
wanted to be forgotten. A complaint and the operator's word stand."""

_WELCOME = timedelta(days=2)


class SqlJoining:
    """The Joining port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(
        self, asking: Asking, *, limits: SignupLimits, lasts: timedelta, now: datetime
    ) -> bool:
        """See the port."""
        visitor = list(_of_the_visitor(asking, limits))
        if await self._store.read(lambda c: _is_any_over(c, visitor, now)):
            return False  # a flood does not stand in the way of who writes
        return await self._store.write(lambda c: _ask(c, asking, limits, lasts, now))

    async def asked(
        self, subscriber: int, publication: str, *, at: datetime
    ) -> Asked | None:
        """See the port."""
        return await self._store.read(
            lambda c: _asked(c, subscriber, publication, at, lock=False)
        )

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
        """See the port."""
        return await self._store.write(
            lambda c: _confirm(c, subscriber, publication, at, visit, lang, now)
        )


def _ask(
    connection: Connection,
    asking: Asking,
    limits: SignupLimits,
    lasts: timedelta,
    now: datetime,
) -> bool:
    alone(connection, Turn.ADMIT)  # two at once would both be within the limit
    if _is_any_over(connection, _of_the_visitor(asking, limits), now):
        return False
    is_over = _is_any_over(connection, _of_the_address(asking, limits), now)
    traces = asking.traces
    connection.execute(
        insert(signup).values(
            at=now,
            address=traces.address,
            visitor=traces.visitor,
            network=traces.network,
            domain=traces.domain,
            heeded=not is_over,
        )
    )
    key = address_key(asking.email)
    reason = barred(connection, [key]).get(key)
    if is_over or (reason is not None and reason not in _LIFTED):
        return True
    number = _person(connection, asking.email, key, now)
    standing = _standing(connection, number, asking.publication, now)
    _log(connection, number, asking, now)
    is_here = standing is Standing.ACTIVE and reason is None
    kind = LetterKind.PRESENT if is_here else LetterKind.CONFIRM
    moment = str(microseconds(now))
    put(
        connection,
        LetterOrder(
            key=f"{kind}:{asking.publication}:{number}:{moment}",
            kind=kind,
            publication=asking.publication,
            subscriber=number,
            expires=now + lasts,
            lang=asking.lang,
            values={"asked": moment},
        ),
        now,
    )
    return True


_Limit = tuple[ColumnElement[bool] | None, int, timedelta]


def _of_the_visitor(asking: Asking, limits: SignupLimits) -> Iterator[_Limit]:
    """What is said aloud, for it tells nothing of an address."""
    traces = asking.traces
    yield None, limits.hourly, _HOUR
    yield signup.c.visitor == traces.visitor, limits.ip_hourly, _HOUR
    yield signup.c.network == traces.network, limits.network_hourly, _HOUR
    yield signup.c.domain == traces.domain, limits.domain_hourly, _HOUR


def _of_the_address(asking: Asking, limits: SignupLimits) -> Iterator[_Limit]:
    """What is kept in silence."""
    # What was not heeded does not count: or asking on would keep the owner out.
    ours = and_(signup.c.address == asking.traces.address, signup.c.heeded)
    yield ours, limits.address_daily, _DAY
    yield ours, limits.address_monthly, _MONTH


def _is_any_over(
    connection: Connection, limits: Iterable[_Limit], now: datetime
) -> bool:
    for which, most, window in limits:
        if not most:
            continue
        counted = (
            select(func.count()).select_from(signup).where(signup.c.at > now - window)
        )
        if which is not None:
            counted = counted.where(which)
        if connection.execute(counted).scalar_one() >= most:
            return True
    return False


def _person(connection: Connection, email: str, key: str, now: datetime) -> int:
    """The subscriber of this address, made if there is none."""
    found = connection.execute(
        select(subscriber.c.id).where(subscriber.c.email_key == key)
    ).scalar()
    if found is None:
        made = insert(subscriber).values(
            email=email, email_key=key, name="", created_at=now
        )
        found = connection.execute(made.returning(subscriber.c.id)).scalar_one()
    return int(found)


def _standing(
    connection: Connection, number: int, publication: str, now: datetime
) -> Standing:
    """How their subscription stands: a new one is pending, an old request begins anew.

    Who left stays away until they confirm: a stranger's request changes nothing.
    """
    ours = _of(number, publication)
    found = connection.execute(select(subscription.c.standing).where(ours)).scalar()
    if found is None:
        connection.execute(
            insert(subscription).values(
                subscriber_id=number,
                publication=publication,
                tier=Tier.FREE,
                standing=Standing.PENDING,
                since=now,
            )
        )
        return Standing.PENDING
    if found == Standing.PENDING:
        connection.execute(update(subscription).where(ours).values(since=now))
    return Standing(found)


def _log(connection: Connection, number: int, asking: Asking, now: datetime) -> None:
    connection.execute(
        insert(consent).values(
            subscriber_id=number,
            publication=asking.publication,
            source="site",
            wording=asking.wording,
            version=asking.version,
            at=now,
            action=Action.ASKED,
            ip=asking.visit.ip,
            agent=asking.visit.agent,
            form=asking.visit.form,
        )
    )


def _asked(
    connection: Connection, number: int, publication: str, at: datetime, *, lock: bool
) -> Asked | None:
    """The request of that very moment, with how its subscription stands."""
    statement = (
        select(subscriber.c.email, subscription.c.standing, subscription.c.since)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .join(
            consent,
            (consent.c.subscriber_id == subscriber.c.id)
            & (consent.c.publication == subscription.c.publication),
        )
        .where(_of(number, publication))
        .where(consent.c.action == Action.ASKED, consent.c.at == at)
    )
    if lock:
        statement = statement.with_for_update(of=subscription)
    row = connection.execute(statement).first()
    if row is None or (row.standing == Standing.LEFT and row.since > at):
        return None  # they have left since: an old link does not bring them back
    return Asked(email=row.email, standing=Standing(row.standing))


def _confirm(
    connection: Connection,
    number: int,
    publication: str,
    at: datetime,
    visit: Visit,
    lang: str,
    now: datetime,
) -> Asked | None:
    beside(connection, Turn.OPEN_RUN)
    found = _asked(connection, number, publication, at, lock=True)
    if found is None:
        return None
    lifted = lift(connection, address_key(found.email), _LIFTED)
    if found.standing is Standing.ACTIVE and not lifted:
        return found
    connection.execute(
        update(subscription)
        .where(_of(number, publication))
        .where(subscription.c.standing != Standing.ACTIVE)
        .values(standing=Standing.ACTIVE, since=now)
    )
    shown = connection.execute(
        select(consent.c.wording, consent.c.version)
        .where(consent.c.subscriber_id == number, consent.c.publication == publication)
        .where(consent.c.action == Action.ASKED, consent.c.at == at)
    ).first()
    assert shown is not None  # noqa: S101 - it was found above
    connection.execute(
        insert(consent).values(
            subscriber_id=number,
            publication=publication,
            source="confirmation",
            wording=shown.wording,
            version=shown.version,
            at=now,
            action=Action.CONFIRMED,
            ip=visit.ip,
            agent=visit.agent,
            form=visit.form,
        )
    )
    put(
        connection,
        LetterOrder(
            key=f"{LetterKind.WELCOME}:{publication}:{number}:{microseconds(at)}",
            kind=LetterKind.WELCOME,
            publication=publication,
            subscriber=number,
            expires=now + _WELCOME,
            lang=lang,
        ),
        now,
    )
    return Asked(email=found.email, standing=Standing.ACTIVE)


def _of(number: int, publication: str) -> ColumnElement[bool]:
    return (subscription.c.subscriber_id == number) & (
        subscription.c.publication == publication
    )
