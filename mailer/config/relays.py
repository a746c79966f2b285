"""The settings of a relay: how it is reached, how fast, and what it is trusted with."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from mailer.config.values import (
    LAST_PORT,
    LOOPBACK,
    Ceilings,
    Duration,
    FilePath,
    Hidden,
    Host,
    Name,
    Quota,
    Secret,
    Speed,
    Wait,
    at_least,
    between,
    spelled,
)
from mailer.phrases import Phrase, say
from mailer.reading import Table

_HELO = spelled(r"[A-Za-z0-9.:\[\]-]*", say("is letters, digits and .:[]-"))


@dataclass(frozen=True, kw_only=True)
class RelayTimeouts(Table):
    """How long each step of the dialogue is waited for (RFC 5321 section 4.5.3.2)."""

    connect: Wait = timedelta(seconds=30)
    greeting: Wait = timedelta(minutes=5)
    command: Wait = timedelta(minutes=5)
    data: Wait = timedelta(minutes=2)
    block: Wait = timedelta(minutes=3)
    dot: Wait = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class RelaySettings(Table):
    """One ``[[relays]]`` table: a server that takes our mail, or a folder (Maildir)."""

    name: Name
    kind: Literal["smtp", "maildir"] = "smtp"
    path: FilePath = ""
    host: Host = "127.0.0.1"
    port: Annotated[int, between(1, LAST_PORT)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    clear_text: bool = False
    ca_file: FilePath = ""
    tls_name: str = ""
    client_cert: FilePath = ""
    client_key: FilePath = ""
    client_key_password_file: FilePath = ""
    auth: Literal["auto", "plain", "login", "cram-md5", "xoauth2"] = "auto"
    username: str = ""
    password: Hidden = Secret("")
    password_file: FilePath = ""
    token_file: FilePath = ""
    token_command: str = ""
    helo_name: Annotated[str, _HELO] = ""
    rate: Speed = None
    hourly: Quota = None
    daily: Quota = None
    warm_up: Ceilings = None
    weight: Annotated[int, between(1, 1000)] = 1
    priority: Annotated[int, between(1, 1000)] = 1
    connections: Annotated[int, between(1, 128)] = 4
    messages_per_connection: Annotated[int, at_least(1)] = 100
    max_age: Wait = timedelta(minutes=5)
    idle: Wait = timedelta(seconds=30)
    connect_patience: Duration = timedelta(seconds=30)
    timeouts: RelayTimeouts = RelayTimeouts()

    def __post_init__(self) -> None:
        self._clear_text_stays_home()
        self._certificates_are_for_tls()
        self._a_login_is_whole()
        self._a_folder_has_a_path()

    def _clear_text_stays_home(self) -> None:
        if self.security == "none" and self.host not in LOOPBACK:
            if not self.clear_text:
                _refuse(
                    say(
                        'security = "none" is for a relay on this machine; '
                        'write "starttls" or "tls"'
                    )
                )
        elif self.clear_text:
            _refuse(
                say(
                    'clear_text is for security = "none" and a relay on another '
                    "machine; here it would change nothing"
                )
            )

    def _certificates_are_for_tls(self) -> None:
        keys = {"tls_name": self.tls_name, "client_cert": self.client_cert}
        for key, said in keys.items():
            if said and self.security == "none":
                _refuse(
                    say('{key} is for TLS, and security = "none" has none', key=key)
                )
        keys = {
            "client_key": self.client_key,
            "client_key_password_file": self.client_key_password_file,
        }
        for key, said in keys.items():
            if said and not self.client_cert:
                _refuse(say("{key} goes with client_cert", key=key))

    def _a_login_is_whole(self) -> None:
        tokens = [key for key in ("token_file", "token_command") if getattr(self, key)]
        passwords = [key for key in ("password", "password_file") if self._has(key)]
        if len(proofs := [*passwords, *tokens]) > 1:
            _refuse(say("one of these is enough: {keys}", keys=", ".join(proofs)))
        for key in proofs:
            if not self.username:
                _refuse(say("{key} needs a username", key=key))
        if self.auth == "xoauth2" and not tokens:
            _refuse(say('auth = "xoauth2" needs token_file or token_command'))
        if self.auth not in {"auto", "xoauth2"} and not passwords:
            _refuse(say('auth = "{auth}" needs username and password', auth=self.auth))
        if tokens and self.auth not in {"auto", "xoauth2"}:
            _refuse(say('{key} is for auth = "xoauth2"', key=tokens[0]))
        try:
            shlex.split(self.token_command)
        except ValueError:
            _refuse(say("token_command: a quotation mark is not closed"))

    def _a_folder_has_a_path(self) -> None:
        if self.kind == "maildir" and not self.path:
            _refuse(
                say('kind = "maildir" needs a path: the folder that keeps the mail')
            )
        if self.path and self.kind == "smtp":
            _refuse(say('path is for kind = "maildir"'))

    def _has(self, key: str) -> bool:
        if key == "password":
            return bool(self.password)
        return bool(self.password_file)


def _refuse(words: Phrase) -> None:
    raise ValueError(words)
