"""Alerts posted to a program of the operator's: JSON, signed, tried a little.

``Mailer-Signature: t=1773468000,v1=…`` is HMAC-SHA256 over ``t.body``, in hexadecimal:
who checks it, and that *t* is recent, knows that nobody else wrote or repeats it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpcore

from mailer.phrases import NOTHING, Phrase, say

_SECONDS = 10.0
PAUSES = (5.0, 30.0)
"""Seconds between attempts: three of them in all."""


async def post(
    url: str,
    told: Mapping[str, Any],
    *,
    key: bytes,
    now: datetime,
    pauses: Sequence[float] = PAUSES,
) -> Phrase:
    """Post *told* to *url*; nothing if it was taken, else why not. Never raises."""
    body = json.dumps(told, ensure_ascii=False).encode()
    headers: dict[bytes | str, bytes | str] = {
        "Content-Type": "application/json",
        "User-Agent": "mailer",
    }
    if key:
        headers["Mailer-Signature"] = signature(body, key=key, now=now)
    fault = NOTHING
    for pause in (*pauses, None):
        fault = await _once(url, body, headers)
        if not fault or pause is None:
            break
        await asyncio.sleep(pause)
    return fault


def signature(body: bytes, *, key: bytes, now: datetime) -> str:
    """What the header says of *body*."""
    moment = str(int(now.timestamp()))
    signed = hmac.new(key, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


async def _once(
    url: str, body: bytes, headers: dict[bytes | str, bytes | str]
) -> Phrase:
    try:
        async with asyncio.timeout(_SECONDS), httpcore.AsyncConnectionPool() as pool:
            answer = await pool.request("POST", url, headers=headers, content=body)
    except (TimeoutError, httpcore.TimeoutException):
        return say("it did not answer in time")
    except (OSError, ssl.SSLError, httpcore.NetworkError) as error:
        return say("no connection: {error}", error=str(error)[:80])
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
        return say("its answer makes no sense")
    if 200 <= answer.status < 300:
        return NOTHING
    return say("it answers {status}", status=str(answer.status))
