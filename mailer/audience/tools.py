"""The exports of other tools: how each one's file is known, and what its columns say.

Headers are compared without case, accents and punctuation. What a tool does not say of
its own columns is guessed as in any roster, for people add columns to theirs.

As found in what the tools write: listmonk 2 to 5 (subscribers.csv), Ghost 5 and 6
(members.csv), Substack (email_list.csv, of both years), beehiiv, and the three files of
Mailchimp (subscribed, unsubscribed, cleaned).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailer.errors import NotFoundError
from mailer.phrases import did_you_mean, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool's export. A file that has all of *marks* is taken for it.

    ``fields`` says under which headers a field of ours stands, the first that is filled
    winning; ``ignored`` are headers that would be taken for something else; ``left`` are
    words of its status that say that somebody left.
    """

    name: str
    marks: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]
    ignored: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    title: str = field(default="")


TOOLS = (
    Tool(
        name="mailer",
        title="mailer",
        marks=frozenset({"email", "publication", "tier", "state", "since"}),
        fields={
            "email": ("email",),
            "name": ("name",),
            "publication": ("publication",),
            "tier": ("tier",),
            "status": ("state",),
            "joined": ("since",),
            "until": ("until",),
            "lang": ("lang",),
            "tags": ("tags",),
            "barred": ("suppressed",),
        },
    ),
    Tool(
        name="listmonk",
        title="listmonk",
        marks=frozenset({"uuid", "email", "attributes", "status"}),
        fields={
            "email": ("email",),
            "name": ("name",),
            "status": ("status",),
            "joined": ("created-at",),
            "attributes": ("attributes",),
        },
        left=frozenset({"disabled"}),
    ),
    Tool(
        name="ghost",
        title="Ghost",
        marks=frozenset({"email", "subscribed-to-emails", "complimentary-plan"}),
        fields={
            "email": ("email",),
            "name": ("name",),
            "reads": ("subscribed-to-emails",),
            "comped": ("complimentary-plan",),
            "joined": ("created-at",),
            "gone_at": ("deleted-at",),
            "tags": ("labels",),
            "tiers": ("tiers", "products"),
        },
        ignored=frozenset({"note"}),
    ),
    Tool(
        name="substack",
        title="Substack",
        marks=frozenset({"email", "email-disabled"}),
        fields={
            "email": ("email",),
            "name": ("name",),
            "paid": ("active-subscription",),
            "tier": ("type",),
            "until": ("expiry",),
            "muted": ("email-disabled",),
            "joined": ("created-at",),
        },
        ignored=frozenset({"plan"}),
    ),
    Tool(
        name="beehiiv",
        title="beehiiv",
        marks=frozenset({"email", "status", "tier", "created-at", "unsubscribed-at"}),
        fields={
            "email": ("email",),
            "first_name": ("first-name",),
            "last_name": ("last-name",),
            "status": ("status",),
            "tier": ("tier",),
            "joined": ("created-at",),
            "gone_at": ("unsubscribed-at",),
            "tags": ("tags",),
        },
        ignored=frozenset({"subscription-date-substack"}),
        left=frozenset({"inactive"}),
    ),
    Tool(
        name="mailchimp",
        title="Mailchimp",
        marks=frozenset({"email-address", "optin-time", "confirm-time"}),
        fields={
            "email": ("email-address",),
            "first_name": ("first-name",),
            "last_name": ("last-name",),
            "joined": ("confirm-time", "optin-time"),
            "opted_in": ("optin-time",),
            "confirmed": ("confirm-time",),
            "ip": ("confirm-ip", "optin-ip"),
            "gone_at": ("unsub-time",),
            "reason": ("unsub-reason",),
            "bounced_at": ("clean-time",),
            "tags": ("tags",),
        },
        # A postal address, and words about a campaign, are no business of ours.
        ignored=frozenset({"address", "notes", "region", "last-changed"}),
    ),
)
"""In the order in which they are recognised."""


def recognised(headers: Sequence[str]) -> Tool | None:
    """The tool that wrote a file with these plain *headers*; None if it is none."""
    there = set(headers)
    return next((tool for tool in TOOLS if tool.marks <= there), None)


def tool_called(name: str) -> Tool:
    """The tool called *name*; NotFoundError with those there are."""
    for tool in TOOLS:
        if tool.name == name.casefold():
            return tool
    message = say("no tool {name}", name=name)
    raise NotFoundError(message, hint=did_you_mean(name, [tool.name for tool in TOOLS]))
