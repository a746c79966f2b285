"""Checks of the front matter: subject, preheader, number, sender, departure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailer.edition.blocks import Source
from mailer.edition.calendar import DAYS, calendar_of
from mailer.edition.finding import error, warning
from mailer.errors import Finding, Severity
from mailer.phrases import did_you_mean, say
from mailer.rendering.checks.days import check_days
from mailer.rendering.checks.inspection import Inspection

_LONG_SUBJECT = 60  # more is cut on most screens
_LONG_PREHEADER = 140  # no inbox shows more beside a subject


def check_metadata(inspection: Inspection) -> Iterator[Finding]:
    """Findings about the front matter, and about dates wherever they stand."""
    edition = inspection.edition
    if edition.date < inspection.today:
        at, column = inspection.key("date")
        message = say(
            "the edition is dated {date}, which has passed", date=edition.date
        )
        yield error("date-past", at, message, column=column)
    yield from _check_ignored(inspection)
    yield from _check_number(inspection)
    yield from _check_sender(inspection)
    yield from _check_subject(inspection)
    yield from _check_preheader(inspection)
    yield from _check_departure(inspection)
    yield from check_days(inspection.passages, published=edition.date)


def _check_ignored(inspection: Inspection) -> Iterator[Finding]:
    """Only warnings can be ignored, and only those that there are."""
    known = inspection.surroundings.rules
    for name in inspection.edition.ignored_checks if known else ():
        at, column = inspection.key("checks")
        if name not in known:
            message = say("checks: there is no rule {name}", name=name)
            hint = did_you_mean(name, known)
            yield error("meta-value", at, message, hint, column=column)
        elif known[name] is Severity.ERROR:
            message = say("checks: {name} is an error and cannot be ignored", name=name)
            hint = say("mend it, or send with --accept {name}", name=name)
            yield error("meta-value", at, message, hint, column=column)


def _check_number(inspection: Inspection) -> Iterator[Finding]:
    number = inspection.edition.number
    for sibling in inspection.surroundings.siblings:
        if number is not None and sibling.number == number:
            at, column = inspection.key("number")
            message = say(
                "number {number} is taken by the edition of {date}",
                number=str(number),
                date=sibling.date or sibling.name,
            )
            yield error("number-duplicate", at, message, column=column)


def _check_sender(inspection: Inspection) -> Iterator[Finding]:
    """Who signs as another domain, or as a mailbox provider's, fails DMARC."""
    at, column = inspection.key("from")
    ours = _domain(inspection.publication.sender)
    used = _domain(inspection.edition.sender) or ours
    if used in inspection.lexicon.providers:
        message = say("{domain} does not let others write in its name", domain=used)
        hint = say("use an address of a domain of your own")
        yield error("from-domain", at, message, hint, column=column)
    elif not _is_aligned(used, ours):
        message = say(
            "From is at {domain}, the publication is at {ours}", domain=used, ours=ours
        )
        hint = say("an address at {ours} or below it", ours=ours)
        yield error("from-domain", at, message, hint, column=column)


def _domain(mailbox: str) -> str:
    return mailbox.rpartition("@")[2].rstrip("> ").casefold()


def _is_aligned(one: str, other: str) -> bool:
    """One domain, or one below the other: relaxed alignment, RFC 7489 section 3.1."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _check_subject(inspection: Inspection) -> Iterator[Finding]:
    edition = inspection.edition
    subject = edition.subject or edition.title
    at, column = inspection.key("subject", "title")
    if len(subject) > _LONG_SUBJECT:
        message = say("the subject has {count} characters", count=len(subject))
        hint = say("phones show about 40; give a shorter subject:")
        yield warning("subject-long", at, message, hint, column=column)
    for sibling in inspection.surroundings.siblings:
        if sibling.subject.casefold() == subject.casefold():
            message = say(
                "{edition} has the same subject: mail programs fold the two together",
                edition=sibling.name,
            )
            yield warning("subject-repeat", at, message, column=column)
            return


def _check_preheader(inspection: Inspection) -> Iterator[Finding]:
    edition = inspection.edition
    if not (edition.preheader or edition.subtitle or edition.summary):
        message = say("nothing stands beside the subject in the inbox")
        hint = say("give a preheader:")
        yield warning("preheader-missing", edition.at, message, hint)
    if len(edition.preheader) > _LONG_PREHEADER:
        at, column = inspection.key("preheader")
        message = say(
            "the preheader has {count} characters", count=len(edition.preheader)
        )
        hint = say("inboxes show 40 to 140 of them")
        yield warning("preheader-long", at, message, hint, column=column)


def _check_departure(inspection: Inspection) -> Iterator[Finding]:
    """When it leaves must be when its readers expect it."""
    edition, schedule = inspection.edition, inspection.publication.schedule
    calendar = calendar_of(inspection.publication)
    if not calendar.rules:
        return
    when: datetime | None = edition.send_at
    at: tuple[Source, int] = inspection.key("send_at", "date")
    day = when.date() if when else edition.date
    hour = calendar.hour(day)
    if hour is None and any(change.covers(day) for change in calendar.changes):
        message = say(
            "{date} is an exception of the schedule: nothing leaves that day",
            date=day.isoformat(),
        )
        yield warning("send-outside-schedule", at[0], message, column=at[1])
    elif hour is None:
        message = say(
            "{date} is a {day}; the publication leaves {schedule}",
            date=day.isoformat(),
            day=DAYS[day.weekday()],
            schedule=schedule,
        )
        yield warning("send-outside-schedule", at[0], message, column=at[1])
    elif when and when.time() != hour:
        message = say(
            "send_at says {time}; the publication leaves {schedule}",
            time=f"{when:%H:%M}",
            schedule=schedule,
        )
        yield warning("send-outside-schedule", at[0], message, column=at[1])
