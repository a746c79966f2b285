"""Who is on the suppression list, also where only a keyed hash of the address is left.

An erased address is listed under what the site's secret key makes of it: the list alone
names nobody, and yet knows the address when an import or a form brings it again. The key
is the secret file's oldest, so that a rotation forgets nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    hashes = select(exists(select(literal(1)).where(suppression.c.email == "")))
    has_hashes = bool(connection.execute(hashes).scalar())
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


def lift_erased(connection: Connection, key: str) -> None:
    """Let somebody return who was erased and has asked, and confirmed, by themselves.

    Who was barred for another reason stays barred.
    """
    connection.execute(
        delete(suppression)
        .where(suppression.c.email_key == hashed(connection, key))
        .where(suppression.c.reason == Reason.ERASED)
    )
