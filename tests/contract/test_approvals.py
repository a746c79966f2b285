"""Approvals, on both databases: one stands, none is forgotten, none changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from mailer.errors import GuardError, StoreError
from mailer.flows.approvals import Acceptance, Approval
from mailer.flows.ports import RunState
from mailer.rendering.changes import Basis
from mailer.store.codec import without_blocks
from mailer.store.schema import approval, rendering
from tests.contract.house import NOW, House, frozen_edition

NAME = "le-meridien/118"
BASIS = Basis(
    sources={"index.md": "# Les ports\n", "forwarded.md": "é {{ name }}\n"},
    theme="presse",
    theme_hash="t",
    public_url="https://lettres.example.org",
)


async def approve(house: House, *, by: str = "claire", subject: str = "") -> Approval:
    frozen = frozen_edition()
    if subject:
        changed = [replace(r, subject=subject) for r in frozen.renderings]
        frozen = replace(frozen, renderings=tuple(changed))
    return await house.approvals.approve(frozen, by=by, now=NOW, basis=BASIS)


async def test_what_was_approved_comes_back_whole(house: House) -> None:
    """Name, hour, hash, what was let pass, what it was made of, and every byte."""
    accepted = (Acceptance("date-past", "claire"),)
    frozen = frozen_edition()
    given = await house.approvals.approve(
        frozen, by="claire", now=NOW, basis=BASIS, accepted=accepted
    )
    assert (given.edition, given.by, given.at) == (NAME, "claire", NOW)
    assert (given.sha256, given.basis, given.accepted) == (
        frozen.sha256,
        BASIS,
        accepted,
    )
    assert await house.approvals.standing(NAME) == given
    kept = await house.approvals.approved(given)
    assert kept == replace(frozen, edition=without_blocks(frozen.edition))


async def test_nobody_approved_what_nobody_approved(house: House) -> None:
    """No approval is no error; to take it back does nothing."""
    assert await house.approvals.standing(NAME) is None
    assert not await house.approvals.withdraw(NAME, by="marc", now=NOW)


async def test_the_latest_word_stands_and_the_earlier_is_kept(house: House) -> None:
    """Another approval takes the place of the first, which is ended and not deleted."""
    first = await approve(house)
    second = await approve(house, by="marc", subject="Autrement")
    assert await house.approvals.standing(NAME) == second
    assert (await house.approvals.approved(second)).renderings[0].subject == "Autrement"
    assert (await house.approvals.approved(first)).renderings[0].subject == "Les ports"
    rows = await house.store.read(
        lambda c: c.execute(select(approval).order_by(approval.c.id)).all()
    )
    assert [(r.approved_by, r.ended_by, r.ended_at) for r in rows] == [
        ("claire", "marc", NOW),
        ("marc", "", None),
    ]


async def test_an_approval_taken_back_does_not_stand(house: House) -> None:
    """Once: the second time there is nothing to take back."""
    await approve(house)
    later = NOW + timedelta(hours=1)
    assert await house.approvals.withdraw(NAME, by="marc", now=later)
    assert await house.approvals.standing(NAME) is None
    assert not await house.approvals.withdraw(NAME, by="marc", now=later)


async def test_many_who_approve_at_once_leave_one_approval(
    house: House, other: House
) -> None:
    """Two machines, one standing word."""
    await asyncio.gather(
        *(approve(h, by=f"p{n}") for n, h in enumerate([house, other] * 4))
    )
    rows = await house.store.read(
        lambda c: c.execute(select(approval).where(approval.c.ended_at.is_(None))).all()
    )
    assert len(rows) == 1


async def test_a_run_opens_on_the_very_bytes_that_were_approved(house: House) -> None:
    """The run's frozen edition is the approval's own: nothing is kept twice."""
    await house.admit("a@x.example")
    given = await approve(house)
    frozen = await house.approvals.approved(given)
    run = await house.ledger.open_run(frozen, now=NOW, approval=given)
    assert run.sha256 == given.sha256
    assert await house.ledger.frozen(run) == frozen
    count = await house.store.read(lambda c: c.execute(select(rendering)).all())
    assert len(count) == len(frozen.renderings)


async def test_no_run_opens_on_a_word_that_was_taken_back(house: House) -> None:
    """Between the look and the run somebody changed their mind: nothing is opened."""
    await house.admit("a@x.example")
    given = await approve(house)
    await house.approvals.withdraw(NAME, by="marc", now=NOW)
    with pytest.raises(GuardError, match="taken back"):
        await house.ledger.open_run(frozen_edition(), now=NOW, approval=given)
    assert await house.ledger.runs() == []


async def test_while_a_run_goes_on_its_approval_stays(house: House) -> None:
    """Approving or taking back in mid-run is refused; afterwards it is not."""
    await house.admit("a@x.example")
    given = await approve(house)
    run = await house.ledger.open_run(frozen_edition(), now=NOW, approval=given)
    with pytest.raises(GuardError, match="not finished"):
        await house.approvals.withdraw(NAME, by="marc", now=NOW)
    with pytest.raises(GuardError, match="not finished"):
        await approve(house, by="marc", subject="Autrement")
    assert await house.approvals.standing(NAME) == given
    await house.ledger.mark_run(run, RunState.CANCELLED, now=NOW)
    assert await house.approvals.withdraw(NAME, by="marc", now=NOW)


async def test_a_snapshot_that_was_tampered_with_is_refused(house: House) -> None:
    """What is not what was sealed does not go out under anybody's name."""
    given = await approve(house)
    forged = rendering.update().values(html="<p>autre chose</p>")
    await house.store.write(lambda c: c.execute(forged))
    with pytest.raises(StoreError, match="its hash differs"):
        await house.approvals.approved(given)
