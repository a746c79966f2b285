"""Where things lie on this machine: what ships with us, data, the file of settings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mailer.errors import ConfigError
from mailer.phrases import say


def shipped(name: str) -> Path:
    """Our own ``templates`` or ``config``: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name


_OF_THE_MACHINE = Path("/etc/mailer")
_STATE = Path("/var/lib/mailer")


def data_home(environ: Mapping[str, str]) -> Path:
    """The user's data folder for mailer (XDG Base Directory)."""
    said = environ.get("XDG_DATA_HOME")
    return (Path(said) if said else home(environ) / ".local" / "share") / "mailer"


def state_home(config: Path | None, environ: Mapping[str, str]) -> Path:
    """The data folder of whoever is set up by *config*: a service's, or the user's.

    A service is told by systemd ($STATE_DIRECTORY); a command beside it is not, and must
    find the same folder, so the machine's own configuration has the machine's folder.
    """
    if said := environ.get("STATE_DIRECTORY"):
        return Path(said.split(":")[0])
    if config is not None and config.is_relative_to(_OF_THE_MACHINE):
        return _STATE
    return data_home(environ)


def home(environ: Mapping[str, str]) -> Path:
    """The user's home; ConfigError where nobody says which it is.

    A container or a service may run under a number that has neither name nor home.
    """
    try:
        return Path(environ.get("HOME") or Path.home())
    except RuntimeError as error:
        message = say("this user has no home: say $HOME, or [storage] folder")
        raise ConfigError(message) from error


def find_config(
    config: Path | None, start: Path, environ: Mapping[str, str]
) -> Path | None:
    """The file *config*, or the one that holds for *start*; ConfigError if there is none."""
    said = config or (Path(p) if (p := environ.get("MAILER_CONFIG")) else None)
    if said is not None:
        if not said.is_file():
            message = say("there is no such configuration file")
            raise ConfigError(message, file=str(said))
        return said.resolve()
    here = start.resolve()
    if not here.is_dir():
        message = say("there is no such folder")
        raise ConfigError(message, file=str(start), hint=say("mailer init makes one"))
    said_home = environ.get("XDG_CONFIG_HOME")
    candidates = [folder / "config" / "mailer.toml" for folder in (here, *here.parents)]
    with suppress(ConfigError):
        mine = Path(said_home) if said_home else home(environ) / ".config"
        candidates.append(mine / "mailer" / "mailer.toml")
    candidates.append(_OF_THE_MACHINE / "mailer.toml")
    for candidate in candidates:
        if _is_there(candidate):
            return candidate
    message = say("no configuration for {here}", here=here)
    raise ConfigError(message, hint=say("mailer init makes a workspace; -C names one"))


def _is_there(candidate: Path) -> bool:
    """Whether there is such a file; ConfigError where this user must not even ask.

    To go on would find another configuration, or none, and so another ledger.
    """
    try:
        return candidate.is_file()
    except PermissionError as error:
        message = say("this user may not read it")
        hint = say("sudo -u mailer runs a command as the service's user")
        raise ConfigError(message, file=str(candidate), hint=hint) from error


def placed(said: str, base: Path) -> Path:
    """*said* as a path: ``~`` is home, what is relative is below *base*."""
    try:
        path = Path(said).expanduser()
    except RuntimeError as error:
        message = say("{said}: there is no such home", said=said)
        raise ConfigError(message) from error
    return path if path.is_absolute() else (base / path).resolve()
