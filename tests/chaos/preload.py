"""What the fork server imports once, so that no victim need: the whole program."""

from __future__ import annotations

import gc
import importlib
import pkgutil

import mailer

_LEFT_OUT = ("mailer.__main__", "mailer.web", "mailer.store.migrations")
_STRANGERS = ("alembic.command", "psycopg", "structlog.dev", "tests.chaos.victim")

for found in pkgutil.walk_packages(mailer.__path__, "mailer."):
    if not found.name.startswith(_LEFT_OUT):
        importlib.import_module(found.name)
for name in _STRANGERS:
    importlib.import_module(name)
gc.freeze()  # a victim's collector need not touch, and so copy, all this
