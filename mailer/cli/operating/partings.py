"""Who has left since a backup was made: read before a restore, told after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.errors import StoreError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.cli.invocation import Invocation
    from mailer.flows.restoring import Gone, Parted


async def gone(call: Invocation) -> Gone | None:
    """Who has left by the database that is to be replaced; None if it cannot be read."""
    from mailer.store.engine import HEAD

    try:
        if call.house.upkeep.schema() != HEAD:
            return None  # to read it would be to change it
        async with call.house.stores() as stores:
            return await stores.partings.read()
    except StoreError:
        return None  # that may be why it is replaced


def parted(moved: Parted | None, *, had_one: bool) -> list[Phrase]:
    """What came of it, in words; *had_one* where a database was replaced at all."""
    if moved is None:
        said = say(
            "who left since the backup was made is not known: the old database cannot"
            " be read"
        )
        return [said] if had_one else []
    count = moved.left + moved.barred + moved.erased
    told = say_many(
        "{count} exit since the backup was made holds",
        "{count} exits since the backup was made hold",
        count,
    )
    return [told] if count else []
