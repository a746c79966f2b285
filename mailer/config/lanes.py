"""``[lanes.NAME]``: the shipped lanes, and what a workspace says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationError, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from mailer.config.table import Table
from mailer.config.values import Domain, Name, Speed
from mailer.delivery.domain import read_domain
from mailer.delivery.lanes import SHIPPED
from mailer.phrases import Phrase, say


class Lane(Table):
    """One ``[lanes.NAME]`` table: recipient domains of one provider, and their pace."""

    domains: tuple[Domain, ...] = ()
    rate: Speed = None

    @field_validator("domains")
    @classmethod
    def _as_in_addresses(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(read_domain(domain) for domain in domains)


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


def _fault_at(lane: str, message: Phrase) -> ValidationError:
    """A fault of the domains of *lane*: pydantic lets a whole table speak of its parts."""
    kind = PydanticCustomError("lane", "{error}", {"error": message})
    where = InitErrorDetails(type=kind, loc=(lane, "domains"), input={})
    return ValidationError.from_exception_data("lanes", [where])


Lanes = Annotated[
    dict[Name, Lane],
    BeforeValidator(_with_shipped),
    AfterValidator(_each_domain_in_one),
]
