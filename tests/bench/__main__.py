"""``make bench``: medians and ratios, taken in turn in one run.

Building a message is compared with the obvious way (a template run and the standard
library's e-mail package per reader); carrying it, with aiosmtplib's own ``sendmail``
against the same server in this process, with the ledger's promise kept and without;
signing, with dkimpy on the same message.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib
import jinja2
import structlog

from mailer.audience.roster import Row
from mailer.audience.token import Keyring
from mailer.delivery.dkim import Template
from mailer.delivery.reader import Reader, address_reader
from mailer.delivery.signer import Signer
from mailer.edition.model import Variant
from mailer.flows.letters import templates_of
from mailer.flows.send import PacedRelay, Policy, SendingDesk, send
from mailer.rendering.model import Frozen
from mailer.rendering.render import freeze, render
from mailer.store.deliveries import SqlLedger
from mailer.store.engine import Store
from mailer.store.readers import SqlReaders
from mailer.transport.dial import Dialer
from mailer.transport.protection import Protection, Security
from mailer.transport.smtp import SmtpRelay
from mailer.wiring import SystemClock
from tests.bench.signing import signing
from tests.fakes import specimen
from tests.relay import ScriptedRelay

_NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
_ROUNDS = 5
_BUILDS = 200
_MESSAGES = 400


def main() -> None:
    """Measure, and print the tables."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )
    frozen = freeze(specimen.edition(), specimen.scene())
    print(f"Python {sys.version.split()[0]}, medians of {_ROUNDS} rounds in turn")  # noqa: T201
    _print_table("us per message built", _building(frozen))
    signed = signing(
        lambda signers: _template(frozen, signers),
        _reader(frozen),
        rounds=_ROUNDS,
        count=_BUILDS,
    )
    for title, taken in signed.items():
        _print_table(title, taken)
    _print_table("ms per edition rendered", {"render, one variant": _rendering()})
    _print_table("messages per second", asyncio.run(_carrying(frozen)))


def _building(frozen: Frozen) -> dict[str, list[float]]:
    template, reader = _template(frozen), _reader(frozen)
    html = jinja2.Environment(autoescape=True).from_string(
        frozen.rendering(Variant.FREE).html
    )
    values = dict.fromkeys(("unsubscribe_url", "web_url"), "https://x.example/y")

    def naive() -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "lettre@meridien.example", reader.email
        message["Subject"] = frozen.edition.title
        message.set_content(frozen.rendering(Variant.FREE).text, cte="quoted-printable")
        message.add_alternative(
            html.render(values), subtype="html", cte="quoted-printable"
        )
        return message.as_bytes()

    ways: dict[str, Callable[[], bytes]] = {
        "compiled, joined per reader": lambda: template.write(reader),
        "template and EmailMessage": naive,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, build in ways.items():
            count = _BUILDS if name.startswith("compiled") else _BUILDS // 20
            begun = time.perf_counter()
            for _ in range(count):
                build()
            taken[name].append((time.perf_counter() - begun) / count * 1e6)
    return taken


def _rendering() -> list[float]:
    taken = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        render(specimen.edition(), Variant.FREE, specimen.scene())
        taken.append((time.perf_counter() - begun) * 1e3)
    return taken


async def _carrying(frozen: Frozen) -> dict[str, list[float]]:
    ways: dict[str, Callable[[ScriptedRelay], Awaitable[float]]] = {
        "a run, ledger and all": lambda relay: _run(frozen, relay),
        "aiosmtplib sendmail, no ledger": lambda relay: _sendmail(frozen, relay),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, carry in ways.items():
            async with ScriptedRelay() as relay:
                seconds = await carry(relay)
                assert len(relay.accepted) == _MESSAGES
                taken[name].append(_MESSAGES / seconds)
    return taken


async def _run(frozen: Frozen, relay: ScriptedRelay) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{Path(folder) / 'mailer.db'}")
        rows = [Row(line=n, email=f"r{n}@lecteurs.example") for n in range(_MESSAGES)]
        await SqlReaders(store).admit(
            rows, publication=frozen.publication.id, source="bench", now=_NOW
        )
        ledger, clock = SqlLedger(store), SystemClock()
        run = await ledger.open_run(frozen, now=clock.now())
        desk = SendingDesk(
            ledger=ledger,
            relays=[PacedRelay(relay=_relay(relay.port))],
            clock=clock,
            keyring=Keyring((b"k" * 32,)),
            signers=(),
            policy=Policy(
                delays=(timedelta(minutes=15),),
                give_up_after=timedelta(hours=1),
                linger=timedelta(0),
            ),
            worker="bench",
            chance=lambda: 0.5,
        )
        begun = time.perf_counter()
        await send(run, desk)
        seconds = time.perf_counter() - begun
        await store.close()
    return seconds


async def _sendmail(frozen: Frozen, relay: ScriptedRelay) -> float:
    template, reader = _template(frozen), _reader(frozen)
    left = iter(range(_MESSAGES))

    async def connection() -> None:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=relay.port, start_tls=False
        ) as client:
            for n in left:
                content = template.write(reader)
                await client.sendmail("a@x.example", f"r{n}@x.example", content)

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(8)))
    return time.perf_counter() - begun


def _relay(port: int) -> SmtpRelay:
    dialer = Dialer(
        name="bench",
        host="127.0.0.1",
        port=port,
        protection=Protection(security=Security.NONE),
        local_hostname="bench.example",
    )
    return SmtpRelay(dialer, connections=8)


def _template(frozen: Frozen, signers: Sequence[Signer] = ()) -> Template:
    return templates_of(frozen, date=_NOW, public_url=None, signers=signers)[
        Variant.FREE
    ]


def _reader(frozen: Frozen) -> Reader:
    return address_reader(
        subscriber=1,
        email="r@lecteurs.example",
        name="",
        publication=frozen.publication,
        edition=frozen.edition,
        variant=Variant.FREE,
        keyring=Keyring((b"k" * 32,)),
        public_url="https://lettres.example.org",
    )


def _print_table(title: str, taken: dict[str, list[float]]) -> None:
    print(f"\n{title:34}{'median':>10}{'min..max':>20}{'ratio':>8}")  # noqa: T201
    base = statistics.median(next(iter(taken.values())))
    for name, figures in taken.items():
        median = statistics.median(figures)
        spread = f"{min(figures):.0f}..{max(figures):.0f}"
        print(f"  {name:32}{median:10.0f}{spread:>20}{median / base:8.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
