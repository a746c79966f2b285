"""What a receiver found in a proof of ours: the verdicts it wrote on top of the mail.

Signed and sent is not yet arrived and believed: a relay may change what was signed, and
a record may be published for another domain. Only somebody who received a mail can tell,
and does, in ``Authentication-Results``.

Sources: RFC 8601 sections 2.2 (the field) and 5 (which of them to believe), RFC 6376
section 3.5 (h=, d=), RFC 8058 section 4 (what must be signed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser

from mailer.doctor.line import Condition, Line, well
from mailer.phrases import Phrase, say

_METHODS = ("dkim", "spf", "dmarc")
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\b(dkim|spf|dmarc)\s*=\s*([a-z]+)([^;]*)", re.IGNORECASE)
_DOMAIN = re.compile(r"\bheader\.(?:d|i|from)=@?([\w.-]+)", re.IGNORECASE)
_TAG = re.compile(r"\b([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)
_ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")

_WHAT_TO_DO = {
    "dkim": say("mailer doctor --online compares the keys with what is published"),
    "spf": say("publish whose servers send for the domain of the return path"),
    "dmarc": say("the domain of From, or one above it, must be that of dkim or spf"),
}


def examine(received: bytes, file: str) -> list[Line]:
    """The lines about a mail as it was *received*, all of its headers with it."""
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(received)
    fields = [str(each) for each in message.get_all("Authentication-Results", [])]
    if not fields:
        nothing = say("{file} has no verdict of a receiver", file=file)
        do = say("save a proof as it arrived at a large provider: show original, .eml")
        return [Line(topic="proof", condition=Condition.WARNING, found=nothing, do=do)]
    # The first was written last, by the one who has the mail: older ones may be forged.
    return [*_verdicts(fields[0]), *_signed(message)]


def _verdicts(field: str) -> Iterator[Line]:
    words = " ".join(_COMMENT.sub(" ", field).split())
    receiver = words.partition(";")[0].split(" ")[0]
    results: dict[str, tuple[str, str]] = {}
    for method, result, more in _RESULT.findall(words):
        named = _DOMAIN.search(more)
        given = (result.lower(), named[1] if named else "")
        known = results.get(method.lower())
        if known is None or known[0] != "pass":  # one good signature is enough
            results[method.lower()] = given
    for method in _METHODS:
        result, domain = results.get(method, ("none", ""))
        said = f"{method}={result}" + (f" ({domain})" if domain else "")
        found = say("{receiver} says {result}", receiver=receiver, result=said)
        if result == "pass":
            yield well("proof", found, name=method)
        else:
            yield Line(
                topic="proof",
                name=method,
                condition=Condition.FAULT,
                found=found,
                do=_WHAT_TO_DO[method],
            )


def _signed(message: Message) -> Iterator[Line]:
    """Whether a signature covers the one-click fields, without which no button shows."""
    covered = [
        {name.strip().lower() for name in tags.get("h", "").split(":")}
        for tags in map(_tags, message.get_all("DKIM-Signature", []))
    ]
    missing: list[Phrase | str] = [
        each
        for each in _ONE_CLICK
        if each in message and not any(each in names for names in covered)
    ]
    if covered and not missing:
        found = say("a signature covers the one-click fields")
        yield well("proof", found, name="one-click")
    elif missing:
        yield Line(
            topic="proof",
            name="one-click",
            condition=Condition.FAULT,
            found=say("no signature covers {fields}", fields=", ".join(missing)),
            do=say("sign with a key of mailer: mailer dkim new YOUR-DOMAIN"),
        )


def _tags(field: str) -> dict[str, str]:
    unfolded = "".join(str(field).split())
    return {name.lower(): value for name, value in _TAG.findall(unfolded)}
