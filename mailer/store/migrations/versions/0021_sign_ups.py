"""Sign-ups as they are counted, so that nobody can flood a mailbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "signup",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(24), nullable=False),
        sa.Column("visitor", sa.String(24), nullable=False),
        sa.Column("network", sa.String(24), nullable=False),
        sa.Column("domain", sa.String(24), nullable=False),
        sa.Column("heeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signup"),
    )
    op.create_index("ix_signup_at", "signup", ["at"])
    for name in ("address", "visitor", "network", "domain"):
        op.create_index(f"ix_signup_{name}_at", "signup", [name, "at"])
