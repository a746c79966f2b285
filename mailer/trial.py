"""The trial relay and its page together: mail that reaches nobody, to be looked at."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.errors import ConfigError, InputError
from mailer.language import ENGLISH, Catalogue
from mailer.phrases import say
from mailer.transport.chaos import Chaos
from mailer.transport.inbox import Mailbox, smtp_inbox
from mailer.transport.whims import read_whim
from mailer.web.inbox import http_inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialInbox:
    """A running trial relay and its page."""

    smtp_port: int
    url: str
    mailbox: Mailbox


@asynccontextmanager
async def trial_inbox(
    folder: Path,
    *,
    smtp_port: int = 0,
    http_port: int = 0,
    media: Path | None = None,
    public_url: str | None = None,
    catalogue: Catalogue = ENGLISH,
    chaos: Chaos | None = None,
) -> AsyncIterator[TrialInbox]:
    """A real SMTP server on loopback that keeps mail in *folder*, and its local page.

    Port 0 means any free one. *media* holds the pictures that *public_url* will serve
    one day, so that the page can show them today. The page speaks the language of
    *catalogue*. *chaos* is how the server misbehaves.
    """
    mailbox = Mailbox(folder)
    async with (
        smtp_inbox(folder, port=smtp_port, chaos=chaos) as smtp,
        http_inbox(
            mailbox,
            port=http_port,
            media=media,
            public_url=public_url,
            catalogue=catalogue,
            chaos=chaos,
        ) as url,
    ):
        yield TrialInbox(smtp_port=smtp, url=url, mailbox=mailbox)


def read_chaos(words: Sequence[str], *, start: Path, seed: int | None) -> Chaos | None:
    """The chaos that *words* ask for: whims, or names of TOML files that list them.

    None if nothing is asked for. A *seed* said here wins over that of a file.
    """
    if not words:
        return None
    whims, sown = [], seed or 0
    for word in words:
        if not word.endswith(".toml"):
            whims.append(read_whim(word))
            continue
        written, said = _chaos_file(start / word)
        sown = said if seed is None else seed
        for each in written:
            try:
                whims.append(read_whim(each))
            except InputError as error:
                raise InputError(error.message, file=word, hint=error.hint) from error
    return Chaos(whims, seed=sown)


def _chaos_file(path: Path) -> tuple[list[str], int]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = say("{path} cannot be read: {error}", path=path.name, error=error)
        raise ConfigError(message, file=str(path)) from error
    whims, seed = table.pop("chaos", None), table.pop("seed", 0)
    if (
        not isinstance(whims, list)
        or not all(isinstance(each, str) for each in whims)
        or not isinstance(seed, int)
        or table
    ):
        message = say("a file of chaos holds a list of whims, and a seed if need be")
        hint = 'chaos = ["rcpt:550 5.1.1@20%"]'
        raise ConfigError(message, file=str(path), hint=hint)
    return whims, seed
