"""The API for programs: what it says, whom it answers, and that twice is once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import httpx
import pytest

from mailer.web.admin import admin_app
from mailer.web.api import ApiDesk, api_app
from tests.contract.house import NOW, PAPER, House
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
A = "ada@lecteurs.example"
ADA = f"/api/v1/subscribers/{A}"
TAKEN = f"{ADA}/subscriptions/{PAPER.id}"
TOKEN = {"Authorization": "Bearer secret"}


@pytest.fixture
def desk(house: House) -> ApiDesk:
    return ApiDesk(
        readers=house.readers,
        memberships=house.memberships,
        zones={PAPER.id: "Europe/Paris"},
        tokens=[b"old", b"secret"],
        rate=50,
        clock=FakeClock(NOW),
    )


@pytest.fixture
async def program(desk: ApiDesk) -> AsyncIterator[httpx.AsyncClient]:
    app = admin_app(None, api_app(desk))  # type: ignore[arg-type]  # no probe is asked
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8001", headers=TOKEN
    ) as client:
        yield client


async def test_a_subscription_is_put_as_often_as_one_likes(
    program: httpx.AsyncClient,
) -> None:
    """Added with a consent, changed, left alone; and what a day makes of it."""
    nobody = await program.put(TAKEN, json={"tier": "member"})
    assert (nobody.status_code, "consent" in nobody.json()["error"]) == (422, True)
    wanted = {
        "tier": "member",
        "until": "2026-03-14",
        "consent": "shop",
        "name": " A  B",
    }
    answers = [await program.put(TAKEN, json=wanted) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 200]
    assert [a.json()["effect"] for a in answers] == ["added", "unchanged"]
    found = (await program.get(ADA)).json()
    (taken,) = found["subscriptions"]
    assert (found["name"], found["suppressed"]) == ("A B", None)
    assert (taken["tier"], taken["until"], taken["reads_as"]) == (
        "member",
        "2026-03-14",
        "member",
    )
    over = await program.put(TAKEN, json={"tier": "member", "until": "2026-03-13"})
    assert over.json()["effect"] == "changed"
    assert over.json()["subscription"]["reads_as"] == "free"


async def test_a_subscription_is_ended_and_not_revived(
    program: httpx.AsyncClient, house: House
) -> None:
    """Twice is once; a tier is given to who left, and they stay away."""
    await house.admit(A)
    assert [(await program.delete(TAKEN)).status_code for _ in range(2)] == [204, 204]
    put = await program.put(TAKEN, json={"tier": "member", "consent": "shop"})
    assert put.json()["subscription"]["state"] == "left"
    await house.suppress("no@lecteurs.example")
    barred = TAKEN.replace(A, "no@lecteurs.example")
    refused = await program.put(barred, json={"tier": "free", "consent": "shop"})
    assert refused.status_code == 409


async def test_pages_of_subscribers_follow_one_another(
    program: httpx.AsyncClient, house: House
) -> None:
    """By address, each once; asked for members, those of today."""
    emails = [f"{letter}@lecteurs.example" for letter in "abcde"]
    await house.admit(*emails)
    for email, last in (("b", date(2026, 3, 14)), ("d", date(2026, 3, 13))):
        address = TAKEN.replace(A, f"{email}@lecteurs.example")
        await program.put(address, json={"tier": "member", "until": last.isoformat()})
    seen, after = [], ""
    while after is not None:
        query = {"limit": "2", "after": after, "publication": PAPER.id}
        page = (await program.get("/api/v1/subscribers", params=query)).json()
        seen += [each["email"] for each in page["subscribers"]]
        after = page["next"]
    assert seen == emails
    for tier, expected in (("member", "b"), ("free", "acde")):
        query = {"publication": PAPER.id, "reads_as": tier}
        page = (await program.get("/api/v1/subscribers", params=query)).json()
        assert "".join(e["email"][0] for e in page["subscribers"]) == expected


FAULTS: Sequence[tuple[str, str, object, int]] = (
    ("GET", "/api/v1/subscribers/nobody@x.example", None, 404),
    ("GET", "/api/v1/subscribers/nonsense", None, 422),
    ("GET", "/api/v1/subscribers?reads_as=member", None, 422),
    ("GET", "/api/v1/subscribers?publication=x", None, 404),
    ("GET", "/api/v1/subscribers?limit=0", None, 422),
    ("GET", "/api/v1/subscribers?after=%00", None, 422),
    ("GET", "/api/v1/subscribers/a%00@x.example", None, 422),
    ("PUT", TAKEN, {"tier": "free", "consent": "a\0"}, 422),
    ("GET", "/api/v1/else", None, 404),
    ("POST", "/api/v1/subscribers", {}, 405),
    ("PUT", TAKEN.replace(PAPER.id, "x"), {"tier": "free"}, 404),
    ("PUT", TAKEN, {"tier": "gold"}, 422),
    ("PUT", TAKEN, {"tier": "free", "until": "2026-03-14"}, 422),
    ("PUT", TAKEN, {"tier": "member", "untill": "2026-03-14"}, 422),
)


async def test_faults_are_told_in_a_sentence(program: httpx.AsyncClient) -> None:
    """As JSON, whatever is wrong."""
    for method, path, body, status in FAULTS:
        answer = await program.request(method, path, json=body)
        assert answer.status_code == status, path
        assert answer.json()["error"]


async def test_only_who_has_the_token_is_answered(
    program: httpx.AsyncClient, desk: ApiDesk
) -> None:
    """Either line of the file; the description needs it too."""
    for said in ("", "Bearer", "Bearer wrong", "Basic secret", "Bearer secre"):
        for path in (ADA, "/api/v1/openapi.json"):
            answer = await program.get(path, headers={"Authorization": said})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (
                401,
                "Bearer",
            )
    described = await program.get(
        "/api/v1/openapi.json", headers={"Authorization": "bearer old"}
    )
    paths = described.json()["paths"]
    assert "/subscribers/{email}/subscriptions/{publication}" in paths
    assert "put" in paths["/subscribers/{email}/subscriptions/{publication}"]


async def test_who_asks_too_often_waits(
    program: httpx.AsyncClient, desk: ApiDesk
) -> None:
    """As many as the rate at once, and as many again a second later."""
    clock = desk.clock
    assert isinstance(clock, FakeClock)
    statuses = [(await program.get(ADA)).status_code for _ in range(51)]
    assert (statuses.count(404), statuses.count(429)) == (50, 1)
    clock.advance(timedelta(seconds=1))
    assert (await program.get(ADA)).status_code == 404
