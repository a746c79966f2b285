"""Whoever holds a token that names a reader: what it lets them do is its purpose's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A reader of a publication, as a link in their mail names them."""

    publication: str
    subscriber: int


def read_bearer(keyring: Keyring, purpose: Purpose, token: str) -> Bearer:
    """Whom *token* names; TokenError if we did not sign it for *purpose*."""
    parts = keyring.read(purpose, token)
    try:
        publication, subscriber = parts
        return Bearer(publication, _number(subscriber))
    except ValueError as error:
        message = "not a reader's token"
        raise TokenError(message) from error


def read_dated_bearer(
    keyring: Keyring, purpose: Purpose, token: str
) -> tuple[Bearer, datetime]:
    """Whom *token* names, and the moment it says (``spell``); TokenError as above."""
    parts = keyring.read(purpose, token)
    try:
        publication, subscriber, moment = parts
        bearer = Bearer(publication, _number(subscriber))
        return bearer, _EPOCH + int(moment) * _MICROSECOND
    except (ValueError, OverflowError) as error:
        message = "not a reader's dated token"
        raise TokenError(message) from error


def spell(moment: datetime) -> str:
    """*moment* as a token says it, to the microsecond."""
    return str((moment - _EPOCH) // _MICROSECOND)


def _number(text: str) -> int:
    """A subscriber's number as every database can hold it; ValueError."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number
