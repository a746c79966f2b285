"""Runs that somebody holds, that send a canary ahead, and since when they are patient."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("run", sa.Column("held", sa.Boolean(), nullable=True))
    op.add_column("run", sa.Column("canary", sa.Integer(), nullable=True))
    op.add_column("run", sa.Column("patient_from", sa.BigInteger(), nullable=True))
