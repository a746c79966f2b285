"""``mailer letters``: mails to single readers that wait, or that nobody got."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation, run_async
from mailer.cli.options import (
    JsonOption,
    LimitOption,
    OfPublicationOption,
    read_word,
)
from mailer.cli.vocabulary import ledger_reason, word
from mailer.cli.words import facts
from mailer.errors import InputError, NotFoundError
from mailer.phrases import Phrase, say, say_many

if TYPE_CHECKING:
    from mailer.flows.readers.letterbook import Backlog, LetterEntry
    from mailer.stores import Stores

letters = typer.Typer(
    no_args_is_help=True, help="Mails to single readers: confirm, welcome, goodbye."
)

_LIST = "mailer letters list"
_STYLES = {"refused": "red", "expired": "red", "in doubt": "yellow"}


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(letters, name="letters")


@letters.command("list")
def list_letters(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="due, handing over, accepted, refused, in doubt, expired, withdrawn.",
        ),
    ] = None,
    publication: OfPublicationOption = "",
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """List letters that wait or failed, or those in other states. The newest below."""
    from mailer.flows.readers.correspondence import LetterState
    from mailer.flows.readers.letterbook import FAILED, OPEN

    call = invocation(ctx)
    known = list(LetterState)
    named = [LetterState(read_word(typed, known)) for typed in state or ()]
    states = named or [*OPEN, *FAILED]

    async def story() -> Sequence[LetterEntry]:
        async with call.house.stores() as stores:
            return await stores.letter_book.entries(
                states=states, publication=publication, limit=limit
            )

    found = run_async(story())[::-1]
    if json:
        call.print_json({"schema": 1, "letters": [_json(each) for each in found]})
        return
    for each in found:
        _tell(call, each)
    if any(each.state is LetterState.DUE for each in found):
        call.err.tell(say("Tried at once: mailer letters retry"), style="dim")
    elif not found:
        call.out.tell(say("No letter like that."))


@letters.command("show")
def show_letter(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER")],
    json: JsonOption = False,
) -> None:
    """Show one: to whom, what about, where it stands and why."""
    call = invocation(ctx)

    async def story() -> LetterEntry:
        async with call.house.stores() as stores:
            return await _find(stores, number)

    found = run_async(story())
    if json:
        call.print_json({"schema": 1, **_json(found)})
        return
    rows = (
        (say("kind"), _kind(found)),
        (say("reader"), found.email),
        (say("publication"), found.publication),
        (say("state"), word(found.state)),
        (say("reason"), ledger_reason(found.reason) if found.reason else ""),
        (say("attempts"), str(found.attempts)),
        (say("written"), _moment(call, found.created)),
        (say("changed"), _moment(call, found.updated)),
        (say("next attempt"), _moment(call, found.next_attempt)),
        (say("of use until"), _moment(call, found.expires)),
    )
    call.out.print(facts((call.said(name), call.said(value)) for name, value in rows))


@letters.command("retry")
def retry(
    ctx: typer.Context,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[NUMBER]...", help="Else all that wait."),
    ] = None,
) -> None:
    """Have letters tried at once; those named also if they were refused or in doubt."""
    call = invocation(ctx)

    async def story() -> int:
        async with call.house.stores() as stores:
            named = [await _find(stores, number) for number in numbers or ()]
            now = call.house.clock.now()
            for each in named:
                _refuse_what_is_over(call, each)
            chosen = {each.id for each in named} if numbers else None
            return len(await stores.letter_book.retry(chosen, now=now))

    count = run_async(story())
    call.out.tell(
        say_many("{count} letter is due now", "{count} letters are due now", count)
    )
    if count:
        call.err.tell(say("The daemon sends what is due (mailer run)."), style="dim")


def backlog_words(found: Backlog) -> Sequence[Phrase]:
    """What ``status`` and ``doctor`` have to say of letters; nothing if all is well."""
    said: list[Phrase] = []
    if found.waiting:
        waits = say_many(
            "{count} letter to a reader waits",
            "{count} letters to readers wait",
            found.waiting,
        )
        reason = (
            ledger_reason(found.reason)
            if found.reason
            else say("nobody has tried to send it")
        )
        said.append(say("{waits}: {reason}", waits=waits, reason=reason))
    if found.lost:
        said.append(
            say_many(
                "{count} letter was given up or is in doubt since yesterday",
                "{count} letters were given up or are in doubt since yesterday",
                found.lost,
            )
        )
    return said


async def _find(stores: Stores, number: int) -> LetterEntry:
    found = await stores.letter_book.find(number)
    if found is None:
        message = say("no letter {number}", number=str(number))
        raise NotFoundError(message, hint=_LIST)
    return found


def _refuse_what_is_over(call: Invocation, letter: LetterEntry) -> None:
    """A letter that cannot be tried again is told, and nothing is done; InputError."""
    from mailer.flows.readers.letterbook import AGAIN

    number, hint = str(letter.id), _LIST
    if letter.state not in AGAIN and letter.state != "expired":
        message = say(
            "letter {number} is {state}", number=number, state=word(letter.state)
        )
        raise InputError(message, hint=hint)
    if letter.expires <= call.house.clock.now():
        until = _moment(call, letter.expires)
        message = say(
            "letter {number} was of use until {moment}", number=number, moment=until
        )
        raise InputError(message, hint=say("whoever asked for it can ask again"))


# -- how it is shown ----------------------------------------------------------


def _tell(call: Invocation, letter: LetterEntry) -> None:
    """Number, when, state, kind and reader; below it why, and when it is tried again."""
    when = _moment(call, letter.created)
    state = call.said(word(letter.state))
    kind = call.said(_kind(letter))
    line = f"{letter.id:>5}  {when}  {state:<10}  {kind}  {letter.email}"
    call.out.tell(line, style=_STYLES.get(letter.state, ""))
    told = [call.said(ledger_reason(letter.reason))] if letter.reason else []
    if letter.state == "due" and letter.next_attempt is not None:
        again = say("again at {moment}", moment=_moment(call, letter.next_attempt))
        told.append(call.said(again))
    if told:
        call.out.tell(f"       {' · '.join(told)}", style="dim")


def _kind(letter: LetterEntry) -> Phrase:
    return _KINDS[letter.kind]


_KINDS = {
    "confirm": say("please confirm"),
    "welcome": say("welcome"),
    "present": say("subscribed already"),
    "goodbye": say("goodbye"),
    "data": say("my data"),
    "ending": say("membership ends"),
}


def _moment(call: Invocation, when: datetime | None) -> str:
    return f"{when.astimezone(call.house.zone):%Y-%m-%d %H:%M}" if when else ""


def _json(letter: LetterEntry) -> dict[str, object]:
    later = letter.next_attempt
    return {
        "id": letter.id,
        "kind": str(letter.kind),
        "publication": letter.publication,
        "email": letter.email,
        "state": str(letter.state),
        "attempts": letter.attempts,
        "reason": letter.reason,
        "created": letter.created.isoformat(),
        "updated": letter.updated.isoformat(),
        "next_attempt": later.isoformat() if later else None,
        "expires": letter.expires.isoformat(),
    }
