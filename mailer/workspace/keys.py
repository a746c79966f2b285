"""Private keys on disk: made, kept from other people's eyes, never overwritten."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mailer.delivery.signer import GOOD_RSA, PrivateKey, read_private_key
from mailer.errors import GuardError, InputError
from mailer.phrases import say

_LONGEST = 64 * 1024  # a key has two kilobytes; whatever is longer is no key
_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key as read from its file, and what an operator should know about the file."""

    key: PrivateKey
    warning: str = ""


def load_key(path: Path) -> FoundKey:
    """The private key in *path*; InputError, about the file, if there is none."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            pem = file.read(_LONGEST + 1)
    except FileNotFoundError as error:
        message = say("there is no such file")
        hint = say("mailer dkim new DOMAIN makes one")
        raise InputError(message, hint=hint) from error
    except OSError as error:
        message = say("cannot be read: {reason}", reason=error.strerror)
        raise InputError(message) from error
    if len(pem) > _LONGEST:
        message = say("too long for a key")
        raise InputError(message)
    warning = ""
    if mode & _OTHERS:
        warning = say(
            "others can read this key or change it (chmod 600 {path})", path=path
        )
    return FoundKey(key=read_private_key(pem), warning=warning)


def make_key(kind: str) -> PrivateKey:
    """A fresh key: ``rsa`` or ``ed25519``."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=GOOD_RSA)
    return Ed25519PrivateKey.generate()


def write_keys(keys: Mapping[Path, PrivateKey]) -> None:
    """Write every key to its path, readable by its owner alone: all of them, or none.

    A file appears whole or not at all, and one that exists is never replaced:
    GuardError. Folders are made as needed.
    """
    with ExitStack() as undo:
        for path, key in keys.items():
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_new(path, pem)
            except FileExistsError as error:
                message = say("{path} is there already", path=path)
                hint = say("a key is never overwritten: say another --selector")
                raise GuardError(message, hint=hint) from error
            except OSError as error:
                message = say(
                    "{path} cannot be written: {reason}",
                    path=path,
                    reason=error.strerror,
                )
                raise InputError(message) from error
            undo.callback(path.unlink)
        undo.pop_all()


def _write_new(path: Path, content: bytes) -> None:
    """Under another name first; linking, unlike renaming, fails if *path* is there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
