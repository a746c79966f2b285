"""A scripted SMTP relay: a real server on loopback that misbehaves on request."""

from __future__ import annotations

from tests.relay.client import dialer, smtp_relay, waiting
from tests.relay.server import Accepted, Behaviour, ScriptedRelay

__all__ = ["Accepted", "Behaviour", "ScriptedRelay", "dialer", "smtp_relay", "waiting"]
