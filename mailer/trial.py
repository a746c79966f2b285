"""The trial relay and its page together: mail that reaches nobody, to be looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.language import ENGLISH, Catalogue
from mailer.transport.inbox import Mailbox, smtp_inbox
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
) -> AsyncIterator[TrialInbox]:
    """A real SMTP server on loopback that keeps mail in *folder*, and its local page.

    Port 0 means any free one. *media* holds the pictures that *public_url* will serve
    one day, so that the page can show them today. The page speaks the language of
    *catalogue*.
    """
    mailbox = Mailbox(folder)
    async with (
        smtp_inbox(folder, port=smtp_port) as smtp,
        http_inbox(
            mailbox,
            port=http_port,
            media=media,
            public_url=public_url,
            catalogue=catalogue,
        ) as url,
    ):
        yield TrialInbox(smtp_port=smtp, url=url, mailbox=mailbox)
