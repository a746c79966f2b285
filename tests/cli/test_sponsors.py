"""`mailer sponsors`: what is free, booked or booked twice, and what is wrong with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.errors import ConfigError, InputError
from tests.cli.conftest import Command, said

Make = Callable[..., Command]
FEATURES = """
[[publications.pixel-paprika.features]]
name   = "haut"
source = "sponsors"
count  = 1

[[publications.pixel-paprika.features]]
name   = "bas"
source = "sponsors"
count  = 2

[[publications.pixel-paprika.features]]
name   = "sondage"
source = "poll"
title  = "Vous avez répondu"
"""
BOOKINGS = """\
[[bookings]]
sponsor     = "La Roue Libre"
publication = "pixel-paprika"
position    = "haut"
from        = 2026-03-12
until       = 2026-03-19
text        = "sponsors/roue.md"
link        = "https://laroue.example/printemps"
button      = "Je réserve"
label       = "partner"

[[bookings]]
sponsor     = "Les Cordages"
publication = "pixel-paprika"
dates       = [2026-03-19, 2026-03-20]
text        = "sponsors/roue.md"
"""
ROUE = "## Grande révision\n\nLa Roue Libre remet ton vélo d’aplomb.\n\n![Un vélo](velo.jpg)\n"


@pytest.fixture
def paprika(workspace: Make) -> Command:
    """A playful letter with two places for sponsors, and two bookings."""
    mailer = workspace("pop")
    config = mailer.folder / "config" / "mailer.toml"
    bare, _, _ = config.read_text("utf-8").partition("# What `mailer assemble`")
    config.write_text(bare + FEATURES, encoding="utf-8")
    shutil.rmtree(mailer.folder / "editions" / "pixel-paprika" / "inbox")
    write(mailer, "sponsors.toml", BOOKINGS)
    write(mailer, "sponsors/roue.md", ROUE)
    picture = next(mailer.folder.glob("editions/*/*/velo.jpg")).read_bytes()
    (mailer.folder / "sponsors" / "velo.jpg").write_bytes(picture)
    return mailer


def write(mailer: Command, name: str, text: str) -> Path:
    file = mailer.folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def listed(mailer: Command, *words: str, code: int = 0) -> dict[str, Any]:
    done = mailer("sponsors", "--json", *words)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_the_inventory_says_what_can_still_be_sold(paprika: Command) -> None:
    """By publication, date and place; somebody who has no room is an error."""
    report = listed(paprika, "--count", "3", code=1)
    assert [
        (p["date"], p["position"], p["state"], p["sponsors"]) for p in report["places"]
    ] == [
        ("2026-03-12", "haut", "booked", ["La Roue Libre"]),
        ("2026-03-12", "bas", "free", []),
        ("2026-03-19", "haut", "double-booked", ["La Roue Libre", "Les Cordages"]),
        ("2026-03-19", "bas", "free", []),
        ("2026-03-26", "haut", "free", []),
        ("2026-03-26", "bas", "free", []),
    ]
    told = {(f["kind"], f["sponsor"], f["line"]) for f in report["findings"]}
    assert told == {
        ("double-booked", "Les Cordages", 12),
        ("no-edition", "Les Cordages", 12),
        ("ends-soon", "La Roue Libre", 1),
        ("ends-soon", "Les Cordages", 12),
    }


def test_a_booking_is_printed_in_the_edition_of_its_date(paprika: Command) -> None:
    """With its label, its link and its picture; and the poll is left out with a word."""
    done = paprika("assemble", "--date", "2026-03-19", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert {f["feature"]: f["state"] for f in report["features"]} == {
        "haut": "written",
        "bas": "empty",
        "sondage": "empty",
    }
    assert (
        report["features"][2]["note"] == "no poll was answered since the last edition"
    )
    assert report["notes"] == [
        {"about": "Les Cordages", "reason": "haut is taken already"}
    ]
    (folder,) = paprika.folder.glob("editions/pixel-paprika/2026-03-19*")
    assert (folder / "velo.jpg").exists()
    text = (folder / "10-haut.md").read_text("utf-8")
    assert text.startswith('::: sponsor {by="La Roue Libre" href="https://laroue')
    render = paprika("render", report["edition"], "--format", "text")
    assert render.exit_code == 0, render.output
    assert "En partenariat avec La Roue Libre" in render.stdout


def test_a_booking_that_cannot_be_printed_changes_nothing(paprika: Command) -> None:
    """A text that is gone, a file that is broken: told, and the part stays."""
    paprika("assemble", "--date", "2026-03-12")
    done = paprika("assemble", "--date", "2026-03-19", "--json")
    (folder,) = paprika.folder.glob("editions/pixel-paprika/2026-03-19*")
    before = (folder / "10-haut.md").read_bytes()
    text = paprika.folder / "sponsors" / "roue.md"
    text.unlink()
    done = paprika("assemble", "--date", "2026-03-19", "--json")
    report = json.loads(done.stdout)
    assert report["features"][0]["state"] == "unsure"
    assert "roue.md cannot be read" in report["notes"][0]["reason"]
    assert (folder / "10-haut.md").read_bytes() == before
    write(paprika, "sponsors.toml", "[[bookings]]\nsponsor = 3\n")
    done = paprika("assemble", "--date", "2026-03-19", "--json")
    assert done.exit_code == 0
    assert "sponsors.toml:1" in json.loads(done.stdout)["notes"][0]["reason"]
    assert (folder / "10-haut.md").read_bytes() == before


def test_an_office_may_keep_a_spreadsheet(paprika: Command) -> None:
    """Semicolons, a byte order mark, several dates in a cell."""
    (paprika.folder / "sponsors.toml").unlink()
    write(
        paprika,
        "sponsors.csv",
        "\ufeffsponsor;publication;position;dates;text\r\n"
        "La Roue Libre;pixel-paprika;bas;2026-03-12 2026-03-19;sponsors/roue.md\r\n"
        ";;;;\r\n",
    )
    report = listed(paprika, "--count", "2")
    booked = [p["date"] for p in report["places"] if p["sponsors"]]
    assert booked == ["2026-03-12", "2026-03-19"]


@pytest.mark.parametrize(
    ("name", "text", "said_"),
    [
        ("sponsors.toml", "[[bookings]", "this is not TOML"),
        ("sponsors.toml", "bookings = 3", "a booking is a table"),
        ("sponsors.toml", "[booking]\na = 1", "a booking is a table"),
        ("sponsors.toml", BOOKINGS + "\nprix = 3\n", "sponsors.toml:12: unknown key"),
        ("sponsors.csv", "sponsor,prix\na,b\n", "sponsors.csv:2: unknown key prix"),
        (
            "sponsors.csv",
            "sponsor,text\na,b,c\n",
            "sponsors.csv:2: the line has more cells",
        ),
    ],
)
def test_a_file_that_is_wrong_says_its_line(
    paprika: Command, name: str, text: str, said_: str
) -> None:
    """And nothing is listed by halves."""
    write(paprika, name, text)
    error = said(paprika("sponsors"))
    assert isinstance(error, InputError)
    assert said_ in str(error)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("../../etc/passwd", "leads out of the workspace"),
        ("/etc/passwd", "leads out of the workspace"),
        ("sponsors/rien.md", "cannot be read"),
        ("sponsors", "cannot be read"),
    ],
)
def test_a_text_stands_in_the_workspace(
    paprika: Command, text: str, reason: str
) -> None:
    """What leads elsewhere, or nowhere, is an error at the booking."""
    write(paprika, "sponsors.toml", BOOKINGS.replace("sponsors/roue.md", text))
    report = listed(paprika, "--count", "1", code=1)
    (finding,) = (f for f in report["findings"] if f["kind"] == "text")
    assert reason in finding["message"]


def test_without_a_place_there_is_nothing_to_list(workspace: Make) -> None:
    """And the way out is said."""
    error = said(workspace("presse")("sponsors", "le-meridien-bourse"))
    assert isinstance(error, ConfigError)
    assert "no publication has a place for sponsors" in str(error)


def test_the_table_fits_a_terminal(paprika: Command) -> None:
    """For people: no column is cut."""
    done = paprika("sponsors", "--count", "2")
    assert done.exit_code == 1
    assert "double-booked" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
