"""Segments: read as written, written as read, and what is said of a slip."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.expression import read_segment
from mailer.audience.segment import Count, Person, Rule, matches, uses
from mailer.audience.subscriber import Tier
from mailer.audience.tag import read_tag
from mailer.errors import InputError
from tests.fakes.segments import RULES

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
NAMED = {
    "presse": "tag = presse",
    "proches": "presse or member",
    "a": "b",
    "b": "not a",
    "faux": "teir = member",
}


def said(text: str) -> str:
    return str(read_segment(text, named=NAMED, publications=["le-bruit"]))


@given(RULES)
def test_a_rule_is_read_as_it_is_written(rule: Rule) -> None:
    """What is kept of a segment means what it meant."""
    assert read_segment(str(rule)) == rule


@given(st.text(alphabet="abtier =<>!()\"',:.0126-nodmw*", max_size=40))
def test_any_text_is_a_rule_or_an_error_with_its_place(text: str) -> None:
    """Nothing else is ever raised, and a hint never stands without a message."""
    try:
        rule = read_segment(text)
    except InputError as error:
        assert error.message.startswith("segment, ")
    else:
        assert read_segment(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "tier = member and domain in (Orange.fr, @wanadoo.fr)"
            " and joined < 2026-01-01 and not tag:presse",
            "tier = member and domain in (orange.fr, wanadoo.fr)"
            " and joined < 2026-01-01 and not tag = presse",
        ),
        ("MEMBER OR free", "tier = member or tier = free"),
        ("replies <> 3", "not replies = 3"),
        ("joined within 4 weeks", "joined within 28 days"),
        ("joined within 30d", "joined within 30 days"),
        ("tag not in ('À la  une', \"b\")", 'not tag in ("à la une", b)'),
        ("domain = préfet.example", "domain = xn--prfet-csa.example"),
        ("publications = le-bruit", "publication = le-bruit"),
        (
            "proches and not presse",
            "(tag = presse or tier = member) and not tag = presse",
        ),
        ("(free)", "tier = free"),
        ("everybody", "everybody"),
    ],
)
def test_a_segment_may_be_written_in_several_ways(text: str, rule: str) -> None:
    """And is kept in one; names are spelt out."""
    assert said(text) == rule


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("", "at the end of “”: a condition is expected", "fields:"),
        (
            "teir = member",
            "character 1, “teir = member”: there is no field teir",
            "tier",
        ),
        ("tier = membre", "character 8, “membre”: membre is none of free", "member?"),
        ("tier member", "character 6, “member”: after tier, =", "signs:"),
        ("tier > free", "character 6, “> free”: tier has no order", ""),
        ("tier =", "at the end of “tier =”: a value is expected", "quote it"),
        ("tag = and", "character 7, “and”: a value is expected", "quote it"),
        ("joined < demain", "character 10, “demain”: demain is no date", ""),
        ("joined < 0001-01-01", "is no date", ""),
        ("replies > many", "many is no number", ""),
        ("replies within 3", "no day: “within” fits joined", ""),
        ("joined within 3 moons", "character 15, “3 moons”: a number of days", ""),
        ("replies in (1, 2)", "compared by a sign", ""),
        ("tag in a", "character 8, “a”: a list is expected", ""),
        ("tag in (a", "the list is not closed", ""),
        ("tag not a", "“in” is expected", ""),
        ("(member", "at the end of “(member”: the bracket is not closed", ""),
        ("member free", "character 8, “free”: “and” or “or” is expected", ""),
        ("member and", "at the end of “member and”: a condition", "fields:"),
        ("tag = 'une", "character 7, “'une”: a quotation mark is left open", ""),
        ("a !", "character 3, “!”: ! means nothing here", ""),
        ("tag = ''", "is no tag", ""),
        ("domain = 'a b'", "a b is no domain", "orange.fr"),
        ("publication = le-brui", "no publication le-brui", "le-bruit?"),
        ("press", "character 1, “press”: there is no segment press", "presse?"),
        ("a", "segments name one another: a → b → a", ""),
        (
            "faux",
            "segment faux, character 1, “teir = member”: there is no field",
            "tier",
        ),
        ("(" * 30 + "free", "nested more than 20 deep", ""),
        ("not " * 30 + "free", "nested more than 20 deep", ""),
        (" or ".join(["free"] * 1000), "longer than 4,000 characters", ""),
        (f"tag in ({','.join(map(str, range(201)))})", "more than 200 values", ""),
    ],
)
def test_a_slip_is_told_at_its_place(text: str, words: str, hint: str) -> None:
    """Where it stands, what was expected there, and what might be meant."""
    with pytest.raises(InputError) as caught:
        said(text)
    assert words in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("rule", "is_in"),
    [
        ("joined = 2026-03-13", False),  # 23:30 in UTC is the 14th in Paris
        ("joined = 2026-03-14", True),
        ("joined < 2026-03-14", False),
        ("joined <= 2026-03-14", True),
        ("joined > 2026-03-13", True),
        ("joined within 1 day", True),
        ("replied < 2026-03-14", False),  # the last time counts
        ("replied = 2026-03-14", True),
        ("clicked < 2026-03-14", False),  # never is no day
        ("clicked >= 2026-03-14", False),
        ("clicks = 0 and replies = 2", True),
        ("domain = *.gouv.fr", True),
        ("domain = gouv.fr", False),
        ("language = fr and not lang in (en)", True),
        ("tag in (presse, autre) and not publication = le-bruit", True),
    ],
)
def test_a_rule_means_what_it_says(rule: str, is_in: bool) -> None:
    """Days are those of the publication; what was never done was done on no day."""
    person = Person(
        email="zoe@culture.gouv.fr",
        tier=Tier.MEMBER,
        joined=datetime(2026, 3, 13, 23, 30, tzinfo=UTC),
        language="fr",
        publications=["le-meridien"],
        tags=["presse"],
        deeds={
            Count.REPLIES: [
                datetime(2026, 3, 14, 5, tzinfo=UTC),
                datetime(2026, 3, 1, 5, tzinfo=UTC),
            ]
        },
    )
    assert matches(read_segment(rule), person, now=NOW, zone=PARIS) is is_in


def test_a_rule_tells_what_it_asks_for() -> None:
    """Every field, once, however deep it stands."""
    rule = read_segment(
        "not (member or tag = x) and clicks > 1 and clicked < 2026-01-01"
    )
    assert {str(used) for used in uses(rule)} == {"tier", "tag", "clicks", "clicked"}
    assert uses(read_segment("everybody")) == frozenset()


@pytest.mark.parametrize("text", ["", "a,b", 'a"b', "a\nb\0", "x" * 65])
def test_a_tag_is_a_short_word_or_few(text: str) -> None:
    """What a CSV or a segment could not hold is no tag."""
    with pytest.raises(InputError, match="is no tag"):
        read_tag(text)
