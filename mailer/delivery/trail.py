"""Measured links: only in the mail of readers who agreed, and only where it is turned on.

A measured link is ``<site>/click/<link>/<reader>``: two tokens, the first signed for the
edition and its target, the same for every reader, the second for a reader. So nothing
redirects to an address that an edition of ours did not have in it (no open redirect),
and a template needs one more hole, whatever the number of its links.

What is one reader's own (leaving, preferences, votes) and what leads to our own site is
never measured, nor is a link that says something about the reader.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from mailer.audience.token import Keyring, Purpose
from mailer.rendering.personalise import hole

_LINK = re.compile(r'(<a\b[^>{}]*?\shref=")(https?://[^"{}]+)(")', re.IGNORECASE)
_END = re.compile(r"</body>", re.IGNORECASE)
MEASURED = "measure_token"
"""The placeholder of the token that says whose mail it is."""

_OURS = hole(MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """How the mail of an edition is measured: its clicks, its being opened, or both."""

    base: str
    publication: str
    edition: str
    keyring: Keyring
    clicks: bool
    opens: bool

    def laid(self, body: str) -> str:
        """*body*, the HTML of a mail, with its links measured."""
        if self.clicks:
            body = _LINK.sub(self._measured, body)
        if self.opens:
            token = self.keyring.sign(Purpose.OPEN, self.publication, self.edition)
            pixel = (
                f'<img src="{self.base}/open/{token}/{_OURS}" alt="" width="1"'
                ' height="1" style="display:block;border:0">'
            )
            body = _END.sub(lambda end: pixel + end[0], body, count=1)
        return body

    def _measured(self, link: re.Match[str]) -> str:
        target = html.unescape(link[2])
        if target == self.base or target.startswith(f"{self.base}/"):
            return link[0]
        token = self.keyring.sign(Purpose.CLICK, self.publication, self.edition, target)
        return f"{link[1]}{self.base}/click/{token}/{_OURS}{link[3]}"
