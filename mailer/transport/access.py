"""Where access tokens come from: a file that somebody renews, or a command that asks.

mailer speaks with no provider's token service itself: there are good programs for that,
and each provider's dance is its own. Tokens are never written or logged.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import suppress
from pathlib import Path

from mailer.errors import RelayError
from mailer.phrases import Phrase, say

_LONGEST = 16_384  # bytes; tokens of some providers have two thousand
_PATIENCE = 60.0  # seconds for a command that may have to ask a server


class FileToken:
    """A token in a file, read at each login: whoever renews it just writes it."""

    def __init__(self, path: Path, *, relay: str) -> None:
        self._path, self._relay = path, relay

    async def read(self, *, refused: str = "") -> str:  # noqa: ARG002 - the port's
        """What the file holds now."""
        try:
            said = await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            words = say(
                "token_file {path} cannot be read: {error}",
                path=self._path,
                error=error.strerror,
            )
            raise RelayError(words, relay=self._relay, temporary=False) from error
        return _token(said, "token_file", self._relay)


class CommandToken:
    """A token that a command prints; kept until it is refused."""

    def __init__(
        self, command: str, *, folder: Path, relay: str, patience: float = _PATIENCE
    ) -> None:
        self._words, self._folder, self._relay = shlex.split(command), folder, relay
        self._patience = patience
        self._known = ""
        self._lock = asyncio.Lock()

    async def read(self, *, refused: str = "") -> str:
        """The token known, or the command's answer; connections ask one at a time."""
        async with self._lock:
            if not self._known or self._known == refused:
                self._known = await self._ask()
            return self._known

    async def _ask(self) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            words = say("{command}: {error}", command=self._words[0], error=error)
            raise self._failed(words, temporary=False) from error
        try:
            async with asyncio.timeout(self._patience):
                out, err = await process.communicate()
        except TimeoutError as error:
            words = say("no answer in {seconds} s", seconds=round(self._patience))
            raise self._failed(words, temporary=True) from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            said = err.decode("utf-8", "replace").strip().splitlines()
            words = say(
                "ended with {code}: {said}",
                code=str(process.returncode),
                said="".join(c for c in said[-1][:200] if c.isprintable())
                if said
                else "-",
            )
            raise self._failed(words, temporary=True)
        return _token(out, "token_command", self._relay)

    def _failed(self, words: Phrase, *, temporary: bool) -> RelayError:
        message = say("token_command failed: {reason}", reason=words)
        return RelayError(message, relay=self._relay, temporary=temporary)


def _token(said: bytes, setting: str, relay: str) -> str:
    """The one word in *said*; RelayError if it is none that could be sent."""
    token = said.decode("ascii", "replace").strip()
    if not token or len(said) > _LONGEST or not token.isprintable() or " " in token:
        words = say(
            "{setting} gives no access token: one word is wanted", setting=setting
        )
        raise RelayError(words, relay=relay, temporary=True)
    return token
