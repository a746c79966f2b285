"""Every error mailer raises, one tree; the branches say whose turn it is.

::

    MailerError                    exit 70   a defect of ours
    ├── InputError                 exit 2    the writer or operator can mend it
    │   ├── ConfigError            exit 78   config/mailer.toml or the environment
    │   ├── EditionError           exit 1    an edition, with all its findings at once
    │   ├── ThemeError             exit 78   a theme's tokens or templates
    │   ├── NotFoundError          exit 3    no such edition, run or subscriber
    │   └── GuardError             exit 4    allowed in principle, refused as things stand
    ├── RelayError                 exit 69   the relay did not answer, or did not let us in
    ├── IntakeError                exit 69   a mailbox that bounces come to cannot be emptied
    ├── StoreError                 exit 69   the database did not take it (75: try again)
    ├── TokenError                 exit 70   a stranger's token: told little
    └── BalanceError               exit 70   the balance sheet does not add up

A relay's reply is a value, never an exception (see ``delivery/reply.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailer.phrases import Phrase, say, verbatim


class Severity(StrEnum):
    """How much a finding weighs: an error blocks, a warning is read."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fix:
    """A safe change of text: ``before`` stands at the finding's place, ``after`` ought to.

    Never across a line end; where ``before`` does not stand any more, nothing changes.
    """

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check has to say about one place of an edition.

    ``rule`` is a stable id (``image-alt``), ``line`` and ``column`` count from 1;
    0 means the file as a whole, or the whole line. ``fix`` is what a program can do.
    """

    rule: str
    severity: Severity
    message: str
    file: str
    line: int = 0
    column: int = 0
    hint: str = ""
    fix: Fix | None = None

    @property
    def place(self) -> str:
        """``index.md:14:3``, without the column or line that is not known."""
        counted = [str(n) for n in (self.line, self.line and self.column) if n]
        return ":".join((self.file, *counted))

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.message}{hint}"


class MailerError(Exception):
    """The root: whatever mailer raises on purpose."""

    exit_code = 70


class InputError(MailerError):
    """Somebody wrote something that cannot be used: what, where, and the way out."""

    exit_code = 2

    def __init__(
        self, message: Phrase, *, file: str = "", line: int = 0, hint: str = ""
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.hint = hint
        super().__init__(self.place + message + (f"\n  {hint}" if hint else ""))

    @property
    def place(self) -> str:
        """``index.md:14: ``, to be put before the message; empty where nothing is named."""
        if not self.file:
            return ""
        return f"{self.file}:{self.line}: " if self.line else f"{self.file}: "


class ConfigError(InputError):
    """A setting is missing, unknown or impossible."""

    exit_code = 78


class ThemeError(InputError):
    """A theme's tokens or templates cannot be used."""

    exit_code = 78


class NotFoundError(InputError):
    """No such edition, run or subscriber."""

    exit_code = 3


class GuardError(InputError):
    """Allowed in principle, refused as things stand."""

    exit_code = 4


class EditionError(InputError):
    """An edition that cannot be published; ``findings`` holds every reason at once."""

    exit_code = 1

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(verbatim("\n".join(map(str, findings))))


class RelayError(MailerError):
    """No relay took us in; nothing is known to have been handed over.

    ``temporary`` is False when waiting cannot help: a refused login, a bad certificate.
    ``closing`` is True when it sent us away before anything began (421). ``message`` is
    what went wrong, without the relay's name.
    """

    exit_code = 69

    def __init__(
        self,
        message: Phrase,
        *,
        relay: str = "",
        temporary: bool = True,
        closing: bool = False,
    ) -> None:
        self.message = message
        self.relay = relay
        self.temporary = temporary
        self.closing = closing
        named = say("relay {relay}: {message}", relay=relay, message=message)
        super().__init__(named if relay else message)


class IntakeError(MailerError):
    """A mailbox or folder that bounces come to cannot be emptied; what lies there stays.

    ``way`` is its name, ``message`` what went wrong.
    """

    exit_code = 69

    def __init__(self, message: Phrase, *, way: str) -> None:
        self.message = message
        self.way = way
        super().__init__(say("{way}: {message}", way=way, message=message))


class StoreError(MailerError):
    """The database did not take it. Unknown failures count as temporary."""

    def __init__(self, message: Phrase, *, temporary: bool = True) -> None:
        self.temporary = temporary
        self.exit_code = 75 if temporary else 69
        super().__init__(message)


class TokenError(MailerError):
    """A token that we did not sign, or not for this purpose."""


class BalanceError(MailerError):
    """A run whose deliveries do not add up to its audience: a defect to report."""
