"""What can be looked at without leaving the machine."""

from __future__ import annotations

import ctypes
import platform
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailer.config.load import show
from mailer.doctor.line import Condition, Line, well
from mailer.errors import InputError, MailerError, StoreError
from mailer.phrases import say, say_many, verbatim
from mailer.wiring import House

OTHERS = 0o077
_LITTLE_BYTES = 1_000_000_000
_NEXT_TO_NOTHING_BYTES = 100_000_000
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


def examine(house: House) -> Iterator[Line]:
    """Every line about this machine, one after the other."""
    yield well("python", verbatim(f"{platform.python_version()} ({sys.executable})"))
    yield _configuration(house)
    yield from _secrets(house)
    yield from _workspace(house)
    yield from _database(house)
    yield _intake(house)
    yield _disk(house)
    yield _clock()
    yield _zone(house)


def _configuration(house: House) -> Line:
    origins = [origin for _, _, origin in show(house.loaded)]
    environment = sum(origin.startswith("environment") for origin in origins)
    defaults = origins.count("default")
    if house.loaded.path is None:
        return Line(
            topic="config",
            condition=Condition.WARNING,
            found=say("no file: defaults"),
            do=say("begin a workspace:"),
            copy="mailer init",
        )
    found = say(
        "{file} ({from_file} from the file, {from_environment} from the environment)",
        file=house.loaded.path,
        from_file=say_many(
            "{count} key", "{count} keys", len(origins) - environment - defaults
        ),
        from_environment=environment,
    )
    return well("config", found)


# -- files that nobody else may read --------------------------------------------------


def secret_files(house: House) -> list[Path]:
    """Every file that holds a secret or people's addresses, as it is configured."""
    loaded, settings = house.loaded, house.settings
    found: list[Path | None] = []
    if not settings.site.secret_key:
        said = settings.site.secret_key_file
        usual = loaded.data_folder() / "secret_key"
        found.append(loaded.credential(said) if said else usual)
    for relay in settings.relays:
        named = relay.password_file, relay.token_file, relay.client_key
        found += map(loaded.credential, (*named, relay.client_key_password_file))
    members = settings.members
    named_files = (
        members.secret_file,
        members.api_token_file,
        members.stripe.secret_file,
    )
    found += map(loaded.credential, named_files)
    for mailbox in settings.intake.mailboxes:
        found += map(loaded.credential, (mailbox.password_file, mailbox.token_file))
    found += map(loaded.credential, settings.intake.webhooks.files)
    found += [loaded.dkim_key_file(key) for key in settings.dkim]
    if (url := loaded.database_url()).startswith("sqlite:///"):
        found.append(Path(url.removeprefix("sqlite:///")))
    if loaded.path is not None and _holds_secret(house):
        found.append(loaded.path)
    return list(dict.fromkeys(path for path in found if path is not None))


def _intake(house: House) -> Line:
    """By which ways what comes back reaches us; a list cleans itself by one of them."""
    intake = house.settings.intake
    ways = [
        *([f"{intake.protocol} {intake.listen}"] if intake.listen else []),
        *intake.maildirs,
        *(mailbox.name for mailbox in intake.mailboxes),
        *intake.webhooks.heard,
    ]
    if ways:
        return well("intake", verbatim(", ".join(ways)))
    return Line(
        topic="intake",
        condition=Condition.NOTE,
        found=say("what comes back reaches nobody here: lists do not clean themselves"),
        do=say("name a way in [intake]: docs/bounces.md"),
    )


def _holds_secret(house: House) -> bool:
    """Whether the configuration file itself holds a secret."""
    return any(
        key.endswith(("secret_key", ".password"))
        and origin != "default"
        and not origin.startswith("environment")
        for key, _, origin in show(house.loaded)
    )


def _secrets(house: House) -> Iterator[Line]:
    files = secret_files(house)
    bad = False
    for path in files:
        try:
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue  # what is missing is told by who reads it
        if mode & OTHERS:
            bad = True
            yield Line(
                topic="files",
                condition=Condition.FAULT,
                name=path.name,
                found=say(
                    "{file} may be read by others (mode {mode})",
                    file=path,
                    mode=f"{mode:04o}",
                ),
                do=say("keep it for its owner, or say mailer doctor --fix:"),
                copy=f"chmod 600 {path}",
            )
    folder = house.loaded.data_folder()
    if folder.is_dir() and folder.stat().st_mode & OTHERS:
        bad = True
        yield Line(
            topic="files",
            condition=Condition.WARNING,
            name=folder.name,
            found=say("{folder} is open to others", folder=folder),
            do=say("it holds people's addresses:"),
            copy=f"chmod 700 {folder}",
        )
    try:
        count = len(house.loaded.secret_keys())
    except InputError as error:
        yield _fault("files", error, name="secret_key")
    else:
        if not bad:
            keys = say_many("{count} key", "{count} keys", count)
            found = say("secrets are their owner's alone; links: {keys}", keys=keys)
            yield well("files", found)


def mend_modes(house: House) -> list[Path]:
    """Take from others what is none of their business; what was mended."""
    mended = []
    for path in secret_files(house):
        if path.is_file() and path.stat().st_mode & OTHERS:
            path.chmod(0o600)
            mended.append(path)
    folder = house.loaded.data_folder()
    if folder.is_dir() and folder.stat().st_mode & OTHERS:
        folder.chmod(0o700)
        mended.append(folder)
    return mended


# -- the rest -----------------------------------------------------------------------


def _workspace(house: House) -> Iterator[Line]:
    try:
        house.newsroom.check()
        signers = house.signers
    except MailerError as error:
        yield _fault("workspace", error)
        return
    names = ", ".join(sorted(house.settings.publications))
    yield well("workspace", say("themes can be read; {names}", names=names))
    for warning in house.key_warnings:
        yield Line(topic="keys", condition=Condition.WARNING, found=warning)
    if not signers:
        yield Line(
            topic="keys",
            condition=Condition.NOTE,
            found=say("no key of ours signs mail: your relay must"),
            do=say("to sign here:"),
            copy="mailer dkim new DOMAIN",
        )


def _database(house: House) -> Iterator[Line]:
    from mailer.store.engine import HEAD

    upkeep = house.upkeep
    try:
        schema = upkeep.schema() if _is_there(house) else None
        if schema is None:
            found = say("none yet: it is made when it is first needed")
            yield Line(topic="database", condition=Condition.NOTE, found=found)
            return
        wrong = upkeep.examine()
        size = upkeep.size()
    except StoreError as error:
        yield _fault("database", error)
        return
    for each in wrong:
        yield Line(
            topic="database",
            condition=Condition.FAULT,
            found=each,
            do=say("put the last backup back:"),
            copy="mailer db restore FILE",
        )
    if wrong:
        return
    if schema > HEAD:
        yield Line(
            topic="database",
            condition=Condition.FAULT,
            found=say("its schema {schema} is newer than this mailer", schema=schema),
            do=say("install the newer mailer again"),
        )
        return
    kind = "SQLite" if upkeep.suffix.endswith("db") else "PostgreSQL"
    megabytes = round(size / 1e6, 1)
    if schema != HEAD:
        yield Line(
            topic="database",
            condition=Condition.NOTE,
            found=say(
                "{kind}, sound; schema {schema}, this mailer has {head}",
                kind=kind,
                schema=schema,
                head=HEAD,
            ),
            do=say("any command brings it on; a backup before is wise:"),
            copy="mailer db backup FILE",
        )
        return
    found = say(
        "{kind}, sound, schema {schema}, {size} MB",
        kind=kind,
        schema=schema,
        size=megabytes,
    )
    yield well("database", found)


def _is_there(house: House) -> bool:
    """Whether the database is; a server is asked."""
    url = house.loaded.database_url()
    file = url.removeprefix("sqlite:///")
    return file == url or Path(file).exists()


def _disk(house: House) -> Line:
    folder = house.loaded.data_folder()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    found = say("{size} GB free in {folder}", size=round(free / 1e9, 1), folder=there)
    if free >= _LITTLE_BYTES:
        return well("disk", found)
    mark = Condition.FAULT if free < _NEXT_TO_NOTHING_BYTES else Condition.WARNING
    do = say("make room: a run pauses when the disk is full")
    return Line(topic="disk", condition=mark, found=found, do=do)


def _clock() -> Line:
    if not sys.platform.startswith("linux"):
        found = say("whether it is kept right cannot be told here")
        return Line(topic="clock", condition=Condition.NOTE, found=found)
    answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    if answer == _UNSYNCHRONISED:
        return Line(
            topic="clock",
            condition=Condition.WARNING,
            found=say("nobody keeps it right (no NTP)"),
            do=say("an edition leaves by it; let it be kept:"),
            copy="timedatectl set-ntp true",
        )
    if answer < 0:
        found = say("whether it is kept right cannot be told here")
        return Line(topic="clock", condition=Condition.NOTE, found=found)
    return well("clock", say("kept right by NTP"))


def _zone(house: House) -> Line:
    now = house.clock.now().astimezone(house.zone)
    name = house.settings.site.timezone
    change = next_change(now, house.zone)
    if change is None:
        found = say("{zone}, now {hour}", zone=name, hour=f"{now:%H:%M %Z}")
        return well("zone", found)
    found = say(
        "{zone}, now {hour}; clocks change on {day}",
        zone=name,
        hour=f"{now:%H:%M %Z}",
        day=change.date(),
    )
    return well("zone", found)


def next_change(now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first noon after which the clocks of *zone* were moved; None within a year."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    offset = now.utcoffset()
    for days in range(1, 370):
        day = (noon + timedelta(days=days)).replace(tzinfo=zone)
        if day.utcoffset() != offset:
            return day
    return None


def _fault(topic: str, error: MailerError, *, name: str = "") -> Line:
    said = error.message if isinstance(error, InputError) else verbatim(error)
    hint = error.hint if isinstance(error, InputError) else ""
    return Line(
        topic=topic, condition=Condition.FAULT, name=name, found=said, do=verbatim(hint)
    )
