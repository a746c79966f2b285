"""What a feed says of an edition, beside its rendering; older ones have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("rendering", sa.Column("entry_json", sa.Text(), nullable=True))
