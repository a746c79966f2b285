"""Which rules somebody accepted when a run was opened, and who; older runs: none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("run", sa.Column("accepted_json", sa.Text(), nullable=True))
