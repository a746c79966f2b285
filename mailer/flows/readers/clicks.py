"""What is told of an edition's links: in the whole, and only above a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.flows.readers.measuring import Measured, Measures, Reach
from mailer.rendering.offers import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCount:
    """What consenting readers did with one link.

    ``people`` and ``clicks`` are None where fewer people than the threshold clicked:
    a small number could be somebody.
    """

    target: str
    people: int | None
    clicks: int | None
    automatic: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One sponsor's band and what became of it.

    ``impressions`` are messages with it that relays accepted; ``consenting`` are those
    among them whose reader had agreed to be measured: what clicks are to be held against.
    """

    by: str
    label: str
    impressions: int
    consenting: int
    links: tuple[LinkCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """What can be told of an edition. ``opened`` is None below the threshold."""

    edition: str
    impressions: int
    consenting: int
    smallest: int
    opened: int | None
    links: tuple[LinkCount, ...]
    placements: tuple[Placement, ...]


async def clicks_of(
    edition: str, measures: Measures, offers: Sequence[Offer], *, smallest: int
) -> Clicks:
    """What consenting readers did with *edition*, *offers* apart."""
    reach = await measures.reach(edition)
    counted = {each.target: each for each in await measures.links(edition)}
    opened = (await measures.opened(edition)).people
    return Clicks(
        edition=edition,
        impressions=sum(reach.accepted.values()),
        consenting=sum(reach.measured.values()),
        smallest=smallest,
        opened=opened if opened >= smallest else None,
        links=tuple(_told(each, smallest) for each in counted.values()),
        placements=tuple(_placed(offer, reach, counted, smallest) for offer in offers),
    )


def _placed(
    offer: Offer, reach: Reach, counted: dict[str, Measured], smallest: int
) -> Placement:
    nothing = (Measured(target, 0, 0, 0) for target in offer.targets)
    links = (counted.get(each.target, each) for each in nothing)
    return Placement(
        by=offer.by,
        label=offer.label,
        impressions=sum(reach.accepted.get(v, 0) for v in offer.variants),
        consenting=sum(reach.measured.get(v, 0) for v in offer.variants),
        links=tuple(_told(link, smallest) for link in links),
    )


def _told(link: Measured, smallest: int) -> LinkCount:
    is_small = link.people < smallest
    return LinkCount(
        target=link.target,
        people=None if is_small else link.people,
        clicks=None if is_small else link.clicks,
        automatic=link.automatic,
    )
