"""Letters to single readers, and what was shown to whom when they agreed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_OPEN = sa.text("state IN ('due', 'handing over')")


def upgrade() -> None:
    op.add_column("consent", sa.Column("version", sa.String(16), nullable=True))
    op.add_column("consent", sa.Column("ip", sa.Text(), nullable=True))
    op.add_column("consent", sa.Column("agent", sa.Text(), nullable=True))
    op.add_column("consent", sa.Column("form", sa.Text(), nullable=True))
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "letter",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("subscriber_id", key, nullable=False),
        sa.Column("lang", sa.String(16), nullable=False),
        sa.Column("values_json", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name="fk_letter_subscriber_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.UniqueConstraint("key", name="uq_letter_key"),
    )
    op.create_index("ix_letter_subscriber_id", "letter", ["subscriber_id"])
    op.create_index(
        "ix_letter_open",
        "letter",
        ["next_attempt_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
