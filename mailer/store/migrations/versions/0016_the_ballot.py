"""Polls of what was frozen, votes, and the keys of anonymous polls.

Editions frozen before have no poll that counts: what they asked was not kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("rendering", sa.Column("polls_json", sa.Text(), nullable=True))
    op.create_table(
        "vote",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("poll", sa.Text(), nullable=False),
        sa.Column("voter", sa.String(64), nullable=False),
        sa.Column("subscriber_id", key, nullable=True),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.Column("voted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("edition", "poll", "voter", name="pk_vote"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_vote_subscriber_id"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_vote_subscriber_id", "vote", ["subscriber_id"])
    op.create_table(
        "ballot_box",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("poll", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("counts_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("edition", "poll", name="pk_ballot_box"),
    )
