"""Whom a link names: a reader of a publication, by a number that there can be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.audience.bearer import Bearer, read_bearer, read_dated_bearer, spell
from mailer.audience.token import Keyring, Purpose
from mailer.errors import TokenError

KEYRING = Keyring([b"k" * 32])
NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_bearer_is_read_back() -> None:
    """With the moment, where there is one, to the microsecond."""
    token = KEYRING.sign(Purpose.UNSUBSCRIBE, "p", "7")
    assert read_bearer(KEYRING, Purpose.UNSUBSCRIBE, token) == Bearer("p", 7)
    dated = KEYRING.sign(Purpose.UNDO, "p", "7", spell(NOON))
    assert read_dated_bearer(KEYRING, Purpose.UNDO, dated) == (Bearer("p", 7), NOON)


@pytest.mark.parametrize("number", ["", "0", "-1", "seven", str(2**63), "1" * 30])
@pytest.mark.parametrize("moment", [[], ["1"], ["9" * 30]])
def test_what_names_nobody_is_a_strangers(number: str, moment: list[str]) -> None:
    """Even where we signed it."""
    token = KEYRING.sign(Purpose.UNDO, "p", number, *moment)
    with pytest.raises(TokenError):
        read_bearer(KEYRING, Purpose.UNDO, token)
    with pytest.raises(TokenError):
        read_dated_bearer(KEYRING, Purpose.UNDO, token)
