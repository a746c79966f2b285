"""When an armed run begins to send; runs from before had no grace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("run", sa.Column("departs_at", sa.BigInteger(), nullable=True))
