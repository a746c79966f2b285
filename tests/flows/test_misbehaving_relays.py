"""Every way in which a trial relay can misbehave, and what the ledger says afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailer.delivery.report import Tally
from mailer.flows.ports import RunState
from mailer.flows.sending.send import send
from mailer.flows.sending.traffic import Traffic
from mailer.transport.certificates import contexts_for_trials
from mailer.transport.chaos import EXAMPLES, Chaos
from mailer.transport.protection import Security
from mailer.transport.whims import Moment, read_whim
from tests.flows.conftest import Desk
from tests.relay import ScriptedRelay, smtp_relay, waiting

DOMAINS = ("orange.fr", "free.example", "hotmail.example", "lecteurs.example")
SEED = 1
WAITS = ("stall", "endless")


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a run came to: the ledger's count, the relay's copies, and how often it fell."""

    tally: Tally
    copies: Counter[str]
    pauses: int
    state: RunState
    reason: str
    whims: int


async def play(desk: Desk, folder: Path, text: str, readers: int) -> Played:
    """Send to *readers* over one connection, resuming as an operator would."""
    chaos = Chaos([read_whim(text)], seed=SEED)
    tls = chaos.offers("STARTTLS")
    contexts = contexts_for_trials(folder / "ca.pem") if tls else {}
    silent = any(word in text for word in WAITS)
    async with ScriptedRelay(
        decider=chaos,
        contexts=contexts,
        extensions=("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 30000000"),
        clock=lambda: desk.clock.now().timestamp(),
    ) as server:
        server.released.set()  # what is late is late at once
        relay = smtp_relay(
            server.port,
            name="trial",
            security=Security.STARTTLS if tls else Security.NONE,
            ca_file=folder / "ca.pem" if tls else None,
            username="u" if chaos.offers("AUTH") else "",
            password="p",
            connections=1,
            messages_per_connection=5 if text.startswith("connect") else 1000,
            timeouts=waiting(0.3 if silent else 20),
        )
        sending = replace(desk.sending, traffic=Traffic([relay], clock=desk.clock))
        await desk.subscribe(
            *(f"r{n}@{DOMAINS[n % len(DOMAINS)]}" for n in range(readers))
        )
        run = await desk.open_run()
        pauses = -1
        while pauses < 3 and run.state is not RunState.SENT:
            run = await send(run, sending)
            pauses += 1
        return Played(
            tally=await desk.tally(run),
            copies=Counter(each.recipient for each in server.accepted),
            pauses=pauses,
            state=run.state,
            reason=run.reason,
            whims=sum(count for _, count in chaos.told()),
        )


# A whim: readers, then (accepted, refused, in doubt, waiting), copies, runs that fell.
EXPECTED: dict[str, tuple[int, tuple[int, int, int, int], int, int]] = {
    "rcpt:550 5.1.1@20%": (60, (50, 10, 0, 0), 50, 0),
    "hotmail.example/rcpt:550 5.7.1 you are blocked": (6, (5, 1, 0, 0), 5, 0),
    "*@*.example/rcpt:452 4.2.2 mailbox full@first=3": (6, (6, 0, 0, 0), 6, 0),
    "rcpt:greylist 5m": (6, (6, 0, 0, 0), 6, 0),
    "orange.fr/rcpt:421 4.7.0@after=10/min": (44, (44, 0, 0, 0), 44, 0),
    "rcpt:450 4.7.1@after=10/min,per=domain": (44, (44, 0, 0, 0), 44, 0),
    "mail:421 4.3.2@after=100,per=connection": (110, (110, 0, 0, 0), 110, 0),
    "connect:554 5.3.2@first=2": (6, (6, 0, 0, 0), 6, 2),
    "connect:stall@10%": (60, (60, 0, 0, 0), 60, 0),
    "ehlo:without PIPELINING ENHANCEDSTATUSCODES": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:502 5.5.1": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:size 50000": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:lines 300": (6, (6, 0, 0, 0), 6, 0),
    "starttls:454 4.7.0": (6, (0, 0, 0, 6), 0, 3),
    "ehlo:without STARTTLS": (6, (0, 0, 0, 6), 0, 3),
    "starttls:certificate expired": (6, (0, 0, 0, 6), 0, 3),
    "auth:535 5.7.8": (6, (0, 0, 0, 6), 0, 3),
    "auth:454 4.7.0@once": (6, (6, 0, 0, 0), 6, 0),
    "mail:garbage": (6, (0, 0, 0, 6), 0, 3),
    "rcpt:endless@once": (6, (6, 0, 0, 0), 6, 0),
    "data:554 5.6.0@every=50": (60, (59, 1, 0, 0), 59, 0),
    "body:drop@5%": (60, (55, 0, 5, 0), 55, 0),
    "dot:drop@every=50": (60, (59, 0, 1, 0), 59, 0),
    "dot:accept-drop@every=50": (60, (59, 0, 1, 0), 60, 0),
    "dot:accept-partial@once": (6, (5, 0, 1, 0), 6, 0),
    "dot:delay 61s@1%": (60, (60, 0, 0, 0), 60, 0),
    "dot:451 4.3.0@first=100": (110, (110, 0, 0, 0), 110, 0),
    "mail:stall@once": (6, (6, 0, 0, 0), 6, 0),
    "mail:partial@once": (6, (6, 0, 0, 0), 6, 0),
    "rcpt:421 4.7.0@once": (6, (6, 0, 0, 0), 6, 0),
    "rcpt:lines 20": (6, (6, 0, 0, 0), 6, 0),
    "data:250 2.0.0@once": (6, (6, 0, 0, 0), 6, 0),
    "data:stall@once": (6, (6, 0, 0, 0), 6, 0),
    "body:stall@once": (6, (5, 0, 1, 0), 5, 0),
    "body:421 4.3.2@once": (6, (6, 0, 0, 0), 6, 0),
    "body:delay 5s@once": (6, (6, 0, 0, 0), 6, 0),
    "dot:stall@once": (6, (5, 0, 1, 0), 5, 0),
    "dot:accept-stall@once": (6, (5, 0, 1, 0), 6, 0),
    "dot:accept-garbage@once": (6, (5, 0, 1, 0), 6, 0),
    "dot:accept-endless@once": (6, (5, 0, 1, 0), 6, 0),
    "dot:garbage@once": (6, (5, 0, 1, 0), 5, 0),
    "dot:endless@once": (6, (5, 0, 1, 0), 5, 0),
    "dot:421 4.3.2@once": (6, (6, 0, 0, 0), 6, 0),
    "dot:550 5.7.1 spam@once": (6, (5, 1, 0, 0), 5, 0),
    "dot:251 2.0.0 thanks": (6, (6, 0, 0, 0), 6, 0),
    "connect:garbage@once": (6, (6, 0, 0, 0), 6, 0),
    "connect:421 4.3.2@first=2": (6, (6, 0, 0, 0), 6, 0),
    "connect:lines 20": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:endless@once": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:drop@once": (6, (6, 0, 0, 0), 6, 0),
    "ehlo:without SIZE 8BITMIME": (6, (6, 0, 0, 0), 6, 0),
    "starttls:drop@once": (6, (6, 0, 0, 0), 6, 0),
    "starttls:certificate foreign": (6, (0, 0, 0, 6), 0, 3),
    "starttls:certificate other-host": (6, (0, 0, 0, 6), 0, 3),
    "auth:stall@once": (6, (6, 0, 0, 0), 6, 0),
    "auth:535 5.7.8@once": (6, (6, 0, 0, 0), 6, 1),
}


@pytest.mark.parametrize("text", EXPECTED)
async def test_the_ledger_knows_what_became_of_everybody(
    desk: Desk, tmp_path: Path, text: str
) -> None:
    """Whatever the relay does: nobody twice, and who is called accepted has a copy."""
    readers, counts, copies, pauses = EXPECTED[text]
    played = await play(desk, tmp_path, text, readers)
    tally = played.tally
    assert played.whims, "the whim never had its way"
    assert tally.balanced
    assert tally.audience == readers
    assert max(played.copies.values(), default=0) <= 1
    assert tally.accepted <= len(played.copies) <= tally.accepted + tally.in_doubt
    waiting = tally.audience - tally.accepted - tally.refused - tally.in_doubt
    assert (tally.accepted, tally.refused, tally.in_doubt, waiting) == counts
    assert (len(played.copies), played.pauses) == (copies, pauses)


def test_every_example_of_the_manual_is_played() -> None:
    """The table that help and manual show is the one that is tested; so is each moment."""
    shown = {text for text, _ in EXAMPLES}
    assert shown <= EXPECTED.keys()
    assert {read_whim(text).moment for text in shown} == set(Moment)
