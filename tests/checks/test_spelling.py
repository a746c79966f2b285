"""Spelling: which words are asked about, what is told, and hunspell behind it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.edition.blocks import Source
from mailer.errors import ConfigError, Finding
from mailer.rendering.checks.passages import passages
from mailer.rendering.checks.rule import Sample
from mailer.rendering.checks.spelling import Spelling, check_spelling, look_up
from mailer.workspace.rulebook import rules
from mailer.workspace.spelling import HunspellSpeller, own_words, spelling_of
from tests.checks.conftest import PAPER
from tests.checks.workbench import FOLDER, TODAY, findings, lay_out

KNOWN = set(
    "le la les un une de des et il a tempête algorithme quai grue porte conteneurs on "
    "prévoit aujourd’hui the crane quay is waiting doesn't tide moves dit".split()
)
AT = Source("index.md", 0)


class FakeSpeller:
    """A few words; guesses are what is told."""

    def __init__(self, **guesses: Sequence[str]) -> None:
        self.guesses = guesses
        self.asked: list[str] = []

    def knows(self, word: str) -> bool:
        self.asked.append(word)
        return word in KNOWN or word.casefold() in KNOWN

    def suggest(self, word: str) -> Sequence[str]:
        return self.guesses.get(word, ())


def told(
    text: str,
    *,
    lang: str = "fr",
    names: Sequence[str] = (),
    speller: FakeSpeller | None = None,
) -> list[Finding]:
    """What is said about *text*."""
    read = tuple(passages({"index.md": text}))
    speller = speller or FakeSpeller()
    found = look_up(read, lang=lang, names=names, speller=speller)
    return list(check_spelling(read, found, lang=lang, at=AT))


def words(text: str, *, lang: str = "fr", names: Sequence[str] = ()) -> list[str]:
    """The words that are told."""
    return [
        f.message.split("“")[1].rstrip("”") for f in told(text, lang=lang, names=names)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "La tempête et l’algorithme.",
        "la tempête et l'algorithme",
        "Un porte-conteneurs, aujourd’hui.",
        "Un porte\u2011conteneurs.",
        "La tempe\u0302te et l’algo\u00adrithme.",
        "un quai de 12 zkw, une grue de 3\u00a0db",
        "Le EVP et la SNCFX de Port-Salins.",
        "Il dit Kerdoncuff. Kerdoncuff prévoit.",
        "Il prévoit d’Anse-Noire, GitHub et l’iPhone.",
        "une grue *zeitgeist weltschmerz* et _dolce vita_",
        "un `zzcode`, [quai](https://zz.example/qqq), https://zz.example/aaa",
        "le zz.example et zorg@zz.example et {{ zname }}",
        "le fichier.jpg, et/zou, @zorg et #zorg",
        "un B2B, le 3ème et zorg2",
        "::: zbox zclass\nun quai\n:::",
        "```\nzcode zcode\n```",
        "les lecteur·rice·s",
        "Zorglub prévoit la tempête.",
        "« Zorglub prévoit. »",
    ],
)
def test_what_is_not_told(text: str) -> None:
    """Known words, names, and what is no word of the language."""
    assert words(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("le qaui et la tempette", ["qaui", "tempette"]),
        ("Un l’algorythme.", ["algorythme"]),
        ("un porte-contenurs", ["porte-contenurs"]),
        ("le qaui et le qaui. Qaui", ["qaui"]),
        ("| le | qaui |\n|---|---|\n| grue | gruue |", ["qaui", "gruue"]),
        ("> le qaui", ["qaui"]),
        ("- **le qaui**", ["qaui"]),
        ("le qaui *zeit* et le quaai", ["qaui", "quaai"]),
        ("3 grues", ["grues"]),
        ("*La tempête prévoit une grue et le qaui.*", ["qaui"]),
        ("---\ntitle: le qaui\nslug: zslug\n---\n\nle quai", ["qaui"]),
    ],
)
def test_what_is_told(text: str, said: list[str]) -> None:
    """A slip is told once, wherever readers would read it."""
    assert words(text) == said


def test_english_has_other_joints() -> None:
    """Contractions and possessives are words; titles have capitals of their own."""
    assert words("The crane’s tide doesn’t move's.", lang="en") == ["move"]
    assert words("# The Zorglub Tide\n\nthe quay", lang="en") == []


def test_names_that_the_edition_gives_are_known() -> None:
    """In small letters and in compounds too."""
    assert words("le zorglub et la grue-zorglub", names=["Zorglub"]) == []


def test_a_finding_has_its_place_and_suggestions() -> None:
    """Line, column after the elision, at most three words, nothing to fix."""
    speller = FakeSpeller(algorythme=["algorithme", "b", "c", "d"])
    (finding,) = told("un quai\net l’algorythme", speller=speller)
    assert (finding.rule, finding.severity, finding.fix) == (
        "spelling",
        "warning",
        None,
    )
    assert (finding.line, finding.column) == (2, 6)
    assert "algorithme, b, c;" in finding.hint
    (bare,) = told("le qaui")
    assert "spelling.txt" in bare.hint


def test_the_head_of_a_sentence_is_told_only_if_a_word_is_near() -> None:
    """Nobody knows whether an unknown word with a capital is a name."""
    for guess, times in (("Quai", 1), ("Qaui", 1), ("Marquise", 0)):
        speller = FakeSpeller(Quaai=[guess], Qaui=["Quai"], Kerdonc=["Marquise"])
        text = {"Quai": "Quaai", "Qaui": "Qaui", "Marquise": "Kerdonc"}[guess]
        assert len(told(f"{text} prévoit.", speller=speller)) == times, text


def test_another_language_is_told_in_one_line() -> None:
    """Not a finding for every word of it."""
    text = " ".join(
        f"zorg{chr(97 + n)}{chr(97 + m)}" for n in range(9) for m in range(9)
    )
    (finding,) = told(text)
    assert "81 of 81" in finding.message
    assert (finding.line, finding.rule) == (0, "spelling")


@given(st.text(alphabet="aéqÀZ ’'-*_`.:|#>[]()\n\u2011\u0301\u00ad1{}<!", max_size=80))
@settings(max_examples=150)
def test_whatever_is_told_stands_where_it_is_said_to(text: str) -> None:
    """At its line and column, be it as odd as it may."""
    read = tuple(passages({"index.md": text}))
    found = look_up(read, lang="fr", names=(), speller=FakeSpeller())
    lines = text.split("\n")
    for finding in check_spelling(read, found, lang="fr", at=AT):
        if finding.line:
            typed = lines[finding.line - 1][finding.column - 1]
            word = finding.message.split("“")[1]
            assert normalize("NFD", typed)[0] == normalize("NFD", word)[0]


# -- hunspell, with a dictionary of a few words -----------------------------------------

POOR = rules()["spelling"].poor


def house(tmp_path: Path, **files: str):
    kept = {k: v for k, v in POOR.files.items() if k not in files}
    said = {name: text for name, text in files.items() if text}
    sample = Sample(edition=POOR.edition, config=POOR.config, files={**kept, **said})
    return lay_out(sample, tmp_path)


def asked(house, shared: Sequence[Path] = ()) -> Spelling:
    edition = house.newsroom.edition(str(house.loaded.root / FOLDER), today=TODAY)
    workspace = house.newsroom.workspace
    return spelling_of(edition, PAPER, workspace, shared=shared)


def test_hunspell_finds_the_slip_and_guesses(tmp_path: Path) -> None:
    """The real engine, through the command's own path."""
    (finding,) = [f for f in findings(POOR, tmp_path) if f.rule == "spelling"]
    assert finding.place == "index.md:8:4"
    assert "quai" in finding.hint


def test_it_is_off_unless_asked_for_and_can_be_ignored(tmp_path: Path) -> None:
    """By the configuration and by the edition; then nothing is even read."""
    broken = {**POOR.files, "spelling.txt": "a\n", "dictionaries/fr.dic": "?"}
    off = Sample(edition=POOR.edition, files=broken)
    head = "---\ntitle: Un\nsubtitle: Un\ndate: 2026-03-14\nnumber: 1\n"
    quiet = Sample(
        edition=head + "checks: {ignore: [spelling]}\n---\n\nUn qaui.",
        config=POOR.config,
        files=broken,
    )
    nowhere = Sample(
        edition=POOR.edition,
        config=POOR.config + 'ignore = ["spelling"]\n',
        files=broken,
    )
    for name, sample in (("off", off), ("quiet", quiet), ("nowhere", nowhere)):
        found = findings(sample, tmp_path / name)
        assert [f for f in found if f.rule == "spelling"] == []


def test_a_missing_dictionary_is_told_with_the_way_out(tmp_path: Path) -> None:
    """A warning: who only sends is not stopped."""
    found = asked(house(tmp_path, **{"dictionaries/fr.dic": ""}))
    assert "no dictionary of fr" in (found.trouble or "")
    assert "apt-get install hunspell-fr;" in (found.way_out or "")
    (finding,) = check_spelling((), found, lang="fr", at=AT)
    assert finding.severity == "warning"


def test_a_missing_engine_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "hunspell", None)
    found = asked(house(tmp_path))
    assert "mailer-daemon[spelling]" in (found.way_out or "")


def test_a_dictionary_that_is_none_is_told(tmp_path: Path) -> None:
    """Hunspell itself would know no word, and say so for each."""
    found = asked(house(tmp_path, **{"dictionaries/fr.dic": "<html>\n"}))
    assert "fr.dic is no dictionary" in (found.trouble or "")


def test_the_usual_region_wins_then_any_other(tmp_path: Path) -> None:
    """Ours first, then the machine's folders in their order."""
    shared = tmp_path / "share"
    shared.mkdir()
    words = POOR.files["dictionaries/fr.dic"].replace("un\n", "un\nqaui\n", 1)
    for name in ("fr_CH", "fr_BE"):
        (shared / f"{name}.aff").write_text("SET UTF-8\n", encoding="utf-8")
        (shared / f"{name}.dic").write_text(words, encoding="utf-8")
    (shared / "fr_BE.dic").write_text("1\nun\n", encoding="utf-8")
    (shared / "fr_BE.aff").unlink()
    (shared / "fr_AA.dic").mkdir()
    without = {"dictionaries/fr.dic": "", "dictionaries/fr.aff": ""}
    assert asked(house(tmp_path / "a", **without), [shared]).unknown == {}
    assert "qaui" in asked(house(tmp_path / "b"), [shared]).unknown


def test_a_workspace_knows_words_of_its_own(tmp_path: Path) -> None:
    """For every language and for one; remarks and either apostrophe are fine."""
    (tmp_path / "spelling.txt").write_text(
        "\ufeffmarégraphe # mesure la mer\n\n# rien\nO'Brien\n", encoding="utf-8"
    )
    (tmp_path / "spelling.fr.txt").write_text("chapô\r\nintertitre", encoding="utf-8")
    assert own_words(tmp_path, "fr") == {"marégraphe", "O’Brien", "chapô", "intertitre"}
    assert own_words(tmp_path, "en") == {"marégraphe", "O’Brien"}
    found = asked(house(tmp_path / "ws", **{"spelling.txt": "logiciel\nqaui\n"}))
    assert found.unknown == {}


def test_an_unreadable_list_is_refused_at_its_line(tmp_path: Path) -> None:
    """As every other list of the workspace."""
    (tmp_path / "spelling.txt").write_bytes("un\nmarégraphe\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"spelling\.txt:2: the file is not UTF-8"):
        own_words(tmp_path, "fr")
    (tmp_path / "spelling.txt").unlink()
    (tmp_path / "spelling.txt").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        own_words(tmp_path, "fr")


class SlowEngine:
    """One second a guess, and an alphabet of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def spell(self, word: str) -> bool:
        word.encode("latin-1")
        return False

    def suggest(self, word: str) -> Sequence[str]:
        self.now += 1
        return ("", word.upper())


def test_patience_ends_and_long_words_are_not_guessed() -> None:
    """A word is told nevertheless, without a suggestion."""
    engine = SlowEngine()
    speller = HunspellSpeller(
        engine, frozenset(), patience=1.5, tick=lambda: engine.now
    )
    assert [list(speller.suggest("ab")) for _ in range(3)] == [["AB"], ["AB"], []]
    fresh = HunspellSpeller(engine, frozenset(), tick=lambda: engine.now)
    assert list(fresh.suggest("a" * 31)) == []


def test_a_word_of_another_alphabet_is_not_judged() -> None:
    """A dictionary in Latin-1 has nothing to say of œuvre or Афины."""
    speller = HunspellSpeller(SlowEngine(), frozenset({"quai"}))
    assert speller.knows("афины")
    assert speller.knows("Quai")
    assert not speller.knows("qaui")
