"""What the plan says of the pace: how long, and whom it is too slow for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.cli.invocation import Invocation
from mailer.cli.sending.way import foreseen, roughly, via
from mailer.cli.speech import Speech
from mailer.delivery.quota import Account, spent
from mailer.delivery.sharing import PaceState

NBSP = "\N{NO-BREAK SPACE}"


def call(folder: Path, relay: str, *, lang: str = "en") -> Invocation:
    """A call in a workspace whose one relay has these lines."""
    (folder / "mailer.toml").write_text(f'[[relays]]\nname = "principal"\n{relay}\n')
    config = folder / "mailer.toml"
    return Invocation(folder=folder, config=config, speech=Speech(lang=lang))


@pytest.mark.parametrize(
    ("relay", "said"),
    [
        ("", "principal"),
        ('rate = "15/s"', "principal 15/s: about 9~min"),
        ("hourly = 9000", "principal (9,000 an hour)"),
        (
            'rate = "5/s"\nhourly = 3000\ndaily = 9000',
            "principal 5/s (3,000 an hour, 9,000 a day): about 2~h",
        ),
        (
            "daily = 2000",
            "principal (2,000 a day): about 4~days",
        ),
        (
            'warm_up = "200 x2 to 5000"',
            "principal (warm-up, day 1: 0 of 200): about 5~days",
        ),
        (
            'kind = "maildir"\npath = "out"',
            "principal, a folder: nothing leaves this machine, and readers count as"
            " written to",
        ),
    ],
)
def test_the_plan_says_how_long_it_takes(tmp_path: Path, relay: str, said: str) -> None:
    """At best; nobody is given up who was not written to."""
    assert via(call(tmp_path, relay), 8430, PaceState()) == said.replace("~", NBSP)


def test_what_was_sent_today_counts(tmp_path: Path) -> None:
    """A quota that another run has used up is not promised again."""
    here = call(tmp_path, "daily = 9000")
    now = here.house.clock.now().timestamp()
    used = PaceState(accounts={"principal": spent(Account(), 9000, now - 3600)})
    assert foreseen(here, 8430, PaceState()) == 0.0
    assert foreseen(here, 8430, used) == pytest.approx(23 * 3600, abs=1000)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(45, "45~s"), (421, "7~min"), (43_200, "12~h"), (172_800, "2~days")],
)
def test_roughly(seconds: float, said: str) -> None:
    """One number and its unit."""
    assert roughly(seconds) == said.replace("~", NBSP)
