"""The socket: who may open it, what is answered, and what a dead daemon leaves."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mailer.daemon.client import ask
from mailer.daemon.control import ControlSocket
from mailer.errors import GuardError, NotFoundError, StoreError
from mailer.phrases import say


async def greet(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"hello": asked["name"]}


async def guard(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise GuardError(say("it is finished"), hint="mailer status")


async def lose(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise NotFoundError(say("no run x"))


async def fail(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise StoreError(say("the disk is full"))


async def burst(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise ZeroDivisionError


ACTS = {"greet": greet, "guard": guard, "lose": lose, "fail": fail, "burst": burst}


async def test_a_question_is_answered(tmp_path: Path) -> None:
    """And what the daemon raises is raised at the other end, with its words."""
    path = tmp_path / "mailer.sock"
    async with ControlSocket(path, ACTS):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        answer = await asyncio.to_thread(ask, path, "greet", name="é")
        assert answer == {"hello": "é"}
        with pytest.raises(GuardError, match="it is finished\n  mailer status"):
            await asyncio.to_thread(ask, path, "guard")
        with pytest.raises(NotFoundError, match="no run x"):
            await asyncio.to_thread(ask, path, "lose")
        with pytest.raises(StoreError, match="the disk is full"):
            await asyncio.to_thread(ask, path, "fail")
        with pytest.raises(StoreError, match="see the log"):
            await asyncio.to_thread(ask, path, "burst")
        with pytest.raises(StoreError, match="do one of: burst, fail"):
            await asyncio.to_thread(ask, path, "dance")
    assert not path.exists()
    assert ask(path, "greet", name="x") is None


@pytest.mark.parametrize(
    "line", [b"\n", b"[]\n", b"{}\n", b"\xff\n", b'{"do": {}}\n', b'{"do": null}\n']
)
async def test_any_line_gets_an_answer(tmp_path: Path, line: bytes) -> None:
    """Nonsense too, and the connection stays."""
    async with ControlSocket(tmp_path / "mailer.sock", ACTS):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "mailer.sock")
        writer.write(line + b'{"do": "greet", "name": "x"}\n')
        assert json.loads(await reader.readline())["ok"] is False
        assert json.loads(await reader.readline()) == {"ok": True, "hello": "x"}
        writer.close()


async def test_an_endless_line_is_hung_up_on(tmp_path: Path) -> None:
    """No memory for who never says stop."""
    async with ControlSocket(tmp_path / "mailer.sock", ACTS):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "mailer.sock")
        writer.write(b"x" * 200_000)
        assert await reader.read() == b""
        writer.close()


async def test_the_socket_of_a_dead_daemon_is_taken_over(tmp_path: Path) -> None:
    """A file that nobody listens at any more stands in nobody's way."""
    path = tmp_path / "mailer.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with ControlSocket(path, ACTS):
        assert await asyncio.to_thread(ask, path, "greet", name="x")


async def test_a_living_daemon_keeps_its_socket(tmp_path: Path) -> None:
    """The second is told, and the first goes on answering."""
    path = tmp_path / "mailer.sock"
    async with ControlSocket(path, ACTS):
        with pytest.raises(GuardError, match="another daemon listens"):
            await ControlSocket(path, ACTS).open()
        assert await asyncio.to_thread(ask, path, "greet", name="x")


async def test_a_folder_of_any_depth(tmp_path: Path) -> None:
    """A socket's path may be 107 bytes; a folder's may be longer."""
    path = tmp_path / ("d" * 60) / ("e" * 60) / "mailer.sock"
    async with ControlSocket(path, ACTS):
        assert await asyncio.to_thread(ask, path, "greet", name="x")


def test_nobody_answers_where_nothing_is(tmp_path: Path) -> None:
    """No socket, no folder, a file instead of a socket: there is no daemon."""
    (tmp_path / "mailer.sock").write_text("x", encoding="ascii")
    assert ask(tmp_path / "mailer.sock", "status") is None
    assert ask(tmp_path / "none" / "mailer.sock", "status") is None
    assert ask(tmp_path / ("d" * 120) / "mailer.sock", "status") is None
