"""The valve: when a run stops by itself, and who waits meanwhile."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.canary import Canary, read_canary
from mailer.delivery.reply import Fault, Outcome, Verdict
from mailer.delivery.valve import UNLIMITED, Limits, Valve
from mailer.errors import InputError
from mailer.phrases import Phrase, say


def verdict(outcome: Outcome, fault: Fault = Fault.RECIPIENT) -> Verdict:
    return Verdict(outcome=outcome, fault=fault, reason=say("because"))


YES = verdict(Outcome.ACCEPTED, Fault.NONE)
NO = verdict(Outcome.REFUSED)
DOUBT = verdict(Outcome.IN_DOUBT, Fault.RELAY)
LATER = verdict(Outcome.DEFERRED)
REJECTED = verdict(Outcome.REFUSED, Fault.DOMAIN)
TOO_BIG = verdict(Outcome.REFUSED, Fault.MESSAGE)
NEWS = st.lists(
    st.sampled_from([YES, YES, YES, NO, DOUBT, LATER, REJECTED, TOO_BIG]), max_size=200
)
ONLY_RATIO = Limits(max_refusals_in_row=0, max_message_refusals=0)


def stops_at(limits: Limits, news: list[Verdict]) -> tuple[int, Phrase] | None:
    """After how many verdicts the run stops, and why."""
    valve = Valve(limits)
    for n, each in enumerate(news, 1):
        if reason := valve.observe(each, "x.example", float(n)):
            return n, reason
    return None


def test_a_run_in_which_nothing_arrives_stops_at_once() -> None:
    """Twenty in a row are enough, whatever the ratio of the days before."""
    limits = Limits(max_failure_ratio=1)
    stopped = stops_at(limits, [YES] * 5000 + [NO] * 30)
    assert stopped is not None
    assert stopped[0] == 5020
    assert stopped[1] == "20 messages in a row were not taken, the last one: because"


@pytest.mark.parametrize(
    ("every", "at"),
    [
        (100, None),  # half of what is allowed: never
        (50, None),  # just what is allowed: luck is no reason
        (20, 100),  # 5 %: after the fifth of a hundred
        (3, 15),  # a list that nobody has cleaned
    ],
)
def test_a_ratio_is_judged_with_the_luck_of_small_numbers(
    every: int, at: int | None
) -> None:
    """2 % are allowed: what chance explains does not stop a run, what it does not does."""
    news = [NO if n % every == 0 else YES for n in range(1, 20_001)]
    stopped = stops_at(Limits(), news)
    assert (stopped[0] if stopped else None) == at


def test_the_reason_says_what_was_counted_and_what_is_allowed() -> None:
    """The operator reads numbers, the setting and the last reply."""
    stopped = stops_at(ONLY_RATIO, [NO, *[YES] * 90, NO, NO, NO, NO])
    assert stopped is not None
    assert stopped[1] == (
        "5 of 95 messages were not taken (2% is the limit), the last one: because"
    )


def test_the_message_itself_is_refused_ten_times() -> None:
    """A fault of ours meets every reader: no need to ask them all."""
    news = [*[YES] * 9, TOO_BIG, *[YES] * 9, verdict(Outcome.REFUSED, Fault.OURS)] * 10
    stopped = stops_at(Limits(max_failure_ratio=1), news)
    assert stopped is not None
    assert stopped[0] == 100
    assert stopped[1].startswith("the message itself was refused 10 times")


@given(st.lists(st.sampled_from([YES, LATER]), max_size=300))
def test_acceptances_and_deferrals_stop_nothing(news: list[Verdict]) -> None:
    """However often one is asked to come back later."""
    strict = Limits(
        max_failure_ratio=0,
        max_refusals_in_row=1,
        max_message_refusals=1,
        max_domain_refusals=1,
    )
    assert stops_at(strict, news) is None


@given(NEWS)
def test_everything_passes_where_nothing_is_limited(news: list[Verdict]) -> None:
    """The limits can be turned off, each and all."""
    assert stops_at(UNLIMITED, news) is None


@given(NEWS, st.integers(1, 30))
def test_a_row_never_grows_beyond_its_limit(news: list[Verdict], k: int) -> None:
    """Whatever else is allowed, no k refusals follow one another unheard."""
    limits = Limits(max_failure_ratio=1, max_refusals_in_row=k, max_message_refusals=0)
    stopped = stops_at(limits, news)
    heard = [each for each in news if each is not LATER]
    rows = "".join("." if each is YES else "x" for each in heard)
    assert (stopped is not None) == ("x" * k in rows)


@given(NEWS, st.floats(0, 0.99))
def test_a_ratio_that_holds_stops_nobody(news: list[Verdict], ratio: float) -> None:
    """A run is stopped only when more failed than the setting says."""
    limits = Limits(
        max_failure_ratio=ratio, max_refusals_in_row=0, max_message_refusals=0
    )
    stopped = stops_at(limits, news)
    if stopped:
        seen = [each for each in news[: stopped[0]] if each is not LATER]
        failed = sum(each is not YES for each in seen)
        assert failed / len(seen) > ratio
    elif ratio == 0:
        assert all(each in (YES, LATER) for each in news)


@given(NEWS, st.data())
def test_worse_news_stop_a_run_no_later(
    news: list[Verdict], data: st.DataObject
) -> None:
    """What was accepted and is refused instead never keeps a run going."""
    better = [n for n, each in enumerate(news) if each is YES]
    if not better:
        return
    worse = list(news)
    worse[data.draw(st.sampled_from(better))] = NO
    before, after = stops_at(Limits(), news), stops_at(Limits(), worse)
    if before:
        assert after is not None
        assert after[0] <= before[0]


@given(NEWS, st.integers(0, 200))
def test_a_deferral_counts_for_nothing(news: list[Verdict], place: int) -> None:
    """Between any two verdicts it changes neither the hour nor the reason."""
    more = [*news[:place], LATER, *news[place:]]
    before, after = stops_at(Limits(), news), stops_at(Limits(), more)
    assert (before and before[1]) == (after and after[1])


# -- providers ----------------------------------------------------------------

K5 = Limits(max_domain_refusals=5, domain_wait=timedelta(minutes=30))
MINUTE = 60.0


def put_back(valve: Valve, domain: str = "orange.fr", now: float = 0.0) -> None:
    for _ in range(5):
        valve.observe(REJECTED, domain, now)


def test_a_provider_that_rejects_us_is_put_back_alone() -> None:
    """Five in a row, and its readers wait half an hour; everybody else goes."""
    valve = Valve(K5)
    for _ in range(4):
        valve.observe(REJECTED, "orange.fr", 0.0)
    assert valve.wait("orange.fr", 0.0) == 0.0
    valve.observe(REJECTED, "orange.fr", 0.0)
    assert valve.wait("orange.fr", 10 * MINUTE) == 20 * MINUTE
    assert valve.wait("free.fr", 10 * MINUTE) == 0.0


def test_a_dead_address_is_not_its_providers_fault() -> None:
    """Unknown readers of one domain do not make the others wait."""
    valve = Valve(UNLIMITED)
    for _ in range(50):
        valve.observe(NO, "orange.fr", 0.0)
    assert valve.wait("orange.fr", 0.0) == 0.0
    valve = Valve(K5)
    for _ in range(50):
        valve.observe(NO, "orange.fr", 0.0)
    assert valve.wait("orange.fr", 0.0) == 0.0


def test_one_reader_asks_whether_the_wait_is_over() -> None:
    """The others wait for that answer; accepted opens the way for all."""
    valve = Valve(K5)
    put_back(valve)
    after = 31 * MINUTE
    assert valve.wait("orange.fr", after) == 0.0
    assert valve.wait("orange.fr", after) == 11 * MINUTE
    valve.observe(YES, "orange.fr", after + 1)
    assert valve.wait("orange.fr", after + 1) == 0.0
    assert valve.wait("orange.fr", after + 1) == 0.0


def test_rejected_again_it_waits_twice_as_long() -> None:
    """Half an hour, one, two, four hours, and never longer."""
    valve = Valve(K5)
    put_back(valve)
    now, waits = 0.0, []
    for _ in range(5):
        now += valve.wait("orange.fr", now)
        assert valve.wait("orange.fr", now) == 0.0
        valve.observe(REJECTED, "orange.fr", now)
        waits.append(valve.wait("orange.fr", now) / 3600)
    assert waits == [1, 2, 4, 4, 4]


@pytest.mark.parametrize("answer", [LATER, NO, DOUBT])
def test_no_answer_to_the_question_lets_the_next_one_ask(answer: Verdict) -> None:
    """A dead address or a full mailbox says nothing about us."""
    valve = Valve(K5)
    put_back(valve)
    after = 31 * MINUTE
    assert valve.wait("orange.fr", after) == 0.0
    valve.observe(answer, "orange.fr", after)
    assert valve.wait("orange.fr", after) == 0.0
    assert valve.wait("orange.fr", after) > 0.0


def test_a_reader_who_never_comes_back_holds_up_nobody() -> None:
    """Who left while they were to ask is replaced after the longest reply."""
    valve = Valve(K5)
    put_back(valve)
    after = 31 * MINUTE
    assert valve.wait("orange.fr", after) == 0.0
    assert valve.wait("orange.fr", after + 11 * MINUTE) == 0.0


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([YES, NO, REJECTED])),
        max_size=80,
    )
)
def test_who_is_accepted_in_between_is_never_put_back(
    news: list[tuple[str, Verdict]],
) -> None:
    """A provider waits only after five rejections without an acceptance."""
    valve = Valve(K5)
    row = {"a": 0, "b": 0}
    for tick, (domain, each) in zip(count(), news, strict=False):
        valve.observe(each, domain, float(tick))
        if each is YES:
            row[domain] = 0
        row[domain] += each is REJECTED
        assert (valve.wait(domain, float(tick)) > 0) == (row[domain] >= 5)


# -- the canary ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "audience", "size"),
    [
        (["1%"], 8430, 85),
        (["1 %"], 20, 1),
        (["0.5%"], 1_000_000, 5000),
        (["50"], 8430, 50),
        (["50"], 10, 10),
        ([], 8430, 0),
        ([""], 8430, 0),
    ],
)
def test_a_canary_is_a_share_or_a_number(
    words: list[str], audience: int, size: int
) -> None:
    """Rounded up, so that somebody goes ahead, and never more than there are."""
    canary = read_canary(words)
    assert canary.size(audience) == size
    assert bool(canary) == bool(size)


def test_named_readers_go_ahead() -> None:
    """Addresses as people type them, each once."""
    canary = read_canary(["Claire <claire@Exemple.fr>", "claire@exemple.fr", "b@x.fr"])
    assert canary == Canary(seeds=("claire@exemple.fr", "b@x.fr"))


@pytest.mark.parametrize("words", [["0"], ["0%"], ["101%"], ["some"], ["1%", "a@x.fr"]])
def test_what_is_no_canary_is_told(words: list[str]) -> None:
    """With the forms that can be read."""
    with pytest.raises(InputError, match="1%, 50, or addresses"):
        read_canary(words)


@given(st.one_of(st.integers(1, 10**6).map(str), st.integers(1, 99).map("{}%".format)))
def test_a_canary_is_written_as_it_is_read(text: str) -> None:
    """What the settings show can be copied."""
    assert str(read_canary([text])) == text
