"""What one reader gets, as bytes: compiled once per variant, joined per reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Return path and recipient: what SMTP sees (RFC 5321 section 2.3.1)."""

    return_path: str
    recipient: str
