"""What Amazon SES tells by mail: its notifications, JSON that a topic sends as text.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import re

from mailer.delivery.bounce.testimony import Testimony

_TYPE = re.compile(r'"(?:notificationType|eventType)"\s*:\s*"(\w{1,20})"')
_ADDRESS = re.compile(r'"emailAddress"\s*:\s*"([^"]{1,320})"')
_SAID = re.compile(r'"diagnosticCode"\s*:\s*"([^"]{1,2000})"')
_STATUS = re.compile(r'"status"\s*:\s*"(\d\.\d{1,3}\.\d{1,3})"')
_ACTIONS = {"bounce": "failed", "delivery": "delivered", "complaint": "complaint"}
_BEGINNING = 300
_MOST = 20


def read_notification(text: str) -> list[Testimony]:
    """What the notification *text* says of each recipient; nothing, if it is none."""
    if not text.lstrip().startswith("{"):
        return []
    joined = text.replace("\n", "")
    kind = _TYPE.search(joined[:_BEGINNING])
    action = _ACTIONS.get(kind[1].lower(), "") if kind else ""
    if kind is None or not action:
        return []
    said, status = _SAID.search(joined), _STATUS.search(joined)
    return [
        Testimony(
            recipient=address,
            action=action,
            status=status[1] if status else "",
            diagnosis=said[1] if said else "",
            lines=tuple(part[0] for part in (kind, status, said) if part),
        )
        for address in _ADDRESS.findall(joined)[:_MOST] or [""]
    ]
