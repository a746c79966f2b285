"""Readers leave by the hundred, with one click each, while the edition is sent.

The server that takes their clicks dies in the middle, perhaps twice. Whoever was answered
200 has left, is not written to after that, and the run comes out as if nothing had been.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from random import Random

from mailer.audience.token import Keyring, Purpose
from tests.chaos.judge import Verdict
from tests.chaos.senders import Sender
from tests.chaos.stage import KEY, Scene, Stage

_CLICKS = 12  # connections that click at the same time
_BODY = b"List-Unsubscribe=One-Click"
_PLACE = re.compile(r"http://127\.0\.0\.1:(\d+)/")


async def clicks(stage: Stage, backend: str, rng: Random) -> Verdict:
    """Two thirds of the readers click; the server is killed once or twice meanwhile."""
    async with stage.scene(backend, connections=rng.choice((1, 4))) as scene:
        scene.environ["MAILER_RELAYS__PRINCIPAL__RATE"] = "60/s"
        waiting = _tokens(scene)
        del waiting[len(waiting) * 2 // 3 :]
        sender = scene.resume()
        for _ in range(rng.choice((1, 2))):
            server, port = await _serve(scene)
            after = rng.randrange(len(waiting) // 3)
            await _click(scene, port, waiting, die=server, after=after)
            if await server.wait() != -9:
                scene.faults.append("the server did not die")
        server, port = await _serve(scene)
        await _click(scene, port, waiting)
        server.terminate()
        await server.wait()
        await scene.ended(sender)
        await scene.finish()
        _remember(scene)
        return await scene.verdict()


def _tokens(scene: Scene) -> list[tuple[str, str]]:
    """Every reader and their link, the last of the audience first: they are still due."""
    keyring = Keyring([KEY.encode()])
    rows = scene.read("SELECT id, email FROM subscriber ORDER BY id DESC")
    return [
        (row.email, keyring.sign(Purpose.UNSUBSCRIBE, "le-meridien", str(row.id)))
        for row in rows
    ]


async def _serve(scene: Scene) -> tuple[Sender, int]:
    server = scene.start("serve", "--listen", "127.0.0.1:0")
    async with asyncio.timeout(60):
        while not (place := _PLACE.search(_said(server))):
            assert server.code is None, server.err
            await asyncio.sleep(0.02)
    return server, int(place[1])


def _said(server: Sender) -> str:
    with suppress(FileNotFoundError):  # it has only just been started
        return server.err
    return ""


async def _click(
    scene: Scene,
    port: int,
    waiting: list[tuple[str, str]],
    *,
    die: Sender | None = None,
    after: int = 0,
) -> None:
    """Let everybody in *waiting* click; *die* is killed after so many answers."""
    left = iter(list(waiting))
    answered: set[str] = set()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for email, token in left:
                writer.write(_request(token))
                head = await reader.readuntil(b"\r\n\r\n")
                if head.split()[1] != b"200":
                    scene.faults.append(f"{email}: {head.splitlines()[0]!r}")
                    continue
                scene.left[email] = time.monotonic()
                answered.add(email)
                await reader.readexactly(len(b"OK\n"))
                if die is not None and len(answered) > after:
                    die.kill()
        except (ConnectionError, asyncio.IncompleteReadError):
            if die is None:
                scene.faults.append("the server hung up")
        finally:
            writer.close()

    await asyncio.gather(
        *(connection() for _ in range(_CLICKS)), return_exceptions=die is not None
    )
    waiting[:] = [each for each in waiting if each[0] not in answered]


def _request(token: str) -> bytes:
    head = (
        f"POST /unsubscribe/{token} HTTP/1.1",
        "Host: lettres.example",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(_BODY)}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + _BODY


def _remember(scene: Scene) -> None:
    """Whoever was answered is down as gone."""
    rows = scene.read(
        "SELECT email FROM subscriber JOIN subscription ON subscriber_id = id"
        " WHERE standing = 'left'"
    )
    forgotten = scene.left.keys() - {row.email for row in rows}
    scene.faults += [f"{email} was told so, and forgotten" for email in forgotten]
