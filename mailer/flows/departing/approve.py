"""Approving an edition, and asking what of it may leave.

An approval is somebody's word for bytes: the edition is frozen then, and exactly that
goes out. Whether it still says what the files say is asked each time, not kept.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from mailer.errors import GuardError
from mailer.flows.approvals import Approval, Approvals
from mailer.flows.editing.assembled import (
    Assembled,
    AssembledT,
    aimed_at,
    require_clean,
)
from mailer.phrases import Phrase, say, verbatim
from mailer.rendering.changes import Change, basis_of, changes
from mailer.rendering.model import Frozen

AUTO = "auto"
"""Who approves where `[send] approval` leaves it to the checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """How an edition stands to its approval.

    ``approval`` is None if there is none; ``changes`` is what is not as it was approved
    any more, and ``frozen`` the edition as it was approved. ``segment`` is what was
    approved for an edition that says none itself.
    """

    approval: Approval | None = None
    frozen: Frozen | None = None
    changes: tuple[Change, ...] = ()
    segment: str = ""

    @property
    def holds(self) -> bool:
        """Whether the edition is approved as it is now."""
        return self.approval is not None and not self.changes


async def clearance_of(
    assembled: Assembled, approvals: Approvals, *, as_said: bool = False
) -> Clearance:
    """How *assembled*, as its files are now, stands to its approval.

    Where it says no segment, that of the approval is meant, unless it is *as_said*.
    """
    approval = await approvals.standing(assembled.edition.name)
    if approval is None:
        return Clearance()
    frozen = await approvals.approved(approval)
    says_none = not (as_said or assembled.edition.segment)
    segment = frozen.edition.segment if says_none else ""
    assembled = aimed_at(assembled, segment) if segment else assembled
    basis = basis_of(assembled.edition, assembled.scene)
    found = changes(frozen, approval.basis, assembled.frozen, basis)
    return Clearance(approval=approval, frozen=frozen, changes=found, segment=segment)


async def approve(
    assembled: Assembled, approvals: Approvals, *, by: str, now: datetime
) -> Approval:
    """Freeze *assembled* under the name of *by*; EditionError if checks block it.

    What is approved as it is keeps the word of who gave it first.
    """
    before = await clearance_of(assembled, approvals, as_said=True)
    assembled = as_approved(assembled, before)
    require_clean(assembled)
    if before.approval and before.holds:
        known = {each.rule for each in before.approval.accepted}
        if all(each.rule in known for each in assembled.accepted):
            return before.approval
    return await approvals.approve(
        assembled.frozen,
        by=by,
        now=now,
        basis=basis_of(assembled.edition, assembled.scene),
        accepted=assembled.accepted,
    )


async def cleared(
    assembled: Assembled, approvals: Approvals, *, auto: bool, now: datetime
) -> Clearance:
    """The approval under which *assembled* may leave; GuardError says why it may not.

    With *auto* a clean edition is approved by that, and an edited one again.
    """
    clearance = await clearance_of(assembled, approvals)
    if clearance.holds:
        return clearance
    if not auto:
        refuse(assembled, clearance)
    assembled = as_approved(assembled, clearance)
    approval = await approve(assembled, approvals, by=AUTO, now=now)
    return Clearance(approval=approval, frozen=assembled.frozen)


def refuse(assembled: Assembled, clearance: Clearance) -> NoReturn:
    """Say why an edition may not leave, what changed, and the way out."""
    raise GuardError(refusal(assembled, clearance), hint=way_out(assembled, clearance))


def as_approved(assembled: AssembledT, clearance: Clearance) -> AssembledT:
    """*assembled* as it was approved: the frozen edition, and the errors let pass."""
    if clearance.segment:
        assembled = aimed_at(assembled, clearance.segment)
    if clearance.approval is None or not clearance.holds:
        return assembled
    own = {each.rule for each in assembled.accepted}
    theirs = tuple(a for a in clearance.approval.accepted if a.rule not in own)
    return replace(
        assembled,
        frozen=clearance.frozen or assembled.frozen,
        accepted=(*assembled.accepted, *theirs),
    )


def refusal(assembled: Assembled, clearance: Clearance) -> Phrase:
    """Why an edition may not leave, in one line."""
    name = assembled.edition.name
    if clearance.approval is None:
        return say("{name} is not approved", name=name)
    zone = ZoneInfo(assembled.frozen.publication.timezone)
    at = clearance.approval.at.astimezone(zone)
    return say(
        "{name} is not as {by} approved it, {day} {hour}",
        name=name,
        by=clearance.approval.by,
        day=at.date(),
        hour=f"{at:%H:%M}",
    )


def way_out(assembled: Assembled, clearance: Clearance) -> Phrase:
    """What changed, line by line, and what can be done now."""
    name, rule = assembled.edition.name, assembled.edition.segment
    if rule and any(change.part == "segment" for change in clearance.changes):
        name = f"{name} --to-segment {shlex.quote(rule)}"
    way = say("mailer approve {name} lets it leave", name=name)
    lines = [told(change) for change in clearance.changes]
    for line in reversed(lines):
        way = say("{line}\n  {following}", line=line, following=way)
    return way


def told(change: Change) -> Phrase:
    """``index.md:48  “old” → “new”``."""
    place = change.place
    named = place if isinstance(place, Phrase) else verbatim(place)
    return say("{place}: {what}", place=named, what=change.said)
