"""Relays made of their settings: who carries our mail, and how they are reached."""

from __future__ import annotations

import socket

from mailer.config.load import Loaded
from mailer.config.relays import RelaySettings
from mailer.flows.sending.carriage import Relay
from mailer.transport.access import CommandToken, FileToken
from mailer.transport.dial import Dialer, Timeouts
from mailer.transport.login import AccessToken, Login, Mechanism
from mailer.transport.outbox import MaildirRelay
from mailer.transport.protection import Protection, Security
from mailer.transport.smtp import SmtpRelay


def make_relay(relay: RelaySettings, loaded: Loaded) -> Relay:
    """A relay as it is configured. ConfigError, RelayError: a file cannot be used."""
    if relay.kind == "maildir":
        return MaildirRelay(
            name=relay.name,
            folder=loaded.maildir(relay),
            connections=relay.connections,
        )
    return SmtpRelay(
        make_dialer(relay, loaded),
        connections=relay.connections,
        messages_per_connection=relay.messages_per_connection,
        max_age=relay.max_age,
        idle=relay.idle,
    )


def make_dialer(
    relay: RelaySettings, loaded: Loaded, *, longest: float = float("inf")
) -> Dialer:
    """The way to *relay*; no step of it is waited for longer than *longest* seconds."""
    wait = relay.timeouts
    return Dialer(
        name=relay.name,
        host=relay.host,
        port=relay.port,
        local_hostname=relay.helo_name or socket.getfqdn(),
        protection=Protection(
            security=Security(relay.security),
            ca_file=loaded.credential(relay.ca_file),
            tls_name=relay.tls_name,
            client_cert=loaded.credential(relay.client_cert),
            client_key=loaded.credential(relay.client_key),
            key_password=loaded.client_key_password(relay),
        ),
        clear_text=relay.clear_text,
        login=_login(relay, loaded) if relay.username else None,
        patience=relay.connect_patience,
        timeouts=Timeouts(
            connect=min(wait.connect.total_seconds(), longest),
            greeting=min(wait.greeting.total_seconds(), longest),
            command=min(wait.command.total_seconds(), longest),
            data=min(wait.data.total_seconds(), longest),
            block=min(wait.block.total_seconds(), longest),
            dot=min(wait.dot.total_seconds(), longest),
        ),
    )


def _login(relay: RelaySettings, loaded: Loaded) -> Login:
    token: AccessToken | None = None
    if path := loaded.credential(relay.token_file):
        token = FileToken(path, relay=relay.name)
    elif relay.token_command:
        token = CommandToken(
            relay.token_command, folder=loaded.folder, relay=relay.name
        )
    return Login(
        username=relay.username,
        password=loaded.relay_password(relay),
        token=token,
        mechanism=Mechanism(relay.auth),
    )
