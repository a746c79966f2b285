"""The one catalogue says everything we say, in French, and nothing else."""

from __future__ import annotations

import re

from mailer.language import Catalogue
from mailer.phrases import names_in
from mailer.workspace.catalogue import load_catalogue
from tests.messages import TEMPLATES, forms, gathered, read, sentences, written

FRENCH = load_catalogue("fr", [TEMPLATES])
ENTRIES = [message for message in read() if message.id]


def test_every_sentence_is_said_in_french() -> None:
    """Of terminal, findings, mails, pages and rules: `make messages` shows what is new."""
    missing = {
        said for said, _ in sentences() if forms(said)[0] not in FRENCH.sentences
    }
    assert missing == set()


def test_nothing_is_translated_that_nobody_says() -> None:
    """A sentence that is gone, or was changed, takes its translation along."""
    said = {said for said, _ in sentences()}
    known = {m.id if isinstance(m.id, str) else (m.id[0], m.id[1]) for m in ENTRIES}
    assert known - said == set()


def test_gathering_loses_no_translation() -> None:
    """`make messages` can be run at any time: what is said keeps its French."""
    once = gathered(read())
    assert written(gathered(once)) == written(once)
    kept = {forms(m.id)[0]: forms(m.string) for m in once if m.id}
    spoken = {forms(said)[0] for said, _ in sentences()}
    for message in ENTRIES:
        english = forms(message.id)[0]
        assert english not in spoken or kept[english] == forms(message.string)


def test_a_translation_fills_in_the_same_values() -> None:
    """No name is lost and none made up; a plural has both its forms."""
    wrong = {}
    for message in ENTRIES:
        english, french = forms(message.id), forms(message.string)
        named = set().union(*map(names_in, english))
        if len(english) != len(french) or any(names_in(f) != named for f in french):
            wrong[english[0]] = french
    assert wrong == {}


CODE = re.compile(r"`[^`]*`|\[\w+\] \w+:|\S*\{[^}]*\}\S*|<!--|\d\d:\d\d|https?:\S*|::+")
SLIPS = re.compile(r" [;!?»]|« |[^\W\d_]'[^\W\d_]|\.\.\.| :(?: |$)|\w[;!?](?: |$)")


def test_a_translation_is_set_as_printers_do() -> None:
    """Narrow and wide spaces, apostrophes and guillemets are in the catalogue itself."""
    slips = {
        form: found
        for message in ENTRIES
        for form in forms(message.string)
        if (found := SLIPS.findall(CODE.sub("", form)))
    }
    assert slips == {}


def test_french_counts_in_its_own_way() -> None:
    """Zero is singular; the rule is the catalogue's."""
    assert isinstance(FRENCH, Catalogue)
    assert FRENCH.plural == "(n > 1)"
