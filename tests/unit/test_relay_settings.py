"""What the settings of a relay may say, and what is refused before anything is dialled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mailer.config.load import load, show
from mailer.errors import ConfigError
from mailer.wiring import House

RELAY = """\
[[relays]]
name = "principal"
host = "smtp.example.org"
"""


def read(folder: Path, more: str = "", **environ: str):
    path = folder / "mailer.toml"
    path.write_text(RELAY + more, encoding="utf-8")
    return load(config=path, start=folder, environ=environ)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('security = "none"', "is for a relay on this machine"),
        ("clear_text = true", 'clear_text is for security = "none"'),
        (
            'security = "none"\nclear_text = true\ntls_name = "x.example"',
            "tls_name is for TLS",
        ),
        ('client_key = "us.key"', "client_key goes with client_cert"),
        ('client_key_password_file = "pw"', "goes with client_cert"),
        (
            'username = "u"\npassword = "p"\npassword_file = "f"',
            "one of these is enough: password, password_file",
        ),
        (
            'username = "u"\ntoken_file = "t"\ntoken_command = "c"',
            "one of these is enough: token_file, token_command",
        ),
        ('password = "p"', "password needs a username"),
        ('token_file = "t"', "token_file needs a username"),
        ('auth = "xoauth2"\nusername = "u"', "needs token_file or token_command"),
        (
            'auth = "plain"\nusername = "u"',
            'auth = "plain" needs username and password',
        ),
        ('auth = "gssapi"', "relays.principal.auth"),
        ('username = "u"\ntoken_command = "say \'x"', "is not closed"),
        ('helo_name = "two words"', "relays.principal.helo_name"),
        ("priority = 0", "relays.principal.priority"),
        ('max_age = "0s"', "relays.principal.max_age: no time at all is too short"),
        (
            '[relays.timeouts]\ndot = "0s"',
            "mailer.toml:5: relays.principal.timeouts.dot",
        ),
        (
            '[relays.timeouts]\ndots = "9m"',
            "mailer.toml:5: relays.principal.timeouts.dots: unknown key; did you mean",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, more: str, said: str) -> None:
    """Each contradiction is told at its line, with the way it is written."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, more)
    assert said in str(caught.value)


def test_time_outs_are_those_of_the_standard(tmp_path: Path) -> None:
    """Untouched they are RFC 5321's; one may be changed without the others."""
    (relay,) = read(tmp_path, '[relays.timeouts]\ndot = "20m"').settings.relays
    wait = relay.timeouts
    minutes = [wait.greeting, wait.command, wait.data, wait.block, wait.dot]
    assert [w / timedelta(minutes=1) for w in minutes] == [5, 5, 2, 3, 20]


def test_a_time_out_knows_where_it_is_from(tmp_path: Path) -> None:
    """A table inside a relay's table has its line and its variable like any other."""
    loaded = read(
        tmp_path,
        '[relays.timeouts]\ndot = "20m"\n',
        MAILER_RELAYS__PRINCIPAL__TIMEOUTS__DATA="3m",
    )
    rows = {key: (value, origin) for key, value, origin in show(loaded)}
    assert rows["relays.principal.timeouts.dot"] == ("0:20:00", "mailer.toml:5")
    assert rows["relays.principal.timeouts.data"] == (
        "0:03:00",
        "environment MAILER_RELAYS__PRINCIPAL__TIMEOUTS__DATA",
    )


def test_files_are_found_among_the_credentials_of_systemd(tmp_path: Path) -> None:
    """Certificates, keys, tokens and authorities: there first, then beside the file."""
    secret = tmp_path / "credentials"
    secret.mkdir()
    (secret / "us.pem").touch()
    loaded = read(tmp_path, CREDENTIALS_DIRECTORY=str(secret))
    assert loaded.credential("us.pem") == secret / "us.pem"
    assert loaded.credential("ca.pem") == tmp_path / "ca.pem"
    assert loaded.credential("") is None


def test_a_relay_is_built_as_it_is_written(tmp_path: Path) -> None:
    """Settings reach the relay: its limits, its patience, its way to log in."""
    (tmp_path / "token").write_text("abc")
    more = """
username = "lettres"
token_file = "token"
helo_name = "meridien.example"
connections = 7
messages_per_connection = 50
max_age = "90s"
idle = "10s"
[relays.timeouts]
dot = "12m"
"""
    (relay,) = House(read(tmp_path, more)).relays()
    assert (relay.connections, relay.messages_per_connection) == (7, 50)
    assert (relay.max_age, relay.idle) == (timedelta(seconds=90), timedelta(seconds=10))
    assert relay.timeouts.dot == 720
