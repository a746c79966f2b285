"""Logging in to a relay: one mechanism, one try.

aiosmtplib's ``login`` goes on to the next mechanism after a refusal, so that one wrong
password counts as two or three, and providers lock accounts by that count. Here the
mechanism is chosen beforehand, and a refusal is final; only an access token, which
ages, is fetched anew and tried once more.

Sources: RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5); LOGIN and XOAUTH2 are
described by their providers only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import aiosmtplib
from aiosmtplib import SMTPAuthenticationError

from mailer.errors import RelayError
from mailer.phrases import say


class Mechanism(StrEnum):
    """How a login is made, by the names of the settings; ``auto`` chooses."""

    AUTO = "auto"
    PLAIN = "plain"
    LOGIN = "login"
    CRAM_MD5 = "cram-md5"
    XOAUTH2 = "xoauth2"


class AccessToken(Protocol):
    """Where the access token of XOAUTH2 comes from."""

    async def read(self, *, refused: str = "") -> str:
        """The token in force; never again *refused*, where there is another to be had.

        RelayError if it cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are to the relay: a name, and a password or an access token."""

    username: str
    password: str = field(default="", repr=False)
    token: AccessToken | None = None
    mechanism: Mechanism = Mechanism.AUTO

    @property
    def proof(self) -> str:
        """The setting to look at when a login is refused."""
        return "token_file / token_command" if self.token else "password"


def choose(login: Login, offered: list[str], *, in_clear: bool) -> Mechanism | None:
    """The mechanism to use of those *offered* (lower case); None if none fits.

    Over TLS PLAIN is as good as any and the best tested. Over a line that strangers may
    read (*in_clear*) CRAM-MD5 at least does not say the password.
    """
    if login.mechanism is not Mechanism.AUTO:
        wanted = [login.mechanism]
    elif login.token is not None:
        wanted = [Mechanism.XOAUTH2]
    else:
        wanted = [Mechanism.PLAIN, Mechanism.LOGIN, Mechanism.CRAM_MD5]
        if in_clear:
            wanted.reverse()
    return next((one for one in wanted if one in offered), None)


async def log_in(
    client: aiosmtplib.SMTP, login: Login, *, relay: str, where: str, in_clear: bool
) -> Mechanism:
    """Log in over *client*, which has said EHLO; the mechanism that was used.

    aiosmtplib's errors where the relay refuses or falls silent; RelayError where
    nothing was tried, *where* being its host and port.
    """
    offered = client.server_auth_methods
    mechanism = choose(login, offered, in_clear=in_clear)
    match mechanism:
        case Mechanism.PLAIN:
            await client.auth_plain(login.username, login.password)
        case Mechanism.LOGIN:
            await client.auth_login(login.username, login.password)
        case Mechanism.CRAM_MD5:
            await client.auth_crammd5(login.username, login.password)
        case Mechanism.XOAUTH2 if login.token is not None:
            await _with_token(client, login.username, login.token)
        case _:
            words = say(
                "{where} offers no login by AUTH {wanted} (it offers: {offered}); "
                "look at auth and security",
                where=where,
                wanted=login.mechanism.upper(),
                offered=" ".join(offered).upper() or "-",
            )
            raise RelayError(words, relay=relay, temporary=False)
    return mechanism


async def _with_token(
    client: aiosmtplib.SMTP, username: str, source: AccessToken
) -> None:
    """XOAUTH2; a token that is refused may have aged, so a fresh one is tried once.

    Some relays leave after a refusal. Then the fresh one waits for the next connection.
    """
    token = await source.read()
    try:
        await client.auth_xoauth2(username, token)
    except SMTPAuthenticationError as error:
        if not 500 <= error.code < 600:
            raise
        fresh = await source.read(refused=token)
        if fresh == token:
            raise
        await client.auth_xoauth2(username, fresh)
