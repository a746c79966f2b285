"""What readers choose: language, plain text, rhythm, pause; and who left in the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("lang", sa.String(16), nullable=True))
    op.add_column("subscriber", sa.Column("text_only", sa.Boolean(), nullable=True))
    op.add_column("subscriber", sa.Column("tracking", sa.Boolean(), nullable=True))
    op.add_column("subscription", sa.Column("rhythm", sa.String(16), nullable=True))
    op.add_column("subscription", sa.Column("paused_until", sa.Date(), nullable=True))
    op.add_column("delivery", sa.Column("text_only", sa.Boolean(), nullable=True))
    op.add_column("consent", sa.Column("action", sa.String(24), nullable=True))
