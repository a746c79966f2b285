"""``[intake]``: by which ways what comes back reaches us, and whom we believe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from mailer.config.values import (
    LAST_PORT,
    LOOPBACK,
    NOT_EMPTY,
    DurationIfAny,
    FilePath,
    Host,
    Name,
    Wait,
    at_least,
    between,
    listener,
)
from mailer.phrases import Phrase, say
from mailer.reading import After, Table


def _listens(value: str) -> str:
    """``127.0.0.1:8024``, or the path of a Unix socket."""
    return value if value.startswith("/") else listener(value)


@dataclass(frozen=True, kw_only=True)
class MailboxSettings(Table):
    """One ``[[intake.mailboxes]]`` table: an IMAP mailbox that bounces come to."""

    name: Name
    host: Host
    port: Annotated[int, between(1, LAST_PORT)] = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    ca_file: FilePath = ""
    username: Annotated[str, NOT_EMPTY]
    password_file: FilePath = ""
    token_file: FilePath = ""
    folder: Annotated[str, NOT_EMPTY] = "INBOX"
    done: str = ""

    def __post_init__(self) -> None:
        if self.security == "none" and self.host not in LOOPBACK:
            _refuse(
                say('security = "none" is for a server on this machine: write "tls"')
            )
        if bool(self.password_file) == bool(self.token_file):
            _refuse(say("one of these is needed: password_file, token_file"))
        if self.done and self.done.lower() == self.folder.lower():
            _refuse(say("done is another folder than folder, or empty"))


@dataclass(frozen=True, kw_only=True)
class Webhooks(Table):
    """``[intake.webhooks]``: what providers prove themselves with; empty: not heard."""

    ses_topics: tuple[str, ...] = ()
    postmark_file: FilePath = ""
    mailgun_key_file: FilePath = ""
    sendgrid_key: str = ""
    brevo_file: FilePath = ""
    mailjet_file: FilePath = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold a secret; empty names among them."""
        return (
            self.postmark_file,
            self.mailgun_key_file,
            self.brevo_file,
            self.mailjet_file,
        )

    @property
    def heard(self) -> list[str]:
        """The providers that are heard."""
        proofs = {
            "ses": self.ses_topics,
            "postmark": self.postmark_file,
            "mailgun": self.mailgun_key_file,
            "sendgrid": self.sendgrid_key,
            "brevo": self.brevo_file,
            "mailjet": self.mailjet_file,
        }
        return [provider for provider, proof in proofs.items() if proof]


@dataclass(frozen=True, kw_only=True)
class Intake(Table):
    """The ways in; ``trusted`` is the server whose word on DMARC is believed."""

    listen: Annotated[str, After(_listens)] = ""
    protocol: Literal["lmtp", "smtp"] = "lmtp"
    maildirs: tuple[FilePath, ...] = ()
    every: Wait = timedelta(minutes=1)
    trusted: str = ""
    keep_mails: DurationIfAny = timedelta(days=30)
    keep: DurationIfAny = timedelta(days=400)
    alert_blocked: Annotated[int, at_least(0)] = 10
    alert_ratio: Annotated[float, between(0, 1)] = 0.05
    mailboxes: tuple[MailboxSettings, ...] = ()
    webhooks: Webhooks = Webhooks()

    def __post_init__(self) -> None:
        names = [each.name.lower().replace("-", "_") for each in self.mailboxes]
        if len(set(names)) < len(names):
            _refuse(say("two mailboxes have the same name"))


def _refuse(words: Phrase) -> None:
    raise ValueError(words)
