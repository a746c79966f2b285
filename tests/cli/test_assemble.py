"""`mailer assemble`: the week's material becomes a draft, and what was edited stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.errors import ConfigError, GuardError, InputError
from tests.cli.conftest import Command, said

Make = Callable[..., Command]
FEATURES = """
[publications.le-lundi]
name     = "Le Lundi"
from     = "Le Lundi <lundi@meridien.example>"
schedule = "mon 07:30"

[publications.le-lundi.assembly]
title    = "{name} du {date}"
subtitle = "Ce que la semaine a laissé sur le quai"

[[publications.le-lundi.features]]
name       = "breves"
source     = "inbox"
title      = "Cartes sur table"
standfirst = "Il suffit de ceux qui passent."

[[publications.le-lundi.features]]
name   = "outil"
source = "inbox"
title  = "L’instrument : {title}"
class  = "tool"
form   = "prose"
item   = "{picture}\\n\\n{text}"
count  = 1
"""
SONDES = """\
---
section: breves
title: "Sondes ouvertes : la suite"
link: https://hydro.example/sondes
---
Le service hydrographique publie ses relevés, **gratuitement**.
"""


@pytest.fixture
def lundi(workspace: Make) -> Command:
    """A letter on Mondays whose features are filled from its inbox."""
    mailer = workspace("presse")
    config = mailer.folder / "config" / "mailer.toml"
    config.write_text(config.read_text("utf-8") + FEATURES, encoding="utf-8")
    inbox(mailer).mkdir(parents=True)
    return mailer


def inbox(mailer: Command) -> Path:
    return mailer.folder / "editions" / "le-lundi" / "inbox"


def drop(mailer: Command, name: str, text: str | bytes) -> Path:
    file = inbox(mailer) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def assembled(mailer: Command, *words: str) -> dict[str, Any]:
    done = mailer("assemble", "le-lundi", "--json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def states(report: dict[str, Any]) -> dict[str, str]:
    return {each["feature"]: each["state"] for each in report["features"]}


def reasons(report: dict[str, Any]) -> dict[str, str]:
    return {each["about"]: each["reason"] for each in report["notes"]}


def folder(mailer: Command) -> Path:
    (found,) = (mailer.folder / "editions" / "le-lundi").glob("2026-*")
    return found


def tree(place: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with what it says and when it was written."""
    return {
        str(path.relative_to(place)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in place.rglob("*")
        if path.is_file()
    }


def picture(mailer: Command) -> bytes:
    return next(mailer.folder.glob("editions/*/*/port.jpg")).read_bytes()


def fill(mailer: Command) -> None:
    drop(mailer, "1-sondes.md", SONDES)
    drop(
        mailer, "breves/2-vide.md", "# Sillages discrets\n\nQuatre armateurs refusent."
    )
    text = "---\nalt: Une rue et son vent\n---\n# Carte à vent\n\nElle dessine le vent."
    drop(mailer, "outil/vent.md", text)
    drop(mailer, "outil/vent.jpg", picture(mailer))


def test_the_inbox_becomes_a_draft_that_may_be_sent(lundi: Command) -> None:
    """Every item in its section; the draft passes every check; the inbox is empty."""
    fill(lundi)
    report = assembled(lundi)
    assert report["date"] == "2026-03-16"
    assert states(report) == {"breves": "written", "outil": "written"}
    assert reasons(report) == {}
    assert (folder(lundi) / "10-breves.md").read_text("utf-8") == (
        "# Cartes sur table\n\n*Il suffit de ceux qui passent.*\n\n"
        "- **[Sondes ouvertes : la suite](https://hydro.example/sondes)** • Le service"
        " hydrographique publie ses relevés, **gratuitement**.\n"
        "- **Sillages discrets** • Quatre armateurs refusent.\n"
    )
    assert (folder(lundi) / "20-outil.md").read_text("utf-8") == (
        "# L’instrument : Carte à vent {.tool}\n\n![Une rue et son vent](vent.jpg)\n\n"
        "Elle dessine le vent.\n"
    )
    head = (folder(lundi) / "index.md").read_text("utf-8")
    assert "title: Le Lundi du 16 mars\n" in head
    assert [path for path in inbox(lundi).rglob("*") if path.is_file()] == []
    done = lundi("check", report["edition"] or "le-lundi/1", "--json")
    (checked,) = json.loads(done.stdout)["editions"]
    assert [f for f in checked["findings"] if f["severity"] == "error"] == []


def test_a_flag_of_the_publication_stays_one(lundi: Command) -> None:
    """An item whose title begins with a flag is a flagged brief, without a bullet."""
    config = lundi.folder / "config" / "mailer.toml"
    text = config.read_text("utf-8").replace(
        'schedule = "mon 07:30"\n\n[publications.le-lundi.assembly]',
        'schedule = "mon 07:30"\nflags = ["À L’HORIZON"]\n\n[publications.le-lundi.assembly]',
    )
    config.write_text(text, encoding="utf-8")
    drop(lundi, "breves/1.md", "# À L'horizon : le vote.\n\nL’Assemblée fixe le tarif.")
    assembled(lundi)
    assert "- **À L'horizon : le vote.** L’Assemblée" in (
        folder(lundi) / "10-breves.md"
    ).read_text("utf-8")


def test_running_twice_changes_nothing(lundi: Command) -> None:
    """Not a byte, not a date of a file."""
    fill(lundi)
    assembled(lundi)
    before = tree(lundi.folder)
    report = assembled(lundi)
    assert states(report) == {"breves": "unchanged", "outil": "unchanged"}
    assert not report["changed"]
    assert tree(lundi.folder) == before


def test_a_dry_run_says_the_same_and_changes_nothing(lundi: Command) -> None:
    """No folder, no lock, no item moved."""
    fill(lundi)
    before = tree(lundi.folder)
    report = assembled(lundi, "--dry-run")
    assert states(report) == {"breves": "written", "outil": "written"}
    assert tree(lundi.folder) == before


def test_what_a_person_edited_is_left_alone(lundi: Command) -> None:
    """New material goes where nobody was; what came for the edited part waits."""
    fill(lundi)
    assembled(lundi)
    mine = folder(lundi) / "10-breves.md"
    mine.write_text(mine.read_text("utf-8") + "\nUn mot de plus.\n", "utf-8")
    before = mine.read_bytes()
    drop(lundi, "3-cable.md", "---\nsection: breves\n---\n# Câble court\n\nUn bras.")
    report = assembled(lundi)
    assert states(report) == {"breves": "edited", "outil": "unchanged"}
    assert reasons(report) == {"3-cable.md": "10-breves.md was edited by hand"}
    assert mine.read_bytes() == before
    assert (inbox(lundi) / "3-cable.md").exists()


def test_an_untouched_part_takes_in_what_came_later(lundi: Command) -> None:
    """In the order of the names; an item mended in the material is mended in the part."""
    fill(lundi)
    assembled(lundi)
    drop(lundi, "0-cable.md", "---\nsection: breves\n---\n# Câble court\n\nUn bras.")
    taken = folder(lundi) / "material" / "1-sondes.md"
    taken.write_text(SONDES.replace("relevés", "cartes"), "utf-8")
    assert states(assembled(lundi))["breves"] == "refreshed"
    text = (folder(lundi) / "10-breves.md").read_text("utf-8")
    assert "publie ses cartes" in text
    assert text.index("Câble court") < text.index("Sondes ouvertes")


def test_what_was_printed_does_not_come_again(lundi: Command) -> None:
    """The next edition begins with an empty inbox, and has nothing to say."""
    fill(lundi)
    assembled(lundi)
    report = assembled(lundi, "--date", "2026-03-23")
    assert states(report) == {"breves": "empty", "outil": "empty"}
    (made,) = (lundi.folder / "editions" / "le-lundi").glob("2026-03-23*")
    assert sorted(each.name for each in made.iterdir()) == [
        ".assembled.json",
        "index.md",
    ]
    head = "title: Le Lundi du 23 mars\nnumber: 2\ndate: 2026-03-23\nsubtitle: "
    text = (made / "index.md").read_text("utf-8")
    assert text == f"---\n{head}Ce que la semaine a laissé sur le quai\n---\n"


def test_what_cannot_be_used_waits_and_is_told(lundi: Command) -> None:
    """A bad head, no section, a day of its own, one too many, a stranger's file."""
    drop(lundi, "a.md", "---\nsektion: breves\n---\nA\n")
    drop(lundi, "b.md", "Sans rubrique.")
    drop(
        lundi, "c.md", "---\nsection: breves\ndate: 2026-03-23\n---\n# C\n\nPlus tard."
    )
    drop(lundi, "outil/d.md", "# D\n\nUn outil.")
    drop(lundi, "outil/e.md", "# E\n\nUn autre.")
    drop(lundi, "f.pdf", b"%PDF")
    drop(lundi, "g.md", b"\xff\xfea\x00")
    drop(lundi, "h.md", "---\nsection: outils\n---\nH")
    drop(lundi, "i.md", "---\nsection: breves\n---\n![Une grue](grue.jpg)")
    (inbox(lundi) / "j.md").symlink_to("/etc/passwd")
    report = assembled(lundi)
    told = reasons(report)
    assert "unknown key sektion" in told["a.md"]
    assert told["b.md"] == "it does not say its section; there are: breves, outil"
    assert "it is meant for" in told["c.md"]
    assert told["outil/e.md"] == "outil is full: 1 at most"
    assert "neither Markdown nor a picture" in told["f.pdf"]
    assert "UTF-16" in told["g.md"]
    assert told["h.md"] == "no section outils: did you mean outil?"
    assert "no picture grue.jpg" in told["i.md"]
    assert "no file of the workspace" in told["j.md"]
    left = sorted(p.name for p in inbox(lundi).rglob("*") if not p.is_dir())
    assert left == [
        "a.md",
        "b.md",
        "c.md",
        "e.md",
        "f.pdf",
        "g.md",
        "h.md",
        "i.md",
        "j.md",
    ]


def test_a_picture_alone_asks_for_its_words(lundi: Command) -> None:
    """It is shown with a gap, which the checks refuse until somebody fills it."""
    drop(lundi, "breves/port.jpg", picture(lundi))
    report = assembled(lundi)
    assert "![TODO" in (folder(lundi) / "10-breves.md").read_text("utf-8")
    (checked,) = json.loads(lundi("check", "le-lundi/1", "--json").stdout)["editions"]
    rules = {f["rule"] for f in checked["findings"] if f["severity"] == "error"}
    assert rules == {"placeholder-left"}
    assert states(assembled(lundi)) == states(report) | {"breves": "unchanged"}


@pytest.mark.parametrize("step", ["copied", "written"])
def test_an_assembly_cut_short_is_finished_by_the_next(
    lundi: Command, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever it stopped: nothing is lost, nothing is printed twice."""
    from mailer.workspace import composing

    fill(lundi)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    broken = {"copied": "_put", "written": "clear"}[step]
    with monkeypatch.context() as patch:
        patch.setattr(composing, broken, stop)
        lundi("assemble", "le-lundi")
    assert len([p for p in inbox(lundi).rglob("*") if p.is_file()]) == 4
    assembled(lundi)
    text = (folder(lundi) / "10-breves.md").read_text("utf-8")
    assert text.count("- **") == 2
    assert [p for p in inbox(lundi).rglob("*") if p.is_file()] == []
    assert not assembled(lundi)["changed"]


def test_two_pictures_of_one_name_are_not_mixed_up(lundi: Command) -> None:
    """The second waits until somebody renames it; the same picture twice is one."""
    one = picture(lundi)
    text = "---\nalt: Un quai\n---\n# {0}\n\n{0}.\n\n![Un quai](quai.jpg)\n"
    drop(lundi, "breves/1.md", text.format("Un"))
    drop(lundi, "breves/quai.jpg", one)
    drop(lundi, "2.md", text.format("Deux").replace("alt:", "section: breves\nalt:"))
    drop(lundi, "quai.jpg", one + b"other")
    told = reasons(assembled(lundi))
    assert [*told.values()] == ["there is another quai.jpg: rename one of them"]
    assert (folder(lundi) / "quai.jpg").read_bytes() in {one, one + b"other"}
    before = (folder(lundi) / "quai.jpg").read_bytes()
    left = next(p for p in inbox(lundi).rglob("quai.jpg"))
    left.write_bytes(before)
    assert reasons(assembled(lundi)) == {}
    assert (folder(lundi) / "10-breves.md").read_text("utf-8").count("quai.jpg") == 2


@pytest.mark.parametrize("name", ["../../le-meridien/{there}/port.jpg", "..", "."])
def test_a_picture_from_elsewhere_stays_where_it_is(lundi: Command, name: str) -> None:
    """An item may show what lies beside it, and takes nothing from other folders."""
    there = next(lundi.folder.glob("editions/le-meridien/*/port.jpg"))
    name = name.format(there=there.parent.name)
    drop(lundi, "breves/1.md", f"# Un\n\n![Un quai](../{name})\n")
    told = reasons(assembled(lundi))
    assert f"there is no picture ../{name} beside it" in told["breves/1.md"]
    assert there.exists()


def test_a_picture_that_another_item_shows_stays_for_it(lundi: Command) -> None:
    """Two items of one picture: the one that waits does not lose it."""
    text = "---\nsection: {}\n---\n# Un\n\n![Un quai](quai.jpg)\n"
    drop(lundi, "1.md", text.format("breves"))
    drop(lundi, "2.md", text.format("breves\ndate: 2026-03-23"))
    drop(lundi, "quai.jpg", picture(lundi))
    assert "it is meant for" in reasons(assembled(lundi))["2.md"]
    assert reasons(assembled(lundi, "--date", "2026-03-23")) == {}
    assert [p for p in inbox(lundi).rglob("*") if p.is_file()] == []


def test_people_are_told_in_a_table(lundi: Command) -> None:
    """What became of each part and why, within eighty columns; notes apart."""
    fill(lundi)
    drop(lundi, "x.pdf", b"%PDF")
    done = lundi("assemble", "le-lundi")
    assert done.stdout.splitlines()[0] == "le-lundi/1: Monday, March 16, 2026"
    assert "10-breves.md  new  2 pieces" in done.stdout
    assert "! x.pdf: it is neither Markdown nor a picture" in done.stderr
    assert "check le-lundi/1" in done.stderr
    (folder(lundi) / "20-outil.md").unlink()
    mine = folder(lundi) / "10-breves.md"
    mine.write_text("# À moi\n", encoding="utf-8")
    done = lundi("assemble", "le-lundi", "--dry-run")
    assert "edited by hand" in done.stdout
    assert "the file is gone, and is not made again" in done.stdout
    assert "Nothing was changed." in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_two_at_once_are_one_after_the_other(lundi: Command) -> None:
    """While somebody assembles, nobody else does."""
    import fcntl
    import os

    handle = os.open(lundi.folder / "editions" / "le-lundi", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert "being assembled already" in str(said(lundi("assemble", "le-lundi")))
    finally:
        os.close(handle)
    assert lundi("assemble", "le-lundi").exit_code == 0


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        (["le-meridien-bourse"], ConfigError, "has no features to assemble"),
        (["le-lundi", "--date", "lundi"], InputError, "no date"),
        (["le-mardi"], InputError, "no publication le-mardi"),
    ],
)
def test_what_cannot_be_assembled_says_why(
    lundi: Command, words: list[str], kind: type, told: str
) -> None:
    """And leaves everything as it is."""
    before = tree(lundi.folder)
    error = said(lundi("assemble", *words))
    assert isinstance(error, kind)
    assert told in str(error)
    assert tree(lundi.folder) == before


def test_sections_that_no_feature_brings_stand_in_the_first_file(
    lundi: Command,
) -> None:
    """What the shape requires and nobody declared is begun as `new` begins it."""
    config = lundi.folder / "config" / "mailer.toml"
    more = """
[[publications.le-lundi.features]]
name   = "edito"
source = "hand"
class  = "editorial"

[publications.le-lundi.shape]
require = ["editorial", "dossier"]
"""
    config.write_text(config.read_text("utf-8") + more, encoding="utf-8")
    assembled(lundi)
    index = (folder(lundi) / "index.md").read_text("utf-8")
    assert "{.dossier}" in index
    assert "{.editorial}" not in index
    assert "{.editorial}" in (folder(lundi) / "30-edito.md").read_text("utf-8")


def test_an_edition_begun_by_hand_gets_features_on_request(lundi: Command) -> None:
    """Not by itself; and then those that fill themselves, at its end, again and again."""
    config = lundi.folder / "config" / "mailer.toml"
    hand = '\n[[publications.le-lundi.features]]\nname = "mot"\nsource = "hand"\n'
    config.write_text(config.read_text("utf-8") + hand, encoding="utf-8")
    fill(lundi)
    assert lundi("new", "À la main", "--publication", "le-lundi").exit_code == 0
    mine = (folder(lundi) / "index.md").read_bytes()
    error = said(lundi("assemble", "le-lundi", "--date", "2026-03-16"))
    assert isinstance(error, GuardError)
    assert "le-lundi/1 was begun by hand" in str(error)
    done = lundi("assemble", "le-lundi", "--dry-run", "--json")
    assert "le-lundi/1 was begun by hand" in done.stderr
    assert json.loads(done.stdout)["date"] == "2026-03-23"
    before = {"breves": "written", "outil": "written"}
    assert states(assembled(lundi, "--append")) == before
    again = assembled(lundi)
    assert again["date"] == "2026-03-16"
    assert set(states(again).values()) == {"unchanged"}
    assert "mot" not in states(again)
    assert (folder(lundi) / "index.md").read_bytes() == mine


def test_what_is_approved_or_has_left_is_no_draft(lundi: Command) -> None:
    """To assemble it would change what somebody gave their word for."""
    fill(lundi)
    assembled(lundi)
    assert lundi("approve", "le-lundi/1", "--by", "claire").exit_code == 0
    before = tree(folder(lundi))
    drop(lundi, "breves/9.md", "# Encore\n\nUne.")
    error = said(lundi("assemble", "le-lundi", "--date", "2026-03-16"))
    assert isinstance(error, GuardError)
    assert "was approved by claire" in str(error)
    assert tree(folder(lundi)) == before
    assert lundi("unapprove", "le-lundi/1", "--by", "claire").exit_code == 0
    assert states(assembled(lundi))["breves"] == "refreshed"
