"""What is told of clicks: in the whole, above a threshold, and to a sponsor on paper."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from mailer.audience.measuring import Trace
from mailer.config.places import shipped
from mailer.edition.blocks import Only, Sponsor
from mailer.edition.model import Variant
from mailer.flows.readers.clicks import Clicks, clicks_of
from mailer.flows.readers.measuring import Measured, Opened, Reach
from mailer.rendering.offers import Offer, offers_of
from mailer.web.sponsoring import report_csv, report_page
from mailer.workspace.catalogue import load_catalogue
from tests.fakes import specimen

LINK = "https://chantiers.example/?a=1&b=2"


@dataclass
class Known:
    """A Measures port that knows what it was told."""

    found: Sequence[Measured]
    people: int = 0

    async def links(self, edition: str) -> Sequence[Measured]:
        return self.found

    async def opened(self, edition: str) -> Opened:
        return Opened(people=self.people, automatic=0)

    async def reach(self, edition: str) -> Reach:
        return Reach(
            accepted={Variant.FREE: 8000, Variant.MEMBER: 430},
            measured={Variant.FREE: 300, Variant.MEMBER: 20},
        )

    async def accepted(
        self, keys: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], datetime]:
        return {}

    async def write(self, traces: Sequence[Trace]) -> int:
        return 0


def offer(*targets: str, variants: Sequence[Variant] = (Variant.FREE,)) -> Offer:
    return Offer(
        by="Chantiers <&> Cie", label="ad", targets=targets, variants=tuple(variants)
    )


async def told(known: Known, *offers: Offer) -> Clicks:
    return await clicks_of("p/1", known, offers, smallest=20)


async def test_few_people_are_not_told_apart() -> None:
    """Nineteen could be somebody; twenty are a crowd. Machines are nobody."""
    clicks = await told(Known([Measured("a", 20, 25, 3), Measured("b", 19, 90, 4)], 19))
    assert [(c.people, c.clicks, c.automatic) for c in clicks.links] == [
        (20, 25, 3),
        (None, None, 4),
    ]
    assert clicks.opened is None
    assert (clicks.impressions, clicks.consenting) == (8430, 320)


@pytest.mark.parametrize(
    ("variants", "figures"),
    [
        ([Variant.FREE], (8000, 300)),
        ([Variant.MEMBER], (430, 20)),
        ([Variant.FREE, Variant.MEMBER], (8430, 320)),
        ([], (0, 0)),
    ],
)
async def test_an_impression_is_an_accepted_message_that_holds_it(
    variants: list[Variant], figures: tuple[int, int]
) -> None:
    """Who got a variant without the advertisement is in neither figure."""
    clicks = await told(Known([]), offer(LINK, variants=variants))
    (placement,) = clicks.placements
    assert (placement.impressions, placement.consenting) == figures
    assert [link.people for link in placement.links] == [None]


def test_the_links_of_an_advertisement_are_found_in_the_edition() -> None:
    """Title, text and button, each once; only in variants that hold it."""
    band = Sponsor(at=specimen.at(9), by="Port", href=LINK, button="Voir")
    other = Sponsor(at=specimen.at(12), by="Quai", href="https://quai.example/")
    edition = specimen.edition()
    edition = replace(
        edition,
        preface=(band, Only(at=specimen.at(11), audience="member", blocks=(other,))),
        sections=(),
    )
    both = [Variant.FREE, Variant.MEMBER]
    assert [(o.by, o.targets, o.variants) for o in offers_of(edition, both)] == [
        ("Port", (LINK,), tuple(both)),
        ("Quai", ("https://quai.example/",), (Variant.MEMBER,)),
    ]


async def test_a_sponsor_gets_a_sheet_and_a_page() -> None:
    """With the figures that may be told, and nobody's markup in them."""
    known = Known([Measured(LINK, 214, 1263, 9)])
    clicks = await told(known, offer(LINK, "=1+1"))
    edition = specimen.edition()
    rows = list(csv.reader(report_csv(clicks, edition, "Le Méridien").splitlines()))
    assert rows[1][3:] == [
        *("Chantiers <&> Cie", "8000", "300", LINK, "214", "1263", "9")
    ]
    assert rows[2][6:] == ["'=1+1", "<20", "<20", "0"]
    french = load_catalogue("fr", [shipped("templates")])
    page = report_page(clicks, edition, "Le Méridien", catalogue=french)
    assert "Chantiers &lt;&amp;&gt; Cie" in page
    assert "1\N{NARROW NO-BREAK SPACE}263" in page
    assert "moins de 20" in page
    assert "<script" not in page


async def test_an_edition_without_sponsors_says_so() -> None:
    """A page that is empty by mistake would look the same."""
    catalogue = load_catalogue("en", [shipped("templates")])
    clicks = await told(Known([]))
    page = report_page(clicks, specimen.edition(), "Le Méridien", catalogue=catalogue)
    assert "This edition has no sponsor." in page
    assert json.dumps(None) not in page
