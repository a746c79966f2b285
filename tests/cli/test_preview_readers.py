"""Real readers in the preview: masked where they are listed, theirs to the byte."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest

from mailer.audience.roster import Row
from mailer.audience.subscriber import Tier
from mailer.cli.editing.records import Records
from mailer.cli.editing.studio import studio_of
from mailer.cli.invocation import Invocation
from mailer.cli.previewing.hands import Hands
from mailer.cli.previewing.preview import app_of
from mailer.cli.speech import Speech
from mailer.flows.editing.previewing import Studio
from mailer.flows.readers.choosing import Choices, Taking
from mailer.flows.sending.send import send
from mailer.stores import Stores
from mailer.transport.inbox import smtp_inbox
from mailer.web.preview.app import Changes
from tests.cli.conftest import Command

PAPER, EDITION = "le-meridien", "le-meridien/118"
URL = f"/edition/{EDITION}"
ZOE, MAX, PIA = "zoe@fr.example", "max@fr.example", "pia@fr.example"
TOM, IDA = "tom@fr.example", "ida@fr.example"


@dataclass(frozen=True)
class Newsroom:
    """A workspace with readers of every kind, and an invocation in it."""

    call: Invocation
    studio: Studio
    folder: Path

    @asynccontextmanager
    async def browser(
        self, *, shows_readers: bool = True
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Before the pages."""
        async with Records(self.call, shows_readers=shows_readers) as records:
            app = app_of(
                self.call,
                "next",
                self.studio,
                Changes(),
                records=records,
                actions=Hands(self.call, self.studio, records),
            )
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
            ) as client:
                yield client

    async def shown(self, browser: httpx.AsyncClient, address: str) -> bytes:
        """What stands under *Headers and MIME* when somebody is looked for."""
        found = await browser.post(
            f"/reader/{EDITION}?tab=wire", data={"address": address}
        )
        assert found.status_code == 303
        assert address not in found.headers["location"]
        page = (await browser.get(found.headers["location"])).text
        source = page.partition('<pre class="code" tabindex="0">')[2]
        return html.unescape(source.partition("</pre>")[0]).encode("ascii")


@pytest.fixture
async def newsroom(
    workspace: Callable[[str], Command],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Newsroom:
    """Signed mail, measured clicks; a member, a pause, plain text, one who agreed."""
    command = workspace("presse")
    key = command("dkim", "new", "meridien.example", "--algorithm", "ed25519")
    assert key.exit_code == 0, key.output
    table = re.search(
        r"^\[\[dkim\]\].*?(?=\n\n|\Z)", key.output, re.DOTALL | re.MULTILINE
    )
    assert table is not None
    with (command.folder / "config/mailer.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{table[0]}\n")
    monkeypatch.setenv("MAILER_WEB__PRIVACY__TRACK_CLICKS", "true")
    call = Invocation(folder=command.folder, speech=Speech(lang="en"))
    async with call.house.stores() as stores:
        await fill(call, stores)
    return Newsroom(call, studio_of(call), tmp_path)


async def fill(call: Invocation, stores: Stores) -> None:
    now = call.house.clock.now()
    rows = [
        Row(line=n, email=email, name=name, tier=tier)
        for n, (email, name, tier) in enumerate(
            [
                (ZOE, "Zoé Müller", Tier.FREE),
                (MAX, "O’Neill & <Söhne>", Tier.MEMBER),
                (PIA, "", Tier.FREE),
                (TOM, "Tom", Tier.FREE),
                (IDA, "Ida", Tier.FREE),
            ],
            1,
        )
    ]
    await stores.readers.admit(rows, publication=PAPER, source="test", now=now)
    chosen = {
        PIA: Choices(text_only=True),
        TOM: Choices(tracking=True, tracking_wording="yes"),
        IDA: Choices(takes={PAPER: Taking(paused_until=date(2027, 1, 1))}),
    }
    for email, choices in chosen.items():
        person = await stores.readers.find(email)
        assert person is not None
        await stores.preferences.choose(person.id, choices, publication=PAPER, now=now)


async def test_what_is_shown_is_what_the_inbox_gets(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Octet for octet over real SMTP: headers, both parts, links and signature.

    The hour is the run's, and so are Date and signature; the two lines that the inbox
    puts above what it was given are its own.
    """
    call = newsroom.call
    async with newsroom.browser() as browser:
        before = {each: await newsroom.shown(browser, each) for each in (ZOE, MAX)}
    async with smtp_inbox(newsroom.folder / "inbox") as port:
        monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PORT", str(port))
        call = Invocation(folder=call.folder, speech=call.speech)
        frozen = newsroom.studio.look(EDITION).assembled
        assert frozen is not None
        async with call.house.stores() as stores:
            now = call.house.clock.now()
            run = await stores.ledger.open_run(frozen.frozen, now=now)
            await send(run, call.house.desk(stores))
    kept = {}
    for path in (newsroom.folder / "inbox" / "new").iterdir():
        envelope, to, message = path.read_bytes().split(b"\r\n", 2)
        assert envelope.startswith(b"Return-Path: ")
        kept[to.removeprefix(b"Delivered-To: ").decode()] = message
    assert set(kept) == {ZOE, MAX, PIA, TOM}  # Ida pauses
    for address, message in before.items():
        assert message == kept[address]
    async with newsroom.browser() as browser:
        for address, message in kept.items():  # now that they had it, no less
            assert await newsroom.shown(browser, address) == message, address
    assert all(b"DKIM-Signature: " in message for message in kept.values())
    assert b"text/html" not in kept[PIA]
    assert b"/click/" in kept[TOM]
    assert b"/click/" not in kept[ZOE]


async def test_readers_are_listed_masked_and_found_by_their_exact_address(
    newsroom: Newsroom,
) -> None:
    """A few of each kind, with why somebody would not get it; nobody is told by halves."""
    async with newsroom.browser() as browser:
        page = (await browser.get(URL)).text
        menu = page.partition('class="menu readers"')[2].partition("</details>")[0]
        for said in (
            "z•••@f•••.example",
            "Member",
            "Free · plain text",
            "Free · measured",
            "Free · they have paused",
        ):
            assert said in menu
        assert "@fr.example" not in page
        paused = re.search(r'persona=(\d+)"[^>]*>i•••@', menu)
        assert paused is not None
        page = (await browser.get(f"{URL}?persona={paused[1]}")).text
        assert "i•••@f•••.example would not get it: they have paused." in page
        member = re.search(r'persona=(\d+)"[^>]*>m•••@', menu)
        assert member is not None
        page = (await browser.get(f"{URL}?persona={member[1]}")).text
        assert "to the byte but for its hour" in page
        assert re.search(r'data-value="member" aria-current="true"', page)
        test = (await browser.get(f"/act/test/{EDITION}?persona={member[1]}")).text
        assert 'value="member" checked' in test
        assert 'value="O’Neill &amp; &lt;Söhne&gt;"' in test
        own, free = [
            (await browser.get(f"/frame/{EDITION}?{which}")).text
            for which in (f"persona={member[1]}", "variant=free")
        ]
        assert own != free
        plain = re.search(r'persona=(\d+)"[^>]*>p•••@', menu)
        assert plain is not None
        page = (await browser.get(f"{URL}?persona={plain[1]}")).text
        assert '<pre class="sheet"' in page
        assert "<iframe" not in page
        for wrong in ("nobody@fr.example", "fr.example"):
            answer = await browser.post(
                f"/reader/{EDITION}", data={"address": wrong}, follow_redirects=True
            )
            said = "Nobody of that address" if "@" in wrong else "must have an @-sign"
            assert said in answer.text


async def test_no_reader_is_shown_to_other_machines(newsroom: Newsroom) -> None:
    """With --host the page has readers for nobody, by list, number or address."""
    async with newsroom.browser(shows_readers=False) as browser:
        page = (await browser.get(f"{URL}?persona=1&tab=wire")).text
        assert "Real readers are shown on this machine alone." in page
        assert "•••" not in page
        assert "lecteur@example.org" in page
        answer = await browser.post(f"/reader/{EDITION}", data={"address": ZOE})
        assert answer.headers["location"].endswith("persona=0")
