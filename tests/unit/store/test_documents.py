"""What databases hold is read for ever, whichever mailer wrote it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.audience.patron import Patron, Phase
from mailer.delivery.limiter import Slowness
from mailer.delivery.quota import Account
from mailer.delivery.sharing import PaceState
from mailer.edition.ballot import Ballot
from mailer.edition.blocks import Source
from mailer.edition.feature import Assembly, Feature, Form, Supply
from mailer.edition.model import Cover, Edition, Publication, Shape, Variant
from mailer.rendering.model import FeedEntry
from mailer.store.documents import dump, load

# One document a line, as the first mailer of November 2026 wrote them, with pydantic.
KEPT = (Path(__file__).parents[2] / "data" / "documents.jsonl").read_text("utf-8")

VALUES = [
    Edition(
        at=Source("2026/meridien/index.md", 3, 2),
        publication="le-meridien",
        folder="2026-11-28",
        slug="les-ports",
        title="Les « ports » d’Égée\u2028",
        date=date(2026, 11, 28),
        subject='"S"',
        summary=("un", "deux"),
        number=12,
        authors=("claire",),
        send_at=datetime(2026, 11, 28, 7, 0),  # noqa: DTZ001 - the site's wall clock
        cover=Cover(src="c.jpg", alt="É"),
        audiences=(Variant.FREE, Variant.MEMBER),
        tags=("mer",),
        tokens={"accent": ("#fff", "")},
    ),
    Edition(
        at=Source("i", 0),
        publication="p",
        folder="f",
        slug="s",
        title="t",
        date=date(2026, 1, 2),
        send_at=datetime(2026, 11, 28, 6, 0, 0, 120000, tzinfo=UTC),
    ),
    Publication(
        id="p",
        name="P",
        sender="P <p@p.example>",
        list_id="p.p.example",
        exceptions=("x",),
        audiences=(Variant.FREE,),
        labels={"a": "b"},
        tokens={"accent": ("#fff", "#000")},
        shape=Shape(require=("editorial",)),
        indexed=False,
        assembly=Assembly(
            before=timedelta(days=1, hours=12, minutes=3),
            title="T",
            features=(
                Feature(
                    name="echos",
                    supply=Supply.FEED,
                    feeds=("houle",),
                    window=timedelta(days=14),
                ),
                Feature(
                    name="h",
                    supply=Supply.HAND,
                    form=Form.STORY,
                    window=timedelta(seconds=90, milliseconds=500),
                ),
            ),
        ),
    ),
    Publication(id="p", name="P", sender="p@p.example", list_id="x"),
    FeedEntry(
        title="T",
        summary="S",
        published=date(2026, 11, 28),
        authors=("A",),
        permalink="https://x.example/1",
    ),
    (
        Ballot(
            id="q",
            question="Q?",
            choices=("a", "b"),
            until=date(2026, 12, 1),
            anonymous=True,
        ),
        Ballot(id="q2", question="Q?", choices=("a", "b")),
    ),
    PaceState(
        accounts={
            "principal": Account(
                minutes={29401234: 12},
                quarters={1960082: 40},
                booked={"w1": 3},
                level=2,
                day_began=1764100000.25,
                day=52,
            ),
            "b": Account(),
        },
        relays={
            "principal": Slowness(
                rate=None,
                aim=15.0,
                slowed_at=1764100000.5,
                paused_until=0.0,
                streak=3,
            )
        },
        lanes={
            "orange": Slowness(
                rate=0.25, aim=2.5, slowed_at=1.0, paused_until=1764100000.123456
            )
        },
        full_at={"principal": 1e16},
        workers={"w1": 1764100001.0},
    ),
    Patron(
        provider="stripe",
        key="cus_1",
        email="é@x.example",
        email_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        phase=Phase.LATE,
        phase_at=datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1))),
    ),
    Patron(provider="stripe", key="cus_1"),
]


@pytest.mark.parametrize(
    ("kept", "value"),
    [*zip(KEPT.removesuffix("\n").split("\n"), VALUES, strict=True)],
    ids=lambda v: type(v).__name__,
)
def test_what_was_kept_is_read_and_written_the_same(kept: str, value: object) -> None:
    """A frozen edition is known again by its text; an older mailer can go on."""
    kind = tuple[Ballot, ...] if isinstance(value, tuple) else type(value)
    assert load(kind, kept) == value
    assert dump(value) == kept


def test_a_field_of_a_later_mailer_is_passed_over() -> None:
    """Two versions may share a database while one takes the other's place."""
    assert load(Patron, '{"provider":"s","key":"k","later":[1]}') == Patron(
        provider="s", key="k"
    )


def test_what_is_not_of_that_kind_is_refused_at_its_place() -> None:
    """A ledger that somebody edited says where."""
    with pytest.raises(ValueError, match="is missing") as caught:
        load(Publication, '{"assembly":{"before":"soon"}}')
    places = {fault.place for fault in caught.value.faults}
    assert places >= {("id",), ("assembly", "before")}


@settings(max_examples=60)
@given(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)))
def test_any_duration_comes_back_equal(span: timedelta) -> None:
    """To the microsecond, years, days and what is before nothing included."""
    assert load(timedelta, dump(span)) == span
