"""``[lanes.NAME]``: the shipped lanes, and what a workspace says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from mailer.config.values import Domain, Name, Speed
from mailer.delivery.domain import read_domain
from mailer.delivery.lanes import SHIPPED
from mailer.phrases import Phrase, say
from mailer.reading import After, Before, Fault, Table, UnreadableError


def _as_in_addresses(domains: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(read_domain(domain) for domain in domains)


@dataclass(frozen=True, kw_only=True)
class Lane(Table):
    """One ``[lanes.NAME]`` table: recipient domains of one provider, and their pace."""

    domains: Annotated[tuple[Domain, ...], After(_as_in_addresses)] = ()
    rate: Speed = None


def _with_shipped(lanes: object) -> object:
    """The shipped lanes, but for what *lanes* say otherwise.

    A shipped lane keeps its domains unless it is given others; a domain that is put
    elsewhere leaves it.
    """
    if not isinstance(lanes, dict):
        return lanes  # and is told that it should be a table
    taken = {str(domain).strip().lower() for domain in _domains_said(lanes)}
    merged: dict[object, object] = {}
    for name, domains in SHIPPED.items():
        left = tuple(domain for domain in domains if domain not in taken)
        said = lanes.get(name, {})
        merged[name] = {"domains": left, **said} if isinstance(said, dict) else said
    return {**merged, **{n: lane for n, lane in lanes.items() if n not in SHIPPED}}


def _domains_said(lanes: dict[Any, Any]) -> Iterator[object]:
    for lane in lanes.values():
        domains = lane.get("domains") if isinstance(lane, dict) else None
        yield from domains if isinstance(domains, list) else ()


def _each_domain_in_one(lanes: dict[str, Lane]) -> dict[str, Lane]:
    seen: dict[str, str] = {}
    for name, lane in lanes.items():
        if not lane.domains and name not in SHIPPED:
            message = say(
                "say which domains; only {names} have some", names=", ".join(SHIPPED)
            )
            raise _fault_at(name, message)
        for domain in lane.domains:
            if domain in seen:
                message = say(
                    "{domain} is in lanes.{other} too",
                    domain=domain,
                    other=seen[domain],
                )
                raise _fault_at(name, message)
            seen[domain] = name
    return lanes


def _fault_at(lane: str, message: Phrase) -> UnreadableError:
    """A fault of the domains of *lane*."""
    return UnreadableError([Fault(place=(lane, "domains"), words=message)])


def shipped_lanes() -> dict[str, Lane]:
    """The lanes of who says nothing of any."""
    return {name: Lane(domains=domains) for name, domains in SHIPPED.items()}


Lanes = Annotated[
    dict[Name, Lane],
    Before(_with_shipped),
    After(_each_domain_in_one),
]
