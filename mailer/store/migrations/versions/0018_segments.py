"""Tags, what readers write back, and what is measured of those who agreed to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "tag",
        sa.Column("subscriber_id", key, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "tag", name="pk_tag"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_tag_subscriber_id"
        ),
    )
    op.create_index("ix_tag_tag_subscriber_id", "tag", ["tag", "subscriber_id"])
    op.create_table(
        "answer",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", key, nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answer"),
        sa.UniqueConstraint("message_id", name="uq_answer_message_id"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_answer_subscriber_id"
        ),
    )
    op.create_index(
        "ix_answer_publication_subscriber_id",
        "answer",
        ["publication", "subscriber_id"],
    )
    op.create_table(
        "measured",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", key, nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_measured"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_measured_subscriber_id"
        ),
    )
    op.create_index("ix_measured_subscriber_id", "measured", ["subscriber_id"])
    op.create_index(
        "ix_measured_publication_edition", "measured", ["publication", "edition"]
    )
    op.add_column("run", sa.Column("segment", sa.Text(), nullable=True))
