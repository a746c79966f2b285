"""The advertisements of an edition: whose they are, where they lead, and who gets them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailer.edition.blocks import Button, Figure, Sponsor
from mailer.edition.model import Edition, Variant
from mailer.edition.walk import walk
from mailer.rendering.checks.links import links_of
from mailer.rendering.cut import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One sponsor's band; ``targets`` are its links, ``variants`` those that hold it."""

    by: str
    label: str
    targets: tuple[str, ...]
    variants: tuple[Variant, ...]


def offers_of(edition: Edition, variants: Iterable[Variant]) -> list[Offer]:
    """Every advertisement of *edition* in the order of its text."""
    shown = {variant: _bands(cut(edition, variant)) for variant in variants}
    return [
        Offer(
            by=band.by,
            label=band.label,
            targets=_targets(band),
            variants=tuple(v for v, bands in shown.items() if band.at in bands),
        )
        for band in edition.every_block()
        if isinstance(band, Sponsor)
    ]


def _bands(edition: Edition) -> set[object]:
    return {each.at for each in edition.every_block() if isinstance(each, Sponsor)}


def _targets(band: Sponsor) -> tuple[str, ...]:
    """Where it leads, each address once."""
    hrefs = [link.href for link in links_of((band.title, band.blocks))]
    for block in walk([band]):
        match block:
            case Button(href=href) | Sponsor(href=href):
                hrefs.append(href)
            case Figure(href=href) if href:
                hrefs.append(href)
    return tuple(dict.fromkeys(href for href in hrefs if href))
