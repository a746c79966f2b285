"""What one message costs to build, beside the obvious way, and to sign, beside dkimpy.

The obvious way is a template run and the standard library's e-mail package per reader.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import jinja2

from mailer.audience.token import Keyring
from mailer.delivery.dkim import Template
from mailer.delivery.reader import Addressing, Reader
from mailer.delivery.signer import Signer
from mailer.edition.model import Variant
from mailer.flows.sending.templates import templates_of
from mailer.rendering.model import Frozen
from mailer.rendering.personalise import NAMES
from tests.bench.newsletter import PUBLIC_URL
from tests.bench.signing import signing

_NOW = datetime(2026, 3, 14, 6, tzinfo=UTC)
_BUILDS = 400


def building(frozen: Frozen, *, rounds: int) -> dict[str, list[float]]:
    """Microseconds per message, round by round: ours, the obvious way, signing."""
    taken = _writing(frozen, rounds)
    signed = signing(
        lambda signers: _template(frozen, signers),
        _reader(frozen),
        rounds=rounds,
        count=_BUILDS,
    )
    return {**taken, **signed}


def _writing(frozen: Frozen, rounds: int) -> dict[str, list[float]]:
    template, reader = _template(frozen), _reader(frozen)
    addressing = _addressing(frozen)
    html = jinja2.Environment(autoescape=True).from_string(
        frozen.rendering(Variant.FREE).html
    )
    values = dict.fromkeys(NAMES, "https://x.example/y")

    def naive() -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "lettre@meridien.example", reader.email
        message["Subject"] = frozen.edition.title
        message.set_content(frozen.rendering(Variant.FREE).text, cte="quoted-printable")
        message.add_alternative(
            html.render(values), subtype="html", cte="quoted-printable"
        )
        return message.as_bytes()

    ways: dict[str, Callable[[], object]] = {
        "links and Message-ID of a reader": lambda: _address(addressing),
        "values and join": lambda: template.write(reader),
        "template and EmailMessage": naive,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, build in ways.items():
            count = _BUILDS // 20 if build is naive else _BUILDS
            begun = time.perf_counter()
            for _ in range(count):
                build()
            taken[name].append((time.perf_counter() - begun) / count * 1e6)
    return taken


def _template(frozen: Frozen, signers: Sequence[Signer] = ()) -> Template:
    return templates_of(frozen, date=_NOW, public_url=PUBLIC_URL, signers=signers)[
        Variant.FREE
    ]


def _reader(frozen: Frozen) -> Reader:
    return _address(_addressing(frozen))


def _address(addressing: Addressing) -> Reader:
    return addressing.reader(subscriber=1, email="r@lecteurs.example", name="")


def _addressing(frozen: Frozen) -> Addressing:
    return Addressing(
        publication=frozen.publication,
        edition=frozen.edition,
        variant=Variant.FREE,
        keyring=Keyring((b"k" * 32,)),
    )
