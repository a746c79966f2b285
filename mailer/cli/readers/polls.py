"""``mailer polls``: what readers were asked, what they answered, as a table or a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import JsonOption, PublicationOption
from mailer.cli.words import Words
from mailer.errors import GuardError
from mailer.files import write_private
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.readers.voting import Poll, Vote

_BAR = 24

polls = typer.Typer(no_args_is_help=True, help="What readers were asked, and answered.")

PollArgument = Annotated[
    str, typer.Argument(metavar="POLL", help="le-meridien/118/bridge, or its id.")
]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(polls, name="polls")


@polls.command("list")
def list_(
    ctx: typer.Context, publication: PublicationOption = None, json: JsonOption = False
) -> None:
    """List the polls of editions that left, the newest first."""
    call = invocation(ctx)

    async def story() -> list[tuple[Poll, Sequence[int]]]:
        async with call.house.stores() as stores:
            return [
                (poll, await stores.ballots.counts(poll))
                for poll in await stores.ballots.polls(publication)
            ]

    found = run_async(story())
    now = call.house.clock.now()
    if json:
        rows = [_as_json(poll, counts, now) for poll, counts in found]
        call.print_json({"schema": 1, "polls": rows})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(call.said(say("Poll")), overflow="fold")
    table.add_column(call.said(say("Question")), overflow="fold")
    table.add_column(call.said(say("Answers")), justify="right", no_wrap=True)
    table.add_column(call.said(say("State")), overflow="fold")
    for poll, counts in found:
        answers = call.speech.number(sum(counts))
        row = (poll.name, poll.ballot.question, answers, call.said(_state(poll, now)))
        table.add_row(*map(Words, row))
    call.out.print(table)


@polls.command("show")
def show(
    ctx: typer.Context,
    name: PollArgument,
    publication: PublicationOption = None,
    json: JsonOption = False,
) -> None:
    """Show what readers answered to one poll, as bars."""
    from mailer.edition.ballot import shares_of
    from mailer.language import percent

    call = invocation(ctx)
    poll, counts, _ = run_async(_found(call, name, publication))
    now = call.house.clock.now()
    if json:
        call.print_json({"schema": 1, **_as_json(poll, counts, now)})
        return
    call.out.print(Words(poll.ballot.question, style="bold"))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    shares = shares_of(counts)
    for words, count, share in zip(poll.ballot.choices, counts, shares, strict=True):
        bar = "█" * round(_BAR * share / 100)
        said = percent(share, call.speech.lang)
        row = (words, bar.ljust(_BAR, "·"), said, call.speech.number(count))
        table.add_row(*map(Words, row))
    call.out.print(table)
    total = sum(counts)
    told = say_many("{count} answer", "{count} answers", total)
    call.out.tell(say("{before}, {last}", before=told, last=_state(poll, now)))


@polls.command("export")
def export(
    ctx: typer.Context,
    name: PollArgument,
    file: Annotated[
        Path | None, typer.Argument(help="Only you may read it; else on stdout.")
    ] = None,
    publication: PublicationOption = None,
    people: Annotated[
        bool, typer.Option("--people", help="Who answered what, instead of counts.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the answers to one poll as CSV or JSON: counts, or who answered what."""
    from json import dumps

    call = invocation(ctx)
    poll, counts, votes = run_async(_found(call, name, publication, people=people))
    if people and poll.ballot.anonymous:
        message = say("{name} is anonymous: nobody can be told by it", name=poll.name)
        raise GuardError(message, hint=say("without --people there are the counts"))
    if json:
        told = {"schema": 1, **_as_json(poll, counts, call.house.clock.now())}
        if people:
            told["votes"] = [_vote_json(poll, each) for each in votes]
        text = dumps(told, ensure_ascii=False, indent=2) + "\n"
    else:
        text = _csv(poll, counts, votes if people else None)
    if file is None:
        sys.stdout.write(text)
        return
    write_private(file, text.encode("utf-8" if json else "utf-8-sig"))
    total = sum(counts)
    done = say_many(
        "{count} answer in {file}", "{count} answers in {file}", total, file=file
    )
    call.err.tell(done)


async def _found(
    call: Invocation, name: str, publication: str | None, *, people: bool = False
) -> tuple[Poll, Sequence[int], Sequence[Vote]]:
    from mailer.flows.readers.voting import poll_called

    async with call.house.stores() as stores:
        poll = poll_called(await stores.ballots.polls(publication), name)
        votes = await stores.ballots.votes(poll) if people else ()
        return poll, await stores.ballots.counts(poll), votes


def _state(poll: Poll, now: datetime) -> Phrase:
    """``open until 2026-03-18``, ``over since …``, with a word for what is anonymous."""
    last = poll.ballot.until
    if last is None:
        state = say("open, without end")
    elif poll.is_open(now):
        state = say("open until {day}", day=f"{last:%Y-%m-%d}")
    else:
        state = say("over since {day}", day=f"{last:%Y-%m-%d}")
    if not poll.ballot.anonymous:
        return state
    return say("{before}, {last}", before=state, last=say("anonymous"))


def _as_json(poll: Poll, counts: Sequence[int], now: datetime) -> dict[str, object]:
    ballot = poll.ballot
    return {
        "poll": poll.name,
        "publication": poll.publication,
        "edition": poll.edition,
        "title": poll.title,
        "question": ballot.question,
        "until": ballot.until.isoformat() if ballot.until else None,
        "state": "open" if poll.is_open(now) else "over",
        "anonymous": ballot.anonymous,
        "results": ballot.results,
        "answers": sum(counts),
        "choices": [
            {"choice": place, "words": words, "votes": count}
            for place, (words, count) in enumerate(
                zip(ballot.choices, counts, strict=True), 1
            )
        ],
    }


def _vote_json(poll: Poll, vote: Vote) -> dict[str, object]:
    return {
        "email": vote.email,
        "choice": vote.choice,
        "words": poll.ballot.choices[vote.choice - 1],
        "at": vote.at.isoformat(),
    }


def _csv(poll: Poll, counts: Sequence[int], votes: Sequence[Vote] | None) -> str:
    from mailer.audience.sheet import write_sheet

    choices = poll.ballot.choices
    if votes is None:
        lines = [
            (poll.name, str(place), words, str(count))
            for place, (words, count) in enumerate(zip(choices, counts, strict=True), 1)
        ]
        return write_sheet([("poll", "choice", "words", "votes"), *lines])
    people = [
        (
            poll.name,
            vote.email,
            str(vote.choice),
            choices[vote.choice - 1],
            vote.at.isoformat(),
        )
        for vote in votes
    ]
    return write_sheet([("poll", "email", "choice", "words", "at"), *people])
