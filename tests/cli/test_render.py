"""`mailer render`: every form, data alone on stdout, contradictions told with a way out."""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import GuardError, InputError, NotFoundError
from tests.cli.conftest import Command, said

Make = Callable[..., Command]
EDITION = "le-meridien/118"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ([], "<!doctype html>"),
        (["--format", "html", "--variant", "member"], "<!doctype html>"),
        (["--format", "text"], "LE MÉRIDIEN"),
        (["--format", "mjml"], "<mjml"),
        (["--format", "web"], "<!doctype html>"),
        (["--variant", "web"], "<!doctype html>"),
        (["--format", "feed"], "<"),
        (["--format", "eml"], "From: "),
    ],
)
def test_each_form_is_data_on_stdout(
    workspace: Make, words: list[str], first: str
) -> None:
    """Nothing else is printed: what stdout gives can be piped on."""
    done = workspace()("render", EDITION, *words)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout.lower().startswith(first.lower()) or first in done.stdout[:200]


def test_the_forms_of_one_mail_agree(workspace: Make) -> None:
    """The message holds the HTML and the text that are written alone."""
    mailer = workspace()
    raw = mailer("render", EDITION, "--format", "eml", "--variant", "member")
    message = email.message_from_bytes(raw.stdout_bytes, policy=email.policy.default)
    text = mailer("render", EDITION, "--format", "text", "--variant", "member").stdout
    body = message.get_body(("plain",)).get_content()
    assert [line for line in body.splitlines() if "http" not in line][:20] == [
        line for line in text.splitlines() if "{{" not in line and "http" not in line
    ][:20]
    mjml = mailer("render", EDITION, "--format", "mjml", "--variant", "member").stdout
    html = message.get_body(("html",)).get_content()
    for part in (text, mjml, html):
        assert "annuaire des remorqueurs" in " ".join(part.split())


@pytest.mark.parametrize(
    ("words", "told", "way"),
    [
        (["--all"], "needs a folder", "-o"),
        (
            ["--all", "-o", "x", "--format", "text"],
            "--all and --format",
            "every variant",
        ),
        (["--all", "-o", "x", "--variant", "web"], "--all and --variant", "every"),
        (["--all", "-o", "x", "--for", "a@b.example"], "--all and --for", "every"),
        (["--format", "text", "--for", "a@b.example"], "not for text", "--format eml"),
        (
            ["--format", "eml", "--for", "a@b.example", "--variant", "free"],
            "contradict",
            "leave --variant",
        ),
        (["--format", "web", "--variant", "free"], "contradict", "leave --variant"),
        (["--format", "text", "--variant", "web"], "not mailed", "--format web"),
        (["--format", "mjml", "--variant", "feed"], "not mailed", "--variant free"),
        (["--format", "eml", "--variant", "web"], "not mailed", "--variant free"),
        (
            ["--format", "text", "--variant", "member-web"],
            "not mailed",
            "--format web",
        ),
    ],
)
def test_what_contradicts_itself_is_told_with_a_way_out(
    workspace: Make, words: list[str], told: str, way: str
) -> None:
    """Neither option wins in silence, and nothing is written."""
    error = said(workspace()("render", EDITION, *words))
    assert isinstance(error, InputError)
    assert told in error.message
    assert way in error.hint


def test_an_unknown_reader_and_a_missing_variant_are_told(workspace: Make) -> None:
    """`--for` alone means the message; what is not there names what is."""
    mailer = workspace()
    error = said(mailer("render", EDITION, "--for", "personne@lecteurs.example"))
    assert isinstance(error, NotFoundError)
    file = next(mailer.folder.glob("editions/le-meridien/*-ports/index.md"))
    text = file.read_text("utf-8").replace(
        "audiences: [free, member]", "audiences: [member]"
    )
    file.write_text(text, encoding="utf-8")
    error = said(mailer("render", EDITION, "--variant", "free"))
    assert isinstance(error, NotFoundError)
    assert "member" in error.hint
    assert mailer("render", EDITION).exit_code == 0  # the first that is mailed


def test_all_writes_the_promised_files(workspace: Make, tmp_path: Path) -> None:
    """One .html a variant, one .txt a mail, pictures beside; folders are made."""
    mailer, out = workspace(), tmp_path / "deep" / "build"
    for _ in range(2):  # the second time over the first
        done = mailer("render", EDITION, "--all", "-o", str(out))
        assert done.exit_code == 0, done.output
    names = {path.name for path in out.iterdir()}
    assert names == {
        "free.html",
        "free.txt",
        "member.html",
        "member.txt",
        "web.html",
        "member-web.html",
        "feed.html",
        "index.html",
        "views",
        "media",
    }
    told = {Path(line).name for line in done.stdout.split()}
    assert told == names - {"views", "media"}
    index = (out / "index.html").read_text("utf-8")
    assert "http://" not in index.replace("http://www.w3.org", "")
    assert 'src="views/free-light.html"' in index
    views = {path.name for path in (out / "views").iterdir()}
    assert {"free-light.html", "member-forced.html", "web-no-images.html"} <= views
    assert len(views) == 3 * 7
    seen = (out / "views" / "member-dark.html").read_text("utf-8")
    assert "prefers-color-scheme" not in seen
    for picture in (out / "media").iterdir():
        assert f'"media/{picture.name}"' in (out / "member.html").read_text("utf-8")
        assert f'"../media/{picture.name}"' in seen
    if os.name == "posix":
        assert (out / "free.html").stat().st_mode & 0o077 == 0o066 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_is_written_whole_into_new_folders(
    workspace: Make, tmp_path: Path
) -> None:
    """What stood there is replaced, and no half-written neighbour is left."""
    mailer, file = workspace(), tmp_path / "a" / "b" / "page.html"
    assert mailer("render", EDITION, "-o", str(file)).exit_code == 0
    file.write_text("old", "utf-8")
    done = mailer("render", EDITION, "-o", str(file))
    assert (done.exit_code, done.stdout) == (0, "")
    assert file.read_text("utf-8").lower().startswith("<!doctype")
    assert [path.name for path in file.parent.iterdir()] == ["page.html"]


def test_what_cannot_be_written_is_told(workspace: Make, tmp_path: Path) -> None:
    """A folder for a file, a file for a folder, a file in the way."""
    mailer = workspace()
    (tmp_path / "file").write_text("mine", "utf-8")
    for words, told in (
        (["-o", str(tmp_path)], "is a folder"),
        (["--all", "-o", str(tmp_path / "file")], "is a file"),
        (["-o", str(tmp_path / "file" / "page.html")], "cannot be written"),
    ):
        error = said(mailer("render", EDITION, *words))
        assert isinstance(error, InputError)
        assert told in str(error)
    assert (tmp_path / "file").read_text("utf-8") == "mine"


def test_what_editors_wrote_is_never_written_over(workspace: Make) -> None:
    """An edition's own folder, the configuration, the templates."""
    mailer = workspace()
    file = next(mailer.folder.glob("editions/le-meridien/*-ports/index.md"))
    before = file.read_bytes()
    for words in (
        ["-o", str(file)],
        ["--all", "-o", str(file.parent)],
        ["-o", str(mailer.folder / "config" / "mailer.toml")],
    ):
        error = said(mailer("render", EDITION, *words))
        assert isinstance(error, GuardError)
        assert "build/" in error.hint
    assert file.read_bytes() == before
