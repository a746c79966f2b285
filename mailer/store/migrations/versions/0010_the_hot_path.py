"""An index of what is due only: marking and settling a delivery touches none any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

DUE = sa.text("state = 'due'")


def upgrade() -> None:
    op.drop_index("ix_delivery_run_id_state_next_attempt_at_subscriber_id", "delivery")
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["run_id", "next_attempt_at", "subscriber_id"],
        sqlite_where=DUE,
        postgresql_where=DUE,
    )
