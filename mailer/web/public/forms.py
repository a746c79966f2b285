"""What a form of ours sends: names and values, of bodies that the guard has let in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

_MOST = 200
_URLENCODED = "application/x-www-form-urlencoded"


async def fields(request: Request) -> Mapping[str, str]:
    """The fields of an urlencoded form, the last of a name; none of any other body.

    The body is read to its end, whatever it is. What is not sense is nothing.
    """
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _URLENCODED:
        return {}
    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST)
    except ValueError:
        return {}
    return dict(pairs)
