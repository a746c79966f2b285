"""Memberships that end; those from before have no end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("subscription", sa.Column("until", sa.Date(), nullable=True))
