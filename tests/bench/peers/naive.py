"""The obvious way, to compare with: Jinja2 and EmailMessage per reader, stock aiosmtplib.

naive.py HOST PORT COUNT CONNECTIONS CONTENT

The connections stay open.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import jinja2

_SENDER = "bounce@news.example.org"


def reader(n: int, names: list[str]) -> dict[str, str]:
    token = f"{n * 2654435761:040x}"
    site = "https://letters.weekly.example"
    return {
        "email": f"subscriber{n}@example{n % 500}.net",
        "name": names[n % len(names)],
        "web_url": f"{site}/archive/weekly/bench",
        "unsubscribe_url": f"{site}/unsubscribe/{token}",
        "preferences_url": f"{site}/preferences/{token}",
        "poll_url": f"{site}/poll/{token}",
    }


async def main(
    host: str, port: str, count: str, connections: str, content: str
) -> None:
    edition = json.loads(Path(content).read_text(encoding="utf-8"))  # noqa: ASYNC240 - before anything runs
    html = jinja2.Environment(autoescape=True).from_string(edition["html"])
    text = jinja2.Environment().from_string(edition["text"])  # noqa: S701 - plain text
    numbers = itertools.count()

    def build(n: int) -> tuple[str, EmailMessage]:
        who = reader(n, edition["names"])
        message = EmailMessage()
        message["From"] = "The Weekly <letter@weekly.example>"
        message["To"] = who["email"]
        message["Subject"] = edition["subject"]
        message["Message-ID"] = f"<{n}@weekly.example>"
        message["Date"] = "Thu, 01 Jan 2026 00:00:00 +0000"
        message["List-Unsubscribe"] = f"<{who['unsubscribe_url']}>"
        message.set_content(text.render(who))
        message.add_alternative(html.render(who), subtype="html")
        return who["email"], message

    async def connection() -> None:
        async with aiosmtplib.SMTP(
            hostname=host,
            port=int(port),
            local_hostname="client.example.org",
            start_tls=False,
        ) as smtp:
            while (n := next(numbers)) < int(count):
                recipient, message = build(n)
                await smtp.send_message(message, sender=_SENDER, recipients=[recipient])

    await asyncio.gather(*(connection() for _ in range(int(connections))))


asyncio.run(main(*sys.argv[1:]))
