"""An IMAP mailbox where what came back lies: emptied mail by mail.

A mail is moved to another folder, or marked as seen, after it was taken durably, and not
before: whatever dies in between finds it again, and its digest tells that it was there
already. One connection for each look; servers allow few, and few minutes of idleness.

Sources: RFC 3501 (IMAP4rev1), RFC 6851 (MOVE), RFC 4315 (UIDPLUS), RFC 7628 tells why a
provider may want a token instead of a password.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from mailer.errors import IntakeError
from mailer.phrases import Phrase, say

_LONGEST = 1024 * 1024
"""Bytes that are fetched of a mail: a report says at its head what it is about."""

_BODY = b"BODY[]<0>"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccount:
    """A mailbox, and how it is entered.

    ``security`` is ``tls``, ``starttls`` or ``none``. With ``is_token`` the secret is an
    access token (XOAUTH2). ``done`` is the folder that taken mails are moved to; where it
    is empty they stay, marked as seen.
    """

    name: str
    host: str
    port: int
    security: str
    username: str
    secret: str = field(repr=False)
    is_token: bool = False
    folder: str = "INBOX"
    done: str = ""
    ca_file: Path | None = None


class ImapDrop:
    """The ``Maildrop`` port on an IMAP mailbox."""

    way = "imap"

    def __init__(self, account: Callable[[], ImapAccount], *, name: str) -> None:
        """*account* is asked anew at each look: a password may have changed."""
        self.name = name
        self._account = account

    async def collect(
        self, take: Callable[[bytes], Awaitable[None]], *, limit: int
    ) -> int:
        """See the port."""
        account = await asyncio.to_thread(self._account)
        visit = _Visit(account)
        taken = 0
        try:
            for number in (await asyncio.to_thread(visit.waiting))[:limit]:
                raw = await asyncio.to_thread(visit.read, number)
                if raw is not None:  # else somebody else has taken it meanwhile
                    await take(raw)
                    await asyncio.to_thread(visit.put_aside, number)
                    taken += 1
        finally:
            await asyncio.to_thread(visit.leave)
        return taken


class _Visit:
    """One session; every method blocks, and none runs beside another."""

    def __init__(self, account: ImapAccount) -> None:
        self._account = account
        self._client: IMAPClient | None = None

    def waiting(self) -> list[int]:
        """Log in; the mails that were not taken yet, the oldest first."""
        account = self._account
        try:
            client = self._client = self._connected()
            if account.is_token:
                client.oauth2_login(account.username, account.secret)
            else:
                client.login(account.username, account.secret)
            client.select_folder(account.folder)
            if account.done and not client.folder_exists(account.done):
                client.create_folder(account.done)
            unseen = ["UNDELETED"] if account.done else ["UNSEEN", "UNDELETED"]
            return sorted(client.search(unseen))
        except LoginError as error:
            message = say("it does not let us in: {reason}", reason=_said(error))
            raise IntakeError(message, way=account.name) from error
        except (IMAPClientError, OSError) as error:
            raise self._fault(error) from error

    def read(self, number: int) -> bytes | None:
        """The head of a mail, as bytes; None if it is not there any more."""
        try:
            found = self._session.fetch([number], [f"BODY.PEEK[]<0.{_LONGEST}>"])
        except (IMAPClientError, OSError) as error:
            raise self._fault(error) from error
        raw = found.get(number, {}).get(_BODY)
        return raw if isinstance(raw, bytes) else None

    def put_aside(self, number: int) -> None:
        """Have it not met again by the next look."""
        client, done = self._session, self._account.done
        try:
            if not done:
                client.add_flags([number], [b"\\Seen"], silent=True)
            elif client.has_capability("MOVE"):
                client.move([number], done)
            else:
                client.copy([number], done)
                client.delete_messages([number], silent=True)
                if client.has_capability("UIDPLUS"):
                    client.uid_expunge([number])
                else:
                    client.expunge()
        except (IMAPClientError, OSError) as error:
            raise self._fault(error) from error

    def leave(self) -> None:
        """Log out, if it still listens."""
        if self._client is not None:
            with suppress(IMAPClientError, OSError):
                self._client.logout()

    @property
    def _session(self) -> IMAPClient:
        assert self._client is not None  # noqa: S101 - ``waiting`` comes first
        return self._client

    def _connected(self) -> IMAPClient:
        account = self._account
        context = ssl.create_default_context(
            cafile=str(account.ca_file) if account.ca_file else None
        )
        client = IMAPClient(
            account.host,
            port=account.port,
            ssl=account.security == "tls",
            ssl_context=context if account.security == "tls" else None,
            timeout=_SECONDS,
        )
        if account.security == "starttls":
            client.starttls(context)
        return client

    def _fault(self, error: Exception) -> IntakeError:
        message = say("this mailbox cannot be emptied: {reason}", reason=_said(error))
        return IntakeError(message, way=self._account.name)


def _said(error: Exception) -> str | Phrase:
    """What the server, or the wire, had to say, on one line."""
    if isinstance(error, TimeoutError):
        return say("no answer in time")
    text = str(error)
    return (
        " ".join(text.removeprefix("b'").strip("'").split())[:200]
        or type(error).__name__
    )
