"""When an armed run begins to send; runs from before had no grace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("run", sa.Column("departs_at", sa.BigInteger(), nullable=True))
