"""The catalogue kept up to date: ``make messages`` gathers every sentence of ours.

Sentences are found in the code (``say``, ``say_many``), in templates (``_``,
``ngettext``) and in the catalogue of rules. What is no longer said is dropped, what is
new waits untranslated; nothing is guessed from similar sentences.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
FILE = TEMPLATES / "locale" / "fr.po"

KEYWORDS = {"say": None, "say_many": (1, 2), "_": None, "ngettext": (1, 2)}

Sentence = str | tuple[str, str]


def sentences() -> Iterator[tuple[Sentence, str]]:
    """Every sentence, one or two forms of it, and the file that says it."""
    sources = [
        *((path, "python") for path in sorted((ROOT / "mailer").rglob("*.py"))),
        *((path, "jinja2") for path in sorted(TEMPLATES.rglob("*.j2"))),
    ]
    for path, method in sources:
        name = path.relative_to(ROOT).as_posix()
        options = {"encoding": "utf-8"}
        with path.open("rb") as source:
            for _, message, _, _ in extract(method, source, KEYWORDS, options=options):
                if message and message[0]:
                    one_or_both = message if isinstance(message, str) else message[:2]
                    yield one_or_both, name
    rules = TEMPLATES / "checks" / "rules.toml"
    for rule in tomllib.loads(rules.read_text("utf-8")).values():
        for key in ("title", "why", "mend"):
            yield rule[key], rules.relative_to(ROOT).as_posix()


def gathered(before: Catalog) -> Catalog:
    """A catalogue of what is said now, with the translations of *before*."""
    after = Catalog(locale="fr", header_comment=before.header_comment)
    after.mime_headers = [
        pair for pair in before.mime_headers if pair[0] in _KEPT_HEADERS
    ]
    for said, name in sentences():
        old = before.get(said)
        string = old.string if old and not old.fuzzy and old.id == said else None
        if string is None and isinstance(said, tuple):
            string = ("", "")
        after.add(said, string, locations=[(name, 0)])
    return after


_KEPT_HEADERS = ("Language", "Content-Type", "Plural-Forms")


def forms(said: Sequence[str] | str | None) -> tuple[str, ...]:
    """The forms of a sentence or of its translation."""
    return (said or "",) if isinstance(said, str | None) else tuple(said)


def written(catalogue: Catalog) -> str:
    """*catalogue* as a .po file: by file, without line numbers, which would only churn."""
    target = BytesIO()
    write_po(
        target,
        catalogue,
        width=88,
        omit_header=True,
        sort_by_file=True,
        include_lineno=False,
    )
    return _HEADER + target.getvalue().decode()


_HEADER = """\
# What mailer says, in French: terminal, findings, mails and pages.
# `make messages` adds what is new and drops what is no longer said.
msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""


def read() -> Catalog:
    """The shipped French catalogue, as it is."""
    with FILE.open("rb") as source:
        return read_po(source, locale="fr")


if __name__ == "__main__":
    catalogue = gathered(read())
    FILE.write_text(written(catalogue), encoding="utf-8")
    waiting = sum(not all(forms(message.string)) for message in catalogue if message.id)
    sys.stdout.write(f"{len(catalogue)} sentences, {waiting} to translate\n")
