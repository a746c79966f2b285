"""The language of chaos: what a trial relay does on purpose, and when.

A *whim* is written ``[WHO/]MOMENT:BEHAVIOUR[@WHEN,...]``: ``rcpt:550 5.1.1@20%`` refuses
every fifth recipient, ``orange.fr/rcpt:421 4.7.0@after=10/min`` slows one provider
down. Whims are values; ``chaos`` decides by them, ``unruly`` obeys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mailer.delivery.throttle import Rate, read_rate
from mailer.errors import InputError
from mailer.phrases import Phrase, say


class Moment(StrEnum):
    """When in a dialogue it is the relay's turn."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


class Act(StrEnum):
    """What a relay can do instead of what it should; a reply is written as its code."""

    REPLY = "reply"
    DROP = "drop"
    STALL = "stall"
    DELAY = "delay"
    GARBAGE = "garbage"
    PARTIAL = "partial"
    ENDLESS = "endless"
    LINES = "lines"
    GREYLIST = "greylist"
    WITHOUT = "without"
    SIZE = "size"
    CERTIFICATE = "certificate"


class Per(StrEnum):
    """What occasions are counted by."""

    ALL = "all"
    CONNECTION = "connection"
    DOMAIN = "domain"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """An act and what it needs; ``takes`` is to keep the message all the same.

    ``text`` is the line of a reply, the words of garbage, the extensions that are
    missing, the fault of a certificate; ``number`` counts seconds, lines or bytes.
    """

    act: Act
    text: str = ""
    number: float = 0
    takes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions that must all hold. Counts begin at one, and are kept ``per`` something."""

    chance: float = 1
    every: int = 1
    first: int | None = None
    after: int = 0
    limit: Rate | None = None
    per: Per = Per.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Whim:
    """One thing that the relay does on purpose; ``text`` is how it was written.

    ``who`` is a pattern: of domains, or of addresses where it holds an ``@``.
    """

    text: str
    moment: Moment
    behaviour: Behaviour
    when: When = When()
    who: str = ""


CERTIFICATES = ("expired", "foreign", "other-host")

_ANYWHERE = frozenset(Moment)
_ANSWERS = _ANYWHERE - {Moment.BODY}
_TRANSACTION = frozenset({Moment.MAIL, Moment.RCPT, Moment.DATA, Moment.DOT})
_PLACES = {
    Act.REPLY: _ANYWHERE,
    Act.DROP: _ANYWHERE,
    Act.STALL: _ANYWHERE,
    Act.DELAY: _ANYWHERE,
    Act.GARBAGE: _ANSWERS,
    Act.PARTIAL: _ANSWERS,
    Act.ENDLESS: _ANSWERS,
    Act.LINES: _ANSWERS,
    Act.GREYLIST: _TRANSACTION,
    Act.WITHOUT: frozenset({Moment.EHLO}),
    Act.SIZE: frozenset({Moment.EHLO}),
    Act.CERTIFICATE: frozenset({Moment.STARTTLS}),
}
_TAKES = "accept-"
_AFTER_ALL = frozenset({Act.DROP, Act.STALL, Act.PARTIAL, Act.GARBAGE, Act.ENDLESS})
_OF_A_RECIPIENT = frozenset({Moment.RCPT, Moment.DATA, Moment.BODY, Moment.DOT})
_NEEDS = {Act.DELAY: "30s", Act.GREYLIST: "5m", Act.LINES: "20", Act.SIZE: "50000"}

_CODE = re.compile(r"\d{3}(?!\d)")
_REPLY = re.compile(r"([2-5]\d\d)( ([245]\.\d{1,3}\.\d{1,3}))?( [ -~]*)?")
_DURATION = re.compile(r"(\d{1,6}) ?(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%")
_COUNT = re.compile(r"[1-9]\d{0,8}")
_SHOWN = "20%, once, every=50, first=3, after=10, after=10/min, per=domain"
_CONDITIONS = ("every", "first", "after", "per", "once")


def read_whim(text: str) -> Whim:
    """The whim that *text* writes; InputError says what is wrong, and what would do."""
    head, colon, rest = text.strip().partition(":")
    who, slash, name = head.rpartition("/")
    if not colon or not rest.strip():
        message = say("{text}: say a moment and what happens then", text=repr(text))
        raise InputError(message, hint="rcpt:550 5.1.1@20%")
    moment = _moment(name.strip().lower(), text)
    said, when = _split(rest.strip(), text)
    if slash and (moment not in _OF_A_RECIPIENT or not who.strip()):
        message = say(
            "{text}: nobody is named yet at {moment}", text=text, moment=moment
        )
        moments = [str(each) for each in Moment if each in _OF_A_RECIPIENT]
        raise InputError(message, hint=say("from {names} on", names=moments[0]))
    if when.per in {Per.DOMAIN, Per.RECIPIENT} and moment not in _OF_A_RECIPIENT:
        message = say(
            "{text}: nobody is named yet at {moment}", text=text, moment=moment
        )
        raise InputError(message, hint="per=connection")
    return Whim(
        text=text.strip(),
        moment=moment,
        behaviour=read_behaviour(said, moment),
        when=when,
        who=who.strip().lower(),
    )


def read_behaviour(said: str, moment: Moment) -> Behaviour:
    """What *said* does at *moment*; InputError if it is nothing that can be done then."""
    if _CODE.match(said):
        return Behaviour(act=Act.REPLY, text=_reply(said))
    word, _, rest = said.partition(" ")
    takes = word.startswith(_TAKES)
    act = _act(word.removeprefix(_TAKES).lower(), said)
    rest = rest.strip()
    if moment not in _PLACES[act] or (takes and act not in _AFTER_ALL):
        places = ", ".join(each for each in Moment if each in _PLACES[act])
        message = say(
            "{said} means nothing at {moment}", said=repr(said), moment=moment
        )
        raise InputError(message, hint=say("it does at {places}", places=places))
    if takes and moment is not Moment.DOT:
        message = say(
            "{said} means nothing at {moment}", said=repr(said), moment=moment
        )
        raise InputError(message, hint=f"dot:{word}")
    match act:
        case Act.DELAY | Act.GREYLIST:
            return Behaviour(act=act, number=_seconds(rest, act))
        case Act.LINES | Act.SIZE:
            return Behaviour(act=act, number=_number(rest, act))
        case Act.WITHOUT:
            return Behaviour(act=act, text=_extensions(rest))
        case Act.CERTIFICATE:
            return Behaviour(act=act, text=_certificate(rest))
        case Act.GARBAGE:
            return Behaviour(act=act, text=rest or "!!! not smtp at all", takes=takes)
        case _ if rest:
            message = say(
                "{act} stands alone, without {rest}", act=act, rest=repr(rest)
            )
            raise InputError(
                message, hint=say("conditions come after @: {act}@20%", act=act)
            )
        case _:
            return Behaviour(act=act, takes=takes)


def _moment(name: str, text: str) -> Moment:
    try:
        return Moment(name)
    except ValueError:
        message = say("{text}: no moment is called {name}", text=text, name=repr(name))
        raise InputError(message, hint=_meant(name, Moment)) from None


def _act(name: str, said: str) -> Act:
    known = [act for act in Act if act is not Act.REPLY]
    if name in known:
        return Act(name)
    message = say("{said} is nothing that a relay does", said=repr(said))
    every = say(
        "there are: {names}; or a reply: {reply}",
        names=", ".join(known),
        reply="550 5.1.1 no such user",
    )
    hint = _meant(name, known, otherwise=every)
    raise InputError(message, hint=hint)


def _reply(said: str) -> str:
    found = _REPLY.fullmatch(said)
    if found is None:
        message = say("{said} is no reply", said=repr(said))
        raise InputError(
            message,
            hint=say("a code from 200 to 599: {reply}", reply="450 4.2.0 not now"),
        )
    code, _, enhanced, words = found.groups()
    if enhanced and enhanced[0] != code[0]:
        message = say(
            "{said}: {enhanced} does not go with {code}",
            said=repr(said),
            enhanced=enhanced,
            code=code,
        )
        raise InputError(message, hint=f"{code} {code[0]}{enhanced[1:]}")
    words = (words or "").strip() or "says the chaos of this trial inbox"
    return " ".join(filter(None, (code, enhanced, words)))


def _seconds(said: str, act: Act) -> float:
    found = _DURATION.fullmatch(said)
    if found is None:
        message = say("{act} needs a duration, not {said}", act=act, said=repr(said))
        raise InputError(message, hint=f"{act} {_NEEDS[act]}")
    return int(found[1]) * _SECONDS[found[2]]


def _number(said: str, act: Act) -> int:
    if _COUNT.fullmatch(said) is None:
        message = say("{act} needs a number, not {said}", act=act, said=repr(said))
        raise InputError(message, hint=f"{act} {_NEEDS[act]}")
    return int(said)


def _extensions(said: str) -> str:
    words = said.upper().replace(",", " ").split()
    if not words:
        message = say("without what?")
        raise InputError(message, hint="without PIPELINING SMTPUTF8")
    return " ".join(words)


def _certificate(said: str) -> str:
    if said in CERTIFICATES:
        return said
    message = say("no certificate is {said}", said=repr(said))
    raise InputError(message, hint=_meant(said, CERTIFICATES))


def _split(rest: str, text: str) -> tuple[str, When]:
    """What happens, and when. An ``@`` in the words of a reply is one of the words."""
    said, at, tail = rest.rpartition("@")
    is_word = _CODE.match(rest) and not re.search(r"[%=]|^\d+$|^once$", tail.strip())
    if not at or is_word:
        return rest, When()
    return said.strip(), _when([each.strip() for each in tail.split(",")], text)


def _when(conditions: Iterable[str], text: str) -> When:
    values: dict[str, object] = {}
    for condition in conditions:
        key, value = _condition(condition, text)
        if key in values:
            message = say("{text}: {key} is said twice", text=text, key=key)
            raise InputError(message)
        values[key] = value
    return When(**values)  # type: ignore[arg-type]  # each by `_condition`


def _condition(said: str, text: str) -> tuple[str, object]:
    if found := _PERCENT.fullmatch(said):
        if float(found[1]) <= 100:
            return "chance", float(found[1]) / 100
    elif said == "once":
        return "first", 1
    else:
        key, _, value = said.partition("=")
        key, value = key.strip(), value.strip()
        if key in {"every", "first", "after"} and _COUNT.fullmatch(value):
            return key, int(value)
        if key == "after" and "/" in value:
            try:
                return "limit", read_rate(value)
            except ValueError as error:
                message = say("{text}: {reason}", text=text, reason=error)
                raise InputError(message) from error
        if key == "per" and value in list(Per):
            return key, Per(value)
    message = say("{text}: {said} is no condition", text=text, said=repr(said))
    if said.replace(".", "").isdigit():
        raise InputError(message, hint=f"@{said}%")
    shown = say("written {examples}", examples=_SHOWN)
    raise InputError(
        message, hint=_meant(said.split("=")[0], _CONDITIONS, otherwise=shown)
    )


def _meant(said: str, known: Iterable[str], *, otherwise: Phrase | None = None) -> str:
    """Did you mean …, or else all there is."""
    from difflib import get_close_matches  # only for who mistyped

    names = [str(each) for each in known]
    if close := get_close_matches(said, names, n=1):
        return say("did you mean {name}?", name=close[0])
    return otherwise or say("there are: {names}", names=", ".join(names))
