"""The table of arrivals: what came back, and what was done about it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text

from mailer.store.columns import Key, Moment, metadata, partial_index

arrival = Table(
    "arrival",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("at", Moment, nullable=False, index=True),
    Column("way", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("said", Text, nullable=False),
    Column("evidence_json", Text, nullable=False),
    Column("proof", String(16), nullable=False),
    # What is proved; no foreign keys: it outlives neither, and is counted without them.
    Column("subscriber_id", BigInteger, index=True),
    Column("run_id", BigInteger),
    Column("publication", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("raw", LargeBinary),
    Column("upshot", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("words_json", Text),
    Column("settled_at", Moment),
    partial_index(
        "ix_arrival_open",
        "id",
        where="settled_at IS NULL",
    ),
)
