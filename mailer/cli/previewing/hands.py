"""What the preview can do, each as the command of its name does it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailer.cli.editing.checks import accepting, fixed_in, link_prober, who
from mailer.cli.editing.editions import assembled_edition
from mailer.cli.editing.records import Records
from mailer.cli.editing.studio import path_of
from mailer.cli.invocation import Invocation
from mailer.cli.readers.segments import aimed
from mailer.cli.sending.approvals import given
from mailer.cli.sending.proofs import outcome_of, proofs
from mailer.cli.sending.schedule import planned
from mailer.cli.vocabulary import acceptances
from mailer.delivery.mailbox import read_mailbox
from mailer.edition.agenda import Departure, coming
from mailer.edition.model import Variant
from mailer.errors import (
    EditionError,
    Finding,
    GuardError,
    InputError,
    NotFoundError,
    Severity,
)
from mailer.flows.departing.approve import approve, clearance_of
from mailer.flows.departing.outlook import outlook
from mailer.flows.editing.assemble import Inspected
from mailer.flows.editing.assembled import Assembled
from mailer.flows.editing.previewing import Looked, Studio
from mailer.phrases import NOTHING, say, say_many
from mailer.rendering.checks.online import State, addresses_of
from mailer.web.preview.actions import (
    Approving,
    Hurdles,
    Planning,
    Testing,
    Told,
    key_of,
)
from mailer.web.preview.contents import fitting
from mailer.web.preview.readers import beholder_of, face_of
from mailer.web.preview.view import View
from mailer.workspace.mending import mend, mend_edition
from mailer.workspace.rulebook import rules


class Hands:
    """Acts on the workspace and its database, which is made where it is missing."""

    def __init__(self, call: Invocation, studio: Studio, records: Records) -> None:
        self._call = call
        self._studio = studio
        self._records = records

    async def testing(self, name: str, view: View) -> Testing:
        """What a test begins with; ConfigError without a relay."""
        looked, assembled = await self._looked(name)
        house = self._call.house
        relay = house.relays(patiently=False)[0]
        circle = [read_mailbox(to, what="proof.to") for to in house.settings.proof.to]
        face = await face_of(looked, view, self._records)
        who = beholder_of(view, face)
        return Testing(
            relay=relay.name,
            to=", ".join(each.address for each in circle),
            variants=assembled.frozen.mail_variants,
            variant=fitting(view, looked, who).variant,
            greeting=who.name,
            hurdles=_hurdles(assembled),
        )

    async def test(
        self,
        name: str,
        *,
        to: Sequence[str],
        variants: Sequence[Variant],
        greeting: str,
        accept: Sequence[str],
    ) -> Told:
        """As ``mailer send --test``."""
        if not to or not variants:
            message = say("say to whom, and which variant")
            raise InputError(message)
        assembled = accepting(await self._assembled(name), accept, by="")
        attempts, unkept = await proofs(
            self._call, assembled, to, variants=variants, name=greeting
        )
        told = [outcome_of(*each) for each in attempts]
        return Told(
            lines=[*(line for _, line in told), *([unkept] if unkept else [])],
            is_done=all(done for done, _ in told),
        )

    async def approving(self, name: str) -> Approving:
        """How it stands to its approval, if there is one."""
        _, assembled = await self._looked(name)
        clearance = await self._records.clearance(assembled)
        approval = clearance.approval if clearance else None
        try:
            by = who()
        except InputError:
            by = ""
        return Approving(
            by=by,
            subject=assembled.frozen.renderings[0].subject,
            variants=[each.variant for each in assembled.frozen.renderings],
            segment=clearance.segment if clearance else "",
            head=assembled.edition.segment,
            segments=self._call.house.settings.segments,
            hurdles=_hurdles(assembled),
            approval=approval,
            given=given(self._call, approval) if approval else NOTHING,
            accepted=acceptances(approval.accepted) if approval else "",
            changes=clearance.changes if clearance else (),
        )

    async def approve(
        self,
        name: str,
        *,
        seen: str,
        accept: Sequence[str],
        by: str,
        segment: str | None,
    ) -> Told:
        """As ``mailer approve``, of what was seen alone."""
        by = by or who()
        assembled = accepting(await self._assembled(name), accept, by=by)
        if assembled.frozen.sha256 != seen:
            message = say("{name} was saved since you looked at it", name=name)
            hint = say("nothing was approved: look again, then approve")
            raise GuardError(message, hint=hint)
        now = self._call.house.clock.now()
        async with self._call.house.stores() as stores:
            if segment is None:
                segment = (await clearance_of(assembled, stores.approvals)).segment
            assembled = aimed(self._call, assembled, segment or None)
            approval = await approve(assembled, stores.approvals, by=by, now=now)
        self._records.forget()
        words = say("{name} is approved", name=name)
        told = say(
            "{words}: {approval}", words=words, approval=given(self._call, approval)
        )
        return Told(lines=[told])

    async def withdraw(self, name: str, *, by: str) -> Told:
        """As ``mailer unapprove``."""
        now = self._call.house.clock.now()
        async with self._call.house.stores() as stores:
            done = await stores.approvals.withdraw(name, by=by or who(), now=now)
        self._records.forget()
        if done:
            return Told(lines=[say("{name} is a draft again.", name=name)])
        return Told(lines=[say("{name} was not approved.", name=name)], is_done=False)

    async def planning(self, name: str) -> Planning:
        """When it leaves, and what keeps it from that."""
        departure = await asyncio.to_thread(self._departure, name)
        house = self._call.house
        zone = house.publication(name.partition("/")[0]).timezone
        if departure is None:
            here = house.clock.now().astimezone(ZoneInfo(zone))
            tomorrow = here + timedelta(days=1)
            return Planning(
                zone=zone,
                proposed=tomorrow.replace(minute=0, second=0, microsecond=0),
            )
        found = Planning(
            zone=departure.zone,
            proposed=departure.wall,
            wall=departure.wall,
            planned=departure.planned,
        )
        if departure.edition is None:
            names = ", ".join(departure.editions)
            reason = say("{names} bear the same date", names=names)
            return replace(found, reason=reason)
        if (stores := await self._records.stores()) is None:
            return replace(found, reason=say("{name} is not approved", name=name))
        looked = await outlook(
            departure,
            house.newsroom,
            stores.ledger,
            stores.approvals,
            auto=house.settings.send.approval == "auto",
            now=house.clock.now(),
        )
        return replace(found, reason=looked.reason if looked else NOTHING)

    async def schedule(self, name: str, *, at: str | None) -> Told:
        """As ``mailer schedule --at`` and ``--clear``."""
        _, told = await asyncio.to_thread(planned, self._call, name, at)
        self._records.forget()
        return Told(lines=[told])

    async def ask_links(self, name: str) -> Told:
        """As ``mailer check --online``: each address once a day, two at a time per host."""
        _, assembled = await self._looked(name)
        asked = addresses_of(assembled.edition)
        answers = await link_prober(self._call).ask(asked)
        found = [answers[each].state for each in asked]
        dead, unknown = found.count(State.DEAD), found.count(State.UNKNOWN)
        lines = [say_many("{count} link asked.", "{count} links asked.", len(asked))]
        if dead:
            lines.append(say_many("{count} is dead.", "{count} are dead.", dead))
        if unknown:
            lines.append(
                say_many(
                    "{count} could not be checked.",
                    "{count} could not be checked.",
                    unknown,
                )
            )
        return Told(lines=lines, is_done=not dead)

    async def mend(self, name: str, *, key: str) -> Told:
        """As ``mailer check --fix``, of one finding or of all."""
        done = await asyncio.to_thread(self._mended, name, key)
        if not done:
            return Told(lines=[say("Nothing to fix.")], is_done=False)
        root = self._call.house.newsroom.workspace.root.resolve()
        return Told(
            lines=[
                fixed_in(path.resolve().relative_to(root).as_posix(), count)
                for path, count in done.items()
            ]
        )

    def _mended(self, name: str, key: str) -> dict[Path, int]:
        """How much was mended in which file."""
        assembled = assembled_edition(self._call, name)
        if not key:
            return mend_edition(
                assembled,
                lambda finding: path_of(self._call, name, finding),
                lambda: self._read_again(name),
            )
        for finding in assembled.findings:
            text = assembled.edition.sources.get(finding.file)
            if text is not None and key_of(finding) == key:
                path = path_of(self._call, name, finding)
                made = mend(path, text, [finding])
                return {path: len(made)} if made else {}
        return {}

    def _read_again(self, name: str) -> Assembled | None:
        try:
            return assembled_edition(self._call, name)
        except EditionError:
            return None

    async def _assembled(self, name: str) -> Inspected:
        """The edition as its files are now."""
        return await asyncio.to_thread(assembled_edition, self._call, name)

    async def _looked(self, name: str) -> tuple[Looked, Assembled]:
        """The edition as the page shows it."""
        looked = await asyncio.to_thread(self._studio.look, name)
        if looked.assembled is None:
            message = say("{name} cannot be read yet", name=name)
            raise NotFoundError(message)
        return looked, looked.assembled

    def _departure(self, name: str) -> Departure | None:
        """The coming departure that the edition bears the date of."""
        house = self._call.house
        paper = house.publication(name.partition("/")[0])
        now: datetime = house.clock.now()
        ahead = coming(paper, house.newsroom.dated(paper), now=now, count=5)
        return next((each for each in ahead if name in each.editions), None)


def _hurdles(assembled: Assembled) -> Hurdles:
    known = rules()
    acceptable: dict[str, list[Finding]] = {}
    others: list[Finding] = []
    for finding in assembled.findings:
        if finding.severity is not Severity.ERROR:
            continue
        if finding.rule in known and known[finding.rule].acceptable:
            acceptable.setdefault(finding.rule, []).append(finding)
        else:
            others.append(finding)
    return Hurdles(
        acceptable=acceptable,
        others=others,
        warnings=len(assembled.warnings),
    )
