"""The newsletter that everybody sends: a workspace of its own, made the same each time.

Twelve sections of English with links, and five polls of five choices, so that
a message weighs about 76 KB on the wire and has about 65 places that are one reader's
own. The peers are handed its text and HTML as they were frozen, with the same holes.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mailer.edition.model import Variant
from mailer.flows.editing.assemble import assemble
from mailer.flows.sending.proof import largest_message
from mailer.rendering.model import Frozen
from mailer.rendering.personalise import HOLE
from mailer.wiring import House, SystemClock
from mailer.workspace.keys import make_key, write_keys

EDITION = "weekly/42"
PUBLIC_URL = "https://letters.weekly.example"
DOMAIN = "weekly.example"
NAMES = (
    "Anna Björn Chloé David Emeka Fatima Giovanni Hye-jin Inês José Katarzyna Liam "
    "Müşteba Ngọc Olga Peter"
).split()
_SECTIONS = 12
_POLLS = 5
_WORDS = """the of and to in release update customer pricing report quarter garden museum
    river market coffee bicycle climate energy policy library school train station weekend
    recipe season harvest theatre concert volunteer council street bridge community
    heritage engineer design software winter summer spring autumn story interview author
    review""".split()
_CONFIG = """\
[site]
public_url     = "{public_url}"
lang           = "en"
timezone       = "Europe/Paris"
postal_address = "12 Example Street, 44000 Nantes"

[[relays]]
name        = "bench"
host        = "127.0.0.1"
port        = 2525
security    = "none"

[send]
approval = "auto"
grace    = "0s"

[publications.weekly]
name      = "The Weekly"
tagline   = "What happened in the city"
theme     = "presse"
url       = "https://weekly.example/"
from      = "The Weekly <letter@weekly.example>"
schedule  = "sat 07:00"
audiences = ["free"]
"""
_KEY = """
[[dkim]]
domain   = "{domain}"
selector = "bench"
key_file = "bench.pem"
"""


@dataclass(frozen=True, kw_only=True)
class Newsletter:
    """A workspace on disk; ``content`` is a JSON file of what the peers send."""

    folder: Path
    frozen: Frozen
    content: Path
    wire_bytes: int
    slots: int


def write_newsletter(folder: Path, *, sign: str = "") -> Newsletter:
    """Make the workspace in *folder*; *sign* is ``ed25519``, ``rsa``, or nothing."""
    day = SystemClock().now().date() + timedelta(days=7)
    edition = folder / "editions" / "weekly" / f"{day}-bench"
    edition.mkdir(parents=True)
    edition.joinpath("index.md").write_text(_edition(day), encoding="utf-8")
    config = folder / "config" / "mailer.toml"
    config.parent.mkdir()
    text = _CONFIG.format(public_url=PUBLIC_URL)
    if sign:
        write_keys({config.parent / "bench.pem": make_key(sign)})
        text += _KEY.format(domain=DOMAIN)
    config.write_text(text, encoding="utf-8")
    return _frozen(folder)


def _frozen(folder: Path) -> Newsletter:
    """What the workspace in *folder* amounts to, by our own reading of it."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    key = data / "secret_key"
    key.write_text("b" * 64 + "\n", encoding="ascii")
    key.chmod(0o600)
    environ = {"MAILER_STORAGE__FOLDER": str(data)}
    house = House.open(config=None, start=folder, environ=environ)
    frozen = assemble(EDITION, house.newsroom, today=house.today()).frozen
    rendering = frozen.rendering(Variant.FREE)
    content = folder / "content.json"
    content.write_text(
        json.dumps(
            {
                "subject": rendering.subject,
                "names": NAMES,
                "text": rendering.text,
                "html": rendering.html,
            }
        ),
        encoding="utf-8",
    )
    wire = largest_message(frozen, house.stationery, now=house.clock.now())
    return Newsletter(
        folder=folder,
        frozen=frozen,
        content=content,
        wire_bytes=wire,
        slots=sum(len(HOLE.findall(part)) for part in (rendering.text, rendering.html)),
    )


def _edition(day: date) -> str:
    chance = random.Random(7)  # noqa: S311 - the same words each time

    def sentence(words: int) -> str:
        text = " ".join(chance.choice(_WORDS) for _ in range(words))
        return text[0].upper() + text[1:] + "."

    def paragraph() -> str:
        return " ".join(sentence(chance.randint(7, 15)) for _ in range(2))

    parts = [
        "---",
        "title: What happened in the city",
        "subtitle: The museum, the market and the bridge",
        "number: 42",
        f"date: {day}",
        "---",
        "",
        "Hello {{ name }}, this is your weekly edition. Is it too long, {{ name }}?",
        "",
    ]
    for number in range(_SECTIONS):
        parts += [f"# {sentence(5)[:-1]}", ""]
        if number % 3 == 0:
            parts += [f"*{sentence(14)}*", "", paragraph(), "", paragraph(), ""]
        for item in range(2):
            link = f"https://weekly.example/stories/{number}/{item}"
            parts += [
                f"- **{sentence(3)[:-1]}** • {paragraph()} [{sentence(4)[:-1]}]({link})."
            ]
        parts += [""]
        if number < _POLLS:
            parts += [f"::: poll question-{number}", sentence(9)[:-1] + "?", ""]
            parts += [f"- {sentence(3)[:-1]}" for _ in range(5)]
            parts += [":::", ""]
    return "\n".join([*parts, "Thank you for reading, {{ name }}.", ""])
