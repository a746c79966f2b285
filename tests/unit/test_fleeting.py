"""Values made for every message: what nobody checks at run time still holds."""

from __future__ import annotations

import pytest

from mailer.delivery.message import Envelope


def test_a_fleeting_value_is_its_fields() -> None:
    """Equal fields make it equal, and the same in a set."""
    one, same = (Envelope(return_path="a@x", recipient="b@x") for _ in range(2))
    assert one == same
    assert len({one, same}) == 1
    assert not hasattr(one, "__dict__")


def test_a_fleeting_value_is_made_by_keywords() -> None:
    """Return path and recipient cannot change places unseen."""
    with pytest.raises(TypeError):
        Envelope("a@x", "b@x")
