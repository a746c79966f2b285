"""An approval is for its readers: whom an edition goes to is under its hash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.edition.model import Variant
from mailer.errors import GuardError
from mailer.flows.departing.approve import approve, as_approved, clearance_of, cleared
from mailer.flows.editing.assembled import Assembled, aimed_at
from mailer.rendering.model import Frozen, Rendering
from mailer.store.engine import Store
from mailer.store.ledger.approvals import SqlApprovals
from tests.database import new_database
from tests.fakes import specimen

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
PRESS = "tag = presse"


@pytest.fixture
async def approvals(tmp_path: Path) -> AsyncIterator[SqlApprovals]:
    store = await Store.open(new_database(tmp_path))
    try:
        yield SqlApprovals(store)
    finally:
        await store.close()


def assembled(segment: str = "") -> Assembled:
    edition, scene = specimen.edition(), specimen.scene()
    rendering = Rendering(
        variant=Variant.FREE,
        lang="fr",
        subject="Les ports",
        preheader="",
        html="<p>Deux ports</p>",
        text="Deux ports\n",
    )
    frozen = Frozen(
        edition=edition, publication=scene.publication, renderings=(rendering,)
    )
    found = Assembled(edition=edition, scene=scene, frozen=frozen, findings=())
    return aimed_at(found, segment)


async def test_approved_for_all_is_not_approved_for_some(
    approvals: SqlApprovals,
) -> None:
    """The refusal says what differs, and the command that would approve it."""
    await approve(assembled(), approvals, by="claire", now=NOW)
    with pytest.raises(GuardError) as caught:
        await cleared(assembled(PRESS), approvals, auto=False, now=NOW)
    assert "segment: “everybody” → “tag = presse”" in caught.value.hint
    assert "--to-segment 'tag = presse' lets it leave" in caught.value.hint
    assert (await clearance_of(assembled("everybody"), approvals)).holds


async def test_what_is_approved_for_some_goes_to_them_and_nobody_else(
    approvals: SqlApprovals,
) -> None:
    """Said again or not; another segment, or everybody, is something else."""
    await approve(assembled(PRESS), approvals, by="claire", now=NOW)
    for same in (assembled(), assembled(PRESS)):
        clearance = await clearance_of(same, approvals)
        assert clearance.holds
        assert as_approved(same, clearance).frozen.segment == PRESS
    for other in ("everybody", "tag = radio"):
        assert not (await clearance_of(assembled(other), approvals)).holds


async def test_to_approve_anew_is_meant_as_it_is_said(approvals: SqlApprovals) -> None:
    """Approving for everybody does not inherit who was left out before."""
    first = await approve(assembled(PRESS), approvals, by="claire", now=NOW)
    second = await approve(assembled(), approvals, by="claire", now=NOW)
    assert second.id != first.id
    assert (await approvals.approved(second)).segment == "everybody"


async def test_checks_that_approve_by_themselves_keep_the_readers(
    approvals: SqlApprovals,
) -> None:
    """An edit after the approval does not widen whom it was for."""
    await approve(assembled(PRESS), approvals, by="claire", now=NOW)
    edited = assembled()
    (rendering,) = edited.frozen.renderings
    object.__setattr__(rendering, "subject", "Les quais")
    clearance = await cleared(edited, approvals, auto=True, now=NOW)
    assert clearance.frozen is not None
    assert clearance.frozen.renderings[0].subject == "Les quais"
    assert clearance.frozen.segment == PRESS
