"""What the network's answers say about the links of an edition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailer.edition.finding import error, warning
from mailer.edition.model import Edition
from mailer.errors import Finding
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.checks.inspection import Inspection
from mailer.rendering.checks.links import host_of, targets_of


class State(StrEnum):
    """What became of asking for an address."""

    FINE = "fine"
    DEAD = "dead"
    MOVED = "moved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the network says about an address.

    ``reason`` is for people; ``target`` where it has moved for good; ``secure`` that an
    address without encryption has a twin that answers with it.
    """

    state: State
    reason: Phrase = NOTHING
    target: str = ""
    secure: bool = False


def addresses_of(edition: Edition) -> list[str]:
    """The addresses to ask for, each once, in the order of the text."""
    hrefs = (target.href for target in targets_of(edition))
    asked = (href for href in hrefs if href.lower().startswith(("http://", "https://")))
    return list(dict.fromkeys(asked))


def judge_links(
    inspection: Inspection, answers: Mapping[str, Answer]
) -> Iterator[Finding]:
    """Findings about every link whose address was asked for."""
    for target in targets_of(inspection.edition):
        answer = answers.get(target.href)
        if answer is None:
            continue
        at, column = inspection.column(target.at, target.href)
        host = host_of(target.href)
        match answer.state:
            case State.DEAD:
                message = say("{url}: {reason}", url=target.href, reason=answer.reason)
                yield error("link-dead", at, message, column=column)
            case State.MOVED:
                message = say(
                    "{url} has moved to {target}", url=target.href, target=answer.target
                )
                yield warning("link-redirect", at, message, column=column)
            case State.UNKNOWN:
                message = say(
                    "{url} could not be checked: {reason}",
                    url=target.href,
                    reason=answer.reason,
                )
                yield warning("link-unchecked", at, message, column=column)
        if answer.secure:
            message = say("{host} answers with encryption too", host=host)
            yield warning(
                "link-http", at, message, say("write https://"), column=column
            )
