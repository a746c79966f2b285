"""The tables, one schema for both dialects."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    literal_column,
)

from mailer.store.arriving import arrival as arrival
from mailer.store.columns import KEYED, Key, Moment, partial_index
from mailer.store.columns import metadata as metadata
from mailer.store.columns import microseconds as microseconds
from mailer.store.proving import proof as proof

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("lang", String(16)),
    Column("text_only", Boolean),
    Column("tracking", Boolean),
)

subscription = Table(
    "subscription",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("publication", Text, primary_key=True),
    Column("tier", String(16), nullable=False),
    Column("standing", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Date),
    Column("rhythm", String(16)),
    Column("paused_until", Date),
    Index(None, "publication", "standing", "subscriber_id"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("publication", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("wording", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", String(24)),
    Column("version", String(16)),
    Column("ip", Text),
    Column("agent", Text),
    Column("form", Text),
)

suppression = Table(
    "suppression",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
)

tag = Table(
    "tag",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index(None, "tag", "subscriber_id"),
)

# What a reader wrote back. The mail itself is the newsroom's, and not kept here.
answer = Table(
    "answer",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False),
    Column("publication", Text, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Index(None, "publication", "subscriber_id"),
)

# Append-only; of those alone who agreed to it.
measured = Table(
    "measured",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("publication", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("target", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "publication", "edition"),
)

frozen = Table(
    "frozen",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("edition", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("edition_json", Text, nullable=False),
    Column("publication_json", Text, nullable=False),
    Column("frozen_at", Moment, nullable=False),
    Index(None, "edition", "sha256"),
)

rendering = Table(
    "rendering",
    metadata,
    Column("frozen_id", ForeignKey("frozen.id"), primary_key=True),
    Column("variant", String(16), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("lang", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("pictures_json", Text, nullable=False),
    Column("entry_json", Text),
    Column("polls_json", Text),
)

listing = Table(
    "listing",
    metadata,
    Column("frozen_id", ForeignKey("frozen.id"), primary_key=True, autoincrement=False),
    Column("edition", Text, nullable=False),
    Column("publication", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("number", Integer),
    Column("minutes", Integer, nullable=False),
    Column("lang", String(16), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("picture", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sought", Text, nullable=False),
    Index(None, "publication", "slug"),
)

approval = Table(
    "approval",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("edition", Text, nullable=False),
    Column("frozen_id", ForeignKey("frozen.id"), nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", Moment, nullable=False),
    Column("accepted_json", Text),
    Column("basis_json", Text, nullable=False),
    # Ended by another approval, or taken back: kept, for who asks who approved what.
    Column("ended_by", Text, nullable=False),
    Column("ended_at", Moment),
    Index(None, "edition", "ended_at"),
)

picture = Table(
    "picture",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("edition", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("publication", Text, nullable=False),
    Column("frozen_id", ForeignKey("frozen.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("departs_at", Moment),
    Column("finished_at", Moment),
    Column("reason", Text, nullable=False),
    Column("accepted_json", Text),
    Column("reason_json", Text),
    Column("segment", Text),
    Column("held", Boolean),
    Column("canary", Integer),
    Column("patient_from", Moment),
)

# Refers to no other table: the rows of a proposal stand before their run does, and to
# look each of a million up twice took PostgreSQL longer than writing them.
delivery = Table(
    "delivery",
    metadata,
    Column("run_id", Key, primary_key=True, autoincrement=False),
    Column("subscriber_id", Key, primary_key=True, autoincrement=False),
    Column("variant", String(16), nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", Moment),
    Column("next_attempt_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("relay", Text, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("code", Integer),
    Column("enhanced", String(16), nullable=False),
    Column("reply", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("text_only", Boolean),
    Column("measured", Boolean),
    # Of what is due only: marking and settling, once per message, touch no index.
    partial_index(
        "ix_delivery_due",
        "run_id",
        "next_attempt_at",
        "subscriber_id",
        where="state = 'due'",
    ),
    Index(None, "subscriber_id"),
    info=KEYED,
)

# A run that somebody is being asked about, under the number that it would have.
proposal = Table(
    "proposal",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("publication", Text, nullable=False),
    Column("basis_json", Text, nullable=False),
    Column("audience", Integer, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("stands", Boolean, nullable=False),
)

vote = Table(
    "vote",
    metadata,
    Column("edition", Text, primary_key=True),
    Column("poll", Text, primary_key=True),
    # The subscriber's number, or what an anonymous poll makes of it with its key.
    Column("voter", String(64), primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), index=True),
    Column("choice", Integer, nullable=False),
    Column("voted_at", Moment),
    info=KEYED,  # nor would the order in which they came tell anything
)

ballot_box = Table(
    "ballot_box",
    metadata,
    Column("edition", Text, primary_key=True),
    Column("poll", Text, primary_key=True),
    Column("key", LargeBinary),
    Column("counts_json", Text),
)

patron = Table(
    "patron",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("email_key", Text, index=True),
    Column("publication", Text, nullable=False),
    Column("state_json", Text, nullable=False),
)

member_event = Table(
    "member_event",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("heard_at", Moment, nullable=False, index=True),
)

notice = Table(
    "notice",
    metadata,
    Column("publication", Text, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("need", String(16), primary_key=True),
    Column("lease_until", Moment, nullable=False),
    Column("met_at", Moment),
)

letter = Table(
    "letter",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", String(24), nullable=False),
    Column("publication", Text, nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("lang", String(16), nullable=False),
    Column("values_json", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("next_attempt_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    partial_index(
        "ix_letter_open",
        "next_attempt_at",
        where="state IN ('due', 'handing over')",
    ),
)

signup = Table(
    "signup",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False, index=True),
    # Keyed names: they count, and cannot be turned back into anybody.
    Column("address", String(24), nullable=False),
    Column("visitor", String(24), nullable=False),
    Column("network", String(24), nullable=False),
    Column("domain", String(24), nullable=False),
    Column("heeded", Boolean, nullable=False),
    Index(None, "address", "at"),
    Index(None, "visitor", "at"),
    Index(None, "network", "at"),
    Index(None, "domain", "at"),
)

slot = Table(
    "slot",
    metadata,
    Column("publication", Text, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", Text, nullable=False),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reason_json", Text),
)

pace = Table(
    "pace",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("state_json", Text, nullable=False),
)

relay = Table(
    "relay",
    metadata,
    Column("name", Text, primary_key=True),
    Column("paused_by", Text, nullable=False),
    Column("paused_at", Moment),
    Column("resumed_at", Moment),
    Column("health", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reason_json", Text),
    Column("until", Moment),
    Column("permanent", Boolean, nullable=False),
    Column("worker", Text, nullable=False),
    Column("seen_at", Moment),
)

IS_DUE = delivery.c.state == literal_column("'due'")
"""As a constant: with a parameter neither database would use the index of what is due."""
