"""Events that need a person, in words: for the log, a letter, a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, assert_never

from mailer.delivery.report import Tally, balance_line
from mailer.edition.agenda import Departure
from mailer.edition.vigil import Need
from mailer.flows.departing.schedule import Kind, News
from mailer.flows.ports import Run, RunState
from mailer.flows.returning.arrivals import Toll
from mailer.phrases import Phrase, say, say_many, verbatim
from mailer.rendering.letter import Letter

_WHY = say(
    "Written by mailer to the addresses of [alerts] to, or else of [proof] to. It comes"
    " once for each event."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidings:
    """One event: its name for programs, the sentence, the particulars.

    ``letter`` makes the letter from the name of a publication, None where nobody needs
    one; ``publication`` is whose it is.
    """

    event: str
    text: Phrase
    publication: str = ""
    particulars: Mapping[str, Any] = field(default_factory=dict)
    letter: Callable[[str], Letter] | None = None


def _letter(
    title: Phrase,
    lead: Phrase,
    *,
    grave: bool = True,
    facts: tuple[tuple[Phrase, str], ...] = (),
    steps: tuple[tuple[Phrase, str], ...] = (),
) -> Callable[[str], Letter]:
    return lambda name: Letter(
        subject=say("{name}: {title}", name=verbatim(name), title=title),
        title=title,
        lead=lead,
        sender=name,
        grave=grave,
        facts=facts,
        steps=steps,
        why=_WHY,
    )


def of_run(run: Run, tally: Tally) -> Tidings | None:
    """A run is finished or stands still; None while it goes on."""
    sheet = balance_line(tally)
    look = (say("Look at it:"), f"mailer status {run.name}")
    about = (say("Edition"), run.edition), (say("Title"), run.title)
    facts = (*about, (say("Balance"), sheet))
    match run.state:
        case RunState.SENT:
            event, is_clean = "run.finished", not (tally.refused or tally.in_doubt)
            title = say("{edition} is sent", edition=run.edition)
            lead = say("Nobody waits any more: {balance}.", balance=sheet)
            steps = () if is_clean else (look,)
            if tally.in_doubt:
                step = say("Settle what is in doubt:"), f"mailer reconcile {run.name}"
                steps = (*steps, step)
            letter = _letter(title, lead, grave=False, facts=about, steps=steps)
        case RunState.PAUSED:
            event = "run.paused"
            title = say("{edition} stands still", edition=run.edition)
            lead = say(
                "The run {run} stopped: {reason}.", run=run.name, reason=run.reason
            )
            resume = say("Let it go on:"), f"mailer resume {run.name}"
            letter = _letter(title, lead, facts=facts, steps=(look, resume))
        case RunState.CANCELLED:
            event = "run.cancelled"
            title = say("{edition} was cancelled", edition=run.edition)
            lead = say(
                "The run {run} is over: {reason}.", run=run.name, reason=run.reason
            )
            again = say("Send it after all:"), f"mailer send {run.edition}"
            letter = _letter(title, lead, facts=facts, steps=(look, again))
        case _:
            return None
    return Tidings(
        event=event,
        text=say("{title}: {balance}", title=title, balance=sheet),
        publication=run.publication,
        particulars={
            "run": run.name,
            "edition": run.edition,
            "publication": run.publication,
            "reason": str(run.reason),
            "balance": {
                name: getattr(tally, name)
                for name in (
                    "audience",
                    "accepted",
                    "refused",
                    "in_doubt",
                    "withdrawn",
                    "expired",
                    "waiting",
                )
            },
        },
        letter=letter,
    )


def of_slot(news: News) -> Tidings | None:
    """A slot that is not as it should be; None for one that has left in time."""
    departure = news.departure
    particulars = {
        "publication": departure.publication,
        "date": departure.day.isoformat(),
        "edition": departure.edition,
        "run": news.run.name if news.run else None,
        "reason": str(news.reason),
    }
    told = {
        Kind.LATE: ("edition.late", say("{name} leaves late", name=_name(departure))),
        Kind.WAITING: (
            "edition.waiting",
            say("{name} does not leave", name=_name(departure)),
        ),
        Kind.MISSED: ("edition.held", say("{name} is held", name=_name(departure))),
    }.get(news.kind)
    if told is None:
        return None
    event, title = told
    letter = None
    if news.kind is Kind.LATE:
        lead = say(
            "It leaves now, {reason}: the daemon did not run.", reason=news.reason
        )
        steps = ((say("Look at it:"), "mailer status"),)
        letter = _letter(title, lead, grave=False, steps=steps)
    return Tidings(
        event=event,
        text=say("{title}: {reason}", title=title, reason=news.reason),
        publication=departure.publication,
        particulars=particulars,
        letter=letter,
    )


def of_need(departure: Departure) -> Tidings:
    """Nothing is ready to leave; the vigil has written the letter."""
    return Tidings(
        event="edition.not_ready",
        text=say("{name} is not ready to leave", name=_name(departure)),
        publication=departure.publication,
        particulars={
            "publication": departure.publication,
            "date": departure.day.isoformat(),
            "edition": departure.edition,
            "leaves": departure.due.isoformat(),
        },
    )


def relay_aside(relay: str, reason: Phrase) -> Tidings:
    """A relay fails; the others carry its share, if there are any."""
    title = say("{relay} is set aside", relay=relay)
    lead = say(
        "The relay {relay} carries nothing: {reason}.", relay=relay, reason=reason
    )
    steps = (
        (say("Try it:"), f"mailer relays test {relay}"),
        (say("See who carries instead:"), "mailer relays list"),
    )
    return Tidings(
        event="relay.set_aside",
        text=say("{title}: {reason}", title=title, reason=reason),
        particulars={"relay": relay, "reason": str(reason)},
        letter=_letter(title, lead, steps=steps),
    )


def relay_back(relay: str) -> Tidings:
    """It carries again: good news needs no letter."""
    text = say("{relay} carries mail again", relay=relay)
    return Tidings(event="relay.back", text=text, particulars={"relay": relay})


def mailbox_failing(name: str, reason: Phrase) -> Tidings:
    """What comes back piles up somewhere, and lists do not clean themselves."""
    title = say("Bounces are not fetched")
    lead = say("{name}: {reason}. What lies there stays.", name=name, reason=reason)
    steps = ((say("Try it:"), "mailer bounces poll"),)
    return Tidings(
        event="intake.failing",
        text=say("{title}: {name}: {reason}", title=title, name=name, reason=reason),
        particulars={"mailbox": name, "reason": str(reason)},
        letter=_letter(title, lead, steps=steps),
    )


def blocked(toll: Toll) -> Tidings:
    """Servers turn our mail away for what we are or send."""
    title = say("{edition} is turned away", edition=toll.edition)
    lead = say_many(
        "{count} report blames us, not the reader: a block list, a policy,"
        " authentication.",
        "{count} reports blame us, not the readers: a block list, a policy,"
        " authentication.",
        toll.ours,
    )
    return _of_toll("bounces.blocked", title, lead, toll, "--ours")


def many_bounces(toll: Toll) -> Tidings:
    """A list that is old or bought, or a server in trouble."""
    title = say("Much of {edition} came back", edition=toll.edition)
    lead = say(
        "{hard} hard and {soft} soft bounces of {accepted} accepted messages.",
        hard=toll.hard,
        soft=toll.soft,
        accepted=toll.accepted,
    )
    return _of_toll("bounces.high", title, lead, toll, "--kind hard --kind soft")


def many_complaints(toll: Toll) -> Tidings:
    """Above 0.3 % providers turn mail away."""
    title = say("{edition} is called spam", edition=toll.edition)
    lead = say(
        "{complaints} complaints about {accepted} accepted messages.",
        complaints=toll.complaints,
        accepted=toll.accepted,
    )
    return _of_toll("complaints.high", title, lead, toll, "--kind complaint")


def _of_toll(
    event: str, title: Phrase, lead: Phrase, toll: Toll, options: str
) -> Tidings:
    look = f"mailer bounces list --publication {toll.publication} {options}"
    return Tidings(
        event=event,
        text=say("{title}: {lead}", title=title, lead=lead),
        publication=toll.publication,
        particulars=asdict(toll),
        letter=_letter(title, lead, steps=((say("Look at it:"), look),)),
    )


def disk_low(free: int, folder: Path) -> Tidings:
    """A full disk pauses every run."""
    title = say("The disk is nearly full")
    lead = say(
        "{size} MB are left for {folder}. A run pauses when the disk is full.",
        size=round(free / 1e6),
        folder=folder,
    )
    return Tidings(
        event="disk.low",
        text=lead,
        particulars={"free_bytes": free, "folder": str(folder)},
        letter=_letter(
            title, lead, steps=((say("See what is wrong:"), "mailer doctor"),)
        ),
    )


def database_failing(reason: str) -> Tidings:
    """Nothing leaves without it."""
    title = say("The database fails")
    lead = say("Nothing leaves: {reason}.", reason=reason)
    steps = (
        (say("See what is wrong:"), "mailer doctor"),
        (say("Examine it:"), "mailer db check"),
    )
    return Tidings(
        event="database.failing",
        text=say("{title}: {reason}", title=title, reason=reason),
        particulars={"reason": reason},
        letter=_letter(title, lead, steps=steps),
    )


def database_back() -> Tidings:
    """It answers again."""
    return Tidings(event="database.back", text=say("the database answers again"))


def told_to_people(departure: Departure, need: Need) -> Phrase:
    """What the vigil did, for whoever watches the daemon."""
    slot = {"publication": departure.publication, "date": departure.day.isoformat()}
    match need:
        case Need.PROOF:
            return say("{publication} of {date}: the proof was sent", **slot)
        case Need.ALARM:
            return say("{publication} of {date}: nothing is ready to leave", **slot)
        case Need.EDITED:
            return say("{publication} of {date}: edited since its approval", **slot)
    assert_never(need)


def _name(departure: Departure) -> Phrase:
    name = departure.edition or departure.publication
    return say("{name} of {date}", name=verbatim(name), date=departure.day.isoformat())
