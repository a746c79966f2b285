"""Hunspell's dictionaries behind the port of the spelling check, and a workspace's words.

The engine comes with the extra ``spelling``; the dictionaries are those of the machine,
or lie in the workspace's ``dictionaries/``. Without either, a finding says what to do.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from mailer.edition.model import Edition, Publication
from mailer.errors import ConfigError
from mailer.phrases import say, verbatim
from mailer.rendering.checks.passages import passages
from mailer.rendering.checks.spelling import Spelling, look_up, names_around
from mailer.workspace.editions import Workspace

PATIENCE = 2.0  # seconds that suggestions for one edition may take together
_LONG = 30  # letters: nobody wants a guess, and it takes long
_REGIONS = {"fr": ("fr_FR", "fr"), "en": ("en_US", "en_GB", "en")}
SHARED = tuple(
    Path(name).expanduser()
    for name in (
        "~/.local/share/hunspell",
        "/usr/local/share/hunspell",
        "/usr/share/hunspell",
        "/usr/share/myspell/dicts",
        "/usr/share/myspell",
        "/opt/homebrew/share/hunspell",
        "~/Library/Spelling",
        "/Library/Spelling",
    )
)
"""Where a machine keeps its dictionaries, the user's own first."""


class _Engine(Protocol):
    """What we use of hunspell."""

    def spell(self, word: str) -> bool: ...
    def suggest(self, word: str) -> Sequence[str]: ...


class HunspellSpeller:
    """A dictionary and the workspace's own words, with bounded patience."""

    def __init__(
        self,
        engine: _Engine,
        own: frozenset[str],
        *,
        patience: float = PATIENCE,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._own = own
        self._left = patience
        self._tick = tick

    def knows(self, word: str) -> bool:
        """In small letters in one's own list it is known in capitals too."""
        if word in self._own or word.casefold() in self._own:
            return True
        try:
            return bool(self._engine.spell(word))
        except UnicodeEncodeError:
            return True  # not of the dictionary's alphabet: not for it to judge

    def suggest(self, word: str) -> Sequence[str]:
        """Nothing any more once all suggestions together took too long."""
        if self._left <= 0 or len(word) > _LONG:
            return ()
        started = self._tick()
        try:
            return [word for word in self._engine.suggest(word) if word]
        finally:
            self._left -= self._tick() - started


def spelling_of(
    edition: Edition,
    publication: Publication,
    workspace: Workspace,
    *,
    shared: Sequence[Path] = SHARED,
) -> Spelling:
    """What the dictionary of its language says of *edition*.

    ConfigError if the workspace's own list cannot be read.
    """
    lang = (edition.lang or publication.lang)[:2]
    own = own_words(workspace.root, lang)
    place = _dictionary((workspace.root / "dictionaries", *shared), lang)
    if place is None:
        return Spelling(
            trouble=say("spelling is not checked: no dictionary of {lang}", lang=lang),
            way_out=say(
                "Debian: apt-get install hunspell-{package}; or put {lang}.aff and {lang}.dic into dictionaries/",
                package="fr" if lang == "fr" else "en-us",
                lang=lang,
            ),
        )
    try:
        engine = _engine(place)
    except ImportError:
        return Spelling(
            trouble=say("spelling is not checked: hunspell is not installed"),
            way_out=verbatim("pip install 'mailer-daemon[spelling]'"),
        )
    except OSError as error:
        return Spelling(
            trouble=say("spelling is not checked: {error}", error=error),
            way_out=say("a dictionary is two files, NAME.aff and NAME.dic"),
        )
    return look_up(
        tuple(passages(edition.sources)),
        lang=lang,
        names=names_around(edition, publication, workspace.authors().values()),
        speller=HunspellSpeller(engine, own),
    )


def own_words(root: Path, lang: str) -> frozenset[str]:
    """The words of ``spelling.txt`` and ``spelling.LANG.txt``; ConfigError."""
    return frozenset(
        word
        for name in ("spelling.txt", f"spelling.{lang}.txt")
        for word in _words_in(root / name)
    )


def _words_in(file: Path) -> Iterator[str]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = say("the file is not UTF-8")
        hint = say("save it again with the encoding UTF-8")
        raise ConfigError(message, file=str(file), line=line, hint=hint) from error
    except OSError as error:
        message = say("cannot be read: {error}", error=error.strerror)
        raise ConfigError(message, file=str(file)) from error
    for entry in text.splitlines():
        for word in entry.partition("#")[0].split():
            yield word.replace("'", "’")


def _dictionary(folders: Sequence[Path], lang: str) -> Path | None:
    """The files of *lang* without their endings: the usual region, else any other."""
    for folder in folders:
        usual = [folder / name for name in _REGIONS.get(lang, (lang,))]
        others = sorted(p.with_suffix("") for p in folder.glob(f"{lang}[_-]*.dic"))
        for place in (*usual, *others):
            if all(place.with_suffix(end).is_file() for end in (".aff", ".dic")):
                return place
    return None


@lru_cache(maxsize=2)
def _engine(place: Path) -> _Engine:
    """Hunspell with this dictionary; ImportError, or OSError if it is none."""
    from hunspell import Hunspell

    with place.with_suffix(".dic").open("rb") as words:
        if not words.readline(40).strip(b"\xef\xbb\xbf \t\r\n").isdigit():
            message = say("{file} is no dictionary", file=f"{place.name}.dic")
            raise OSError(message)
    engine: _Engine = Hunspell(
        place.name,
        hunspell_data_dir=str(place.parent),
        system_encoding=sys.getfilesystemencoding(),
    )
    return engine
