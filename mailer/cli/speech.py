"""What the terminal says, in the language of its locale.

French where the locale is French, English everywhere else. JSON, log keys and the help
of commands are English always: programs and manuals read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.errors import EditionError, Finding, InputError, MailerError
from mailer.phrases import Phrase, in_english, say, say_many

if TYPE_CHECKING:
    from mailer.language import Catalogue

_NEUTRAL = ("", "C", "POSIX")


def language_of(environ: Mapping[str, str]) -> str:
    """``fr`` or ``en``, by POSIX's order and gettext's ``LANGUAGE``.

    ``LANGUAGE`` is a list of preferences, and only heard where there is a locale.
    """
    named = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in named if name), "")
    if locale.partition(".")[0] in _NEUTRAL:
        return "en"
    for wish in (*environ.get("LANGUAGE", "").split(":"), locale):
        lang = wish.replace("-", "_").partition(".")[0].partition("_")[0].lower()
        if lang in {"fr", "en"}:
            return lang
    return "en"


@dataclass(kw_only=True)
class Speech:
    """One call's language; its catalogue is read when something has to be said.

    ``folders`` are those of a workspace's templates, which may say things otherwise.
    """

    lang: str
    folders: tuple[Path, ...] = ()
    _read: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The sentences; English ones where the workspace's cannot be read."""
        if self._read is None:
            self._read = self._load()
        return self._read

    def said(self, text: str) -> str:
        """*text* in the language of the terminal, if it is a phrase."""
        if not isinstance(text, Phrase) or self.lang == "en":
            return str(text)
        return self.catalogue.translate(text)

    def number(self, value: float) -> str:
        """*value* as the language writes it."""
        if self.lang == "en":
            return in_english(value)
        return self.catalogue.spoken(value)

    def finding(self, finding: Finding) -> str:
        """``index.md:14: message (hint)``, as editors' tools read it."""
        return f"{finding.place}: {self.remark(finding)}"

    def remark(self, finding: Finding) -> str:
        """``message (hint)``: a finding where its place is said already."""
        hint = f" ({self.said(finding.hint)})" if finding.hint else ""
        return f"{self.said(finding.message)}{hint}"

    def error(self, error: MailerError) -> str:
        """What went wrong, where, and the way out on a line of its own."""
        if isinstance(error, EditionError):
            count = len(error.findings)
            ending = say_many(
                "{count} error, nothing was changed.",
                "{count} errors, nothing was changed.",
                count,
            )
            lines = [*map(self.finding, error.findings), self.said(ending)]
            return "\n".join(lines)
        fault = self._fault(error)
        return self.said(say("error: {fault}", fault=fault))

    def _fault(self, error: MailerError) -> str:
        if isinstance(error, InputError):
            hint = f"\n  {self.said(error.hint)}" if error.hint else ""
            return f"{error.place}{self.said(error.message)}{hint}"
        said = error.args[0] if error.args else ""
        return self.said(said) if isinstance(said, str) else str(error)

    def _load(self) -> Catalogue:
        from mailer.config.places import shipped
        from mailer.errors import ThemeError
        from mailer.workspace.catalogue import load_catalogue

        ours = shipped("templates")
        try:
            return load_catalogue(self.lang, (*self.folders, ours))
        except ThemeError:
            return load_catalogue(self.lang, (ours,))
