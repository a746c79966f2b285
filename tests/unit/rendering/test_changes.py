"""What an edition became since it was approved: nothing is missed, nothing invented."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.token import Keyring
from mailer.edition.model import Variant
from mailer.flows.sending.desk import Stationery
from mailer.flows.sending.proof import sample_message
from mailer.phrases import Phrase
from mailer.rendering.changes import Basis, Change, basis_of, changes
from mailer.rendering.model import Frozen
from mailer.rendering.render import freeze
from tests.fakes import specimen

SOURCE = "---\ntitle: Les ports\n---\n\nUn.\n\nDeux.\n\nTrois.\n"


def basis(text: str = SOURCE, **more: object) -> Basis:
    values = {"sources": {"index.md": text}, "theme": "presse", "theme_hash": "a"}
    return Basis(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def frozen() -> Frozen:
    return freeze_once()


def rewritten(frozen: Frozen, **changed: object) -> Frozen:
    """The same with its first rendering changed."""
    first, *others = frozen.renderings
    first = replace(first, **changed)  # type: ignore[arg-type]
    return replace(frozen, renderings=(first, *others))


def parts(found: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(change.part, change.place) for change in found]


def test_what_reads_the_same_has_not_changed(frozen: Frozen) -> None:
    """A comment, a renamed folder, another hour to leave: no reader sees them."""
    edition = replace(frozen.edition, folder="renamed", ignored_checks=("x",))
    same = replace(frozen, edition=edition)
    edited = basis(SOURCE + "<!-- note -->\n", theme_hash="b")
    assert changes(frozen, basis(), same, edited) == ()


def test_a_subject_is_told_once_for_all_variants(frozen: Frozen) -> None:
    """Old and new, and not again as a line of the front matter."""
    every = tuple(replace(r, subject="Les quais") for r in frozen.renderings)
    found = changes(
        frozen,
        basis(),
        replace(frozen, renderings=every),
        basis(SOURCE.replace("Les ports", "Les quais")),
    )
    assert parts(found) == [("subject", "subject")]
    assert str(found[0].said).startswith("“Les ports & l’")
    assert str(found[0].said).endswith(" → “Les quais”")


def test_lines_are_told_at_their_place_in_the_file_as_it_is(frozen: Frozen) -> None:
    """Changed, added and taken out, each where an editor would go to."""
    now = rewritten(frozen, html="<p>other</p>")
    new = (
        SOURCE.replace("Un.", "Un, et demi.").replace("Trois.\n", "")
        + "Quatre.\nCinq.\n"
    )
    found = changes(frozen, basis(), now, basis(new))
    assert [(c.place, str(c.said)) for c in found] == [
        ("index.md:5", "“Un.” → “Un, et demi.”"),
        ("index.md:9-10", "“Trois.” → “Quatre. Cinq.”"),
    ]
    back = changes(frozen, basis(SOURCE + "Quatre.\n"), now, basis("Zéro.\n" + SOURCE))
    assert [(c.place, str(c.said)) for c in back] == [
        ("index.md:1", "added: “Zéro.”"),
        ("index.md:11", "taken out: “Quatre.”"),
    ]
    (blank,) = changes(frozen, basis(), now, basis(SOURCE + "\n"))
    assert str(blank.said) == "white space"


def test_a_change_at_the_end_of_a_long_line_is_shown_where_it_is(
    frozen: Frozen,
) -> None:
    """An excerpt that shows twice the same words would help nobody."""
    long = "mot " * 60
    now = rewritten(frozen, text="other")
    found = changes(frozen, basis(long + "fin"), now, basis(long + "début"))
    assert "fin" in found[0].said
    assert "début" in found[0].said
    assert len(found[0].said) < 160


def test_pictures_and_theme_are_named(frozen: Frozen) -> None:
    """Another picture under its old name, one more, one less; an edited theme."""
    first, *others = frozen.renderings[0].pictures
    pictures = (replace(first, content=b"other"), *others[1:])
    shown = tuple(replace(r, pictures=pictures) for r in frozen.renderings)
    found = changes(
        frozen,
        basis(),
        replace(frozen, renderings=shown),
        basis(theme_hash="b"),
    )
    assert ("picture", first.name) in parts(found)
    assert ("picture", others[0].name) in parts(found)
    assert ("theme", "theme presse") in parts(found)
    back = changes(
        replace(frozen, renderings=shown), basis(theme="pop"), frozen, basis()
    )
    said = {str(change.said) for change in back}
    assert {"was added", "is another picture", "“pop” → “presse”"} <= said


def test_files_and_variants_that_come_and_go_are_told(frozen: Frozen) -> None:
    """A further manuscript, a variant less."""
    fewer = tuple(r for r in frozen.renderings if r.variant is not Variant.MEMBER)
    now = replace(frozen, renderings=fewer)
    more = Basis(sources={"index.md": SOURCE, "02.md": "x"}, theme="presse")
    less = Basis(sources={"index.md": SOURCE}, theme="presse")
    found = changes(frozen, less, now, more)
    assert parts(found) == [("variant", "member"), ("lines", "02.md")]
    found = changes(now, more, frozen, less)
    assert [str(change.said) for change in found] == ["was added", "was taken out"]


def test_what_nothing_explains_is_told_all_the_same(frozen: Frozen) -> None:
    """Another version of mailer, an author's new portrait: not silence."""
    now = rewritten(frozen, html="<p>other</p>")
    (found,) = changes(frozen, basis(), now, basis())
    assert found.part == "rendering"


@pytest.mark.parametrize(
    "field", [f.name for f in dataclasses.fields(specimen.publication())]
)
def test_no_setting_changes_a_message_unseen(field: str) -> None:
    """Whatever of a publication alters the bytes of a mail is a change."""
    changed = specimen.publication(**{field: _other(field)})
    other = freeze(specimen.edition(), specimen.scene(publication=changed))
    if _mails(freeze_once()) != _mails(other):
        assert changes(freeze_once(), basis(), other, basis())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sender", "Claire <claire@meridien.example>"),
        ("reply_to", "claire@meridien.example"),
        ("archive", "members"),
        ("slug", "autre"),
        ("lang", "en"),
        ("subject", "Autre"),
        ("preheader", "Autre"),
        ("summary", ("Autre",)),
        ("audiences", (Variant.FREE,)),
        ("tokens", {"ink": ("#222222", "#dddddd")}),
    ],
)
def test_no_line_of_the_head_changes_a_message_unseen(
    field: str, value: object
) -> None:
    """The same for what an edition says of itself."""
    after = freeze(specimen.edition(**{field: value}), specimen.scene())
    assert changes(freeze_once(), basis(), after, basis())


def _mails(frozen: Frozen) -> list[bytes]:
    paper = Stationery(
        keyring=Keyring((b"k" * 32,)),
        signers=(),
        public_url="https://lettres.example.org",
    )
    return [
        sample_message(frozen, variant, paper, now=datetime(2026, 3, 14, 6, tzinfo=UTC))
        for variant in (Variant.FREE, Variant.MEMBER)
        if any(r.variant is variant for r in frozen.renderings)
    ]


def _other(field: str) -> object:
    known: dict[str, object] = {
        "id": "autre",
        "sender": "Autre <autre@meridien.example>",
        "list_id": "autre.meridien.example",
        "theme": "pop",
        "url": "https://autre.example/",
        "subscribe_url": "https://autre.example/s",
        "reply_to": "autre@meridien.example",
        "return_path": "retours@meridien.example",
        "unsubscribe_to": "partir@meridien.example",
        "timezone": "America/New_York",
        "lang": "en",
        "schedule": "sun 08:00",
        "audiences": (Variant.FREE,),
        "flags": ("À L’HORIZON",),
        "endmatter": (),
        "labels": {"À retenir": "takeaway"},
        "tokens": {"accent": ("#1f5a7a", "#8cc7e6")},
        "typography": "en",
        "typography_spaces": "wide",
        "toc_links": "none",
        "shape": specimen.publication().shape,
    }
    return known.get(field, "autre chose")


@given(st.text(max_size=200), st.text(max_size=200), st.booleans())
def test_any_two_texts_can_be_told_apart(old: str, new: str, differs: bool) -> None:
    """Never an exception; every change is at a place and says something."""
    frozen = freeze_once()
    now = rewritten(frozen, html=new) if differs else frozen
    for change in changes(frozen, basis(old), now, basis(new)):
        assert change.place
        assert isinstance(change.said, Phrase)
        assert change.said


@cache
def freeze_once() -> Frozen:
    return freeze(specimen.edition(), specimen.scene())


def test_the_basis_of_an_edition_is_its_texts_and_its_theme() -> None:
    """Another colour is another theme; another address another one to link to."""
    edition = specimen.edition(sources={"index.md": "x"})
    scene = specimen.scene()
    made = basis_of(edition, scene)
    assert made.sources == {"index.md": "x"}
    assert (made.theme, made.public_url) == ("presse", "https://lettres.example.org")
    recoloured = scene.theme.recoloured({"ink": ("#123456", "")}, file="x")
    other = basis_of(edition, replace(scene, theme=recoloured, public_url=None))
    assert other.theme_hash != made.theme_hash
    frozen = freeze_once()
    (moved,) = changes(frozen, made, frozen, replace(made, public_url=None))
    assert moved.part == "public_url"
