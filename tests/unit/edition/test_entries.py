"""Entries of feeds: fresh ones, each once, and their words are words and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from mailer.edition.blocks import Brief, Link, Paragraph, plain
from mailer.edition.drafts.skeleton import Pen
from mailer.edition.feature import Feature, Form, Supply
from mailer.edition.gathering.entries import Entry, Feed, Note, feed_notes, pick_entries
from mailer.edition.gathering.literal import (
    first_words,
    literal,
    one_line,
    web_address,
)
from mailer.edition.gathering.piece import Piece
from mailer.edition.gathering.writing import feature_text
from mailer.edition.model import Edition
from mailer.edition.reading.parse import parse_edition
from mailer.language import ENGLISH
from mailer.phrases import say
from tests.fakes import specimen

SATURDAY = date(2026, 3, 14)
FEATURE = Feature(
    name="echos", supply=Supply.FEED, title="Échos", feeds=("houle", "quai"), count=3
)
HOSTILE = st.text(
    st.sampled_from("ab é*_`#[](){}<>!|&;:~^\\-+=.1•—–>\t\n\u00a0\u200b\x07\u202e\"'/"),
    max_size=40,
)


def entry(title: str, **more: object) -> Entry:
    said = {"link": f"https://houle.fr/{len(title)}/{title}", "title": title} | more
    return Entry(**said)  # type: ignore[arg-type]


def feeds(*entries: Entry, **more: object) -> dict[str, Feed]:
    return {"houle": Feed(name="houle", title="La Houle", entries=entries, **more)}  # type: ignore[arg-type]


def picked(
    found: dict[str, Feed], feature: Feature = FEATURE, *printed: str
) -> list[Piece]:
    notes: list[Note] = []
    return pick_entries(
        feature, found, day=SATURDAY, printed=frozenset(printed), notes=notes
    )


def read(text: str) -> Edition:
    head = "---\ntitle: Essai\ndate: 2026-03-14\n---\n\n"
    return parse_edition(
        head + text, file="a.md", folder="a", publication=specimen.publication()
    )


@given(HOSTILE, HOSTILE)
@example("{{ name }}", "{{{ unsubscribe_url }}}")
@example("# Titre", "::: sponsor {by=x}")
@example("a](javascript:alert(1))", "<script>alert(1)</script>")
@example("DANS LE SILLAGE : x", "1. un")
def test_a_strangers_words_are_only_words(title: str, text: str) -> None:
    """Whatever a feed says is read back letter for letter, in any form."""
    said, body = one_line(title, most=200), one_line(text, most=200)
    item = Entry(title=title, text=text, link="https://houle.fr/a")
    for form in (Form.BRIEF, Form.PROSE, Form.STORY, Form.ITEM):
        feature = Feature(
            name="a", supply=Supply.FEED, title="T", feeds=("houle",), form=form
        )
        pieces = picked(feeds(item), feature)
        written = feature_text(feature, pieces, Pen(ENGLISH))
        if not pieces:
            assert not said
            assert not body
            continue
        (section,) = read(written).sections
        for block in section.blocks:
            if isinstance(block, Brief):
                assert plain(block.slug) == _single(said)
                link = block.content[-1]
                assert isinstance(link, Link)
                assert link.href == "https://houle.fr/a"
                if body:
                    assert plain(block.content[:-1]).strip() == _single(body)
            if isinstance(block, Paragraph) and form is Form.PROSE:
                assert plain(block.content).strip() in {_single(body), "La Houle"}


def _single(text: str) -> str:
    """Braces that might be a hole are written once."""
    import re

    return re.sub(r"([{}])\1+", r"\1", text)


@given(st.text(max_size=60))
def test_a_line_is_a_line(text: str) -> None:
    """No control, no line end, no mark of direction; and once is enough."""
    line = one_line(text, most=30)
    assert len(line) <= 30
    assert line == one_line(line, most=30)
    assert "\u202e" not in line
    assert len(line.splitlines()) <= 1
    assert literal(line).isprintable() or "\u200d" in line or "\u200c" in line


@given(HOSTILE, st.integers(0, 5))
def test_a_quotation_has_so_many_words(text: str, count: int) -> None:
    """With an ellipsis where it breaks off in the middle of a sentence."""
    line = one_line(text, most=100)
    cut = first_words(line, count)
    assert len(cut.split(" ")) <= max(count, 1) or cut == line
    assert cut == line or cut.endswith("…") or line.startswith(cut)


def test_a_quotation_ends_with_a_sentence_if_it_can() -> None:
    """Half of the words at least; else in the middle, and one sees that."""
    line = "Un phare passe à la diode. Les marins y gagnent deux milles."
    assert first_words(line, 20) == line
    assert first_words(line, 9) == "Un phare passe à la diode."
    assert first_words(line, 4) == "Un phare passe à…"
    assert first_words("Bref. " + "mot " * 40, 20).endswith("mot…")


def test_a_link_leads_to_the_web_or_nowhere() -> None:
    """No script, no house of ours, no password; letters and brackets are encoded."""
    for poor in (
        "javascript:alert(1)",
        "JaVaScript:alert(1)",
        "data:text/html,x",
        "mailto:a@b.fr",
        "//houle.fr/a",
        "/a",
        "",
        "https://",
        "https://a:b@houle.fr/",
        "https://localhost/",
        "https://[::1/",
        "https://houle.fr:99999/",
        "https://houle.fr/" + "a" * 3_000,
        "https://hou le.fr/",
    ):
        assert web_address(poor) == "", poor
    assert web_address(" https://houle.fr/a(b) c?d=é#f\n") == (
        "https://houle.fr/a%28b%29%20c?d=%C3%A9#f"
    )
    assert web_address("http://été.fr/") == "http://xn--t-9fab.fr/"


@given(st.text(max_size=40))
def test_no_text_breaks_an_address(text: str) -> None:
    """Any text is an address of printable ASCII without brackets, or none."""
    for link in (text, "https://houle.fr/" + text, "https://" + text):
        address = web_address(link)
        assert address.isascii()
        assert not set(address) & set(' ()<>[]{}"\\\n')


def test_the_newest_come_first_and_those_without_a_date_last() -> None:
    """Of several feeds together, at most as many as the feature takes."""
    day = datetime(2026, 3, 10, tzinfo=UTC)
    found = feeds(
        entry("sans date"),
        entry("lundi", published=day - timedelta(days=1)),
        entry("mardi", published=day),
    )
    found["quai"] = Feed(
        name="quai", entries=(entry("soir", published=day + timedelta(hours=20)),)
    )
    assert [p.title for p in picked(found)] == ["soir", "mardi", "lundi"]
    assert [p.origin for p in picked(found)] == ["quai", "La Houle", "La Houle"]


def test_what_is_old_or_not_yet_is_not_quoted() -> None:
    """The window ends with the day of the edition, whatever a feed says of tomorrow."""
    begin = datetime(2026, 3, 7, tzinfo=UTC)
    found = feeds(
        entry("trop tôt", published=begin - timedelta(seconds=1)),
        entry("juste", published=begin),
        entry("demain", published=datetime(2026, 3, 15, tzinfo=UTC)),
        entry("en 9999", published=datetime(9999, 12, 31, tzinfo=UTC)),
    )
    assert [p.title for p in picked(found)] == ["juste"]


def test_nothing_is_printed_twice() -> None:
    """By id, by link, within an edition by title; from one feed to the other too."""
    found = feeds(
        entry("un", id="1", link="https://houle.fr/a"),
        entry("deux", id="1", link="https://houle.fr/b"),
        entry("trois", id="2", link="https://houle.fr/a"),
        entry("UN", id="3", link="https://houle.fr/c"),
    )
    found["quai"] = Feed(name="quai", entries=(entry("quatre", id="1"),))
    (first, second) = picked(found)
    assert (first.title, second.title) == ("un", "quatre")
    assert picked(found, FEATURE, *first.keys, *second.keys) == []


def test_what_leads_nowhere_is_told() -> None:
    """An entry without a page of its own is left out, with a note."""
    notes: list[Note] = []
    found = feeds(entry("piège", link="javascript:alert(1)"), entry("bon"))
    pieces = pick_entries(
        FEATURE, found, day=SATURDAY, printed=frozenset(), notes=notes
    )
    assert [piece.title for piece in pieces] == ["bon"]
    assert notes == [("houle", "1 entry is left out: its link leads to no page")]


def test_a_feed_that_fails_is_told_with_the_age_of_what_it_said() -> None:
    """And a feed that has moved for good says where."""
    fault = say("it did not answer in time")
    told = dict(
        feed_notes(
            {
                "a": Feed(name="a", fault=fault),
                "b": Feed(
                    name="b", fault=fault, as_of=datetime(2026, 3, 9, tzinfo=UTC)
                ),
                "c": Feed(name="c", moved="https://c.fr/"),
                "d": Feed(name="d"),
            }
        )
    )
    assert told == {
        "a": "it did not answer in time",
        "b": "it did not answer in time: as it was on Monday, March 9, 2026",
        "c": "it has moved for good to https://c.fr/",
    }
