"""Whoever holds a token that names a reader: what it lets them do is its purpose's."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError


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
        return Bearer(publication, int(subscriber))
    except ValueError as error:
        message = "not a reader's token"
        raise TokenError(message) from error
