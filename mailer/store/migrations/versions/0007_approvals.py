"""Who approved which frozen edition; editions from before were approved by nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "approval",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("frozen_id", key, nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_json", sa.Text(), nullable=True),
        sa.Column("basis_json", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
        sa.ForeignKeyConstraint(
            ["frozen_id"], ["frozen.id"], name="fk_approval_frozen_id"
        ),
    )
    op.create_index("ix_approval_edition_ended_at", "approval", ["edition", "ended_at"])
