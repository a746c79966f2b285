"""Memberships as their providers tell them, and which of their events were heard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "patron",
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "key", name="pk_patron"),
    )
    op.create_index("ix_patron_email_key", "patron", ["email_key"])
    op.create_table(
        "member_event",
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name="pk_member_event"),
    )
    op.create_index("ix_member_event_heard_at", "member_event", ["heard_at"])
