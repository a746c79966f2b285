"""What the archive lists; of editions frozen before, from what their feeds show."""

from __future__ import annotations

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

from mailer.rendering.listing import bare
from mailer.rendering.words import heard, minutes_for

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    listing = op.create_table(
        "listing",
        sa.Column("frozen_id", key, autoincrement=False, nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(16), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sought", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("frozen_id", name="pk_listing"),
        sa.ForeignKeyConstraint(
            ["frozen_id"], ["frozen.id"], name="fk_listing_frozen_id"
        ),
    )
    op.create_index("ix_listing_publication_slug", "listing", ["publication", "slug"])
    kept = sa.text(
        "SELECT frozen.id, edition, edition_json, lang, html, entry_json "
        "FROM frozen JOIN rendering ON rendering.frozen_id = frozen.id "
        "WHERE variant = 'feed'"
    )
    for row in op.get_bind().execute(kept).all():
        edition = json.loads(row.edition_json)
        entry = json.loads(row.entry_json or "{}")
        if not (edition and entry):
            continue
        is_open = edition["archive"] != "members"
        text = bare(row.html) if is_open else ""
        said = f"{entry['title']} {entry['summary']} {text}"
        op.get_bind().execute(
            sa.insert(listing).values(
                frozen_id=row.id,
                edition=row.edition,
                publication=edition["publication"],
                slug=edition["slug"],
                title=entry["title"],
                summary=entry["summary"],
                date=date.fromisoformat(edition["date"]),
                number=edition["number"],
                minutes=minutes_for(len(heard(text))),
                lang=row.lang,
                is_open=is_open,
                picture=entry["picture"] or "",
                text=text,
                sought=f" {' '.join(heard(said))} ",
            )
        )
