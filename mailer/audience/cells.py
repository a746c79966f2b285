"""What the cells of a roster say: of a person's name, tier, standing, days and tags.

Each function takes the fields of one line by our own names. What cannot be understood is
an InputError, which makes that line one that is told and not taken in.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from mailer.audience.subscriber import Reason, Tier
from mailer.audience.tag import read_tag
from mailer.errors import InputError
from mailer.phrases import say

Values = Mapping[str, str]
"""The cells of one line, by field; what is missing or empty is not there."""

_MEMBER = frozenset(
    """member members membre membres oui yes true vrai 1 x paid payant premium comp
    comped complimentary gift founding lifetime monthly yearly annual""".split()
)
_FREE = frozenset(
    "free gratuit gratuite non no false faux 0 libre other none".split()
) | {""}
_ACTIVE = frozenset(  # says that they read, not what
    """active actif active abonne abonnee inscrit inscrite subscribed confirmed confirme
    confirmee opted-in enabled valide""".split()
)
_GONE: Mapping[Reason, frozenset[str]] = {
    Reason.UNSUBSCRIBED: frozenset(
        """left unsubscribed unsub desabonne desabonnee desinscrit desinscrite
        opted-out""".split()
    ),
    Reason.BOUNCED: frozenset("bounced bounce hard-bounced cleaned".split()),
    Reason.COMPLAINED: frozenset("complained complaint spam abuse".split()),
    Reason.MANUAL: frozenset(
        "suppressed blocked bloque bloquee blocklisted blacklisted".split()
    ),
    Reason.ERASED: frozenset(["erased"]),
}
_REASONS = {word: reason for reason, words in _GONE.items() for word in words}
_ABSENT = frozenset(  # does not read, and does not say that they left
    """inactive inactif resilie resiliee cancelled canceled pending unconfirmed
    non-confirme non-confirmee en-attente disabled deleted supprime supprimee archived
    invalid validating""".split()
)
_FALSE = frozenset("false no non 0 faux n f".split())
_TRUE = frozenset("true yes oui 1 vrai y t x".split())
_COMPLAINT = re.compile(r"abuse|spam|complain|plainte", re.IGNORECASE)
_LANGUAGES = {
    "fr": "fr",
    "french": "fr",
    "francais": "fr",
    "en": "en",
    "english": "en",
    "anglais": "en",
}
_EUROPEAN = re.compile(  # the day comes first
    r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)
_GAPS = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_NO_TAG = re.compile(r"[\x00-\x1f\x7f-\x9f;,\"]+")
_LONGEST_NAME, _LONGEST_TAG, _MOST_TAGS = 200, 64, 50


@dataclass(frozen=True, slots=True)
class Departure:
    """That somebody is written to no more where the file comes from; ``at`` if it says."""

    reason: Reason
    at: datetime | None = None


def name_of(values: Values) -> str:
    """What to call them: first and last name, or the whole."""
    parts = (values.get(part) for part in ("first_name", "last_name", "name"))
    name = _GAPS.sub(" ", " ".join(part for part in parts if part)).strip()
    return unicodedata.normalize("NFC", name)[:_LONGEST_NAME]


def departure_of(values: Values, left: Collection[str] = ()) -> Departure | None:
    """Whether the file says that they are written to no more; None if it does not.

    *left* are further words of a tool's status that say so. InputError for who does not
    read there and did not leave: not confirmed, archived, and the like.
    """
    if bounced := values.get("bounced_at"):
        return Departure(Reason.BOUNCED, _moment_or_none(bounced))
    if gone := values.get("gone_at"):
        complained = _COMPLAINT.search(values.get("reason", ""))
        reason = Reason.COMPLAINED if complained else Reason.UNSUBSCRIBED
        return Departure(reason, _moment_or_none(gone))
    if values.get("barred"):
        return _barred(values["barred"])
    if "muted" in values and plain(values["muted"]) in _TRUE:
        return Departure(Reason.UNSUBSCRIBED)
    if "reads" in values and plain(values["reads"]) in _FALSE:
        return Departure(Reason.UNSUBSCRIBED)
    for field in ("tier", "status"):
        word = values.get(field)
        if word is None:
            continue
        known = plain(word)
        if known in left:
            return Departure(Reason.UNSUBSCRIBED)
        if known in _REASONS:
            return Departure(_REASONS[known])
        if known in _ABSENT:
            message = say("the file says that they do not read: {word}", word=word)
            raise InputError(message)
    return None


def tier_of(values: Values) -> Tier:
    """What they read.

    A status is a word of another tool, or of no meaning here: only what it says of
    members is heard.
    """
    if "tiers" in values or any(
        flag in values and plain(values[flag]) in _TRUE for flag in ("comped", "paid")
    ):
        return Tier.MEMBER
    if "paid" in values and plain(values["paid"]) in _FALSE:
        return Tier.FREE
    word = values.get("tier", "")
    known = plain(word)
    standing = plain(values["status"]) if "status" in values else ""
    if known in _MEMBER or (standing in _MEMBER and not known):
        return Tier.MEMBER
    if known in _FREE or known in _ACTIVE:
        return Tier.FREE
    message = say("neither free nor member: {word}", word=word)
    raise InputError(message)


def day_of(text: str) -> date | None:
    """A day as it is written; None for none. InputError if we cannot read it."""
    return None if (moment := moment_of(text)) is None else moment.date()


def moment_of(text: str) -> datetime | None:
    """A moment as it is written, in its own zone, else in UTC; None for none."""
    if not text:
        return None
    try:
        if european := _EUROPEAN.fullmatch(text):
            day, month, year, hour, minute, second = (
                int(part or 0) for part in european.groups()
            )
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError as error:
        message = say("no date: {word}", word=text)
        raise InputError(message) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def language_of(values: Values) -> str:
    """``fr`` or ``en``; empty for what we do not speak, and for none."""
    if "lang" not in values:
        return ""
    word = plain(values["lang"])
    return _LANGUAGES.get(word) or _LANGUAGES.get(word.partition("-")[0], "")


def tags_of(values: Values) -> tuple[str, ...]:
    """Tags as they are listed in one cell, each in our spelling."""
    cell = values.get("tags", "")
    if not cell:
        return ()
    sign = next((sign for sign in ",;|" if sign in cell), ",")
    found: list[str] = []
    for said in next(csv.reader([cell], delimiter=sign, skipinitialspace=True), []):
        bare = " ".join(_NO_TAG.sub(" ", said).split())[:_LONGEST_TAG]
        if bare:
            found.append(read_tag(bare)[:_LONGEST_TAG].strip())
    return tuple(dict.fromkeys(found[:_MOST_TAGS]))


def unfolded(values: dict[str, str]) -> dict[str, str]:
    """*values* with what listmonk keeps of a person in one cell of JSON."""
    if "attributes" not in values:
        return values
    try:
        kept = json.loads(values["attributes"])
    except ValueError:
        return values
    if not isinstance(kept, dict):
        return values
    for field, keys in _ATTRIBUTES.items():
        for key in keys:
            said = kept.get(key)
            if isinstance(said, list):
                said = ",".join(str(each) for each in said)
            if said and field not in values:
                values[field] = str(said)
    return values


_ATTRIBUTES = {
    "tier": ("tier", "plan"),
    "until": ("until", "expiry"),
    "lang": ("lang", "language", "locale"),
    "tags": ("tags", "labels"),
}


def evidence_of(values: Values, tool: str) -> str:
    """What the file knows of how they agreed: when, confirmed when, from where."""
    if not tool:
        return ""
    said = (
        ("opted in {}", values.get("opted_in")),
        ("confirmed {}", values.get("confirmed")),
        ("from {}", values.get("ip")),
    )
    told = [words.format(" ".join(value.split())) for words, value in said if value]
    return ", ".join([tool, *told]) if told else ""


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Without case, accents and punctuation: ``Adresse e-mail``, folded."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def _barred(word: str) -> Departure:
    known = plain(word)
    if known not in {str(reason) for reason in Reason}:
        message = say("no reason to suppress somebody: {word}", word=word)
        raise InputError(message)
    return Departure(Reason(known))


def _moment_or_none(text: str) -> datetime | None:
    """That somebody left holds, though the day of it cannot be read."""
    try:
        return moment_of(text)
    except InputError:
        return None
