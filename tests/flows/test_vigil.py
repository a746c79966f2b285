"""The watch over a departure: proof and alarm by themselves, once, and nothing sent."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailer.audience.token import Keyring
from mailer.config.places import shipped
from mailer.delivery.reply import Reply, Stage
from mailer.edition.agenda import Departure
from mailer.edition.vigil import Need, Watch
from mailer.errors import EditionError, GuardError, StoreError
from mailer.flows.departing.approve import approve
from mailer.flows.departing.arming import arm_departure
from mailer.flows.departing.proofbook import Proof
from mailer.flows.departing.vigil import Vigil, WatchDesk
from mailer.flows.editing.assemble import assemble
from mailer.flows.ports import RunState
from mailer.flows.sending.desk import Stationery
from mailer.store.engine import Store
from mailer.store.ledger.approvals import SqlApprovals
from mailer.store.ledger.deliveries import SqlLedger
from mailer.store.ledger.notices import SqlNotices
from mailer.store.ledger.proofs import SqlProofBook
from mailer.store.people.readers import SqlReaders
from mailer.wiring import House
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.letters import letter_templates
from mailer.workspace.starter import create
from tests.database import new_database
from tests.fakes.clock import FakeClock
from tests.fakes.relay import FakeRelay

NAME = "le-meridien/118"
TO = ("Claire <claire@house.example>", "technique@house.example")
DAY = date(2026, 3, 14)
DEPARTURE = Departure(
    publication="le-meridien",
    day=DAY,
    wall=datetime.combine(DAY, time(7)),
    zone="Europe/Paris",
    editions=(NAME,),
)


@dataclass(kw_only=True)
class Post:
    """A watch, and what it wrote to whom."""

    folder: Path
    store: Store
    clock: FakeClock
    relay: FakeRelay
    desk: WatchDesk
    vigil: Vigil = field(init=False)

    def __post_init__(self) -> None:
        self.vigil = Vigil(self.desk)

    def at(self, hours_before: float) -> None:
        due = DEPARTURE.due - timedelta(hours=hours_before)
        self.clock.elapsed = (due - self.clock.start).total_seconds()

    async def look(self, hours_before: float, **changed: object) -> list[Need]:
        self.at(hours_before)
        return await self.vigil.look(replace(DEPARTURE, **changed))  # type: ignore[arg-type]

    async def approve(self) -> None:
        assembled = assemble(NAME, self.desk.newsroom, today=DAY)
        now = self.clock.now()
        await approve(assembled, self.desk.approvals, by="claire", now=now)

    def edit(self, old: str, new: str) -> None:
        (index,) = self.folder.glob("editions/le-meridien/*/index.md")
        text = index.read_text("utf-8")
        assert old in text
        index.write_text(text.replace(old, new, 1), "utf-8")

    def mails(self) -> list[tuple[str, EmailMessage]]:
        read = []
        for recipient, content in self.relay.accepted:
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            read.append((recipient, message))
        return read

    def alarms(self) -> list[EmailMessage]:
        mails = [mail for _, mail in self.mails()]
        return [mail for mail in mails if "prêt à partir" in mail["Subject"]]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("watch")
    create(
        home / "ws",
        theme="presse",
        templates=shipped("templates"),
        today=date(2026, 3, 10),
        data=home / "data",
        secret=b"s" * 32,
    )
    return home / "ws"


@pytest.fixture
async def post(starter: Path, tmp_path: Path) -> AsyncIterator[Post]:
    import shutil

    shutil.copytree(starter, tmp_path / "ws")
    environ = {"MAILER_STORAGE__FOLDER": str(tmp_path / "data")}
    house = House.open(config=None, start=tmp_path / "ws", environ=environ)
    store = await Store.open(new_database(tmp_path))
    clock, relay = (
        FakeClock(datetime.fromisoformat("2026-03-10T09:00:00Z")),
        FakeRelay(),
    )
    templates = shipped("templates")
    desk = WatchDesk(
        newsroom=house.newsroom,
        publication=house.settings.publication,
        approvals=SqlApprovals(store),
        notices=SqlNotices(store),
        ledger=SqlLedger(store),
        proof_book=SqlProofBook(store),
        relay=relay,
        clock=clock,
        stationery=Stationery(keyring=Keyring((b"k" * 32,)), signers=()),
        watch=Watch(proof=timedelta(hours=14), alarm=timedelta(hours=12)),
        auto=False,
        to=TO,
        templates=letter_templates((templates,)),
        sentences=lambda lang: load_catalogue(lang, (templates,)),
    )
    yield Post(folder=tmp_path / "ws", store=store, clock=clock, relay=relay, desk=desk)
    await store.close()


async def test_nothing_approved_means_a_proof_then_an_alarm_and_nothing_sent(
    post: Post,
) -> None:
    """To the fixed addresses, each once, whatever restarts meanwhile."""
    assert await post.look(15) == []
    assert await post.look(14) == [Need.PROOF]
    assert await post.desk.proof_book.last("le-meridien/118") is not None
    proofs = [mail["Subject"] for _, mail in post.mails() if "[BAT]" in mail["Subject"]]
    assert len(proofs) == 4, "two variants to two addresses"
    letters = [mail for _, mail in post.mails() if "À approuver" in mail["Subject"]]
    assert len(letters) == 2
    assert await post.look(12) == [Need.ALARM]
    assert [to for to, mail in post.mails()][-2:] == [
        "claire@house.example",
        "technique@house.example",
    ]
    said = len(post.relay.accepted)
    post.vigil = Vigil(post.desk)
    assert await post.look(11) == []
    assert await post.look(0.5) == []
    assert len(post.relay.accepted) == said
    assert await post.desk.ledger.runs() == []


class Deaf:
    """A proof book whose database does not answer."""

    async def keep(self, proof: Proof) -> None:
        raise StoreError("locked")

    async def last(self, edition: str) -> Proof | None:
        raise StoreError("locked")


async def test_a_proof_that_cannot_be_kept_is_still_sent_once(post: Post) -> None:
    """It has left: nobody is written to again for the sake of a note."""
    post.vigil = Vigil(replace(post.desk, proof_book=Deaf()))
    assert await post.look(14) == [Need.PROOF]
    sent = len(post.relay.accepted)
    assert sent == 6, "two variants and a letter to two addresses"
    post.vigil = Vigil(post.desk)
    assert await post.look(13) == []
    assert len(post.relay.accepted) == sent


async def test_the_alarm_says_what_is_wrong_and_what_to_do(post: Post) -> None:
    """In the publication's language, with both parts, and marked as automatic."""
    await post.look(14)
    await post.look(12)
    alarm, second = post.alarms()
    assert alarm["Message-ID"] != second["Message-ID"]
    assert alarm["To"].addresses[0].display_name == "Claire"
    assert alarm["Auto-Submitted"] == "auto-generated"
    assert alarm["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        part = alarm.get_body((kind,))
        assert part is not None
        words = " ".join(part.get_content().split())
        assert f"{NAME} n’est pas approuvée" in words
        assert f"mailer approve {NAME}" in words
        assert "samedi 14 mars 2026, 07:00" in words


async def test_an_approved_edition_is_left_in_peace(post: Post) -> None:
    """Neither proof nor alarm; at its hour it is armed, and leaves on time."""
    post.at(20)
    await post.approve()
    for hours in (14, 12, 1):
        assert await post.look(hours) == []
    assert post.relay.accepted == []
    readers = SqlReaders(post.store)
    from mailer.audience.roster import Row

    rows = [Row(line=1, email="a@x.example")]
    now = post.clock.now()
    await readers.admit(rows, publication="le-meridien", source="t", now=now)
    post.at(0.01)
    run = await arm_departure(
        DEPARTURE,
        post.desk.newsroom,
        post.desk.approvals,
        post.desk.ledger,
        auto=False,
        now=post.clock.now(),
    )
    assert (run.state, run.departs) == (RunState.ARMED, DEPARTURE.due)
    assert await post.look(-0.1) == []


async def test_an_edit_after_the_approval_is_told_with_what_changed(post: Post) -> None:
    """Also where the first alarm was sent already; and nothing departs."""
    assert await post.look(12) == [Need.PROOF, Need.ALARM]
    post.at(11)
    await post.approve()
    assert await post.look(10) == []
    post.edit("title: Les ports", "title: Tous les ports")
    assert await post.look(9) == [Need.EDITED]
    (told, _) = post.alarms()[-2:]
    text = told.get_body(("plain",))
    assert text is not None
    words = text.get_content()
    assert "modifiée depuis" in words
    assert "Tous les ports" in words.partition("Ce qui a changé")[2]
    with pytest.raises(GuardError, match="not as claire approved it"):
        await _arm(post)
    assert await post.desk.ledger.runs() == []


async def test_a_date_without_an_edition_is_alarmed_about(post: Post) -> None:
    """There is nothing to prove, and the letter says how to begin one."""
    assert await post.look(12, editions=()) == [Need.ALARM]
    text = post.alarms()[0].get_body(("plain",))
    assert text is not None
    assert "mailer new --publication le-meridien" in text.get_content()


async def test_what_blocks_an_edition_is_in_the_letter(post: Post) -> None:
    """Also if it cannot be read at all: file and line, and the command for the rest."""
    post.edit("\n# ", "\n::: nonsense\n\n# ")
    assert await post.look(12) == [Need.ALARM]
    text = post.alarms()[0].get_body(("plain",))
    assert text is not None
    assert "index.md:" in text.get_content()
    assert f"mailer check {NAME}" in text.get_content()
    with pytest.raises(EditionError):
        await _arm(post)


async def test_checks_that_suffice_alarm_nobody_and_prove_all_the_same(
    post: Post,
) -> None:
    """``approval = "auto"``: people see what will leave by itself."""
    post.desk = replace(post.desk, auto=True)
    post.vigil = Vigil(post.desk)
    assert await post.look(12) == [Need.PROOF]
    assert any("Part d’elle-même" in mail["Subject"] for _, mail in post.mails())
    assert await post.look(1) == []


async def test_a_relay_that_is_down_is_tried_again(post: Post) -> None:
    """The log says it meanwhile; the letter comes when it can."""
    post.relay.refuse_sessions = True
    assert await post.look(12) == []
    assert await post.look(11.9) == [], "not at every tick"
    post.relay.refuse_sessions = False
    assert await post.look(11.7) == [Need.PROOF, Need.ALARM]


async def test_an_address_that_is_refused_does_not_stand_for_the_others(
    post: Post,
) -> None:
    """One that got it is enough to have told somebody; nobody is not."""
    post.relay.answer = lambda envelope, _: (
        Stage.RCPT if envelope.recipient.startswith("claire") else Stage.DOT,
        Reply(550, "no", "5.1.1")
        if envelope.recipient.startswith("claire")
        else Reply(250, "ok", "2.0.0"),
    )
    assert await post.look(12) == [Need.PROOF, Need.ALARM]
    assert len(post.alarms()) == 1


async def test_without_addresses_the_log_alone_is_told(post: Post) -> None:
    """Once, and no proof leaves."""
    post.desk = replace(post.desk, to=())
    post.vigil = Vigil(post.desk)
    assert await post.look(12) == [Need.ALARM]
    assert await post.look(11) == []
    assert post.relay.accepted == []


async def _arm(post: Post) -> None:
    await arm_departure(
        DEPARTURE,
        post.desk.newsroom,
        post.desk.approvals,
        post.desk.ledger,
        auto=False,
        now=post.clock.now(),
    )
