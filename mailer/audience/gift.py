"""A gift: the members' page of one edition, passed on to a friend until a day.

Its token says edition, giver and last day, and opens nothing else: neither the archive
nor what is the giver's own. Whoever holds it may pass it on; what bounds it is its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Who gives which edition, and until when it opens."""

    publication: str
    slug: str
    giver: int
    until: date

    def token(self, keyring: Keyring) -> str:
        """What the friend's link holds."""
        parts = (self.publication, self.slug, str(self.giver), self.until.isoformat())
        return keyring.sign(Purpose.GIFT, *parts)


def read_gift(keyring: Keyring, token: str) -> Gift:
    """The gift that *token* is; TokenError if we made none such."""
    parts = keyring.read(Purpose.GIFT, token)
    try:
        publication, slug, giver, until = parts
        return Gift(
            publication=publication,
            slug=slug,
            giver=int(giver),
            until=date.fromisoformat(until),
        )
    except ValueError as error:
        message = "no gift"
        raise TokenError(message) from error
