"""Rosters through the command line: what comes in, what is said, what goes out."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.system.conftest import Mailer

WHERE = ("--publication", "le-meridien")
ROSTER = """Adresse de courriel;Prénom;Statut
anne@lecteurs.example;Anne;abonnée
Anne@lecteurs.example;Anne;abonnée
info@lecteurs.example;;abonné
josé@lecteurs.example;José;abonné
parti@lecteurs.example;;abonné
jamais@lecteurs.example;;abonné
ailleurs@lecteurs.example;;désabonné
personne;;abonné
"""


def test_an_import_says_what_became_of_every_line(
    mailer: Mailer, tmp_path: Path
) -> None:
    """A dry run changes nothing; who left, must not get or cannot be read stays out."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="cp1252")
    for address in ("parti@lecteurs.example", "jamais@lecteurs.example"):
        mailer("subscribers", "add", address, *WHERE, "--consent", "test")
    mailer("subscribers", "remove", "parti@lecteurs.example", *WHERE, "--yes")
    mailer("suppressions", "add", "jamais@lecteurs.example")
    words = (
        "subscribers",
        "import",
        str(roster),
        *WHERE,
        "--consent",
        "Salon",
        "--yes",
    )
    dry = mailer.json(*words, "--dry-run", "--json")
    done = mailer(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "3 added, 0 already there, 1 suppressed, 1 left before, "
        "1 left there, and stays away, 1 invalid, 1 line repeated in the file",
        "  line 6: left: parti@lecteurs.example",
        "  line 7: suppressed: jamais@lecteurs.example",
        "  line 9: not an address: An email address must have an @-sign: "
        "personne;;abonné",
        "  1 address of a function rather than a person: info@lecteurs.example",
        "  1 address that only a relay with SMTPUTF8 takes: josé@lecteurs.example",
    ]
    assert dry["added"] == 3, "what the dry run promised was not done by it"
    again = mailer.json(*words, "--json")
    assert (again["added"], again["present"]) == (0, 3)
    assert [each["line"] for each in again["problems"]] == [6, 7, 9]


def test_a_roster_that_cannot_be_read_names_its_file(
    mailer: Mailer, tmp_path: Path
) -> None:
    """File and line stand before what is wrong."""
    roster = tmp_path / "open.csv"
    roster.write_text('email;nom\na@lecteurs.example;"Anne\n', encoding="utf-8")
    words = ("subscribers", "import", str(roster), *WHERE, "--consent", "x", "--yes")
    done = mailer(*words)
    assert done.returncode == 2
    assert f"{roster}:2: " in done.stderr


def test_an_export_is_private_and_reads_back(mailer: Mailer, tmp_path: Path) -> None:
    """Only its owner may read it, and an import of it adds nobody and revives nobody."""
    mailer.import_readers(3)
    mailer("subscribers", "remove", "lecteur0001@lecteurs.example", *WHERE, "--yes")
    file = tmp_path / "readers.csv"
    done = mailer("subscribers", "export", str(file), *WHERE)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert mailer("subscribers", "export", *WHERE).stdout.count("\n") == 4
    words = ("subscribers", "import", str(file), *WHERE, "--consent", "x", "--yes")
    counts = mailer.json(*words, "--json")
    assert (counts["added"], counts["present"], counts["left"]) == (0, 2, 1)
