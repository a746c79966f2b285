"""What is done from the preview: as the commands do it, and by our own page alone."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
import pytest

from mailer.cli.editing.editions import assembled_edition
from mailer.cli.editing.records import Records
from mailer.cli.editing.studio import studio_of
from mailer.cli.invocation import Invocation
from mailer.cli.previewing.hands import Hands
from mailer.cli.previewing.preview import app_of
from mailer.cli.readers.segments import aimed
from mailer.cli.sending.approvals import approve_edition
from mailer.cli.speech import Speech
from mailer.phrases import say
from mailer.rendering.checks.online import Answer, State
from mailer.transport.inbox import smtp_inbox
from mailer.web.preview.app import Changes
from tests.cli.conftest import Command

EDITION = "le-meridien/118"
PAGE = f"/edition/{EDITION}"
HOME = "http://127.0.0.1"
NOT_FOUND = say("not found")


@dataclass(frozen=True)
class Visit:
    """A page that was opened, and what its script sends."""

    client: httpx.AsyncClient
    token: str
    seen: str

    async def act(self, name: str, **body: object) -> tuple[bool, str]:
        """Whether it was done, and what was said."""
        answer = await self.client.post(
            f"/act/{name}/{EDITION}",
            json={"seen": self.seen, **body},
            headers={"X-Mailer-Token": self.token, "Origin": HOME},
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["done"], "\n".join(told["lines"])

    async def dialog(self, name: str, query: str = "") -> str:
        """What is asked before."""
        answer = await self.client.get(f"/act/{name}/{EDITION}{query}")
        assert answer.status_code == 200
        return answer.text

    async def state(self) -> str:
        """Where the edition stands, as the page lists it."""
        page = (await self.client.get(PAGE)).text
        here = page.partition('aria-current="page"')[2].partition("</a>")[0]
        found = re.search(r'<span class="state (\w+)">', here)
        return found[1] if found else ""


@pytest.fixture
def folder(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """What ``mailer init`` writes, on a Tuesday; somebody has to approve."""
    command = workspace("presse")
    monkeypatch.setenv("MAILER_SEND__APPROVAL", "required")
    return command.folder


@dataclass(frozen=True)
class Manuscript:
    """The text that is shown."""

    path: Path

    def read(self) -> str:
        """As it stands."""
        return self.path.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        """Saved by an editor."""
        self.path.write_text(text, encoding="utf-8")


@pytest.fixture
def text(folder: Path) -> Manuscript:
    """The manuscript of the edition that is shown."""
    return Manuscript(next(folder.glob("editions/le-meridien/*-ports*/index.md")))


def kept_in(inbox: Path) -> list[EmailMessage]:
    """The mails that have arrived."""
    return [
        message_from_bytes(path.read_bytes(), policy=default)
        for path in (inbox / "new").iterdir()
    ]


@asynccontextmanager
async def visiting(folder: Path, *, lang: str = "en") -> AsyncIterator[Visit]:
    call = Invocation(folder=folder, speech=Speech(lang=lang))
    studio = studio_of(call)
    async with Records(call) as records:
        hands = Hands(call, studio, records)
        app = app_of(call, "next", studio, Changes(), records=records, actions=hands)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
            page = (await client.get(PAGE)).text
            token, seen = (
                re.search(rf'{name}="([^"]+)"', page)
                for name in ("data-token", "data-seen")
            )
            assert token
            assert seen
            yield Visit(client, token[1], seen[1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Mailer-Token": ""},
        {"X-Mailer-Token": "guessed"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
async def test_no_other_page_acts(folder: Path, wrong: dict[str, str]) -> None:
    """Nor one whose own name has come to mean this machine."""
    async with visiting(folder) as visit:
        ours = {"X-Mailer-Token": visit.token, "Origin": HOME}
        for name in ("test", "approve", "withdraw", "schedule", "mend", "links"):
            answer = await visit.client.post(
                f"/act/{name}/{EDITION}",
                json={"to": "me@example.org", "seen": visit.seen},
                headers=ours | wrong,
            )
            assert answer.status_code in {400, 403}
        assert await visit.state() == ""


async def test_whoever_looks_from_elsewhere_has_nothing_to_press(folder: Path) -> None:
    """Without actions there is neither a button nor an address."""
    call = Invocation(folder=folder, speech=Speech(lang="en"))
    app = app_of(call, "next", studio_of(call), Changes(), hosts=["*"])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
        page = (await client.get(PAGE)).text
        assert "data-act" not in page
        assert "data-token" not in page
        assert (await client.get(f"/act/approve/{EDITION}")).status_code == 404
        assert (await client.post(f"/act/approve/{EDITION}")).status_code == 404


async def test_a_test_is_what_the_command_sends(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marked, to the addresses and of the variants that were asked for, and no others."""
    circle = '["Claire <claire@x.example>", "paul@x.example"]'
    monkeypatch.setenv("MAILER_PROOF__TO", circle)
    async with smtp_inbox(tmp_path / "inbox") as port:
        monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PORT", str(port))
        async with visiting(folder) as visit:
            dialog = await visit.dialog("test", "?variant=member&persona=short")
            assert 'value="member" checked' in dialog
            assert 'value="Zoé"' in dialog
            assert 'value="claire@x.example, paul@x.example"' in dialog
            done, said = await visit.act(
                "test",
                to="a@x.example, b@x.example",
                variant=["member"],
                greeting="Zoé",
            )
    assert done, said
    assert "member to b@x.example: accepted" in said
    kept = kept_in(tmp_path / "inbox")
    assert {each["To"] for each in kept} == {"Zoé <a@x.example>", "Zoé <b@x.example>"}
    assert all(each["Subject"].startswith("[BAT] ") for each in kept)
    assert len({each["Message-ID"] for each in kept}) == 2


async def test_what_is_wrong_with_a_test_is_said(
    folder: Path, text: Manuscript, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address, an address that is none, a relay that is not there, an error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("MAILER_RELAYS__PRINCIPAL__PORT", str(port))
    async with visiting(folder) as visit:
        ours = {"X-Mailer-Token": visit.token, "Origin": HOME}
        for kind, body, status in (
            ("text/plain", '{"to": "me@x.example"}', 415),
            ("application/json", "", 422),
            ("application/json", "[]", 422),
            ("application/json", '{"to": 1}', 422),
            ("application/json", '{"variant": ["x"]}', 422),
        ):
            answer = await visit.client.post(
                f"/act/test/{EDITION}",
                content=body,
                headers=ours | {"Content-Type": kind},
            )
            assert answer.status_code == status, body
        for to, why in (
            ("", "to whom"),
            ("nobody", "not an address"),
            ("a@x.example", "cannot be reached"),
        ):
            done, said = await visit.act("test", to=to, variant=["free"])
            assert not done
            assert why in said
        text.write(text.read() + "\nTODO\n")
        done, said = await visit.act("test", to="a@x.example", variant=["free"])
        assert not done
        assert "unfinished" in said


async def test_approved_is_what_was_looked_at(folder: Path, text: Manuscript) -> None:
    """Saved meanwhile, nothing is approved; approved, the page says so at once."""
    async with visiting(folder) as visit:
        assert "Approved" not in await visit.dialog("approve")
        good = text.read()
        text.write(good.replace("Le quai et", "Le port et"))
        done, said = await visit.act("approve", by="Claire")
        assert not done
        assert "saved since you looked" in said
        text.write(good)
        done, said = await visit.act("approve", by="Claire")
        assert done, said
        assert "Claire" in said
        assert await visit.state() == "scheduled"
        dialog = await visit.dialog("approve")
        assert "Approved as it is" in dialog
        assert 'data-does="withdraw"' in dialog
        done, said = await visit.act("withdraw", by="Claire")
        assert done, said
        assert await visit.state() == "draft"
        done, said = await visit.act("withdraw", by="Claire")
        assert not done


async def test_an_error_is_let_pass_by_its_rule_alone(
    folder: Path, text: Manuscript
) -> None:
    """The dialog lists those that may be; the word that lets them pass is kept."""
    text.write(text.read() + "\nTODO\n")
    async with visiting(folder) as visit:
        assert 'name="accept" value="placeholder-left"' in await visit.dialog("approve")
        done, said = await visit.act("approve", by="Claire")
        assert not done
        assert "unfinished" in said
        done, said = await visit.act("approve", by="Claire", accept=["unknown-rule"])
        assert not done
        done, said = await visit.act(
            "approve", by="Claire", accept=["placeholder-left"]
        )
        assert done, said
        assert "<dd>placeholder-left by Claire</dd>" in await visit.dialog("approve")


async def test_approved_again_it_is_for_the_same_readers(
    folder: Path, text: Manuscript, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment that only the command was told is kept; where some have a name, asked."""
    call = Invocation(folder=folder, speech=Speech(lang="en"))
    first = aimed(call, assembled_edition(call, EDITION), "tier = member")
    await approve_edition(call, first, by="Paul")
    text.write(text.read().replace("Le quai et", "Le port et"))
    async with visiting(folder) as visit:
        dialog = await visit.dialog("approve")
        assert "Changed since" in dialog
        assert "<code>tier = member</code>" in dialog
        done, said = await visit.act("approve", by="Claire")
        assert done, said

    async def approved() -> tuple[str, str]:
        async with call.house.stores() as stores:
            approval = await stores.approvals.standing(EDITION)
            assert approval is not None
            frozen = await stores.approvals.approved(approval)
            return approval.by, frozen.edition.segment

    assert await approved() == ("Claire", "tier = member")
    monkeypatch.setenv("MAILER_SEGMENTS__PARIS", "tag:paris")
    async with visiting(folder) as visit:
        assert "<code>tier = member</code>" in await visit.dialog("approve")
        await visit.act("withdraw", by="Claire")
        dialog = await visit.dialog("approve")
        assert '<option value="paris">tag:paris</option>' in dialog
        done, said = await visit.act("approve", by="Zoé", segment="lyon")
        assert not done
        assert "lyon" in said
        for asked, rule in ((" paris ", "tag = paris"), ("", "")):
            done, said = await visit.act("approve", by="Zoé", segment=asked)
            assert done, said
            assert await approved() == ("Zoé", rule)


async def test_an_hour_of_its_own_and_back(folder: Path, text: Manuscript) -> None:
    """Written into the manuscript, as the command does; the past is refused."""
    before = text.read()
    async with visiting(folder) as visit:
        dialog = await visit.dialog("schedule")
        assert "The hour of the calendar" in dialog
        assert "is not approved" in dialog
        done, said = await visit.act("schedule", at="2026-03-14T12:30")
        assert done, said
        assert "send_at: 2026-03-14 12:30\n" in text.read()
        assert "An hour of its own" in await visit.dialog("schedule")
        done, said = await visit.act("schedule", at="2020-01-01T10:00")
        assert not done
        assert "has passed" in said
        done, said = await visit.act("schedule", at="")
        assert done, said
    assert text.read() == before


async def test_a_finding_is_mended_and_then_the_others(
    folder: Path, text: Manuscript
) -> None:
    """One by its button, all by the one above them."""
    good = text.read()
    slips = "\nUn  mot.\n\nUn autre  mot.\n"
    text.write(good + slips)
    async with visiting(folder) as visit:
        page = (await visit.client.get(PAGE)).text
        first, *_ = re.findall(r'data-mend="([^"]+)"', page)
        assert "Fix 2" in page
        done, said = await visit.act("mend", key=first)
        assert done, said
        assert "1 fixed" in said
        assert text.read() == good + "\nUn mot.\n\nUn autre  mot.\n"
        done, said = await visit.act("mend")
        assert done, said
        assert text.read() == good + "\nUn mot.\n\nUn autre mot.\n"
        done, said = await visit.act("mend")
        assert not done
        assert "Nothing to fix" in said


async def test_letters_and_galleries_have_no_actions(folder: Path) -> None:
    """They are nobody's edition: no button, and a clear word at the address."""
    async with visiting(folder) as visit:
        for name in ("letter:le-meridien/welcome", "theme:presse/tout"):
            page = await visit.client.get(f"/edition/{name}")
            assert page.status_code == 200
            assert "data-act" not in page.text
            answer = await visit.client.post(
                f"/act/approve/{name}",
                json={"seen": visit.seen},
                headers={"X-Mailer-Token": visit.token, "Origin": HOME},
            )
            assert answer.status_code == 200
            assert not answer.json()["done"]


async def test_links_are_asked_and_their_answers_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they stand, kept for the day; without asking nothing is said of them."""
    dead = "https://cartomer.example/partage"

    async def ask(_: object, addresses: Sequence[str]) -> dict[str, Answer]:
        found = dict.fromkeys(addresses, Answer(state=State.FINE))
        gone = say("it answers {status}, {meaning}", status="404", meaning=NOT_FOUND)
        found[dead] = Answer(state=State.DEAD, reason=gone)
        late = say("it did not answer in time")
        found[addresses[-1]] = Answer(state=State.UNKNOWN, reason=late)
        return found

    monkeypatch.setattr("mailer.online.links.LinkProber.ask", ask)
    async with visiting(folder) as visit:
        before = (await visit.client.get(f"{PAGE}?tab=links")).text
        assert dead in before
        assert ">It answers<" not in before
        done, said = await visit.act("links")
        assert not done
        assert said.endswith("1 is dead.\n1 could not be checked.")
        after = (await visit.client.get(f"{PAGE}?tab=links")).text
        assert ">Dead</span> <small>it answers 404, not found</small>" in after
        assert ">Unknown</span> <small>it did not answer in time</small>" in after
        assert ">It answers</span>" in after
    async with visiting(folder, lang="fr") as visit:  # kept in no language
        after = (await visit.client.get(f"{PAGE}?tab=links")).text
        assert ">Mort</span> <small>réponse 404, introuvable</small>" in after
