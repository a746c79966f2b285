"""The archive, on both databases: what has left is there, as it was frozen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailer.audience.subscriber import Tier
from mailer.delivery.ledger import State
from mailer.edition.model import Variant
from mailer.flows.ports import Run, RunState
from mailer.phrases import say
from mailer.rendering.changes import Basis
from mailer.rendering.model import Frozen
from mailer.rendering.render import freeze
from tests.contract.house import (
    NOW,
    PAPER,
    PICTURE,
    House,
    frozen_edition,
    settlement,
)
from tests.fakes import specimen

LATER = NOW + timedelta(minutes=5)


def written(
    number: int = 118,
    *,
    title: str = "Les ports, l’été",
    text: str = "<p>Deux rivaux.</p>",
    day: date = date(2026, 3, 14),
    archive: str = "public",
) -> Frozen:
    """An edition whose feed says *title* and *text*."""
    frozen = frozen_edition(number)
    edition = replace(frozen.edition, date=day, archive=archive)
    renderings = [
        replace(r, html=text, entry=replace(r.entry, title=title)) if r.entry else r
        for r in frozen.renderings
    ]
    return replace(frozen, edition=edition, renderings=tuple(renderings))


async def send(house: House, frozen: Frozen, *, armed: bool = False) -> Run:
    departs = LATER if armed else None
    await house.admit("a@x.example")
    return await house.ledger.open_run(frozen, now=NOW, departs=departs)


async def finish(house: House, run: Run) -> None:
    await settle(house, run)
    await house.ledger.mark_run(run, RunState.SENT, now=NOW)


async def settle(house: House, run: Run) -> None:
    claim = await house.one_claim(run)
    await house.hand_over(claim, now=NOW)
    await house.settle(settlement(claim, State.ACCEPTED), now=NOW)


async def titles(house: House, *words: str) -> list[str]:
    shelf = await house.archive.shelf(PAPER.id, words=words, start=0, limit=10)
    assert shelf.total == len(shelf.editions)
    return [each.listing.title for each in shelf.editions]


async def test_an_edition_is_there_once_it_begins_to_leave(house: House) -> None:
    """Not while a draft, approved or armed: then nobody has it, and it may change."""
    assert await titles(house) == []
    run = await send(house, written(), armed=True)
    assert await titles(house) == []
    assert await house.archive.find(PAPER.id, "ports") is None
    await house.ledger.depart(run, now=LATER)
    assert await titles(house) == ["Les ports, l’été"]
    found = await house.archive.find(PAPER.id, "ports")
    assert found is not None
    assert (found.published, found.updated) == (LATER, LATER)
    assert await house.archive.page(found, Variant.WEB) == "<p>web {{ name }}</p>"
    assert await house.archive.page(found, Variant.FREE) == "<p>free {{ name }}</p>"


@pytest.mark.parametrize("reached", [False, True])
async def test_a_cancelled_run_counts_if_somebody_has_its_letter(
    house: House, reached: bool
) -> None:
    """Its link must lead somewhere; where nobody has it, there was no edition."""
    await house.admit("a@x.example", "b@x.example")
    run = await house.ledger.open_run(written(), now=NOW)
    if reached:
        await settle(house, run)
    await house.ledger.cancel(run, now=NOW, reason=say("mistaken"))
    assert len(await titles(house)) == reached


async def test_what_left_twice_is_shown_as_it_left_last(house: House) -> None:
    """One place in the archive, at the hour at which it first was there."""
    await finish(house, await send(house, written(title="Avant")))
    await house.admit("b@x.example")
    await house.ledger.open_run(written(title="Après"), now=LATER)
    (found,) = (await house.archive.shelf(PAPER.id, start=0, limit=9)).editions
    assert found.listing.title == "Après"
    assert (found.published, found.updated) == (NOW, LATER)


async def test_an_archive_is_read_from_the_newest_page_by_page(house: House) -> None:
    """By date, not by the order in which they left; each knows its neighbours."""
    for number, day in ((118, 14), (120, 28), (119, 21)):
        await finish(
            house,
            await send(
                house, written(number, title=f"N{number}", day=date(2026, 3, day))
            ),
        )
    assert await titles(house) == ["N120", "N119", "N118"]
    second = await house.archive.shelf(PAPER.id, start=1, limit=1)
    assert ([e.listing.title for e in second.editions], second.total) == (["N119"], 3)
    before, after = await house.archive.beside(second.editions[0])
    assert before is not None
    assert after is not None
    assert (before.title, after.title) == ("N118", "N120")
    newest = await house.archive.find(PAPER.id, "ports-120")
    assert newest is not None
    assert (await house.archive.beside(newest))[1] is None
    assert (await house.archive.shelf("another", start=0, limit=9)).total == 0


async def test_a_hidden_edition_is_nowhere(house: House) -> None:
    """In no list, search, feed or map, nobody's neighbour; others are as they were."""
    for number in (118, 119):
        await finish(house, await send(house, written(number, title=f"N{number}")))
    archive = house.archive.without({PAPER.id: ("ports",), "another": ("ports-119",)})
    shelf = await archive.shelf(PAPER.id, words=("n11",), start=0, limit=9)
    assert [e.listing.title for e in shelf.editions] == ["N119"]
    assert shelf.total == 1
    assert await archive.find(PAPER.id, "ports") is None
    assert await archive.beside(shelf.editions[0]) == (None, None)
    assert len(await archive.feed(PAPER.id, limit=9)) == 1
    assert len(await archive.everything()) == 1
    assert len(await titles(house)) == 2


async def test_words_are_found_as_one_hears_them(house: House) -> None:
    """Without case, accents and ligatures, from their beginning, every one asked for."""
    await send(
        house,
        written(text="<p>L’<em>Œuvre</em> de l’été, 38&nbsp;000 € &amp; 100%.</p>"),
    )
    for words in (("oeuvre",), ("ete", "oeu"), ("38000",), ("ports", "100")):
        assert await titles(house, *words) == ["Les ports, l’été"], words
    for words in (("uvre",), ("oeuvre", "hiver"), ("em",), ("10_",)):
        assert await titles(house, *words) == [], words


async def test_members_text_is_found_by_nobody(house: House) -> None:
    """Neither listed nor searched nor in a feed; the members' page alone has it."""
    edition = specimen.edition()
    frozen = freeze(edition, specimen.scene())
    await send(house, frozen)
    paper = edition.publication
    every = await house.archive.shelf(paper, words=("nuit",), start=0, limit=9)
    assert [e.listing.slug for e in every.editions] == ["ports"]
    assert "brouillard" not in every.editions[0].listing.text
    nothing = await house.archive.shelf(paper, words=("brouillard",), start=0, limit=9)
    assert nothing.total == 0
    (item,) = await house.archive.feed(paper, limit=9)
    assert "brouillard" not in item.html
    pages = [
        await house.archive.page(item.edition, variant) or ""
        for variant in (Variant.WEB, Variant.MEMBER_WEB)
    ]
    assert ["brouillard" in page for page in pages] == [False, True]


async def test_an_archive_for_members_lists_heads_alone(house: House) -> None:
    """Title and summary are told, no word of the text; it is in no map of the site."""
    await send(house, written(archive="members", text="<p>Deux rivaux.</p>"))
    assert await titles(house, "ports") == ["Les ports, l’été"]
    assert await titles(house, "rivaux") == []
    (found,) = (await house.archive.shelf(PAPER.id, start=0, limit=9)).editions
    assert (found.listing.is_open, found.listing.text) == (False, "")
    assert await house.archive.everything() == []


async def test_a_closed_archive_has_nothing(house: House) -> None:
    """What has neither page nor feed is nowhere, although it left."""
    mails = [Variant.FREE, Variant.MEMBER]
    await house.admit("a@x.example")
    await house.ledger.open_run(frozen_edition(variants=mails), now=NOW)
    assert await titles(house) == []
    assert await house.archive.find(PAPER.id, "ports") is None


async def test_pictures_are_those_of_frozen_editions(house: House) -> None:
    """By the beginning of their hash, which is their address."""
    digest = PICTURE.file_name.partition(".")[0]
    assert await house.archive.picture(digest) is None
    await house.approvals.approve(frozen_edition(), by="claire", now=NOW, basis=Basis())
    assert await house.archive.picture(digest) == PICTURE.content
    assert await house.archive.picture("f" * 20) is None


async def test_membership_is_asked_for_the_day(house: House) -> None:
    """Of the publication, active, and not over."""
    await house.admit("m@x.example", tier=Tier.MEMBER)
    await house.admit("f@x.example")
    member, free = [await house.readers.find(f"{n}@x.example") for n in "mf"]
    assert member is not None
    assert free is not None
    asked = house.archive.is_member
    assert await asked(PAPER.id, member.id, NOW.date())
    assert not await asked(PAPER.id, free.id, NOW.date())
    assert not await asked("another", member.id, NOW.date())
    await house.leave("m@x.example")
    assert not await asked(PAPER.id, member.id, NOW.date())
