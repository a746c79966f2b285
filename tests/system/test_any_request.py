"""Whatever is asked of the public site, in whatever words: it answers, and never breaks.

Requests are made from the site's own description of itself (OpenAPI) by schemathesis;
real names and tokens are mixed in, so that they come further than the first door.
``make explore`` asks for many more.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from mailer.audience.bearer import spell
from mailer.audience.roster import Row
from mailer.audience.subscriber import Tier
from mailer.audience.token import Purpose
from mailer.public import make_site
from mailer.wiring import House
from tests.contract.house import NOW, PAPER, frozen_edition
from tests.system.conftest import Mailer

EXAMPLES = 150 if "MAILER_EXPLORE" in os.environ else 6
URL = "http://127.0.0.1"
PUBLICATION = "le-meridien"
KINDS = ("right", "right", "right", "known", "hostile", None)
ODD = ("x", "0", "-1", "9" * 40)
HOSTILE = ("\0", "%00", "../../etc/passwd", "9" * 30, "-1", "'\"<x>", "é" * 300)


@dataclass
class Site:
    """The whole site in this process, and what is worth asking it for."""

    app: Any
    browser: httpx.AsyncClient
    known: dict[str, Sequence[str]]


@pytest.fixture
async def site(mailer: Mailer) -> AsyncIterator[Site]:
    mailer.environ["MAILER_SITE__PUBLIC_URL"] = URL
    mailer.environ["MAILER_SIGNUP__FILL_TIME"] = "0s"
    house = House.open(config=None, start=mailer.folder, environ=mailer.environ)
    async with house.stores() as stores:
        rows = [Row(line=1, email="ada@example.org", name="Ada", tier=Tier.MEMBER)]
        await stores.readers.admit(rows, publication=PUBLICATION, source="x", now=NOW)
        await stores.ledger.open_run(frozen_edition(), now=NOW)
        app = make_site(house, stores)
        sign = house.keyring.sign
        named = (PUBLICATION, "1")
        once = spell(house.clock.now())
        tokens = [sign(purpose, *named) for purpose in Purpose]
        tokens += [sign(purpose, *named, once) for purpose in Purpose]
        tokens += [sign(p, PUBLICATION, each) for p in Purpose for each in ODD]
        known = {
            "token": tokens,
            "reader": tokens,
            "link": [
                sign(Purpose.CLICK, PUBLICATION, PAPER.id + "/118", "https://x.example")
            ],
            "mail": [sign(Purpose.OPEN, PUBLICATION, PAPER.id + "/118")],
            "m": [sign(Purpose.WEB, *named)],
            "publication": [PUBLICATION],
            "slug": ["ports"],
            "lang": ["fr", "en"],
            "email": ["ada@example.org", "new@example.org"],
            "poll": ["1"],
            "choice": ["1", "2"],
            # The right token of each page, for the way behind its door.
            "/unsubscribe": [sign(Purpose.UNSUBSCRIBE, *named)],
            "/preferences": [sign(Purpose.PREFERENCES, *named)],
            "/rejoin": [sign(Purpose.UNDO, *named, once)],
            "/confirm": [sign(Purpose.CONFIRM, *named, once)],
            "/data": [sign(Purpose.DATA, *named, once)],
            "/poll": [sign(Purpose.VOTE, *named)],
        }
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as browser:
            page = (await browser.get(f"/p/{PUBLICATION}")).text
            known["t"] = re.findall(r'name="t" value="([^"]+)"', page)
            yield Site(app, browser, known)


def cases(site: Site) -> list[Case]:
    """Requests to every page, as they are meant and as they are not."""
    found: list[Case] = []
    schema = schemathesis.openapi.from_dict(site.app.openapi())
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
        )
        @given(operation.as_strategy(), st.data())
        def collect(case: Case, data: st.DataObject) -> None:
            for part in (case.path_parameters, case.query, case.body):
                if not isinstance(part, dict):
                    continue
                for name in sorted(part.keys() & site.known.keys()):
                    door = "/" + case.operation.path.split("/")[1]
                    right = site.known.get(door, ()) if name == "token" else ()
                    kind = data.draw(st.sampled_from(KINDS))
                    if kind is not None:
                        among = {
                            "right": right or site.known[name],
                            "known": site.known[name],
                            "hostile": HOSTILE,
                        }[kind]
                        worth = data.draw(st.sampled_from(among))
                        in_path = part is case.path_parameters
                        part[name] = quote(worth, safe="") if in_path else worth
            found.append(case)

        collect()
    return sorted(found, key=lambda case: case.path.endswith("/erase"))


async def test_nothing_that_is_asked_breaks_the_site(site: Site) -> None:
    """No answer is a fault of ours, and every one is a whole answer."""
    broken = []
    asked = set()
    for case in cases(site):
        words = case.as_transport_kwargs(base_url=URL)
        made = requests.Request(**words).prepare()
        answer = await site.browser.request(
            case.method,
            str(made.url),
            content=made.body,
            headers={k: v for k, v in made.headers.items() if k != "Cookie"},
        )
        asked.add((case.method, case.operation.path))
        if answer.status_code >= 500:
            broken.append((case.method, made.url, made.body))
    assert broken == []
    assert len(asked) == sum(len(path) for path in site.app.openapi()["paths"].values())
