"""The support data that ship with mailer, read from their two files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mailer.config.places import shipped
from mailer.errors import ConfigError
from mailer.phrases import did_you_mean, say
from mailer.rendering.checks.support import Support

DATA = Path("checks") / "caniemail.json"
BASELINES = Path("checks") / "baselines.json"


def support_data() -> Support:
    """The data that ship."""
    return load_support(shipped("templates"))


@cache
def load_support(templates: Path) -> Support:
    """What which mail program lacks, and what each of our themes uses anyway."""
    data = json.loads((templates / DATA).read_text(encoding="utf-8"))
    used = json.loads((templates / BASELINES).read_text(encoding="utf-8"))
    features = data["features"]
    return Support(
        dated=data["dated"],
        clients=frozenset(data["clients"]),
        titles={name: each["title"] for name, each in features.items()},
        lacking={
            name: {client: tuple(where) for client, where in each["lacking"].items()}
            for name, each in features.items()
            if each["lacking"]
        },
        baselines={theme: frozenset(names) for theme, names in used.items()},
    )


def check_clients(clients: Iterable[str], support: Support) -> None:
    """ConfigError if the configuration names a mail program that the data do not."""
    for client in clients:
        if client not in support.clients:
            message = say("[checks] clients: there is no {client}", client=client)
            raise ConfigError(message, hint=did_you_mean(client, support.clients))
