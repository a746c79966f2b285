"""Which variant of an edition a subscriber reads."""

from __future__ import annotations

from collections.abc import Collection

from mailer.audience.subscriber import Tier
from mailer.edition.model import Variant


def variant_for(tier: Tier, audiences: Collection[Variant]) -> Variant | None:
    """The variant for readers of *tier*; None if the edition has nothing for them.

    Members read what is free where nothing is made for them alone.
    """
    if tier is Tier.MEMBER and Variant.MEMBER in audiences:
        return Variant.MEMBER
    return Variant.FREE if Variant.FREE in audiences else None
