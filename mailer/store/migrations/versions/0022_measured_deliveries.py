"""Which deliveries went to readers who had agreed to be measured; those before: none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("measured", sa.Boolean(), nullable=True))
