"""What operators are written when a departure is not ready: the words of the letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.edition.agenda import Departure
from mailer.edition.model import Publication
from mailer.errors import Finding, InputError, MailerError
from mailer.flows.departing.approve import Clearance, told
from mailer.flows.editing.assembled import Assembled
from mailer.phrases import NOTHING, Phrase, lasting, say, say_many, verbatim
from mailer.rendering.letter import Letter

_SHOWN = 8
"""Lines of a letter; the command that shows all of them stands below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How a departure stands.

    ``left``: it is on its way, or was. ``findings`` are what blocks it, ``fault`` what
    kept it from being read at all.
    """

    departure: Departure
    publication: Publication
    assembled: Assembled | None = None
    clearance: Clearance | None = None
    findings: tuple[Finding, ...] = ()
    fault: MailerError | None = None
    left: bool = False

    @property
    def name(self) -> str:
        """The edition's name; empty where none fits."""
        return self.departure.edition or ""

    @property
    def reason(self) -> Phrase:
        """Why it is not ready, in one line."""
        if not self.departure.editions:
            day = self.departure.day
            return say("no edition is dated {day}", day=day)
        if self.departure.edition is None:
            names = ", ".join(self.departure.editions)
            return say("{names} bear the same date", names=names)
        if self.fault is not None:
            return _said(self.fault)
        if self.findings:
            return say_many(
                "{count} error blocks {name}",
                "{count} errors block {name}",
                len(self.findings),
                name=self.name,
            )
        if self.assembled is None or self.clearance is None:
            return NOTHING
        if self.clearance.approval is None:
            return say("{name} is not approved", name=self.name)
        return say(
            "{name} was edited since {by} approved it",
            name=self.name,
            by=self.clearance.approval.by,
        )


def alarm_letter(situation: Situation, *, now: datetime) -> Letter:
    """Nothing is ready to leave, and somebody can still do something about it."""
    departure, name = situation.departure, situation.publication.name
    left = departure.due - now
    hour = f"{departure.local:%H:%M}"
    ahead = left.total_seconds() > 0
    title = say("Nothing is ready to leave") if ahead else say("Nothing has left")
    when = say("{day}, {hour}", day=departure.day, hour=hour)
    return Letter(
        subject=say(
            "{name}: {title} ({when})", name=verbatim(name), title=title, when=when
        ),
        title=title,
        lead=_lead(situation, left.total_seconds()),
        sender=name,
        grave=True,
        facts=_facts(situation),
        details_title=_details_title(situation),
        details=_details(situation),
        steps=_steps(situation),
        why=_WHY,
    )


def held_letter(situation: Situation, reason: Phrase) -> Letter:
    """It is too late for leaving by itself: a person decides."""
    departure, name = situation.departure, situation.publication.name
    title = say("Held: it came too late to leave by itself")
    when = say("{day}, {hour}", day=departure.day, hour=f"{departure.local:%H:%M}")
    steps = [(say("what leaves next"), "mailer schedule")]
    if situation.name:
        steps.insert(0, (say("send it now"), f"mailer send {situation.name}"))
    return Letter(
        subject=say(
            "{name}: {title} ({when})", name=verbatim(name), title=title, when=when
        ),
        title=title,
        lead=say("The departure of {when}: {reason}", when=when, reason=reason),
        sender=name,
        grave=True,
        facts=((say("Edition"), situation.name),) if situation.name else (),
        steps=tuple(steps),
        why=_WHY,
    )


def proof_letter(situation: Situation, *, auto: bool) -> Letter:
    """What goes along with a proof that nobody asked for."""
    departure, name = situation.departure, situation.publication.name
    title = say("To be approved: {edition}", edition=verbatim(_titled(situation)))
    lead = say(
        "The proof is in your inbox, marked [BAT], one mail for each variant. It leaves"
        " on {day} at {hour}, if somebody approves it.",
        day=departure.day,
        hour=f"{departure.local:%H:%M}",
    )
    if auto:
        title = say("Leaves by itself: {edition}", edition=verbatim(_titled(situation)))
        lead = say(
            "The proof is in your inbox, marked [BAT], one mail for each variant. It"
            " leaves by itself on {day} at {hour}, for the checks suffice.",
            day=departure.day,
            hour=f"{departure.local:%H:%M}",
        )
    return Letter(
        subject=say("{name}: {title}", name=verbatim(name), title=title),
        title=title,
        lead=lead,
        sender=name,
        facts=_facts(situation),
        details_title=_details_title(situation),
        details=_details(situation),
        steps=_proof_steps(situation, auto=auto),
        why=_WHY,
    )


_WHY = say(
    "Written by mailer to the addresses of [proof] to. Each of these letters comes once"
    " for a departure."
)


def _lead(situation: Situation, left: float) -> Phrase:
    reason = situation.reason
    if left <= 0:
        return say(
            "Its hour has passed, and {reason}. It still leaves, late, as soon as it is"
            " ready; readers have been written nothing.",
            reason=reason,
        )
    return say(
        "The next departure is in {time}, and {reason}. If nothing is done, nothing is"
        " sent.",
        time=lasting(left),
        reason=reason,
    )


def _facts(situation: Situation) -> tuple[tuple[Phrase, str], ...]:
    departure = situation.departure
    facts: list[tuple[Phrase, str]] = []
    if situation.name:
        facts.append((say("Edition"), situation.name))
    if situation.assembled is not None:
        frozen = situation.assembled.frozen
        facts.append((say("Subject"), frozen.renderings[0].subject))
    facts.append(
        (
            say("Leaves"),
            say(
                "{day}, {hour}",
                day=departure.day,
                hour=f"{departure.local:%H:%M %Z}",
            ),
        )
    )
    if situation.clearance is not None:
        facts.append((say("Approval"), _approval(situation.clearance, departure)))
    if situation.assembled is not None:
        facts.append((say("Checks"), _checks(situation)))
    return tuple(facts)


def _approval(clearance: Clearance, departure: Departure) -> Phrase:
    given = clearance.approval
    if given is None:
        return say("nobody yet")
    at = given.at.astimezone(ZoneInfo(departure.zone))
    values = {"by": given.by, "day": at.date(), "hour": f"{at:%H:%M}"}
    if clearance.changes:
        return say("{by}, {day}, {hour}; edited since", **values)
    return say("{by}, {day}, {hour}", **values)


def _checks(situation: Situation) -> Phrase:
    errors = len(situation.findings)
    warnings = len(situation.assembled.warnings) if situation.assembled else 0
    return say(
        "{errors}, {warnings}",
        errors=say_many("{count} error", "{count} errors", errors),
        warnings=say_many("{count} warning", "{count} warnings", warnings),
    )


def _details_title(situation: Situation) -> Phrase:
    if situation.findings:
        return say("What blocks it")
    if situation.clearance is not None and situation.clearance.changes:
        return say("What changed since its approval")
    return NOTHING


def _details(situation: Situation) -> tuple[str, ...]:
    lines: list[Phrase] = []
    if situation.findings:
        lines = [_finding(finding) for finding in situation.findings]
    elif situation.clearance is not None:
        lines = [told(change) for change in situation.clearance.changes]
    if len(lines) > _SHOWN:
        more = say_many("… and {count} more", "… and {count} more", len(lines) - _SHOWN)
        lines = [*lines[:_SHOWN], more]
    return tuple(lines)


def _finding(finding: Finding) -> Phrase:
    message = finding.message
    said = message if isinstance(message, Phrase) else verbatim(message)
    return say("{place}: {what}", place=verbatim(finding.place), what=said)


def _steps(situation: Situation) -> tuple[tuple[Phrase, str], ...]:
    name, publication = situation.name, situation.publication.id
    if not situation.departure.editions:
        begin = say("Begin the edition, or give a draft this date:")
        return ((begin, f"mailer new --publication {publication}"),)
    if not name:
        return ((say("Give one of them another date, then look:"), "mailer schedule"),)
    if situation.fault is not None or situation.findings:
        return (
            (say("See everything that is wrong with it:"), f"mailer check {name}"),
            (say("Once it is mended, let it leave:"), f"mailer approve {name}"),
        )
    return (
        (say("Look at it once more:"), f"mailer render {name} --all -o build"),
        (say("Let it leave:"), f"mailer approve {name}"),
    )


def _proof_steps(situation: Situation, *, auto: bool) -> tuple[tuple[Phrase, str], ...]:
    if situation.findings or not auto:
        return _steps(situation)
    name = situation.name
    return ((say("Or say so under your name:"), f"mailer approve {name}"),)


def _titled(situation: Situation) -> str:
    assembled = situation.assembled
    return assembled.edition.title if assembled else situation.name


def _said(fault: MailerError) -> Phrase:
    if isinstance(fault, InputError):
        return say("{place}{message}", place=fault.place, message=fault.message)
    return verbatim(fault)
