"""How alembic reaches the database: over the connection it is handed."""

from __future__ import annotations

from alembic import context

from mailer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes tables by copying them
)
with context.begin_transaction():
    context.run_migrations()
