"""Which command is in which module, so that only the one asked for is imported.

All of them together are a tenth of a second and four megabytes, which every process of
ours would carry for as long as it sends.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Command

PLACES = {
    "new": "editing.drafts",
    "init": "editing.editions",
    "assemble": "editing.gathering",
    "check": "editing.checks",
    "preview": "previewing.preview",
    "render": "editing.renderings",
    "approve": "sending.approvals",
    "unapprove": "sending.approvals",
    "send": "sending.runs",
    "resume": "sending.runs",
    "retry": "sending.retries",
    "reconcile": "sending.reconcile",
    "schedule": "sending.schedule",
    "status": "sending.status",
    "pause": "sending.steering",
    "cancel": "sending.steering",
    "log": "sending.log",
    "worker": "operating.worker",
    "sponsors": "editing.sponsors",
    "clicks": "readers.clicks",
    "run": "operating.daemon",
    "doctor": "operating.doctor",
    "serve": "operating.serve",
    "inbox": "operating.service",
    "demo": "operating.service",
    "gallery": "editing.themes",
    "relays": "operating.relays",
    "subscribers": "readers.people",
    "segments": "readers.segments",
    "polls": "readers.polls",
    "suppressions": "readers.suppressions",
    "bounces": "readers.bounces",
    "letters": "readers.letters",
    "dkim": "operating.dkim",
    "db": "operating.database",
    "readers": "operating.database",
    "config": "operating.service",
}
"""In the order of the help."""


class Rooms(TyperGroup):
    """The group of all commands, each imported when somebody asks for it by name."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - whatever Typer hands on
        super().__init__(**settings)
        self.commands = _Commands(self.commands)


class _Commands(MutableMapping[str, "Command"]):
    """All of them by name; *made* are those that exist already."""

    def __init__(self, made: MutableMapping[str, Command]) -> None:
        self._made = made

    def __getitem__(self, name: str) -> Command:
        if name not in self._made:
            room = typer.Typer()
            import_module(f"mailer.cli.{PLACES[name]}").register(room)
            self._made.update(typer.main.get_group(room).commands)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in PLACES

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)

    def __setitem__(self, name: str, command: Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]
