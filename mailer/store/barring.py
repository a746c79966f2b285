"""Who is on the suppression list, also where only a keyed hash of the address is left.

An erased address is listed under what the site's secret key makes of it: the list alone
names nobody, and yet knows the address when an import or a form brings it again. The key
is the secret file's oldest, so that a rotation forgets nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, exists, literal, select

from mailer.audience.subscriber import Reason
from mailer.store.batches import batches
from mailer.store.schema import suppression

ERASED = "erased:"
"""Before the hash of an erased address, and before the number of an erased subscriber."""


def hashed(connection: Connection, key: str) -> str:
    """Under what the address of *key* is listed once it is erased."""
    fingerprint = connection.get_execution_options()["mailer_fingerprint"]
    return f"{ERASED}{fingerprint(key)}"


def barred(connection: Connection, keys: Iterable[str]) -> dict[str, Reason]:
    """Which of *keys* must not be written to, and why."""
    found: dict[str, Reason] = {}
    has_hashes = _has_hashes(connection)
    for part in batches(keys):
        named = {key: key for key in part}
        if has_hashes:
            named |= {hashed(connection, key): key for key in part}
        for listed in batches(named):
            rows = connection.execute(
                select(suppression.c.email_key, suppression.c.reason).where(
                    suppression.c.email_key.in_(listed)
                )
            )
            found |= {named[row.email_key]: Reason(row.reason) for row in rows}
    return found


def lift(connection: Connection, key: str, reasons: Collection[Reason]) -> int:
    """Take the address of *key* off the list, if one of *reasons* put it there; how many.

    For who has asked, and confirmed, by their own hand: somebody erased is new then.
    """
    listed = [key]
    if _has_hashes(connection):
        listed.append(hashed(connection, key))
    return connection.execute(
        delete(suppression)
        .where(suppression.c.email_key.in_(listed))
        .where(suppression.c.reason.in_(reasons))
    ).rowcount


def _has_hashes(connection: Connection) -> bool:
    """Whether anybody was ever erased: only then the secret key is needed."""
    hashes = select(exists(select(literal(1)).where(suppression.c.email == "")))
    return bool(connection.execute(hashes).scalar())
