"""Runs that somebody is being asked about: their rows stand before the run does.

So a delivery refers to no table any more; to look up its run and its reader for every row
took PostgreSQL longer than writing them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

REFERENCES = ("run_id", "subscriber_id")
DUE = sa.text("state = 'due'")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("basis_json", sa.Text(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    if op.get_bind().dialect.name == "sqlite":
        copy_without_references()
    else:
        for column in REFERENCES:
            op.drop_constraint(f"fk_delivery_{column}", "delivery", type_="foreignkey")


def copy_without_references() -> None:
    """By hand: alembic's copy would have a row number, which this table never had."""
    whole = sa.Integer()
    op.create_table(
        "delivery_copy",
        sa.Column("run_id", whole, nullable=False),
        sa.Column("subscriber_id", whole, nullable=False),
        sa.Column("variant", sa.String(16), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fence", whole, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("next_attempt_at", sa.BigInteger()),
        sa.Column("attempts", whole, nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("code", whole),
        sa.Column("enhanced", sa.String(16), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("text_only", sa.Boolean()),
        sa.Column("measured", sa.Boolean()),
        sa.PrimaryKeyConstraint("run_id", "subscriber_id", name="pk_delivery"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO delivery_copy SELECT * FROM delivery ORDER BY 1, 2")
    op.drop_table("delivery")
    op.rename_table("delivery_copy", "delivery")
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["run_id", "next_attempt_at", "subscriber_id"],
        sqlite_where=DUE,
    )
    op.create_index("ix_delivery_subscriber_id", "delivery", ["subscriber_id"])
