"""The pages of ``mailer preview``, without a socket."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from itertools import product
from pathlib import Path

import httpx
import pytest

from mailer.cli.editing.records import Records
from mailer.cli.editing.studio import studio_of
from mailer.cli.invocation import Invocation
from mailer.cli.previewing.preview import app_of
from mailer.cli.sending.proofs import noted
from mailer.cli.speech import Speech
from mailer.delivery.reply import Attempt, Reply, Stage
from mailer.edition.model import Variant
from mailer.flows.departing.approve import approve
from mailer.flows.editing.assembled import accept
from mailer.flows.editing.previewing import PERSONAS
from mailer.flows.readers.correspondence import LetterKind
from mailer.rendering.model import Frozen
from mailer.web.preview.app import Changes
from mailer.web.preview.readers import Company
from mailer.web.preview.view import Tab
from tests.cli.conftest import Command
from tests.fakes.spamd import answer, spamd

EDITION = "/edition/le-meridien/118"


@pytest.fixture
def folder(workspace: Callable[[str], Command]) -> Path:
    """What ``mailer init`` writes, on a Tuesday."""
    return workspace("presse").folder


@pytest.fixture
def call(folder: Path) -> Invocation:
    """A call in that workspace, in English."""
    return Invocation(folder=folder, speech=Speech(lang="en"))


@pytest.fixture
async def browser(call: Invocation) -> AsyncIterator[httpx.AsyncClient]:
    """Before the pages."""
    app = app_of(call, "next", studio_of(call), Changes())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as client:
        yield client


def manuscript(folder: Path) -> Path:
    """The text of the edition that is shown."""
    return next(folder.glob("editions/le-meridien/*-ports*/index.md"))


async def test_it_begins_with_the_coming_edition(browser: httpx.AsyncClient) -> None:
    """And lists every publication's beside it."""
    answer = await browser.get("/")
    assert answer.headers["location"] == EDITION
    page = (await browser.get(EDITION)).text
    assert "Les ports se cherchent un cerveau" in page
    assert "Le Méridien Bourse" in page
    assert 'href="/edition/le-meridien-bourse/24?"' in page


async def test_a_view_stands_in_its_address(browser: httpx.AsyncClient) -> None:
    """So that it can be sent to a colleague; what is chosen stays while one moves on."""
    page = (await browser.get(f"{EDITION}?variant=member&width=375")).text
    assert 'src="/frame/le-meridien/118?variant=member&amp;width=375"' in page
    assert 'href="?variant=member&amp;width=375&amp;appearance=dark"' in page
    assert page.count("<iframe") == 1
    assert (await browser.get(f"{EDITION}?width=12")).status_code == 422


async def test_a_spam_filter_judges_the_very_bytes(
    call: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the page, once for the same bytes; that nobody answers is said."""
    async with spamd(answer()) as fake:
        monkeypatch.setenv("MAILER_CHECKS__SPAMD", fake.where)
        studio = studio_of(call)
        app = app_of(call, "next", studio, Changes())
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
        ) as browser:
            page = (await browser.get(f"{EDITION}?variant=member")).text
            part = "/suspect/le-meridien/118?variant=member"
            assert f'data-suspect="{part}"' in page
            assert fake.judged == []
            told = (await browser.get(part)).text
            assert "2.6 of 5" in told
            assert told.index("MISSING_MID") < told.index("HTML_IMAGE_RATIO_04")
            assert (await browser.get(part)).text == told
            shown = studio.message("le-meridien/118", Variant.MEMBER, PERSONAS[0])
            assert fake.judged == [shown.source]
            fake.reply = b"421 gone"
            part = "/suspect/letter:le-meridien/confirm"
            assert "It cannot say: that is no spamd." in (await browser.get(part)).text


async def test_members_text_is_shown_to_members_alone(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    """The frame of the free variant has none of it."""
    text = manuscript(folder).read_text(encoding="utf-8")
    secret = "Seuls les membres lisent cette phrase singuliere."
    assert "<!--members-->" in text
    cut = text.replace("<!--members-->", f"<!--members-->\n\n{secret}")
    manuscript(folder).write_text(cut, encoding="utf-8")
    free = await browser.get("/frame/le-meridien/118?variant=free")
    member = await browser.get("/frame/le-meridien/118?variant=member")
    assert secret in member.text
    assert secret not in free.text


async def test_a_broken_edition_stays_visible_under_what_is_wrong(
    call: Invocation, folder: Path
) -> None:
    """File and line, a link to the editor, and how it last was; mended, it is gone."""
    studio, changes = studio_of(call), Changes()
    transport = httpx.ASGITransport(app=app_of(call, "next", studio, changes))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as browser:
        good = manuscript(folder).read_text(encoding="utf-8")
        assert "cannot be rendered" not in (await browser.get(EDITION)).text
        manuscript(folder).write_text(f"{good}\n::: sposnor\n:::\n", encoding="utf-8")
        studio.forget()
        page = (await browser.get(EDITION)).text
        assert "As it is written now it cannot be rendered." in page
        line = good.count("\n") + 2
        assert f"index.md:{line}" in page
        assert f"vscode://file/{manuscript(folder)}:{line}" in page
        assert "<iframe" in page
        assert (await browser.get("/frame/le-meridien/118")).status_code == 200
        manuscript(folder).write_text(good, encoding="utf-8")
        studio.forget()
        assert "cannot be rendered" not in (await browser.get(EDITION)).text


async def test_frames_run_nothing_and_pages_belong_here(
    browser: httpx.AsyncClient,
) -> None:
    """A mail may hold anything; what it holds stays in its frame."""
    frame = await browser.get("/frame/le-meridien/118")
    policy = frame.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert "sandbox allow-same-origin" in policy
    foreign = await browser.get(EDITION, headers={"host": "evil.example"})
    assert foreign.status_code == 400


async def test_pictures_come_from_the_edition(browser: httpx.AsyncClient) -> None:
    """Those of the media folder and those that travel inside, alike."""
    frame = (await browser.get("/frame/le-meridien/118")).text
    source = frame.partition('src="/picture/')[2].partition('"')[0]
    answer = await browser.get(f"/picture/{source}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/")
    assert (await browser.get("/picture/le-meridien/118/nope.jpg")).status_code == 404


async def test_every_view_is_there(browser: httpx.AsyncClient) -> None:
    """Each tab of each variant, and an edition that is not there is told so."""
    for tab, variant in product(Tab, ("free", "member", "web")):
        answer = await browser.get(f"{EDITION}?tab={tab}&variant={variant}")
        assert answer.status_code == 200, (tab, variant)
    missing = await browser.get("/edition/le-meridien/999")
    assert missing.status_code == 404
    assert "To the next edition" in missing.text


async def test_what_was_never_readable_is_shown_with_its_line(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    """Broken before anybody looked: there is no mail below, and each tab says why."""
    text = manuscript(folder).read_text(encoding="utf-8")
    manuscript(folder).write_text(f"{text}\n::: sposnor\n:::\n", encoding="utf-8")
    for tab in Tab:
        page = await browser.get(f"{EDITION}?tab={tab}")
        assert page.status_code == 200, tab
        assert f"index.md:{text.count(chr(10)) + 2}" in page.text
        assert "It appears here as soon as it can be read." in page.text


async def test_a_line_leads_to_the_mail_and_a_word_back(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    """The outline names each line, the page is told what to look for, and so is the editor."""
    page = (await browser.get(f"{EDITION}?tab=outline")).text
    lines = manuscript(folder).read_text(encoding="utf-8").split("\n")
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("# Cartes"))
    assert f'href="?line={number}"' in page
    assert f"index.md:{number}" in page
    page = (await browser.get(f"{EDITION}?line={number}")).text
    assert 'data-sought="Cartes sur table"' in page
    answer = await browser.get(
        "/place/le-meridien/118", params={"words": "  Cartes sur\u00a0table "}
    )
    assert answer.json() == {
        "place": f"index.md:{number}",
        "open": f"vscode://file/{manuscript(folder)}:{number}",
    }
    stand = "Deux rivaux confient leurs grues au même logiciel. Reste à savoir"
    head = await browser.get("/place/le-meridien/118", params={"words": stand})
    assert head.json()["place"].startswith("index.md:")
    nowhere = await browser.get("/place/le-meridien/118?words=Xylophone")
    assert nowhere.status_code == 404


async def test_letters_and_themes_are_seen_the_same_way(
    browser: httpx.AsyncClient,
) -> None:
    """In the list, in the frame, in every view that there is of them."""
    page = (await browser.get(EDITION)).text
    confirm, every = "letter%3Ale-meridien/confirm", "theme%3Apop/tout"
    for name in (confirm, every):
        assert f'href="/edition/{name}?"' in page
    page = (await browser.get(f"/edition/{confirm}?tab=outline")).text
    assert f'src="/frame/{confirm}?"' in page  # no manuscript: as seen
    assert "variant=" not in page
    frame = (await browser.get(f"/frame/{confirm}?appearance=dark")).text
    assert "https://example.org/confirm/" in frame or "/confirm/" in frame
    for kind in LetterKind:
        frame = await browser.get(f"/frame/letter:le-meridien/{kind}")
        assert frame.status_code == 200, kind
    wire = (await browser.get(f"/edition/{confirm}?tab=wire")).text
    assert "Message-ID" in wire
    page = (await browser.get(f"/edition/{every}?variant=web")).text
    assert "variant=member" in page
    for query in ("", "?tab=outline", "?tab=changes"):
        shown = await browser.get(f"/edition/{every}{query}")
        assert shown.status_code == 200
        assert "vscode:" not in shown.text
    frame = (await browser.get(f"/frame/{every}")).text
    assert f'src="/picture/{every}/' in frame
    for nobody in (
        "letter:le-meridien/farewell",
        "letter:nobody/confirm",
        "theme:no/tout",
    ):
        assert (await browser.get(f"/edition/{nobody}")).status_code == 404


async def test_differences_with_the_approval_and_with_the_edition_before(
    call: Invocation, folder: Path
) -> None:
    """Read where there is a database; without one it is said, and none is made."""
    database = Path(call.house.loaded.database_url().removeprefix("sqlite:///"))
    address = f"{EDITION}?tab=changes"
    before = folder / "editions/le-meridien/2026-03-07-avant"
    before.mkdir()
    (before / "index.md").write_text(
        "---\ntitle: Avant\nnumber: 117\ndate: 2026-03-07\n---\n\n# Une section\n\nTexte.\n",
        encoding="utf-8",
    )
    studio = studio_of(call)
    async with Records(call) as records:
        transport = httpx.ASGITransport(
            app=app_of(call, "next", studio, Changes(), records=records)
        )
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1"
        ) as browser:
            page = (await browser.get(address)).text
            assert page.count("There is no database here yet: importing readers") == 3
            assert not os.path.exists(database)  # noqa: ASYNC240, PTH110 - a test
            assert "le-meridien/117, “Avant”" in page
            assert '<tr class="theirs">' in page
            assert '<tr class="ours">' in page
            assert "Tests that are sent meanwhile leave no trace here." in page
            assembled = studio.look("le-meridien/118").assembled
            assert assembled is not None
            accepted = Attempt(relay="r", stage=Stage.DOT, reply=Reply(250, "kept"))
            proofs = [("claire@essai.example", Variant.FREE, accepted)]
            assert not await noted(call, assembled, proofs)  # and makes none for it
            assert not os.path.exists(database)  # noqa: ASYNC240, PTH110 - a test
            database.write_bytes(b"a letter to grandmother" * 99)  # noqa: ASYNC240
            page = (await browser.get(address)).text
            why = "The database cannot be opened: this file is not a mailer database."
            assert page.count(why) == 3
            assert (
                await noted(call, assembled, proofs) == f"{why} The proof is not kept."
            )
            database.unlink()  # noqa: ASYNC240
            async with call.house.stores() as stores:
                await approve(
                    accept(assembled, [], by="claire", rules={}),
                    stores.approvals,
                    by="claire",
                    now=call.house.clock.now(),
                )
    async with Records(call) as records:
        transport = httpx.ASGITransport(
            app=app_of(call, "next", studio, Changes(), records=records)
        )
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1"
        ) as browser:
            page = (await browser.get(address)).text
            assert "None was sent yet" in page
            await noted(call, assembled, proofs)
            page = (await browser.get(address)).text
            assert "It showed exactly this." in page
            assert "To c•••@essai.example." in page
            assert "claire approved it" in page
            assert "Exactly that leaves." in page
            assert '<span class="state scheduled">Scheduled</span>' in page
            text = manuscript(folder).read_text(encoding="utf-8")
            manuscript(folder).write_text(
                text.replace("Cartes sur table", "Cartes en main"), encoding="utf-8"
            )
            studio.forget()
            page = (await browser.get(address)).text
            assert "What readers would see otherwise now" in page
            since = page.partition("A proof left ")[2].partition("<h2>")[0]
            assert "What readers would see otherwise now" in since
            assert "Cartes en main" in since


async def test_what_is_saved_while_a_page_is_made_is_told_to_it(
    call: Invocation,
) -> None:
    """Its mark is of before it was looked at: the stream goes on from there."""
    changes = Changes()

    class Slow(Records):
        async def company(self, frozen: Frozen, number: int | None) -> Company:
            await changes.tell()
            return await super().company(frozen, number)

    async with Slow(call) as records:
        app = app_of(call, "next", studio_of(call), changes, records=records)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1"
        ) as browser:
            assert 'data-mark="0"' in (await browser.get(EDITION)).text
            assert 'data-mark="1"' in (await browser.get(EDITION)).text


def test_what_was_seen_last_stays_though_it_was_only_glimpsed(
    call: Invocation, folder: Path
) -> None:
    """Broken before all of it was made: what one saw a moment ago is not taken back."""
    studio, name, nobody = studio_of(call), "le-meridien/118", PERSONAS[0]
    text = manuscript(folder).read_text(encoding="utf-8")
    studio.look(name)

    def save(words: str) -> None:
        manuscript(folder).write_text(words, encoding="utf-8")
        studio.forget()

    save(text.replace("Cartes sur table", "Cartes en main"))
    assert studio.glimpse(name, Variant.MEMBER, nobody) is not None
    save(f"{text}\n::: sposnor\n:::\n")
    assert studio.glimpse(name, Variant.MEMBER, nobody) is None
    assert "Cartes en main" in studio.message(name, Variant.MEMBER, nobody).html
    assert studio.look(name).faults
    save(text)
    assert "Cartes sur table" in studio.message(name, Variant.MEMBER, nobody).html
    save(f"{text}\n::: sposnor\n:::\n")
    assert "Cartes sur table" in studio.message(name, Variant.MEMBER, nobody).html


def test_a_glimpse_is_the_message_and_nothing_is_made_twice(
    call: Invocation, folder: Path
) -> None:
    """After a save the variant one looks at comes first; it is what is sent, no less."""
    studio, name = studio_of(call), "le-meridien/118"
    nobody = PERSONAS[0]
    glimpsed = studio.glimpse(name, Variant.MEMBER, nobody)
    first = studio.look(name)
    message = studio.message(name, Variant.MEMBER, nobody)
    assert glimpsed is not None
    assert (glimpsed.html, glimpsed.text) == (message.html, message.text)
    assert studio.glimpse(name, Variant.MEMBER, nobody) is None  # all is there
    studio.forget()
    again = studio.look(name)
    assert first.assembled is not None
    assert again.assembled is not None
    assert again.assembled.frozen is first.assembled.frozen
    text = manuscript(folder).read_text(encoding="utf-8")
    manuscript(folder).write_text(f"{text}\n::: sposnor\n:::\n", encoding="utf-8")
    studio.forget()
    assert studio.glimpse(name, Variant.MEMBER, nobody) is None  # as it last was
    manuscript(folder).write_text(f"{text}\n\nEncore.\n", encoding="utf-8")
    studio.forget()
    changed = studio.look(name).assembled
    assert changed is not None
    assert changed.frozen.sha256 != first.assembled.frozen.sha256


async def test_what_is_beside_it(browser: httpx.AsyncClient, folder: Path) -> None:
    """The heaviest block, each mail program, and what was found good."""
    page = (await browser.get(f"{EDITION}?tab=inbox")).text
    for said in (
        "The heaviest: ",
        "Apple Mail",
        "By caniemail.com, as of 20",
        "with words that say where they lead",
        "described for who does not see them",
        "No members’ text in the free variant",
        "Lock screens",
    ):
        assert said in page, said
    text = manuscript(folder).read_text(encoding="utf-8")
    assert f"index.md:{text[: text.index('::: poll')].count(chr(10)) + 1}" in page


async def test_it_can_be_read_aloud(browser: httpx.AsyncClient) -> None:
    """Headings, links and pictures by what a screen reader calls them, nothing hidden."""
    page = (await browser.get(f"{EDITION}?tab=order")).text
    assert "heading 1</span> <span>Les ports se cherchent un cerveau" in page
    assert "Deux grues de quai" in page
    assert "\u200c" not in page


async def test_changes_wake_whoever_waits() -> None:
    """A save between the page and its question is not missed."""
    changes = Changes()
    await changes.tell()
    assert await changes.after(0) == 1
    await changes.tell()
    assert await changes.after(1) == 2


async def test_a_window_has_the_mail_first_and_then_all_of_it(
    call: Invocation, folder: Path
) -> None:
    """Its second question is answered in full, whoever asks; a save makes it new."""
    studio, changes = studio_of(call), Changes()
    transport = httpx.ASGITransport(app=app_of(call, "next", studio, changes))
    window = {"Sec-Fetch-Mode": "navigate"}

    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as browser:

        async def opened(query: str = "") -> str:
            answer = await browser.get(f"{EDITION}{query}", headers=window)
            assert answer.status_code == 200
            assert answer.text.count("<title>Les ports se cherchent un cerveau") == 1
            return answer.text

        early = await opened()
        assert early.count('src="/frame/le-meridien/118?"') == 2
        assert 'aria-busy="true"' in early
        assert 'http-equiv="refresh"' in early
        assert "By exact address" not in early
        assert not studio._looked
        whole = await opened()
        assert "aria-busy" not in whole
        assert "http-equiv" not in whole
        assert "The heaviest: " in whole
        # What is there is as it is in the whole, so that nothing moves.
        for part, end in (('class="choice"', "<details"), ('class="tabs"', "</nav>")):
            here, there = (
                text.partition(part)[2].partition(end)[0] for text in (early, whole)
            )
            assert here == there

        studio.forget()
        await changes.tell()
        assert "aria-busy" not in await opened("?tab=outline")
        studio.forget()
        await changes.tell()
        text = manuscript(folder).read_text(encoding="utf-8")
        manuscript(folder).write_text(f"{text}\n::: sposnor\n:::\n", encoding="utf-8")
        assert "cannot be rendered" in await opened()
        members = re.sub(r"(?m)^audiences: .*$", "audiences: [member]", text)
        manuscript(folder).write_text(members, encoding="utf-8")
        studio.forget()
        await changes.tell()
        early = await opened("?line=40")
        assert 'src="/frame/le-meridien/118?variant=member&amp;line=40"' in early
        assert 'data-sought=""' not in early
        assert 'data-value="free"' not in early
        assert "aria-busy" in early
