"""What is said to people: English at once, and what it was made of for the edge."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.phrases import Phrase, kilobytes, lasting, names_in, say, say_many, verbatim


def test_a_phrase_is_its_english_text() -> None:
    """Whatever takes a text takes a phrase."""
    said = say("no author {key}", key="claire")
    assert said == "no author claire"
    assert f"{said}!" == "no author claire!"
    assert {said: 1}["no author claire"] == 1
    assert (said.english, dict(said.values)) == ("no author {key}", {"key": "claire"})


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{ignore: [rule-id]} is expected", {}, "{ignore: [rule-id]} is expected"),
        ("nothing fills {{ {name} }}", {"name": "mail"}, "nothing fills {{ mail }}"),
        ("{name} and {date} are filled", {}, "{name} and {date} are filled"),
        ("{name} or {other}", {"name": "a"}, "a or {other}"),
        ("{a}{b}", {"a": "{b}", "b": "{a}"}, "{b}{a}"),
        ("100 % of {}", {"n": 1}, "100 % of {}"),
        ("{path}", {"path": Path("a/b")}, "a/b"),
        ("{count} bytes", {"count": 1234567}, "1,234,567 bytes"),
        ("{day}", {"day": date(2026, 3, 4)}, "Wednesday, March 4, 2026"),
        ("{ratio}", {"ratio": 4.5}, "4.5"),
        ("{ratio}", {"ratio": 1234.0}, "1,234"),
    ],
)
def test_only_a_named_value_is_filled_in(
    template: str, values: dict[str, object], text: str
) -> None:
    """Every other brace stands for itself, those of values as well."""
    assert say(template, **values) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors")]
)
def test_a_count_chooses_the_sentence(count: int, text: str) -> None:
    """English says one error, and none or several errors."""
    said = say_many("{count} error", "{count} errors", count)
    assert said == text
    assert (said.english, said.plural, said.number) == (
        "{count} error",
        "{count} errors",
        count,
    )


def test_a_phrase_within_a_phrase_stays_one() -> None:
    """Also where an exception carried it."""
    inner = say("{value} is no date", value="x")
    outer = say("{key}: {fault}", key="date", fault=ValueError(inner))
    assert outer == "date: x is no date"
    assert outer.values["fault"] is inner
    assert say("{fault}", fault=OSError(2, "gone")) == "[Errno 2] gone"


def test_a_phrase_does_not_change() -> None:
    """It is a value, as the findings that hold it are."""
    said = say("{a}", a=1)
    with pytest.raises(AttributeError):
        said.english = "other"
    with pytest.raises(TypeError):
        said.values["a"] = 2  # type: ignore[index]


@given(
    st.text(max_size=30),
    st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.dates()),
    st.integers(),
)
def test_a_phrase_travels(template: str, values: dict[str, object], count: int) -> None:
    """Copied or pickled it is the same, whatever was typed into it."""
    said = say_many(template, template + "s", count, **values)
    for twin in (pickle.loads(pickle.dumps(said)), copy.deepcopy(said)):  # noqa: S301
        assert isinstance(twin, Phrase)
        assert twin == said
        assert (twin.english, twin.plural, twin.number) == (
            said.english,
            said.plural,
            said.number,
        )
        assert twin.values == said.values


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (3.24, "3.2 s"),
        (45.4, "45 s"),
        (725, "12 min 5 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_are_said_as_roughly_as_one_would(seconds: float, text: str) -> None:
    """Nobody wants the tenth of a second of an hour."""
    assert lasting(seconds) == text


def test_sizes_are_whole_kilobytes() -> None:
    """As every mail program shows them."""
    assert kilobytes(100 * 1024 + 1) == "100 KB"


def test_the_names_of_a_template_can_be_asked_for() -> None:
    """A translation must have the same ones."""
    assert names_in("{count} of {{ x }} {only=free} {name}") == {"count", "name"}


def test_what_others_said_is_kept_word_for_word() -> None:
    """Braces and all; what was a phrase stays one."""
    assert verbatim("relay said {name}") == "relay said {name}"
    inner = say("no author {key}", key="x")
    assert verbatim(ValueError(inner)) is inner
    assert isinstance(verbatim(OSError("gone")), Phrase)
