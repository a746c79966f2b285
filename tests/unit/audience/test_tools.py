"""The exports of other tools, as they write them, and ours as they read them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailer.audience.cells import Departure
from mailer.audience.exports import FORMATS, write_csv, write_json
from mailer.audience.roster import Roster, Row, open_roster, read_roster
from mailer.audience.sheet import FORMULA
from mailer.audience.subscriber import (
    Reason,
    Standing,
    Subscriber,
    Subscription,
    Tier,
)
from mailer.audience.tools import TOOLS, recognised
from mailer.errors import InputError, NotFoundError

DATA = Path(__file__).parents[2] / "data" / "rosters"
LEFT = Departure(Reason.UNSUBSCRIBED)
END = date(2027, 1, 31)
SINCE = datetime(2023, 4, 21, 11, 16, 57, tzinfo=UTC)
DAY = date(2026, 3, 14)


def read(name: str) -> tuple[Roster, dict[str, Row]]:
    content = (DATA / f"{name}.csv").read_bytes()
    roster = read_roster(content)
    return roster, {row.email.partition("@")[0]: row for row in roster.rows}


@dataclass(frozen=True)
class Expected:
    """What is known of the people of a file, who have the same names in all."""

    free: str
    members: dict[str, date | None]
    gone: dict[str, Departure]
    refused: int = 0


def gone_at(reason: Reason, *moment: int) -> Departure:
    return Departure(reason, datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type]


FILES = {
    "ghost": Expected(
        free="anne",
        members={"paul": None, "zoe": None},
        gone={
            "luc": LEFT,
            "eve": gone_at(Reason.UNSUBSCRIBED, 2024, 5, 6, 7, 8, 9),
        },
    ),
    "substack": Expected(free="anne", members={"paul": END}, gone={"luc": LEFT}),
    "substack-types": Expected(
        free="anne",
        members={"paul": END, "zoe": date(2118, 9, 11)},
        gone={"luc": LEFT},
    ),
    "beehiiv": Expected(
        free="anne",
        members={"paul": None},
        gone={
            "luc": LEFT,
            "eve": gone_at(Reason.UNSUBSCRIBED, 2024, 3, 13, 11, 33, 53),
        },
        refused=1,
    ),
    "listmonk": Expected(
        free="anne",
        members={"paul": END},
        gone={"luc": LEFT, "bob": Departure(Reason.MANUAL)},
    ),
    "mailchimp-subscribed": Expected(free="anne", members={}, gone={}),
    "mailchimp-unsubscribed": Expected(
        free="",
        members={},
        gone={
            "luc": gone_at(Reason.UNSUBSCRIBED, 2018, 7, 23, 12, 19, 27),
            "mia": gone_at(Reason.COMPLAINED, 2019, 7, 23, 12, 19, 27),
        },
    ),
    "mailchimp-cleaned": Expected(
        free="",
        members={},
        gone={"bob": gone_at(Reason.BOUNCED, 2020, 3, 23, 17, 30, 5)},
    ),
    "francais": Expected(
        free="anne",
        members={"paul": END},
        gone={"luc": LEFT, "bob": Departure(Reason.BOUNCED)},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_who_reads_what_and_who_left(name: str) -> None:
    """Tiers with their last day, departures with their reason; the rest is told."""
    expected = FILES[name]
    roster, rows = read(name)
    if expected.free:
        assert rows[expected.free].tier is Tier.FREE
        assert rows[expected.free].until is None
    members = {who: row.until for who, row in rows.items() if row.tier is Tier.MEMBER}
    assert members == expected.members
    assert {who: row.gone for who, row in rows.items() if row.gone} == expected.gone
    assert len(roster.invalid) == expected.refused


@pytest.mark.parametrize("name", [n for n in FILES if n != "francais"])
def test_a_tool_is_known_by_its_columns(name: str) -> None:
    """Nobody has to say where a file comes from, and each is taken for one tool."""
    with (DATA / f"{name}.csv").open("rb") as source:
        tool = open_roster(source).tool
    assert tool is not None
    assert tool.name == name.partition("-")[0]


@pytest.mark.parametrize("name", ["ghost", "beehiiv", "listmonk", "francais"])
def test_names_tags_and_days_come_along(name: str) -> None:
    """In our spelling."""
    _, rows = read(name)
    anne = rows["anne"]
    assert (anne.name, anne.tags) == ("Anne Roy", ("presse", "vip"))
    assert anne.joined is not None
    assert anne.joined.year == 2023
    assert anne.lang == ("fr" if name in {"listmonk", "francais"} else "")


def test_mailchimp_says_when_they_agreed() -> None:
    """That is the evidence an import may need; a postal address is no e-mail."""
    _, rows = read("mailchimp-subscribed")
    anne = rows["anne"]
    assert (anne.name, anne.tags) == ("Anne Roy", ("presse", "à la une"))
    assert anne.joined == datetime(2018, 2, 12, 10, 59, tzinfo=UTC)
    assert anne.evidence == (
        "Mailchimp, opted in 2018-02-12 10:54:27, confirmed 2018-02-12 10:59:00,"
        " from 198.51.100.8"
    )
    assert rows["paul"].joined == datetime(2018, 2, 5, 19, 28, 23, tzinfo=UTC)


def test_a_tool_can_be_said() -> None:
    """Where columns were taken out; but only a file that could be its."""
    text = b"email,labels,subscribed_to_emails\na@x.example,Presse,false\n"
    (row,) = read_roster(text, tool="ghost").rows
    assert row.gone == LEFT
    with pytest.raises(InputError, match="no export of Mailchimp"):
        read_roster(text, tool="mailchimp")
    with pytest.raises(NotFoundError, match="no tool gost"):
        read_roster(text, tool="gost")


def test_a_column_of_a_tool_can_be_said_otherwise() -> None:
    """The operator's word is above what we know; a dash is no column at all."""
    text = (DATA / "ghost.csv").read_bytes()
    rows = read_roster(text, columns={"reads": "-", "name": "note"}).rows
    assert rows[0].name == "un mot, à part"
    assert rows[3].gone is None


def test_no_tool_is_taken_for_another() -> None:
    """The marks of each are in its own export and in no other's."""
    for tool in TOOLS:
        assert recognised(sorted(tool.marks)) is tool


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ('"Lorem Editors","b"', ("lorem editors", "b")),
        ("a; b ;a", ("a", "b")),
        ("a|b", ("a", "b")),
        ('x"y, ,' + "z" * 80, ("x y", "z" * 64)),
    ],
)
def test_tags_are_read_however_they_are_listed(cell: str, tags: tuple[str]) -> None:
    """And cut to what a tag can be, rather than losing the reader."""
    quoted = cell.replace('"', '""')
    (row,) = read_roster(f'email,tags\na@x.example,"{quoted}"\n'.encode()).rows
    assert row.tags == tags


def person(local: str, **changed: object) -> Subscriber:
    taken: dict[str, object] = {
        "publication": "p",
        "tier": Tier.FREE,
        "standing": Standing.ACTIVE,
        "since": SINCE,
    }
    return Subscriber(
        id=1,
        email=f"{local}@x.example",
        name=str(changed.pop("name", "")),
        created=SINCE,
        lang=str(changed.pop("lang", "")),
        tags=changed.pop("tags", ()),  # type: ignore[arg-type]
        subscriptions=(Subscription(**(taken | changed)),),  # type: ignore[arg-type]
    )


PEOPLE = [
    person("anne", name="=HYPERLINK(1)", tags=("@vip", "presse"), lang="fr"),
    person("paul", tier=Tier.MEMBER, until=END),
    person("old", tier=Tier.MEMBER, until=date(2026, 3, 13)),
    person("luc", standing=Standing.LEFT),
    person("bob"),
    person("mia", tier=Tier.MEMBER),
    person("ned", standing=Standing.PENDING),
    person("eve", publication="q"),
]
BARRED = {"bob@x.example": Reason.BOUNCED, "mia@x.example": Reason.COMPLAINED}


@pytest.mark.parametrize("to", [name for name in FORMATS if name != "json"])
def test_what_another_tool_reads_comes_back(to: str) -> None:
    """Nobody who left, bounced or complained comes back as a reader; nobody is lost."""
    text = write_csv(PEOPLE, barred=BARRED, publication="p", day=DAY, to=to)
    cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
    assert not [cell for cell in cells if cell[:1] in FORMULA and cell]
    file = read_roster(text.encode())
    rows = {row.email.partition("@")[0]: row for row in file.rows}
    with_word = to in {"csv", "mailchimp"}
    assert {who for who, row in rows.items() if not row.gone} == {"anne", "paul", "old"}
    assert {who: row.gone.reason for who, row in rows.items() if row.gone} == {
        "luc": Reason.UNSUBSCRIBED,
        "bob": Reason.BOUNCED if with_word else rows["bob"].gone.reason,
        "mia": Reason.COMPLAINED if with_word else rows["mia"].gone.reason,
    }
    assert (rows["paul"].tier, rows["anne"].tier) == (Tier.MEMBER, Tier.FREE)
    assert rows["old"].tier is (Tier.MEMBER if to == "csv" else Tier.FREE)
    if to in {"csv", "listmonk", "substack"}:
        assert rows["paul"].until == END
    assert rows["anne"].joined == SINCE
    if to != "substack":  # has neither names nor tags
        assert rows["anne"].name == "=HYPERLINK(1)"
        assert set(rows["anne"].tags) == {"@vip", "presse"}
    assert ("ned" in text) is (to == "csv")  # who never confirmed is ours alone
    assert "eve" not in text


def test_json_says_the_same_for_programs() -> None:
    """Everything of every publication."""
    text = write_json(PEOPLE, barred=BARRED, publication=None, day=DAY)
    assert text.count('"publication"') == len(PEOPLE)
    assert '"tags": [\n        "@vip",' in text
    assert '"suppressed": "bounced"' in text


def test_of_a_file_with_several_publications_one_is_read() -> None:
    """Lines of another are told, not taken for this one's."""
    text = write_csv(PEOPLE, barred={}, publication=None, day=DAY)
    lines = list(open_roster(io.BytesIO(text.encode()), publication="q"))
    taken = [line for line in lines if isinstance(line, Row)]
    assert [row.email for row in taken] == ["eve@x.example"]
    assert len(lines) == len(PEOPLE)
