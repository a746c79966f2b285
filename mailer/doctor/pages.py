"""Whether readers reach our pages, and leave with one click."""

from __future__ import annotations

from mailer.doctor.line import Condition, Line, well
from mailer.online.outside import Answer, Visitor
from mailer.phrases import Phrase, say

_NOBODY = "unsubscribe/mailer-doctor"
"""A link of no reader: whoever answers it well says that it is none."""


async def examine(public_url: str | None, visitor: Visitor) -> list[Line]:
    """The lines about ``[site] public_url``."""
    if public_url is None:
        found = say(
            "no [site] public_url: readers leave by mail, pictures travel inside"
        )
        return [Line(topic="site", condition=Condition.NOTE, found=found)]
    lines = [_page(public_url, await visitor.get(f"{public_url}/"))]
    if not public_url.startswith("https://"):
        found = say("not https: mail programs offer no one-click unsubscribe")
        do = say("Gmail and Yahoo want it of whoever writes to many: get a certificate")
        line = Line(
            topic="one-click",
            name=public_url,
            condition=Condition.FAULT,
            found=found,
            do=do,
        )
        return [*lines, line]
    if lines[0].condition is Condition.FAULT:
        return lines
    answer = await visitor.one_click(f"{public_url}/{_NOBODY}")
    return [*lines, _one_click(public_url, answer)]


def _page(url: str, answer: Answer) -> Line:
    reach = say("let it be reached: DNS, firewall, the proxy before [web] public")
    if answer.fault:
        found = say("cannot be reached: {reason}", reason=answer.fault)
        return Line(
            topic="site", name=url, condition=Condition.FAULT, found=found, do=reach
        )
    found = say("answers {status}", status=str(answer.status))
    if answer.status >= 500:
        return Line(
            topic="site", name=url, condition=Condition.FAULT, found=found, do=reach
        )
    return well("site", found, name=url)


def _one_click(url: str, answer: Answer) -> Line:
    def line(mark: Condition, found: Phrase, do: Phrase) -> Line:
        return Line(topic="one-click", name=url, condition=mark, found=found, do=do)

    if answer.fault:
        found = say("cannot be reached: {reason}", reason=answer.fault)
        return line(Condition.FAULT, found, say("let POST through to [web] public"))
    status = str(answer.status)
    if 300 <= answer.status < 400:
        return line(
            Condition.FAULT,
            say(
                "POST is redirected ({status}) to {where}",
                status=status,
                where=answer.location,
            ),
            say("mail programs follow no redirection: answer at this very address"),
        )
    if answer.status in {405, 501} or answer.status >= 500:
        return line(
            Condition.FAULT,
            say("POST is answered {status}", status=status),
            say("let POST through to [web] public"),
        )
    if answer.status == 404:
        return line(
            Condition.WARNING,
            say("POST is answered 404: somebody else may stand there"),
            say("lead /unsubscribe/ to [web] public"),
        )
    return well("one-click", say("POST is answered {status}", status=status), name=url)
