"""TLS: what is required is done, and who does not prove who they are gets nothing."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mailer.errors import RelayError
from mailer.transport.protection import Protection, Security
from tests.relay import ScriptedRelay, smtp_relay

MODES = [Security.STARTTLS, Security.TLS]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server(
    authority: trustme.CA, security: Security, *, name: str = "127.0.0.1"
) -> ScriptedRelay:
    return ScriptedRelay(
        tls=context_of(authority, name), implicit_tls=security is Security.TLS
    )


def context_of(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def asking(authority: trustme.CA, security: Security) -> ScriptedRelay:
    """A relay that lets in only who shows a certificate of *authority*."""
    relay = server(authority, security)
    authority.configure_trust(relay.tls)
    relay.tls.verify_mode = ssl.CERT_REQUIRED
    return relay


@contextmanager
def openssl(context: ssl.SSLContext, security: Security) -> Iterator[int]:
    """A relay on a plain socket, for one connection: asyncio's keeps its alerts back."""

    def serve() -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            line.settimeout(20)
            if security is Security.STARTTLS:
                for reply in ("220 hi", "250-hi\r\n250 STARTTLS", "220 go"):
                    line.sendall(f"{reply}\r\n".encode())
                    if reply != "220 go":
                        line.recv(1000)
            with context.wrap_socket(
                line, server_side=True, do_handshake_on_connect=False
            ) as secured:
                with suppress(OSError):
                    secured.do_handshake()
                    secured.recv(1000)
                secured.shutdown(socket.SHUT_WR)  # and what we say last is heard
                while secured.recv(1000):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def identity(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """A certificate of ours and its key, as files."""
    issued = authority.issue_cert("mailer@meridien.example")
    cert, key = folder / "us.pem", folder / "us.key"
    cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return cert, key


@pytest.mark.parametrize("security", MODES)
async def test_the_name_on_the_certificate_may_be_set(authority, ca_file, security):
    """A relay reached by its address or a tunnel shows the name that the setting names."""
    async with server(authority, security, name="smtp.relais.example") as relay:
        how = {"security": security, "ca_file": ca_file}
        await smtp_relay(relay.port, tls_name="smtp.relais.example", **how).check()
        for wrong in ("", "smtp.autre.example"):
            with pytest.raises(RelayError, match="certificate we do not trust"):
                await smtp_relay(relay.port, tls_name=wrong, **how).check()


@pytest.mark.parametrize("security", MODES)
async def test_the_name_is_told_to_the_relay(authority, ca_file, security) -> None:
    """Many names behind one address: SNI says which is meant."""
    asked = []
    async with server(authority, security, name="smtp.relais.example") as relay:
        relay.tls.sni_callback = lambda _, name, __: asked.append(name)
        await smtp_relay(
            relay.port,
            security=security,
            ca_file=ca_file,
            tls_name="smtp.relais.example",
        ).check()
    assert asked == ["smtp.relais.example"]


@pytest.mark.parametrize("security", MODES)
async def test_old_tls_is_no_tls(authority, ca_file, security) -> None:
    """A relay that can do no better than TLS 1.1 gets nothing."""
    context = context_of(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")  # or OpenSSL would not even listen
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with openssl(context, security) as port:
        with pytest.raises(RelayError, match="does not speak TLS") as caught:
            await smtp_relay(port, security=security, ca_file=ca_file).check()
    assert not caught.value.temporary
    ours = Protection().context(relay="x")
    assert ours.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (ours.verify_mode, ours.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_stripped_starttls_sends_nothing(ca_file) -> None:
    """A relay, or somebody between, that hides STARTTLS learns no login and no reader."""
    async with ScriptedRelay(credentials=("u", "p")) as relay:
        with pytest.raises(RelayError, match="does not offer STARTTLS") as caught:
            await smtp_relay(
                relay.port,
                security=Security.STARTTLS,
                ca_file=ca_file,
                username="u",
                password="p",
            ).check()
        assert relay.commands == ["EHLO mailer.example"]
    assert not caught.value.temporary


@pytest.mark.parametrize("security", MODES)
async def test_words_before_tls_are_forgotten(authority, ca_file, security) -> None:
    """EHLO is said anew under TLS: what was offered in clear text counts no more."""
    async with server(authority, security) as relay:
        await smtp_relay(relay.port, security=security, ca_file=ca_file).check()
        hellos = relay.commands.count("EHLO mailer.example")
    assert hellos == (2 if security is Security.STARTTLS else 1)


# -- our own certificate ------------------------------------------------------


@pytest.mark.parametrize("security", MODES)
async def test_a_relay_may_ask_who_we_are(
    authority, ca_file, tmp_path, security
) -> None:
    """A certificate of ours opens the door of a relay that asks for one."""
    cert, key = identity(authority, tmp_path)
    async with asking(authority, security) as relay:
        await smtp_relay(
            relay.port,
            security=security,
            ca_file=ca_file,
            client_cert=cert,
            client_key=key,
        ).check()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("shown", ["nothing", "a stranger's"])
@pytest.mark.parametrize("security", MODES)
async def test_who_is_not_known_is_told_which_setting(
    authority, ca_file, tmp_path, security, shown, version
) -> None:
    """TLS 1.3 refuses us after the handshake, TLS 1.2 within: one message for both."""
    how = {"security": security, "ca_file": ca_file}
    if shown != "nothing":
        cert, key = identity(trustme.CA(), tmp_path)
        how |= {"client_cert": cert, "client_key": key}
    context = asking(authority, security).tls
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with openssl(context, security) as port:
        with pytest.raises(RelayError, match="client_cert and client_key") as caught:
            await smtp_relay(port, **how).check()
    assert not caught.value.temporary


async def test_one_file_may_hold_certificate_and_key(
    authority, ca_file, tmp_path
) -> None:
    """As many relays hand them out."""
    cert, key = identity(authority, tmp_path)
    cert.write_bytes(cert.read_bytes() + key.read_bytes())
    async with asking(authority, Security.TLS) as relay:
        await smtp_relay(
            relay.port, security=Security.TLS, ca_file=ca_file, client_cert=cert
        ).check()


def test_a_key_behind_a_password_is_opened_and_never_asked_for(
    authority, tmp_path
) -> None:
    """A daemon has no terminal: a password that is missing or wrong is an error."""
    cert, key = identity(authority, tmp_path)
    private = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame")
        )
    )
    ours = {"client_cert": cert, "client_key": key}
    assert Protection(key_password="sesame", **ours).context(relay="x")
    for wrong in ("", "mellon"):
        with pytest.raises(RelayError, match="client_key_password_file does not open"):
            Protection(key_password=wrong, **ours).context(relay="x")


def test_a_certificate_that_cannot_be_used_is_named(authority, tmp_path) -> None:
    """Missing, empty, or with another's key: the operator reads which file."""
    cert, _ = identity(authority, tmp_path)
    (tmp_path / "other").mkdir()
    _, other = identity(authority, tmp_path / "other")
    (tmp_path / "empty.pem").touch()
    for wrong in (
        {"client_cert": tmp_path / "none.pem"},
        {"client_cert": tmp_path / "empty.pem"},
        {"client_cert": cert, "client_key": other},
    ):
        with pytest.raises(RelayError, match="cannot be used") as caught:
            Protection(**wrong).context(relay="principal")
        assert not caught.value.temporary


async def test_clear_text_to_another_machine_must_be_said_twice() -> None:
    """Without clear_text = true nothing is even dialled."""
    with pytest.raises(RelayError, match="this machine"):
        smtp_relay(25, host="192.0.2.1")
    assert smtp_relay(25, host="192.0.2.1", clear_text=True).name == "principal"
