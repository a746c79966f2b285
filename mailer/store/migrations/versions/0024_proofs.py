"""The last proof of each edition, to tell what changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("mails_json", sa.Text(), nullable=False),
        sa.Column("imprint_json", sa.Text(), nullable=False),
        sa.Column("basis_packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("edition", name="pk_proof"),
    )
