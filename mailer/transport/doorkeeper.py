"""Who may log in at a trial inbox: the server's side of AUTH.

Sources: RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable

Ask = Callable[[str], Awaitable[str]]
"""Says a challenge (334) and returns the answer, both as they are on the wire."""

_CHALLENGE = "<1896.697170952@inbox.localhost>"
_UNKNOWN = '{"status":"401","schemes":"bearer","scope":"mail"}'


async def admit(
    mechanism: str, first: str, ask: Ask, credentials: tuple[str, str] | None
) -> bool:
    """Whether the dialogue of *mechanism* shows *credentials*; None admits everybody.

    *first* is what came with AUTH itself. An access token stands where a password does.
    ValueError where it is no login at all.
    """
    match mechanism.upper():
        case "PLAIN":
            _, user, secret = _read(first or await ask("")).split("\0")
        case "LOGIN":
            user = _read(first or await ask(_written("Username:")))
            secret = _read(await ask(_written("Password:")))
        case "CRAM-MD5":
            return _knows(_read(await ask(_written(_CHALLENGE))), credentials)
        case "XOAUTH2":
            user, secret = _token(_read(first or await ask("")))
            if credentials not in {None, (user, secret)}:
                await ask(_written(_UNKNOWN))  # answered by an empty line
                return False
        case _:
            raise ValueError(mechanism)
    return credentials in {None, (user, secret)}


def _knows(said: str, credentials: tuple[str, str] | None) -> bool:
    """Whether an answer to our challenge was made with the right password."""
    if credentials is None:
        return True
    user, password = credentials
    digest = hmac.new(password.encode(), _CHALLENGE.encode(), "md5").hexdigest()
    return said == f"{user} {digest}"


def _token(said: str) -> tuple[str, str]:
    """User and token of ``user=…^Aauth=Bearer …^A^A``."""
    user, bearer, *_ = said.split("\1")
    return user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")


def _written(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _read(said: str) -> str:
    try:
        return base64.b64decode(said, validate=True).decode()
    except binascii.Error as error:
        raise ValueError(said) from error
