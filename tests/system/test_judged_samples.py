"""Programs that never saw mailer read the samples: ``make judges``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import EDITIONS

pytestmark = pytest.mark.judges
BASELINE = Path(__file__).parents[1] / "data" / "caniemail.json"
MONDAY = ("presse", "le-meridien-bourse/24")


def mailer(home: Path, *words: str) -> None:
    environ = {**os.environ, "XDG_DATA_HOME": str(home / "data")}
    subprocess.run([sys.executable, "-m", "mailer", *words], env=environ, check=True)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every sample as the message each of its readers would get."""
    home = tmp_path_factory.mktemp("judged")
    made = []
    for theme in EDITIONS:
        mailer(home, "init", str(home / theme), "--theme", theme)
    for theme, edition in (*EDITIONS.items(), MONDAY):
        for variant in ("free", "member"):
            if variant not in _variants(theme, edition):
                continue
            name = f"{theme}-{edition.replace('/', '-')}-{variant}.eml"
            form = ["--format", "eml", "--variant", variant]
            mailer(
                home,
                "-C",
                str(home / theme),
                "render",
                edition,
                *form,
                "-o",
                str(home / name),
            )
            made.append(home / name)
    return made


@pytest.fixture(scope="module")
def pages(letters: list[Path]) -> list[Path]:
    """The archive page of every sample."""
    home = letters[0].parent
    for theme, edition in EDITIONS.items():
        page = home / f"{theme}.html"
        mailer(
            home,
            "-C",
            str(home / theme),
            "render",
            edition,
            "--format",
            "web",
            "-o",
            str(page),
        )
    return [home / f"{theme}.html" for theme in EDITIONS]


def _variants(theme: str, edition: str) -> set[str]:
    if edition.startswith("le-meridien-bourse/"):
        return {"member"}
    return {"free"} if theme == "pop" else {"free", "member"}


def judged(judge: str, *words: str | Path) -> None:
    """Every target met, or what the judge said."""
    program = Path(os.environ["MAILER_JUDGES"]) / judge
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_spamassassin_lets_the_samples_in(letters: list[Path]) -> None:
    """Less than one point for content, structure and headers."""
    judged("spamassassin", *letters)


def test_rspamd_takes_no_action(letters: list[Path]) -> None:
    """Less than two points, and the ways to unsubscribe are seen."""
    judged("rspamd", "--newsletter", *letters)


def test_the_html_is_well_made(letters: list[Path], pages: list[Path]) -> None:
    """No error in mails and pages."""
    judged("html-validate", *letters, *pages)


def test_readers_with_weak_eyes_or_a_screen_reader_are_served(
    letters: list[Path], pages: list[Path]
) -> None:
    """Nothing serious or critical, in either scheme, wide and narrow."""
    judged("axe", "--dark", *letters, *pages)


def test_nothing_new_is_lost_in_a_mail_program(letters: list[Path]) -> None:
    """What some client lacks was looked at: enhancements, whose loss breaks nothing.

    ``[data-ogsc]`` and child combinators carry the dark colours, ``text-wrap`` the
    balance of titles, ``white-space`` a price on one line, ``aria-hidden`` ornaments.
    """
    judged("caniemail", "--baseline", BASELINE, *letters)
