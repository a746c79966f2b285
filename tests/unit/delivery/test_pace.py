"""When the next message of a lane may go over a relay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.lanes import SHIPPED
from mailer.delivery.limiter import FIRST_PAUSE, UNKNOWN
from mailer.delivery.pace import (
    EVERY,
    Kind,
    LanePace,
    Pace,
    RelayPace,
    Slowed,
    asks_to_slow,
)
from mailer.delivery.quota import LEASE, LOST, Quotas
from mailer.delivery.reply import Attempt, Reply, Stage, judge
from mailer.delivery.sharing import PaceState, meet
from mailer.delivery.throttle import Rate, read_rate

START = 1_773_468_000.0
LANES = {name: LanePace(domains=domains) for name, domains in SHIPPED.items()}


def pace(
    relays: dict[str, str] | None = None, lanes: dict[str, str] | None = None
) -> Pace:
    """A pace by rates: ``{"principal": "20/s"}, {"orange": "4/s"}``."""
    slow = {
        name: LanePace(domains=SHIPPED[name], rate=read_rate(rate))
        for name, rate in (lanes or {}).items()
    }
    return Pace(
        relays={
            name: RelayPace(rate=read_rate(rate) if rate else None)
            for name, rate in (relays or {"principal": ""}).items()
        },
        lanes={**LANES, **slow},
        worker="a",
    )


def said(relay: str, reply: Reply | None, stage: Stage = Stage.DOT) -> Attempt:
    return Attempt(relay=relay, stage=stage, reply=reply)


OK = Reply(250, "queued", "2.0.0")
TOO_FAST = Reply(421, "sending too fast", "4.7.28")
RELAY_FULL = Reply(421, "too many connections", "4.7.1")


# -- lanes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "lane"),
    [
        ("wanadoo.fr", "orange"),
        ("GoogleMail.com", "gmail"),
        ("hotmail.fr", "microsoft"),
        ("neuf.fr", "sfr"),
        ("aol.com", "yahoo"),
        ("example.org", "example.org"),
        ("Example.ORG", "example.org"),
        ("orange.fr.example", "orange.fr.example"),
    ],
)
def test_a_domain_has_a_lane(domain: str, lane: str) -> None:
    """Its provider's; one of its own if it belongs to none we know."""
    assert pace().lane(domain) == lane


def test_no_domain_is_in_two_shipped_lanes() -> None:
    """Each is written once, as it stands in addresses."""
    domains = [domain for lane in SHIPPED.values() for domain in lane]
    assert len(domains) == len(set(domains))
    assert all(domain == domain.lower() for domain in domains)


# -- what limits ---------------------------------------------------------------------


def test_without_settings_nothing_waits() -> None:
    """And nothing needs to be kept."""
    free = pace()
    for _ in range(100):
        assert free.ready("principal", "orange", START) == 0.0
        free.spend("principal", "orange", START)
    assert not free.wants(START + 60)
    assert free.ready("unheard-of", "orange", START) == 0.0


def test_relay_and_lane_both_hold() -> None:
    """The slower one decides; other lanes and relays are not kept waiting."""
    both = pace({"principal": "10/s", "secours": ""}, {"orange": "1/s"})
    both.spend("principal", "orange", START)
    assert both.ready("principal", "orange", START) == pytest.approx(0.95, abs=1e-6)
    assert both.ready("principal", "gmail", START) == pytest.approx(0.05, abs=1e-6)
    assert both.ready("secours", "gmail", START) == 0.0


def test_a_lane_holds_over_all_relays_together() -> None:
    """A provider counts what comes from us, whichever relay brings it."""
    both = pace({"principal": "", "secours": ""}, {"orange": "1/s"})
    both.spend("principal", "orange", START)
    assert both.ready("secours", "orange", START) > 0.9


@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.5),
            st.sampled_from(["principal", "secours"]),
            st.sampled_from(["orange", "gmail", "x.example"]),
            st.sampled_from(["send", "send", "send", "slowed", "took", "down"]),
        ),
        max_size=80,
    )
)
def test_no_rate_is_ever_exceeded(events) -> None:
    """In any window, for relay and lane, whatever is heard in between."""
    both = pace({"principal": "10/s", "secours": "3/s"}, {"orange": "4/s"})
    now, gone = START, []
    for wait, relay, lane, event in events:
        now += wait
        match event:
            case "send" if both.ready(relay, lane, now) == 0.0:
                both.spend(relay, lane, now)
                gone.append((now, relay, lane))
            case "slowed":
                both.slowed(relay, lane, now)
            case "down":
                both.slowed(relay, None, now)
            case "took":
                both.took(relay, lane, now)
    for key, rate in (("principal", 10), ("secours", 3), ("orange", 4)):
        moments = [moment for moment, *names in gone if key in names]
        for n, first in enumerate(moments):
            for m, last in enumerate(moments[n:]):
                assert m + 1 <= rate * (last - first + 0.05 + 1e-6) + 1


@pytest.mark.parametrize("rate", ["1/s", "20/s", "1000/s"])
def test_the_pace_of_a_whole_run_is_exact(rate: str) -> None:
    """Many connections that wake late: relay and lane are kept to 2 %, over a long run."""
    both = pace({"principal": rate}, {"orange": rate})
    per_second = read_rate(rate).per_second
    now, sent, span = START, 0, max(2000 / per_second, 10)
    while now < START + span:
        wait = both.ready("principal", "orange", now)
        if wait:
            now += wait + 0.001 + (0.03 if sent % 97 == 0 else 0)
        else:
            both.spend("principal", "orange", now)
            sent += 1
    assert sent == pytest.approx(span * per_second, rel=0.02, abs=1)


# -- who objects -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "stage", "kind"),
    [
        (TOO_FAST, Stage.DOT, Kind.LANE),
        (Reply(451, "[TSS04] Messages temporarily deferred", "4.7.0"), Stage.MAIL, Kind.LANE),
        (Reply(421, "RP-001 exceeded the rate limit"), Stage.RCPT, Kind.LANE),
        (RELAY_FULL, Stage.CONNECT, Kind.RELAY),
        (Reply(421, "closing", "4.3.0"), Stage.MAIL, Kind.RELAY),
        (Reply(454, "Throttling failure: Maximum sending rate"), Stage.DOT, Kind.RELAY),
        (Reply(421, "timeout exceeded", "4.4.2"), Stage.MAIL, None),
        (Reply(450, "greylisted", "4.2.0"), Stage.RCPT, None),
        (Reply(452, "mailbox full", "4.2.2"), Stage.RCPT, None),
        (Reply(550, "spam", "5.7.1"), Stage.DOT, None),
        (Reply(550, "no such user", "5.1.1"), Stage.RCPT, None),
        (OK, Stage.DOT, None),
        (None, Stage.MAIL, None),
        (None, Stage.DOT, None),
    ],
)  # fmt: skip
def test_whom_a_reply_asks_to_slow_down(reply, stage, kind) -> None:
    """4.7.x is the provider's word, 421 the relay's; silence is nobody's."""
    attempt = said("principal", reply, stage)
    assert asks_to_slow(attempt, judge(attempt)) is kind


def test_a_provider_slows_its_own_lane() -> None:
    """Only its readers wait, over any relay; the news is told once."""
    run = pace({"principal": "", "secours": ""})
    for n in range(200):
        run.spend("principal", "orange", START + n / 20)
    now = START + 10
    attempt = said("principal", TOO_FAST)
    news = run.heard(attempt, judge(attempt), "orange", now)
    assert news == Slowed(
        kind=Kind.LANE, name="orange", rate=pytest.approx(10, rel=0.05), pause=5.0
    )
    assert run.heard(attempt, judge(attempt), "orange", now + 0.1) is None
    assert run.ready("principal", "orange", now) == FIRST_PAUSE
    assert run.ready("secours", "orange", now) == FIRST_PAUSE
    assert run.ready("principal", "gmail", now) == 0.0


def test_a_relay_slows_every_lane_it_carries() -> None:
    """And no other relay."""
    run = pace({"principal": "20/s", "secours": ""})
    attempt = said("principal", RELAY_FULL, Stage.CONNECT)
    news = run.heard(attempt, judge(attempt), "orange", START)
    assert news is not None
    assert (news.kind, news.name, news.rate) == (Kind.RELAY, "principal", 10.0)
    assert run.ready("principal", "gmail", START) == FIRST_PAUSE
    assert run.ready("secours", "gmail", START) == 0.0


def test_a_domain_without_a_lane_can_be_slowed_too() -> None:
    """A small provider has a word of its own."""
    run = pace()
    run.spend("principal", run.lane("small.example"), START)
    assert run.slowed("principal", "small.example", START) is not None
    assert run.ready("principal", "small.example", START) == FIRST_PAUSE
    assert run.ready("principal", "other.example", START) == 0.0


def test_acceptances_bring_a_lane_back() -> None:
    """Until the limit that nobody configured is gone."""
    run = pace()
    run.slowed("principal", "orange", START)
    now = START + FIRST_PAUSE
    ok = said("principal", OK)
    for _ in range(2000):
        now += 0.5
        run.heard(ok, judge(ok), "orange", now)
    assert [s for s in run.rates(now) if s.name == "orange"] == []


def test_a_pause_does_not_count_as_slowness() -> None:
    """Slowed again and again, a lane is halved; what pauses kept back proves nothing."""
    run = pace()
    for n in range(1000):
        run.spend("principal", "orange", START + n / 100)
    now, rates = START + 10, []
    for _ in range(4):
        news = run.slowed("principal", "orange", now)
        assert news is not None
        rates.append(news.rate)
        now += news.pause
        run.spend("principal", "orange", now)
    assert rates == pytest.approx([50, 25, 12.5, 6.25], rel=0.1)


def test_what_goes_is_measured_over_all_processes() -> None:
    """One of two that share sees half of it, and speaks for both."""
    run = pace()
    run.share(0.5)
    for n in range(1000):
        run.spend("principal", "orange", START + n / 100)
    news = run.slowed("principal", "orange", START + 10)
    assert news is not None
    assert news.rate == pytest.approx(100, rel=0.05)
    run.spend("principal", "orange", START + 20)
    assert run.ready("principal", "orange", START + 20) == 0.0  # 1/50 s, made good
    for _ in range(3):
        run.spend("principal", "orange", START + 20)
    assert run.ready("principal", "orange", START + 20) == pytest.approx(0.03, abs=1e-5)


def test_an_idle_hour_does_not_count_as_slowness() -> None:
    """What is measured are the last seconds in which messages went."""
    run = pace()
    for n in range(1000):
        run.spend("principal", "orange", START + 3600 + n / 100)
    news = run.slowed("principal", "orange", START + 3610)
    assert news is not None
    assert news.rate == pytest.approx(50, rel=0.05)


def test_strangers_do_not_fill_the_memory() -> None:
    """A hundred thousand domains in one run are not all measured."""
    run = pace()
    for n in range(100_000):
        run.spend("principal", f"d{n}.example", START + n / 1e5)
    counted = run._now_going[1]
    assert len(counted) <= 4096


def test_an_objection_to_the_first_message_is_no_measure() -> None:
    """One message in a hundredth of a second is not one a second: none could crawl."""
    run = pace()
    run.spend("principal", "gmail", START)
    run.slowed("principal", None, START + 0.01)
    (standing,) = run.rates(START)
    assert standing.rate == UNKNOWN / 2


def test_rates_for_people() -> None:
    """Relays always; lanes that have a pace, or were slowed."""
    run = pace({"principal": "20/s"}, {"orange": "4/s"})
    run.slowed("principal", "gmail", START)
    shown = {
        (s.kind, s.name): (s.configured, s.rate, s.pause) for s in run.rates(START)
    }
    assert shown == {
        (Kind.RELAY, "principal"): (20.0, 20.0, 0.0),
        (Kind.LANE, "orange"): (4.0, 4.0, 0.0),
        (Kind.LANE, "gmail"): (None, UNKNOWN / 2, FIRST_PAUSE),
    }


# -- looking ahead ------------------------------------------------------------------------


def test_a_backlog_is_spread_by_its_lane() -> None:
    """The hundredth reader at orange goes in 25 s at 4/s; at gmail now."""
    run = pace({"principal": ""}, {"orange": "4/s"})
    assert run.eta(None, "orange", 100, START) == pytest.approx(24.7, abs=0.1)
    assert run.eta("principal", "gmail", 100, START) == 0.0
    assert run.eta("principal", "orange", 1, START) == 0.0
    assert run.eta("principal", "orange", 0, START) == 0.0
    slow = pace({"principal": "2/s"}, {"orange": "4/s"})
    assert slow.eta("principal", "orange", 100, START) == pytest.approx(49.5, abs=0.1)
    assert slow.eta("secours", "orange", 100, START) == pytest.approx(24.7, abs=0.1)


def test_a_spent_quota_is_foreseen() -> None:
    """What does not fit goes when there is room again."""
    run = Pace(relays={"principal": RelayPace(quotas=Quotas(hourly=10))}, worker="a")
    exchange(run, PaceState(), START)
    assert run.eta("principal", "orange", 10, START) == 0.0
    state = PaceState()
    for _ in range(10):
        state = exchange(run, state, START)
        if run.ready("principal", "orange", START) == 0.0:
            run.spend("principal", "orange", START)
    exchange(run, state, START)
    assert run.eta("principal", "orange", 3, START) == 3660.0


# -- kept and shared ------------------------------------------------------------------------


def exchange(
    run: Pace, state: PaceState, now: float, *, leaving: bool = False
) -> PaceState:
    answer = meet(state, run.report(now, leaving=leaving))
    run.adopt(answer, now)
    return answer.state


def test_a_restart_knows_the_pace() -> None:
    """Killed and started again: the lane is as slow as it was, and pauses on."""
    run = pace({"principal": "20/s"})
    run.slowed("principal", "orange", START)
    run.slowed("principal", None, START)
    state = exchange(run, PaceState(), START + 1)
    again = pace({"principal": "20/s"})
    exchange(again, state, START + 2)
    assert again.rates(START + 2) == run.rates(START + 2)
    assert again.ready("principal", "gmail", START + 2) == FIRST_PAUSE - 2


def test_a_slow_down_is_kept_though_nothing_goes() -> None:
    """The last thing before a crash may have been somebody's objection."""
    run = pace()
    exchange(run, PaceState(), START)
    run.slowed("principal", "orange", START + 1)
    assert run.wants(START + EVERY)


def test_a_restart_is_no_gift_at_a_slow_rate() -> None:
    """At 20 an hour the next message waits, whoever sends it."""
    run = pace({"principal": "20/h"}, {"orange": "10/h"})
    run.spend("principal", "orange", START)
    state = exchange(run, PaceState(), START + 2)
    again = pace({"principal": "20/h"}, {"orange": "10/h"})
    again.worker = "b"
    exchange(again, state, START + LOST + 3)
    assert again.ready("principal", "gmail", START) == pytest.approx(180, abs=0.1)
    assert again.ready("principal", "orange", START) == pytest.approx(360, abs=0.1)


def test_two_processes_halve_the_rate() -> None:
    """While both are at work; the newcomer waits until the other has made room."""
    one, two = pace({"principal": "10/s"}), pace({"principal": "10/s"})
    two.worker = "b"
    state, now, sent = PaceState(), START, []
    while now < START + 60:
        for run in (one, two) if START + 10.5 <= now < START + 40 else (one,):
            if run is two and now - START < 10.505:
                state = exchange(two, state, now)  # as at its start
            if run.wants(now):
                state = exchange(run, state, now)
            if run.ready("principal", "orange", now) == 0.0:
                run.spend("principal", "orange", now)
                sent.append((now, run.worker))
        now += 0.01
    for begin in range(590):
        window = [t for t, _ in sent if 0 <= t - START - begin / 10 < 1]
        assert len(window) <= 10 + 2  # one for each at the edges
    steady = [w for t, w in sent if START + 20 <= t < START + 40]
    assert len(steady) == pytest.approx(200, abs=4)
    assert steady.count("b") == pytest.approx(100, abs=3)
    # After the other was silent for a while, all of it is ours again.
    assert [w for t, w in sent if t > START + 58].count("a") == pytest.approx(20, abs=2)


def test_an_old_word_does_not_undo_a_new_one() -> None:
    """Who reports late, of an earlier slow-down, does not speed the lane up again."""
    one, two = pace({"principal": "20/s"}), pace({"principal": "20/s"})
    two.worker = "b"
    one.slowed("principal", None, START)
    two.slowed("principal", None, START + 5)
    two.slowed("principal", None, START + 15)
    state = exchange(one, exchange(two, PaceState(), START + 16), START + 17)
    assert state.relays["principal"].rate == 5.0
    assert one.rates(START + 17)[0].rate == 5.0


def test_what_one_process_hears_all_obey() -> None:
    """The provider does not care which of our processes it told."""
    one, two = pace(), pace()
    two.worker = "b"
    state = exchange(two, exchange(one, PaceState(), START), START)
    one.slowed("principal", "orange", START + 1)
    state = exchange(two, exchange(one, state, START + 2), START + 2)
    assert two.ready("principal", "orange", START + 2) == FIRST_PAUSE - 1


def test_a_recovered_lane_stays_recovered() -> None:
    """What is still kept of an old slow-down does not slow again."""
    run = pace()
    run.slowed("principal", "orange", START)
    state, now = exchange(run, PaceState(), START), START + FIRST_PAUSE
    for _ in range(2000):
        now += 0.5
        run.took("principal", "orange", now)
        if run.wants(now):
            state = exchange(run, state, now)
    state = exchange(run, state, now)
    exchange(run, state, now + EVERY)
    assert run.ready("principal", "orange", now) == 0.0
    assert [s for s in run.rates(now) if s.kind is Kind.LANE] == []
    again = pace()
    exchange(again, state, now)
    assert [s for s in again.rates(now) if s.kind is Kind.LANE] == []


def test_who_only_looks_changes_nothing() -> None:
    """`mailer relays` beside a running sender reads, and books nothing."""
    run = Pace(
        relays={"principal": RelayPace(quotas=Quotas(hourly=100, daily=900))},
        worker="a",
    )
    state = exchange(run, PaceState(), START)
    run.spend("principal", "orange", START)
    state = exchange(run, state, START + 1)
    onlooker = Pace(
        relays={"principal": RelayPace(quotas=Quotas(hourly=100, daily=900))}
    )
    onlooker.restore(state, START + 1)
    used = onlooker.usage(START + 1)["principal"]
    assert used.last_hour == used.last_day == 1 + state.accounts["principal"].held
    assert (
        onlooker.usage(START + 99_999)["principal"].last_day
        == state.accounts["principal"].held
    )


def test_reports_are_rare() -> None:
    """Every other second while something is limited, not for every message."""
    run, state, reports = pace({"principal": "100/s"}), PaceState(), 0
    for n in range(1000):
        now = START + n / 100
        run.spend("principal", "orange", now)
        if run.wants(now):
            state = exchange(run, state, now)
            reports += 1
    assert reports == 5


def test_a_lease_ends_before_its_process_is_given_up() -> None:
    """Else somebody could send on a credit that was written off, or given to others."""
    assert EVERY * 2 < LEASE < LOST


def test_rates_are_per_second() -> None:
    """20/min is a third of a message a second."""
    assert Rate(count=20, unit="min").per_second == pytest.approx(1 / 3)
