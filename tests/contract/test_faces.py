"""The readers of an edition one by one, on both databases: as a run would see them."""

from __future__ import annotations

from datetime import timedelta

from mailer.audience.subscriber import Reason, Suppression, Tier
from mailer.edition.model import Variant
from mailer.flows.sending.faces import Face, a_few
from tests.contract.house import NOW, PAPER, House, frozen_edition

LATER = NOW + timedelta(hours=1)


async def test_a_face_says_what_a_run_would_do(house: House) -> None:
    """The variant of their tier, and in a plan's words why they would be left out."""
    await house.admit("m@x.example", tier=Tier.MEMBER)
    await house.admit("f@x.example", "left@x.example", "out@x.example")
    await house.readers.leave("left@x.example", publication=PAPER.id, now=NOW)
    await house.readers.suppress(
        Suppression(email="out@x.example", reason=Reason.COMPLAINED, at=NOW)
    )
    frozen = frozen_edition()
    faces = {face.email: face for face in await house.faces.some(frozen, now=NOW)}
    assert faces["m@x.example"].variant is Variant.MEMBER
    assert faces["f@x.example"].variant is Variant.FREE
    assert faces["f@x.example"].skipped == ""
    assert faces["out@x.example"].skipped == "suppressed"
    assert "left@x.example" not in faces  # a list is of those who take it
    left = await house.faces.find("LEFT@x.example", frozen, now=NOW)
    assert left is not None
    assert left.skipped == "left"
    assert await house.faces.known(left.subscriber, frozen, now=NOW) == left
    assert await house.faces.find("nobody@x.example", frozen, now=NOW) is None
    await house.ledger.open_run(frozen, now=NOW)
    again = await house.faces.find("f@x.example", frozen, now=LATER)
    assert again is not None
    assert again.had_it


def test_a_few_of_each_kind_are_enough() -> None:
    """Two of many alike; who would get it stands before who would not."""

    def face(number: int, skipped: str = "") -> Face:
        return Face(
            subscriber=number,
            email=f"r{number}@x.example",
            name="",
            variant=Variant.FREE,
            skipped=skipped,
        )

    many = [face(1, "paused"), *map(face, range(2, 9))]
    assert [each.subscriber for each in a_few(many)] == [2, 3, 1]
