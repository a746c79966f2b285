"""The API for programs: who takes what, as whom and until when; on the private listener.

Every call carries the token of ``[members] api_token_file``. Saying the same twice
changes nothing, so that a program may repeat whatever it got no answer to. Answers and
faults are JSON, in English; ``openapi.json`` describes them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from mailer.audience.address import read_address
from mailer.audience.subscriber import Standing, Subscriber, Tier
from mailer.errors import InputError, StoreError
from mailer.flows.ports import Clock, Readers
from mailer.flows.readers.membership import Effect, Grant, Memberships
from mailer.web.public.guard import Guard

_PAGE = 100
_MOST = 500


@dataclass(kw_only=True)
class ApiDesk:
    """What the API works with: ``zones`` has every publication's time zone."""

    readers: Readers
    memberships: Memberships
    zones: Mapping[str, str]
    tokens: Sequence[bytes]
    rate: int
    clock: Clock
    _allowance: float = field(init=False, default=0.0)
    _counted: float | None = field(init=False, default=None)

    def may_ask(self) -> bool:
        """Whether there is one more request in this second's allowance."""
        now = self.clock.monotonic()
        if self._counted is None:
            self._allowance = self.rate
        else:
            more = (now - self._counted) * self.rate
            self._allowance = min(self.rate, self._allowance + more)
        self._counted = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def today(self, publication: str) -> date:
        """The date by the calendar of *publication*."""
        zone = ZoneInfo(self.zones[publication])
        return self.clock.now().astimezone(zone).date()


class SubscriptionOut(BaseModel):
    """One publication that somebody takes. ``reads_as`` is the tier of this day."""

    publication: str
    state: Standing
    since: datetime
    tier: Tier
    until: date | None
    reads_as: Tier


class ListedOut(BaseModel):
    """Somebody, with what they take."""

    email: str
    name: str
    created: datetime
    subscriptions: list[SubscriptionOut]


class SubscriberOut(ListedOut):
    """Somebody alone; ``suppressed`` is why they must not be written to, if they must."""

    suppressed: str | None


class PageOut(BaseModel):
    """Subscribers by address; ``next`` is the ``after`` of the page that follows."""

    subscribers: list[ListedOut]
    next: str | None


class SubscriptionIn(BaseModel):
    """What somebody shall read. ``consent`` is needed for who is not known yet."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier
    until: date | None = None
    name: str = ""
    consent: str = ""


class SubscriptionSet(BaseModel):
    """What it came to: ``added``, ``changed``, ``unchanged``, and how they stand now."""

    effect: Effect
    subscription: SubscriptionOut


class Fault(BaseModel):
    """What is wrong, in a sentence."""

    error: str


def api_app(desk: ApiDesk) -> Guard:
    """``/subscribers`` and what is below it, behind the token and the rate."""
    app = FastAPI(
        title="mailer", version="1", docs_url=None, redoc_url=None, openapi_url=None
    )
    _faults(app)
    routes = APIRouter(dependencies=[Depends(_admission(desk))])
    _describe(app, routes)
    _routes(desk, routes)
    app.include_router(routes)
    return Guard(app, is_secure=False, broken=_broken)


def no_api() -> Response:
    """What stands in the API's place where there is no token for it."""
    return _fault(404, "there is no API here: [members] api_token_file names no token")


def _routes(desk: ApiDesk, routes: APIRouter) -> None:
    faults: dict[int | str, dict[str, Any]] = {
        status: {"model": Fault} for status in (401, 404, 422, 429, 503)
    }

    @routes.get("/subscribers", responses=faults)
    async def subscribers(
        publication: str | None = None,
        state: Standing | None = None,
        reads_as: Tier | None = None,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
    ) -> PageOut:
        """Subscribers by address. ``reads_as`` asks for one publication's tier today."""
        if not after.isprintable():
            raise HTTPException(422, "after is no address")
        if publication is not None:
            _known(desk, publication)
        elif reads_as is not None:
            raise HTTPException(422, "reads_as needs a publication")
        people = await desk.readers.list_subscribers(
            publication=publication,
            standing=state,
            tier=reads_as,
            today=desk.today(publication) if publication else None,
            after=after,
            limit=limit + 1,
        )
        is_more = len(people) > limit
        shown = people[:limit]
        return PageOut(
            subscribers=[_listed(desk, person) for person in shown],
            next=shown[-1].email if is_more else None,
        )

    @routes.get("/subscribers/{email}", responses=faults)
    async def subscriber(email: str) -> SubscriberOut:
        """Everything that somebody takes."""
        return _out(desk, await _person(desk, email))

    @routes.put(
        "/subscribers/{email}/subscriptions/{publication}",
        responses={**faults, 201: {"model": SubscriptionSet}, 409: {"model": Fault}},
    )
    async def put(
        email: str, publication: str, wanted: SubscriptionIn, response: Response
    ) -> SubscriptionSet:
        """Give somebody a tier; with ``consent`` who is not known yet is added.

        Nobody who left is revived by it: their ``state`` stays ``left``.
        """
        _known(desk, publication)
        grant = Grant(
            email=read_address(email),
            publication=publication,
            tier=wanted.tier,
            until=wanted.until,
            name=" ".join(wanted.name.split())[:200],
            source=wanted.consent,
        )
        effect = await desk.memberships.grant(grant, now=desk.clock.now())
        if effect is Effect.SUPPRESSED:
            raise HTTPException(409, "this address must not be written to")
        if effect is Effect.UNKNOWN:
            raise HTTPException(
                422, "they do not take it yet: say how they agreed, in consent"
            )
        if effect is Effect.ADDED:
            response.status_code = 201
        person = _out(desk, await _person(desk, email))
        taken = next(s for s in person.subscriptions if s.publication == publication)
        return SubscriptionSet(effect=effect, subscription=taken)

    @routes.delete(
        "/subscribers/{email}/subscriptions/{publication}",
        status_code=204,
        responses=faults,
    )
    async def delete(email: str, publication: str) -> None:
        """End a subscription; what was ended before, or never was, is ended too."""
        _known(desk, publication)
        await desk.readers.leave(
            read_address(email), publication=publication, now=desk.clock.now()
        )


async def _person(desk: ApiDesk, email: str) -> Subscriber:
    person = await desk.readers.find(read_address(email))
    if person is None:
        raise HTTPException(404, "nobody has this address")
    return person


def _known(desk: ApiDesk, publication: str) -> None:
    if publication not in desk.zones:
        raise HTTPException(404, f"no publication {publication}")


def _out(desk: ApiDesk, person: Subscriber) -> SubscriberOut:
    suppressed = person.suppression.reason if person.suppression else None
    return SubscriberOut(**dict(_listed(desk, person)), suppressed=suppressed)


def _listed(desk: ApiDesk, person: Subscriber) -> ListedOut:
    return ListedOut(
        email=person.email,
        name=person.name,
        created=person.created,
        subscriptions=[
            SubscriptionOut(
                publication=taken.publication,
                state=taken.standing,
                since=taken.since,
                tier=taken.tier,
                until=taken.until,
                reads_as=taken.tier_on(desk.today(taken.publication)),
            )
            for taken in person.subscriptions
            if taken.publication in desk.zones
        ],
    )


def _admission(desk: ApiDesk) -> Callable[[Request], None]:
    def admitted(request: Request) -> None:
        if not desk.may_ask():
            raise HTTPException(429, "too often", headers={"Retry-After": "1"})
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        offered = token.strip().encode()
        matches = [hmac.compare_digest(offered, known) for known in desk.tokens]
        if scheme.lower() != "bearer" or not any(matches):
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "no such token", headers=headers)

    return admitted


def _describe(app: FastAPI, routes: APIRouter) -> None:
    @routes.get("/openapi.json", include_in_schema=False)
    async def description() -> JSONResponse:
        described = app.openapi()
        described["servers"] = [{"url": "/api/v1"}]
        bearer = {"type": "http", "scheme": "bearer"}
        described.setdefault("components", {})["securitySchemes"] = {"token": bearer}
        described["security"] = [{"token": []}]
        return JSONResponse(described)


def _faults(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> Response:
        return _fault(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def senseless(_: Request, error: RequestValidationError) -> Response:
        told = [
            f"{'.'.join(str(step) for step in each['loc'])}: {each['msg']}"
            for each in error.errors()
        ]
        return _fault(422, "; ".join(told))

    @app.exception_handler(InputError)
    def wrong(_: Request, error: InputError) -> Response:
        return _fault(422, str(error.message))

    @app.exception_handler(StoreError)
    def unavailable(_: Request, error: StoreError) -> Response:
        return _fault(503, str(error), {"Retry-After": "60"})


def _fault(
    status: int, error: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def _broken(_: Scope, error: Exception) -> Response:
    import structlog

    structlog.get_logger().error("api.broken", kind=type(error).__name__)
    return _fault(500, "something broke; it was written down")
