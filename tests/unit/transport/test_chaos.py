"""Chaos as values: how whims are written, and when they have their way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import ConfigError, InputError
from mailer.transport.chaos import EXAMPLES, Chaos, Occasion
from mailer.transport.whims import Act, Moment, read_whim
from mailer.trial import read_chaos

ROOT = Path(__file__).parents[3]


def at_rcpt(
    recipient: str = "r@x.example", *, now: float = 0, connection: int = 1
) -> Occasion:
    return Occasion(
        moment=Moment.RCPT,
        connection=connection,
        now=now,
        sender="a@m.example",
        recipients=("other@y.example", recipient),
    )


def verdicts(text: str, occasions: list[Occasion], *, seed: int = 0) -> str:
    """A letter per occasion: x where the whim had its way, a dot elsewhere."""
    chaos = Chaos([read_whim(text)], seed=seed)
    return "".join("x" if chaos.decide(each) else "." for each in occasions)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("", "xxxxxxxx"),
        ("@once", "x......."),
        ("@first=3", "xxx....."),
        ("@every=3", "..x..x.."),
        ("@after=5", ".....xxx"),
        ("@after=2,first=3", "..xxx..."),
        ("@after=1,every=3", "...x..x."),
        ("@100%", "xxxxxxxx"),
        ("@0%", "........"),
        ("@after=5/min", ".....xxx"),
        ("@after=2,per=connection", "..xx..xx"),
    ],
)
def test_conditions_count_occasions(when: str, expected: str) -> None:
    """Counts begin at one; `after` waits for so many first, `first` counts from there."""
    occasions = [at_rcpt(connection=1 + n // 4) for n in range(8)]
    assert verdicts(f"rcpt:550 5.1.1{when}", occasions) == expected


def test_a_limit_lets_so_many_through_in_any_such_time() -> None:
    """Ten a minute is ten in each sixty seconds; what was refused does not count."""
    occasions = [at_rcpt(now=now) for now in (0, 10, 20, 30, 59, 61, 62, 71, 200)]
    assert verdicts("rcpt:450 4.7.1@after=2/min", occasions) == "..xxx.x.."


def test_counts_are_kept_apart() -> None:
    """Per domain and per recipient each has its own; domains are compared in any case."""
    domains = [at_rcpt(f"{n}@{d}") for n in range(2) for d in ("a.fr", "A.FR", "b.fr")]
    assert verdicts("rcpt:450@after=2,per=domain", domains) == "...xx."
    readers = [at_rcpt(each) for each in ("a@x.fr", "b@x.fr", "a@x.fr", "b@x.fr")]
    assert verdicts("rcpt:450@first=1,per=recipient", readers) == "xx.."


@pytest.mark.parametrize(
    ("who", "expected"),
    [("x.fr", "x.x."), ("*.fr", "xxx."), ("jean@*", "x..x"), ("JEAN@x.fr", "x...")],
)
def test_a_pattern_names_domains_or_addresses(who: str, expected: str) -> None:
    """Without an @ a pattern is of domains, whole, with * for anything."""
    who_comes = ("jean@X.fr", "a@y.fr", "a@x.fr", "jean@x.example")
    occasions = [at_rcpt(each) for each in who_comes]
    assert verdicts(f"{who}/rcpt:550", occasions) == expected


def test_greylisting_opens_after_its_time_and_stays_open() -> None:
    """The same sender and recipient come through five minutes after their first try."""
    chaos = Chaos([read_whim("rcpt:greylist 5m")])
    said = [chaos.decide(at_rcpt(now=now)) for now in (0, 100, 299, 300, 301)]
    assert [each.text[:9] if each else "" for each in said] == ["450 4.7.1"] * 3 + [
        ""
    ] * 2
    assert "200 s" in said[1].text
    assert chaos.decide(at_rcpt("new@x.example", now=301))


def test_the_first_whim_that_fits_has_it() -> None:
    """Later whims are not asked, and do not count what never reached them."""
    chaos = Chaos(map(read_whim, ("rcpt:550@every=2", "rcpt:450@every=2")))
    said = [chaos.decide(at_rcpt()) for _ in range(4)]
    assert [each.text[:3] if each else "" for each in said] == ["", "550", "450", "550"]


@given(st.integers(), st.integers(0, 100))
@settings(max_examples=30)
def test_a_seed_does_the_same_again(seed: int, percent: int) -> None:
    """Chance is repeatable, and about as often as it was said."""
    occasions = [at_rcpt() for _ in range(400)]
    once = verdicts(f"rcpt:drop@{percent}%", occasions, seed=seed)
    assert once == verdicts(f"rcpt:drop@{percent}%", occasions, seed=seed)
    assert abs(once.count("x") / 4 - percent) < 15


def test_what_was_done_is_told() -> None:
    """The newest first, each with whom it concerned; whims that never acted are told too."""
    chaos = Chaos(map(read_whim, ("x.fr/rcpt:550", "dot:drop")))
    for number, email in enumerate(("a@x.fr", "b@y.fr", "c@x.fr")):
        chaos.decide(at_rcpt(email, now=number))
    assert chaos.told() == [("x.fr/rcpt:550", 2), ("dot:drop", 0)]
    told = [(each.recipient, each.moment, each.did) for each in chaos.incidents()]
    assert told == [(e, "rcpt", "x.fr/rcpt:550") for e in ("c@x.fr", "a@x.fr")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rctp:550", "did you mean rcpt?"),
        ("rcpt:drp", "did you mean drop?"),
        ("rcpt:550@evry=3", "did you mean every?"),
        ("starttls:certificate expird", "did you mean expired?"),
        ("rcpt:550 4.1.1 no", "550 5.1.1"),
        ("rcpt:999", "200 to 599"),
        ("rcpt:drop@20", "@20%"),
        ("rcpt:drop@120%", "20%, once"),
        ("rcpt:drop@once,once", "twice"),
        ("rcpt:drop@after=3/week", "5000/h"),
        ("rcpt:accept-drop", "dot:accept-drop"),
        ("dot:accept-delay 3s", "means nothing"),
        ("body:garbage", "connect, ehlo"),
        ("dot:delay", "delay 30s"),
        ("ehlo:size many", "size 50000"),
        ("ehlo:without", "PIPELINING"),
        ("rcpt:drop 3", "drop@20%"),
        ("x.fr/mail:drop", "from rcpt on"),
        ("mail:drop@per=domain", "per=connection"),
        ("nonsense", "a moment and what happens"),
        ("rcpt:", "a moment and what happens"),
    ],
)
def test_what_is_written_wrong_is_told_with_a_way_out(text: str, said: str) -> None:
    """The message or its hint says how it is written."""
    with pytest.raises(InputError) as caught:
        read_whim(text)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_an_at_in_the_words_of_a_reply_is_a_word() -> None:
    """Relays quote addresses; a condition still comes after the last @."""
    whim = read_whim("rcpt:550 5.1.1 <a@b.example> unknown@20%")
    assert whim.behaviour.text == "550 5.1.1 <a@b.example> unknown"
    assert whim.when.chance == 0.2
    assert read_whim("rcpt:550 5.1.1 no a@b.example").when.chance == 1


_SCRAPS = st.sampled_from(
    [*Moment, *Act, *":/@,=% ", "accept-", "550 5.1.1", "20", "every", "per", "once"]
)


@given(st.lists(st.one_of(_SCRAPS, st.text(max_size=4)), max_size=9).map("".join))
@settings(max_examples=200)
def test_no_text_breaks_the_language(text: str) -> None:
    """Anything is a whim or an InputError; a whim remembers how it was written."""
    with suppress(InputError):
        assert read_whim(text).text == text.strip()


def test_a_file_lists_whims_and_a_seed(tmp_path: Path) -> None:
    """Whims of the command and of files add up; a seed that was said wins."""
    (tmp_path / "storm.toml").write_text('seed = 7\nchaos = ["dot:drop@5%"]\n')
    chaos = read_chaos(["rcpt:550", "storm.toml"], start=tmp_path, seed=None)
    assert [text for text, _ in chaos.told()] == ["rcpt:550", "dot:drop@5%"]
    assert chaos.seed == 7
    assert read_chaos(["storm.toml"], start=tmp_path, seed=3).seed == 3
    assert read_chaos([], start=tmp_path, seed=3) is None


@pytest.mark.parametrize(
    "text",
    ["chaos = 3", "whims = []", "chaos = [1]", "chaos", 'seed = "x"\nchaos = []'],
)
def test_a_file_that_is_no_chaos_is_told(tmp_path: Path, text: str) -> None:
    """What cannot be used is named with its file."""
    (tmp_path / "storm.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"storm\.toml"):
        read_chaos(["storm.toml"], start=tmp_path, seed=None)
    (tmp_path / "storm.toml").write_text('chaos = ["rcpt:drp"]')
    with pytest.raises(InputError, match=r"storm\.toml"):
        read_chaos(["storm.toml"], start=tmp_path, seed=None)


def test_the_manual_shows_the_examples_as_they_are() -> None:
    """docs/trial.md has a row for each, with the same meaning."""
    manual = (ROOT / "docs" / "trial.md").read_text(encoding="utf-8")
    for text, meaning in EXAMPLES:
        assert f"| `{text}` | {meaning} |" in manual
