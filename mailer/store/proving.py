"""The table of proofs: the last of each edition."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from mailer.store.columns import Moment, metadata

proof = Table(
    "proof",
    metadata,
    Column("edition", Text, primary_key=True),
    Column("sent_at", Moment, nullable=False),
    Column("mails_json", Text, nullable=False),
    Column("imprint_json", Text, nullable=False),
    # The manuscript and where it came from: text, and so packed.
    Column("basis_packed", LargeBinary, nullable=False),
)
