"""Why a run stands still, so that it can be said in any language; older runs: English."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("run", sa.Column("reason_json", sa.Text(), nullable=True))
