"""Finding, reading and merging the settings, each value with its origin.

Looked up: ``--config``, ``$MAILER_CONFIG``, ``config/mailer.toml`` in the folder or the
nearest parent, the user's and the machine's configuration folder. The environment
(``MAILER_SECTION__KEY``) wins over the file, the file over the defaults. Entries of
``relays`` and ``publications`` are addressed by name, those of ``dkim`` by selector, in
any case, ``-`` as ``_``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mailer.config.faults import NAMED_BY, by_name, faults_of, is_secret, veiled
from mailer.config.intake import MailboxSettings
from mailer.config.origins import lines_of
from mailer.config.places import find_config, placed, state_home
from mailer.config.relays import RelaySettings
from mailer.config.settings import DkimKey, Settings
from mailer.edition.characters import unwritable
from mailer.errors import ConfigError
from mailer.phrases import say
from mailer.reading import Table, UnreadableError, keys_of, read

_PREFIX = "MAILER_"
_PLACE = re.compile(r"at line (\d+)")  # where the TOML parser stumbled
_KEY_FILE = "secret_key"
_NOT_SETTINGS = frozenset({"MAILER_CONFIG"})


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Settings in force; ``root`` is the workspace, ``path`` the file they came from."""

    settings: Settings
    path: Path | None
    root: Path
    origins: Mapping[str, str]
    environ: Mapping[str, str] = field(repr=False)

    def data_folder(self) -> Path:
        """Where ledger, pictures and keys are kept, unless told one by one."""
        said = self.settings.storage.folder
        return self._place(said) if said else state_home(self.path, self.environ)

    def socket(self) -> Path:
        """Where the daemon listens for commands."""
        said = self.settings.daemon.socket
        return self._place(said) if said else self.data_folder() / "mailer.sock"

    def media_folder(self) -> Path:
        """Where ready pictures are kept by hash."""
        said = self.settings.storage.media
        return self._place(said) if said else self.data_folder() / "media"

    def cache_folder(self) -> Path:
        """Where lies what can be made again at any time."""
        return self.data_folder() / "cache"

    def database_url(self) -> str:
        """The ledger's address, for SQLAlchemy."""
        said = self.settings.storage.database
        if not said:
            return f"sqlite:///{self.data_folder() / 'mailer.db'}"
        if said.startswith("postgresql://"):
            return said.replace("postgresql://", "postgresql+psycopg://", 1)
        if said.startswith("sqlite:///"):
            return f"sqlite:///{self._place(said.removeprefix('sqlite:///'))}"
        if said.startswith("postgresql+psycopg://"):
            return said
        message = say(
            "[storage] database: {scheme} is not a database we know",
            scheme=said.split(":", 1)[0],
        )
        hint = say("sqlite:///path or postgresql://user:password@host/name")
        raise ConfigError(message, file=str(self.path or ""), hint=hint)

    def secret_keys(self) -> tuple[bytes, ...]:
        """The keys that sign links, oldest first, one a line."""
        site = self.settings.site
        if secret := site.secret_key.text:
            lines = [secret]
        else:
            lines = self._secret_file(
                site.secret_key_file or self._usual_key_file(),
                "[site] secret_key_file",
            ).splitlines()
        keys = tuple(line.strip().encode() for line in lines if line.strip())
        if not keys or any(len(key) < 16 for key in keys):
            message = say("[site] secret key: at least 16 characters are needed")
            hint = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
            raise ConfigError(message, file=str(self.path or ""), hint=hint)
        return keys

    def _usual_key_file(self) -> str:
        """Where the key is unless a setting says so: a credential, or with the data."""
        credentials = self.environ.get("CREDENTIALS_DIRECTORY")
        if credentials and (Path(credentials) / _KEY_FILE).is_file():
            return _KEY_FILE
        return str(self.data_folder() / _KEY_FILE)

    def relay_password(self, relay: RelaySettings) -> str:
        """The password of *relay*, from its file where one is named."""
        if relay.password_file:
            where = f"relays.{relay.name}.password_file"
            return self._secret_file(relay.password_file, where).strip("\r\n")
        return relay.password.text

    def webhook_key(self) -> bytes:
        """What signs the alerts that are posted; empty without a key."""
        return self.secret(
            self.settings.alerts.webhook_key_file, "[alerts] webhook_key_file"
        )

    def secret(self, said: str, key: str) -> bytes:
        """What stands in the file *said*, which *key* names; empty if none is named."""
        return self._secret_file(said, key).strip().encode() if said else b""

    def mailbox_secret(self, mailbox: MailboxSettings) -> str:
        """The password of *mailbox*, or its access token."""
        key = "password_file" if mailbox.password_file else "token_file"
        where = f"intake.mailboxes.{mailbox.name}.{key}"
        said = mailbox.password_file or mailbox.token_file
        return self._secret_file(said, where).strip("\r\n")

    def hook_secret(self, provider: str) -> str:
        """What *provider* proves itself with; empty where it is not heard."""
        key = "mailgun_key_file" if provider == "mailgun" else f"{provider}_file"
        said: str = getattr(self.settings.intake.webhooks, key)
        where = f"intake.webhooks.{key}"
        return self._secret_file(said, where).strip() if said else ""

    def place(self, said: str) -> Path:
        """A path as configured: ``~`` is home, what is relative is beside the file."""
        return self._place(said)

    def client_key_password(self, relay: RelaySettings) -> str:
        """What opens the client key of *relay*, if anything is needed."""
        if not relay.client_key_password_file:
            return ""
        where = f"relays.{relay.name}.client_key_password_file"
        return self._secret_file(relay.client_key_password_file, where).strip("\r\n")

    def credential(self, said: str) -> Path | None:
        """A certificate, key or token file, where one is named.

        Among systemd's credentials, or as configured; it need not exist.
        """
        if not said:
            return None
        places = self._secret_places(said)
        return next((place for place in places if place.exists()), self._place(said))

    @property
    def folder(self) -> Path:
        """Where what is relative in the settings begins."""
        return self.path.parent if self.path else self.root

    def maildir(self, relay: RelaySettings) -> Path:
        """The folder of a *relay* that keeps mail instead of sending it."""
        return self._place(relay.path)

    def dkim_key_file(self, key: DkimKey) -> Path:
        """Where the private key is: among systemd's credentials, or as configured."""
        return self.credential(key.key_file) or self._place(key.key_file)

    def _place(self, said: str) -> Path:
        """A path as configured: ``~`` is home, what is relative is beside the file."""
        return placed(said, self.folder)

    def _secret_file(self, said: str, key: str) -> str:
        for place in self._secret_places(said):
            try:
                return place.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                message = say(
                    "{key}: {place} cannot be read: {error}",
                    key=key,
                    place=place,
                    error=error,
                )
                raise ConfigError(message) from error
        message = say(
            "{key}: there is no file {place}", key=key, place=self._place(said)
        )
        raise ConfigError(message, file=str(self.path or ""))

    def _secret_places(self, said: str) -> list[Path]:
        credentials = self.environ.get("CREDENTIALS_DIRECTORY")
        return [*([Path(credentials) / said] if credentials else []), self._place(said)]


def load(*, config: Path | None, start: Path, environ: Mapping[str, str]) -> Loaded:
    """The settings that hold for *start*; ConfigError with every fault at once."""
    path = find_config(config, start, environ)
    text = _read(path) if path else ""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = say("this is not TOML: {error}", error=error)
        place = _PLACE.search(str(error))
        line = int(place[1]) if place else 0
        raise ConfigError(message, file=str(path), line=line) from error
    shown = _shown(path, start)
    origins = {key: f"{shown}:{line}" for key, line in lines_of(text, values).items()}
    for name, value in sorted(environ.items()):
        if name.startswith(_PREFIX) and name not in _NOT_SETTINGS and "__" in name:
            key = _put(values, name, value)
            origins[key] = f"environment {name}"
    try:
        settings = read(Settings, values)
    except UnreadableError as error:
        raise ConfigError(faults_of(error, values, origins), hint="") from None
    _check_characters(values, origins, shown)
    root = start.resolve()
    if path is not None:
        root = placed(settings.storage.workspace, path.parent).resolve()
    return Loaded(
        settings=settings, path=path, root=root, origins=origins, environ=environ
    )


def show(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Every value in force as (key, value, origin), secrets masked."""
    rows = []
    named = asdict(loaded.settings)
    for place, value in _flat((), loaded.settings):
        key = by_name(place, named)
        origin = loaded.origins.get(".".join(place), "default")
        rows.append((key, _masked(key, value), origin))
    return rows


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        message = say("cannot be read: {error}", error=error.strerror)
        raise ConfigError(message, file=str(path)) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = say("the file is not UTF-8")
        hint = say("save it as UTF-8")
        raise ConfigError(message, file=str(path), line=line, hint=hint) from error


def _shown(path: Path | None, start: Path) -> str:
    if path is None:
        return ""
    try:
        return str(path.relative_to(start.resolve()))
    except ValueError:
        return str(path)


def _put(values: dict[str, Any], name: str, value: str) -> str:
    """Lay one variable over *values*; the dotted key it landed on."""
    words = name.removeprefix(_PREFIX).lower().split("__")
    place: Any = values
    dotted: list[str] = []
    for at, word in enumerate(words):
        if isinstance(place, list):
            entries = [entry for entry in place if isinstance(entry, dict)]
            names = [
                str(entry.get(NAMED_BY.get(words[0], "name"), "")) for entry in entries
            ]
            index = next((i for i, n in enumerate(names) if _same(n, word)), None)
            if index is None:
                message = say("{name}: no entry called {word}", name=name, word=word)
                raise ConfigError(
                    message, hint=say("there are: {names}", names=", ".join(names))
                )
            place, step = entries[index], str(place.index(entries[index]))
        elif not isinstance(place, dict):
            message = say(
                "{name}: {key} is a value, not a table",
                name=name,
                key=".".join(dotted),
            )
            raise ConfigError(message)
        else:
            step = next((k for k in place if _same(k, word)), word)
            if at < len(words) - 1:
                empty: Any = [] if step in NAMED_BY else {}
                place = place.setdefault(step, empty)
            else:
                place[step] = _typed(value)
        dotted.append(step)
    return ".".join(dotted)


def _typed(value: str) -> Any:
    """Lists are written as TOML; everything else is text that is read as its type."""
    if not value.startswith("["):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _check_characters(
    values: Mapping[str, Any], origins: Mapping[str, str], shown: str
) -> None:
    """ConfigError at the first text or name of a key that no mail could hold."""
    for steps, said in _texts((), values):
        fault = unwritable(said)
        if fault is not None:
            key = ".".join(steps)
            file, _, line = origins.get(key, shown).rpartition(":")
            message = say("{key}: {fault}", key=key, fault=fault)
            if line.isdecimal():
                raise ConfigError(message, file=file, line=int(line))
            raise ConfigError(message, file=shown)


def _texts(
    place: tuple[str, ...], value: object
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text below *value*, and every name of a key, with the steps to it."""
    match value:
        case str():
            yield place, value
        case dict():
            for name, inner in value.items():
                yield place, str(name)
                yield from _texts((*place, str(name)), inner)
        case list():
            for inner in value:
                yield from _texts(place, inner)


def _same(one: str, other: str) -> bool:
    return one.lower().replace("-", "_") == other.lower().replace("-", "_")


def _flat(
    place: tuple[str, ...], value: object
) -> Iterable[tuple[tuple[str, ...], object]]:
    """Every value below *value* with its steps, tables and lists unfolded."""
    match value:
        case Table():
            for key, name in keys_of(type(value)).items():
                yield from _flat((*place, key), getattr(value, name))
        case dict() if value:
            for name, inner in value.items():
                yield from _flat((*place, name), inner)
        case tuple() if value and isinstance(value[0], Table):
            for index, inner in enumerate(value):
                yield from _flat((*place, str(index)), inner)
        case _:
            yield place, value


def _masked(key: str, value: object) -> str:
    match value:
        case str() if is_secret(key):
            return "••••••" if value else ""
        case str():
            return veiled(value)
        case tuple():
            return ", ".join(str(item) for item in value)
        case None:
            return ""
    return str(value)
