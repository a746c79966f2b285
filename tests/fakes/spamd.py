"""A spamd that says what it is told to, to whoever speaks its protocol as it should."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HEAD = re.compile(rb"REPORT SPAMC/1\.5\r\nContent-length: (\d+)\r\n\r\n")

REPORT = """\
Spam detection software, running on the system "essai.example",
has NOT identified this incoming email as spam.

Content analysis details:   (2.6 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 0.6 HTML_IMAGE_RATIO_04    BODY: HTML has a low ratio of text to image
                            area
 2.0 MISSING_MID            Missing Message-Id: header
"""


def answer(score: float = 2.6, limit: float = 5.0, report: str = REPORT) -> bytes:
    """What spamd writes to a REPORT that it understood."""
    body = report.encode()
    verdict = "True" if score >= limit else "False"
    head = (
        f"SPAMD/1.1 0 EX_OK\r\nContent-length: {len(body)}\r\n"
        f"Spam: {verdict} ; {score} / {limit}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class FakeSpamd:
    """Remembers the messages; ``reply`` is said to each, None for silence."""

    reply: bytes | None = field(default_factory=answer)
    where: str = ""
    judged: list[bytes] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One message of one client."""
        head = HEAD.fullmatch(await reader.readuntil(b"\r\n\r\n"))
        if head is None:
            writer.write(b"SPAMD/1.0 76 Bad header line\r\n\r\n")
        else:
            self.judged.append(await reader.readexactly(int(head[1])))
            if self.reply is None:
                await self.over.wait()
            else:
                writer.write(self.reply)
        writer.close()


@asynccontextmanager
async def spamd(reply: bytes | None) -> AsyncIterator[FakeSpamd]:
    """One at a free port of this machine."""
    fake = FakeSpamd(reply)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        fake.over.set()
        server.close()
        await server.wait_closed()
