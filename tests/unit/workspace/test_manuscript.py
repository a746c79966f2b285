"""An edition of several files, and files that no program should have saved like that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from mailer.edition.blocks import Paragraph, plain
from mailer.edition.model import Edition, Publication
from mailer.errors import EditionError
from mailer.workspace.editions import Workspace
from mailer.workspace.manuscript import manuscripts

TODAY = date(2026, 3, 10)
HEAD = "---\ntitle: T\ndate: 2026-03-14\nnumber: 7\n---\n"
PAPER = Publication(id="p", name="P", sender="p@p.example", list_id="p.p.example")

Write = Callable[[Mapping[str, str | bytes]], Edition]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """The edition that a folder of these files makes."""

    def write(files: Mapping[str, str | bytes]) -> Edition:
        folder = tmp_path / "editions" / "p" / "2026-03-14-ports"
        folder.mkdir(parents=True)
        for name, content in files.items():
            path = (tmp_path if "/" in name else folder) / name
            path.parent.mkdir(exist_ok=True)
            raw = content if isinstance(content, bytes) else content.encode()
            path.write_bytes(raw)
        workspace = Workspace(tmp_path)
        found = workspace.find("ports", ["p"], today=TODAY)
        return workspace.read(found, PAPER, [])

    return write


def words(edition: Edition) -> list[str]:
    blocks = [*edition.preface, *(b for s in edition.sections for b in s.blocks)]
    return [plain(b.content) for b in blocks if isinstance(b, Paragraph)]


def test_numbered_files_go_on_where_the_index_ends(written: Write) -> None:
    """Two comes before ten, and every block knows its own file and line."""
    edition = written(
        {
            "index.md": HEAD + "\nAvant.\n",
            "10-fin.md": "# Fin\n\nDix.\n",
            "2-quai.md": "# Quai\n\nDeux.\n",
            "02b.md": "Encore.\n",
            "_notes.md": "Rien.\n",
        }
    )
    assert words(edition) == ["Avant.", "Encore.", "Deux.", "Dix."]
    last = edition.sections[-1].blocks[0]
    assert (last.at.file, last.at.line) == ("10-fin.md", 3)
    assert edition.warnings == ()


def test_numbered_files_alone_make_an_edition(written: Write) -> None:
    """The first of them carries the front matter."""
    edition = written({"01-tete.md": HEAD + "\nUn.\n", "02-suite.md": "Deux.\n"})
    assert (edition.number, words(edition)) == (7, ["Un.", "Deux."])
    assert edition.at.file == "01-tete.md"


def test_ids_are_unique_across_files(written: Write) -> None:
    """A title that stands in two files is linked to twice, not once."""
    edition = written(
        {"index.md": HEAD + "# Quai\n\nx\n", "01.md": "# Quai\n\ny\n", "2.md": "\nz"}
    )
    assert [section.id for section in edition.sections] == ["quai", "quai-2"]


def test_faults_of_every_file_are_told_at_once_in_their_order(written: Write) -> None:
    """A directive ends with its file, keys stand in the first, lines are the file's."""
    with pytest.raises(EditionError) as caught:
        written(
            {
                "index.md": HEAD + "\n::: box note\nOuverte.\n",
                "01.md": ":::\n",
                "02.md": "---\ntitle: U\n---\n",
                "03.md": "# T\n\n[a](b)\n",
                "04.md": "a\x85b\n",
            }
        )
    assert [f.place for f in caught.value.findings] == [
        "index.md:7:1",
        "01.md:1:1",
        "02.md:1",
        "03.md:3:5",
        "04.md:1:2",
    ]


def test_a_file_without_number_is_mentioned(written: Write) -> None:
    """What somebody wrote and nobody will read is told; a leading _ keeps it silent."""
    edition = written(
        {"index.md": HEAD + "\nx\n", "suite.md": "y\n", "_brouillon.md": "z\n"}
    )
    assert [(w.rule, w.file) for w in edition.warnings] == [("file-unread", "suite.md")]


def test_every_file_may_come_from_another_editor(written: Write) -> None:
    """Byte order marks and Windows line ends are nobody's business, in any file."""
    edition = written(
        {
            "index.md": b"\xef\xbb\xbf"
            + HEAD.replace("\n", "\r\n").encode()
            + b"\r\nUn.\r\n",
            "01.md": b"\xef\xbb\xbf# T\r\n\r\nDeux.\r\n",
            "02.md": b"\xef\xbb\xbf::: snippet s\r\n:::\r\n",
            "snippets/s.md": b"\xef\xbb\xbfTrois.\r\n",
        }
    )
    assert words(edition) == ["Un.", "Deux.", "Trois."]
    assert edition.sections[0].blocks[1].at.file == "snippets/s.md"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            HEAD.encode() + "\nUn café.\n".encode("cp1252"),
            "index.md:7:7: the file is not UTF-8, but Windows-1252 by its looks: "
            "“Un café.” (save it again with the encoding UTF-8)",
        ),
        (
            HEAD.encode("utf-16"),
            "index.md:1: the file is UTF-16, not UTF-8 (save it again",
        ),
        (HEAD.encode() + b"\n\x81\xff\n", "index.md:7:1: the file is not UTF-8 (save"),
    ],
)
def test_another_encoding_is_refused_with_a_way_out(
    written: Write, raw: bytes, said: str
) -> None:
    """Accents are never guessed: where, what it looks like, how to save it."""
    with pytest.raises(EditionError) as caught:
        written({"index.md": raw, "01.md": "ok"})
    assert str(caught.value.findings[0]).startswith(said)


def test_a_folder_without_text_is_no_edition(tmp_path: Path) -> None:
    """Pictures alone, or notes alone, are nobody's edition."""
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    (tmp_path / "1.jpg").write_bytes(b"x")
    assert manuscripts(tmp_path) == []
    assert manuscripts(tmp_path / "nowhere") == []
