"""Signing up and confirming over HTTP: the same words for everybody, and no GET acts."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from mailer.audience.roster import Row
from mailer.audience.subscriber import Reason, Standing, Suppression
from mailer.audience.token import Keyring, Purpose
from mailer.flows.readers.correspondence import ClaimedLetter
from mailer.flows.readers.joining import (
    Filled,
    Heard,
    JoiningDesk,
    SignupLimits,
    Visit,
    sign_up,
)
from mailer.store.engine import Store
from mailer.store.people.joining import SqlJoining
from mailer.store.people.letters import SqlLetters
from mailer.store.people.readers import SqlReaders
from mailer.web.public import joining
from tests.database import new_database
from tests.fakes.clock import SATURDAY, FakeClock
from tests.unit.web.site import MERIDIEN, PIXEL, pages_of, visiting

KEYRING = Keyring([b"0123456789abcdef"])
FREE = SignupLimits(ip_hourly=0, network_hourly=0)
ADA = "ada@example.org"


@dataclass
class Door:
    """A site whose visitors sign up, with what they caused."""

    browser: httpx.AsyncClient
    clock: FakeClock
    store: Store
    rings: list[str]
    desk: JoiningDesk

    async def form(self, path: str = "/p/le-meridien") -> dict[str, str]:
        """The hidden fields of the form at *path*, read and typed for a while."""
        page = (await self.browser.get(path)).text
        self.clock.advance(timedelta(seconds=10))
        return dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
        )

    async def sign_up(self, email: str = ADA, **more: str) -> httpx.Response:
        return await self.browser.post(
            "/subscribe", data={**await self.form(), "email": email, **more}
        )

    async def letters(self) -> list[ClaimedLetter]:
        letters = SqlLetters(self.store)
        now = self.clock.now()
        return list(
            await letters.claim(
                worker="a", limit=99, now=now, lease=timedelta(minutes=1)
            )
        )

    async def standing(self, email: str = ADA) -> Standing | None:
        person = await SqlReaders(self.store).find(email)
        return person.subscriptions[0].standing if person else None

    async def confirm_path(self) -> str:
        (letter,) = await self.letters()
        token = KEYRING.sign(
            Purpose.CONFIRM,
            letter.publication,
            str(letter.subscriber),
            letter.values["asked"],
        )
        return f"/confirm/{token}"


@asynccontextmanager
async def opened(
    tmp_path: Path,
    limits: SignupLimits = FREE,
    *,
    is_open: bool = True,
    work: int = 0,
) -> AsyncIterator[Door]:
    store = await Store.open(new_database(tmp_path))
    clock, rings = FakeClock(), list[str]()
    pages = pages_of(MERIDIEN, PIXEL)
    desk = JoiningDesk(
        joining=SqlJoining(store),
        clock=clock,
        keyring=KEYRING,
        limits=limits,
        lasts=timedelta(days=7),
        is_open=is_open,
        fill_time=timedelta(seconds=3),
        work=work,
        sentences=pages.sentences,
        ring=lambda: rings.append("ring"),
    )
    async with visiting([joining.router(desk, pages)], pages) as browser:
        yield Door(browser, clock, store, rings, desk)
    await store.close()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path) as found:
        yield found


async def test_signing_up_and_confirming(door: Door) -> None:
    """A letter, a button, a welcome; looking as often as one likes changes nothing."""
    answer = await door.sign_up()
    assert answer.status_code == 200
    assert f"<b>{ADA}</b>" in answer.text
    assert door.rings == ["ring"]
    path = await door.confirm_path()
    for method in ("GET", "HEAD", "GET"):
        looked = await door.browser.request(
            method, path, headers={"Sec-Purpose": "prefetch"}
        )
        assert looked.status_code == 200
        assert await door.standing() is Standing.PENDING
    assert "a•••@example.org" in looked.text
    assert looked.headers["x-robots-tag"] == "noindex"
    done = await door.browser.post(path)
    assert "Bienvenue" in done.text
    assert await door.standing() is Standing.ACTIVE
    assert (await door.browser.post(path)).text == done.text
    assert (await door.browser.get(path)).text == done.text
    assert [each.kind for each in await door.letters()] == ["welcome"]


async def test_a_page_in_english_has_its_letter_and_confirmation_in_english(
    door: Door,
) -> None:
    """Also where the publication is French."""
    form = await door.form("/p/le-meridien?lang=en")
    answer = await door.browser.post("/subscribe", data={**form, "email": ADA})
    assert "Look into your inbox" in answer.text
    (letter,) = await door.letters()
    assert letter.lang == "en"


async def test_known_unknown_gone_and_barred_are_answered_alike(door: Door) -> None:
    """To the byte: only the owner of a mailbox learns what we know of it."""
    readers = SqlReaders(door.store)
    rows = [Row(line=n, email=f"{n}@example.org", name="") for n in range(3)]
    await readers.admit(rows, publication=MERIDIEN.id, source="x", now=SATURDAY)
    await readers.leave("1@example.org", publication=MERIDIEN.id, now=SATURDAY)
    await readers.suppress(
        Suppression(email="2@example.org", reason=Reason.COMPLAINED, at=SATURDAY)
    )
    answers = [await door.sign_up(f"{n}@example.org") for n in (0, 1, 2, 3, 3)]
    assert {answer.status_code for answer in answers} == {200}
    told = {re.sub(r"\d@example", "N@example", answer.text) for answer in answers}
    assert len(told) == 1
    headers = [
        {k: v for k, v in answer.headers.items() if k != "content-length"}
        for answer in answers
    ]
    assert all(each == headers[0] for each in headers)


@pytest.mark.parametrize(
    "email",
    ["", "nobody", "a b@example.org", "a@b", "x" * 5000, "a@example.org\nBcc: b"],
)
async def test_an_address_that_is_none_is_said_at_its_field(
    door: Door, email: str
) -> None:
    """What was typed stays, escaped."""
    answer = await door.sign_up(f"{email}<script>" if email == "nobody" else email)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in answer.text
    assert await door.letters() == []


async def test_what_only_a_program_does_is_thanked_and_forgotten(door: Door) -> None:
    """The field that nobody sees; whoever is too quick, or has no form, asks once more."""
    trapped = await door.sign_up(subject="cheap pills")
    assert trapped.status_code == 200
    form = await door.form()
    quick = await door.browser.get("/p/le-meridien")
    token = re.search(r'name="t" value="([^"]+)"', quick.text)
    assert token is not None
    for t in (token[1], "", "forged", form["t"][:-2]):
        answer = await door.browser.post(
            "/subscribe", data={**form, "email": ADA, "t": t}
        )
        assert answer.status_code == 422
        assert f'value="{ADA}"' in answer.text
    other = await door.browser.post(
        "/subscribe", data={**form, "email": ADA, "publication": "pixel"}
    )
    assert other.status_code == 422
    door.clock.advance(timedelta(days=2))
    old = await door.browser.post("/subscribe", data={**form, "email": ADA})
    assert old.status_code == 422
    assert await door.letters() == []


async def test_a_form_of_another_site_is_completed_here(door: Door) -> None:
    """It brings address and publication; one more click, and the log says where from."""
    foreign = {"Origin": "https://meridien.example"}
    first = await door.browser.post(
        "/subscribe", data={"email": ADA, "publication": "le-meridien"}, headers=foreign
    )
    assert first.status_code == 422
    assert f'value="{ADA}"' in first.text
    token = re.search(r'name="t" value="([^"]+)"', first.text)
    assert token is not None
    door.clock.advance(timedelta(seconds=2))
    again = {"email": ADA, "publication": "le-meridien", "t": token[1]}
    done = await door.browser.post("/subscribe", data=again, headers=foreign)
    assert done.status_code == 200
    person = await SqlReaders(door.store).find(ADA)
    assert person is not None
    assert person.consents[0].form == "https://meridien.example"
    assert person.consents[0].ip == "192.0.2.7"


async def test_useless_links_are_told_the_same(door: Door) -> None:
    """Forged, cut short, of another purpose, too old, of nobody, of a time overtaken."""
    await door.sign_up()
    path = await door.confirm_path()
    token = path.rpartition("/")[2]
    mask = {
        "forged": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "short": token[:-5],
        "purpose": KEYRING.sign(Purpose.UNSUBSCRIBE, MERIDIEN.id, "1", "1"),
        "parts": KEYRING.sign(Purpose.CONFIRM, MERIDIEN.id, "1"),
        "words": KEYRING.sign(Purpose.CONFIRM, MERIDIEN.id, "x", "y"),
        "endless": KEYRING.sign(Purpose.CONFIRM, MERIDIEN.id, "1", "9" * 30),
        "nobody": KEYRING.sign(Purpose.CONFIRM, MERIDIEN.id, "7", "1773468000000000"),
        "noise": "é%20x",
    }
    answers = [
        await door.browser.request(method, f"/confirm/{each}")
        for each in mask.values()
        for method in ("GET", "POST")
    ]
    door.clock.advance(timedelta(days=8))
    answers += [await door.browser.get(path), await door.browser.post(path)]
    assert {(each.status_code, each.text) for each in answers} == {
        (404, answers[0].text)
    }
    assert await door.standing() is Standing.PENDING


async def test_too_many_is_said_aloud(tmp_path: Path) -> None:
    """For what is counted there is of the visitor, and tells nothing of an address."""
    async with opened(tmp_path, replace(FREE, ip_hourly=2)) as door:
        answers = [await door.sign_up(f"{n}@example.org") for n in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "3600"


async def test_where_nothing_is_hosted_nobody_signs_up(tmp_path: Path) -> None:
    """A letter could link to nowhere."""
    async with opened(tmp_path, is_open=False) as door:
        assert "<form" not in (await door.browser.get("/p/pixel")).text
        answer = await door.browser.post("/subscribe", data={"publication": "pixel"})
        assert answer.status_code == 404
        unknown = await door.browser.post("/subscribe", data={"publication": "no"})
        assert unknown.status_code == 404


async def test_a_browser_may_have_to_work_for_each_address(tmp_path: Path) -> None:
    """The page brings our script and its policy; the same number serves nobody else."""
    async with opened(tmp_path, work=8) as door:
        page = await door.browser.get("/p/le-meridien")
        assert 'data-work="8"' in page.text
        assert 'src="/work.js"' in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        script = await door.browser.get("/work.js")
        assert "subtle.digest" in script.text
        form = await door.form()
        found = next(
            str(nonce)
            for nonce in range(100_000)
            if sha256(f"{form['t']}.{ADA}.{nonce}".encode()).digest()[0] == 0
        )
        lazy = await door.browser.post("/subscribe", data={**form, "email": ADA})
        done = await door.browser.post(
            "/subscribe", data={**form, "email": ADA, "work": found}
        )
        others = [
            await door.browser.post(
                "/subscribe", data={**form, "email": f"{n}{ADA}", "work": found}
            )
            for n in range(5)
        ]
    assert (lazy.status_code, done.status_code) == (422, 200)
    assert "Merci d’autoriser" in lazy.text
    assert [each.status_code for each in others].count(422) >= 4


async def test_hostile_sign_ups_are_the_configured_number_of_letters(
    tmp_path: Path,
) -> None:
    """From as many networks as one likes, for as many mailboxes: nothing else is kept."""
    limits = SignupLimits(domain_hourly=0, hourly=40)
    asked = 10_000 if "MAILER_EXPLORE" in os.environ else 2_000
    async with opened(tmp_path, limits) as door:
        form = await door.form()
        heard = Counter[Heard]()
        for n in range(asked):
            filled = Filled(
                email=f"r{n}@d{n % 97}.example",
                token=form["t"],
                trap="",
                lang="fr",
                visit=Visit(ip=f"10.{n % 250}.{n // 250}.1", agent="bot", form=""),
            )
            heard[(await sign_up(filled, MERIDIEN, door.desk)).heard] += 1
        letters = await door.letters()
        people = await SqlReaders(door.store).list_subscribers()
    assert heard == {Heard.TAKEN: 40, Heard.TOO_MANY: asked - 40}
    assert len(letters) == len(people) == limits.hourly
