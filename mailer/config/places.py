"""Where things lie on this machine: what ships with us, data, the file of settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mailer.errors import ConfigError
from mailer.phrases import say


def shipped(name: str) -> Path:
    """Our own ``templates`` or ``config``: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name


def data_home(environ: Mapping[str, str]) -> Path:
    """The user's data folder for mailer (XDG Base Directory)."""
    said = environ.get("XDG_DATA_HOME")
    return (Path(said) if said else Path.home() / ".local" / "share") / "mailer"


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
    home = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    candidates = [folder / "config" / "mailer.toml" for folder in (here, *here.parents)]
    candidates += [
        Path(home) / "mailer" / "mailer.toml",
        Path("/etc/mailer/mailer.toml"),
    ]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    message = say("no configuration for {here}", here=here)
    raise ConfigError(message, hint=say("mailer init makes a workspace; -C names one"))


def placed(said: str, base: Path) -> Path:
    """*said* as a path: ``~`` is home, what is relative is below *base*."""
    try:
        path = Path(said).expanduser()
    except RuntimeError as error:
        message = say("{said}: there is no such home", said=said)
        raise ConfigError(message) from error
    return path if path.is_absolute() else (base / path).resolve()
