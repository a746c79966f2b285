"""The edition in a feed: its free words, bare, and what stands around them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from mailer.edition.blocks import Figure, Link, Paragraph, Placeholder, Text
from mailer.edition.model import Cover, Edition, Section, Variant
from mailer.rendering.model import FeedEntry, Scene
from mailer.rendering.personalise import HOLE
from mailer.rendering.render import freeze, render
from tests.fakes import specimen

THEMES = ["presse", "pop"]


def feed(edition: Edition | None = None, scene: Scene | None = None) -> str:
    shown = edition or specimen.edition()
    return render(shown, Variant.FEED, scene or specimen.scene()).html


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_but_meaning_is_left(theme: str) -> None:
    """No class, style, id, script or wrapper of a theme comes along."""
    html = feed(scene=specimen.scene(theme))
    assert not re.search(r"<[^>]*\s(?:class|style|id|rel|width=\"100%\")", html)
    assert not re.search(r"<(?:div|span|aside|nav|style|script|header)\b", html)
    assert not HOLE.search(html)
    for kept in ("<h2>", "<h3>", "<h4>", "<blockquote>", "<figure>", "<ol start="):
        assert kept in html


def test_what_sells_and_what_leads_about_is_left_out() -> None:
    """Advertisers, teasers, contents, biographies and addresses are not for feeds."""
    html = feed()
    for gone in ("La Roue Libre", "Devenir membre</a></p>\n<h2", "À la carte"):
        assert gone not in html
    for gone in ("Ancienne pilote", "mailto:", "Nantes", "claire.png"):
        assert gone not in html
    assert "<p>— Claire Aubry</p>" in html


def test_the_members_cut_is_one_sentence() -> None:
    """What is behind it is not there; the sentence says that there is more."""
    html = feed()
    assert "Minuit" not in html
    assert "La suite de ce texte vous attend" in html


def test_briefs_share_a_list_and_a_video_is_a_link() -> None:
    """Consecutive briefs are the items of one list."""
    html = feed()
    assert html.count("<li><strong>") == 2
    assert "</strong> • Cinq mètres.</li>\n<li><strong>Sillages" in html
    assert '<a href="https://video.example/port">Vidéo\u00a0: Un port filmé</a>' in (
        html.replace("&nbsp;", "\u00a0")
    )


def test_a_picture_that_nobody_hosts_is_told_in_words() -> None:
    """A feed reader cannot fetch what travels inside a mail."""
    figure = Figure(at=specimen.at(1), src="port.jpg", alt="Un port, le soir")
    edition = specimen.edition(preface=(figure,), sections=())
    inline = replace(specimen.picture("port.jpg"), src="cid:abc@mailer")
    html = feed(edition, specimen.scene(pictures={"port.jpg": inline}))
    assert "<img" not in html
    assert "[Image" in html
    assert "Un port, le soir]" in html
    assert '<img src="https://' in feed(edition)


def test_a_link_of_one_reader_alone_stays_as_words() -> None:
    """In a feed nobody can be unsubscribed; the page's own address is known."""
    link = Link("{{ unsubscribe_url }}", (Text("me désabonner"),), specimen.at(1))
    page = Link("{{ web_url }}", (Text("lire en ligne"),), specimen.at(1))
    words = (link, Text(" "), page, Text(" "), Placeholder("email"))
    paragraph = Paragraph(at=specimen.at(1), content=words)
    html = feed(specimen.edition(preface=(paragraph,), sections=()))
    assert "<a>me désabonner</a>" in html
    assert '<a href="https://lettres.example.org/archive/le-meridien/ports">' in html


def test_the_entry_says_what_stands_around_the_text() -> None:
    """Title, summary, day, names of authors, tags, address of page and picture."""
    edition = specimen.edition(cover=Cover(src="port.jpg"), tags=("ports",))
    made = render(edition, Variant.FEED, specimen.scene())
    assert made.entry == FeedEntry(
        title="Les ports & l’«\u00a0algorithme\u00a0»",
        summary="Deux ports • Une nuit",
        published=date(2026, 3, 14),
        authors=("Claire Aubry",),
        tags=("ports",),
        permalink="https://lettres.example.org/archive/le-meridien/ports",
        picture="https://lettres.example.org/media/port.jpg",
    )
    assert render(edition, Variant.WEB, specimen.scene()).entry is None
    other = replace(made, entry=replace(made.entry, summary="Autre"))
    assert made.digest() != other.digest()


def test_where_nothing_is_hosted_the_entry_has_no_address() -> None:
    """A feed may be read from a file; it must not point nowhere."""
    pictures = {
        name: replace(picture, src=f"cid:{name}@mailer")
        for name, picture in specimen.scene().pictures.items()
    }
    scene = specimen.scene(public_url=None, pictures=pictures)
    entry = render(specimen.edition(), Variant.FEED, scene).entry
    assert entry is not None
    assert entry.permalink is entry.picture is None


def test_the_archive_decides_what_the_web_gets() -> None:
    """`none`: neither page nor feed, nor a link to them; `members`: the card alone."""
    scene = specimen.scene()
    closed = freeze(specimen.edition(archive="none"), scene)
    assert [r.variant for r in closed.renderings] == [Variant.FREE, Variant.MEMBER]
    for rendering in closed.renderings:
        assert "web_url" not in rendering.html + rendering.text
    behind = freeze(specimen.edition(archive="members"), scene)
    for variant in (Variant.WEB, Variant.FEED):
        html = behind.rendering(variant).html
        assert "La suite de ce texte vous attend" in html
        assert "Pendant trente ans" not in html
        assert "Les ports" in behind.rendering(Variant.WEB).html
    assert "Pendant trente ans" in behind.rendering(Variant.FREE).html


def test_what_no_free_reader_gets_is_not_on_the_web_unless_said() -> None:
    """An edition for members alone has a closed archive, unless it says `public`."""
    scene = specimen.scene()
    members = (Variant.MEMBER,)
    for said, shown in (("", False), ("public", True)):
        frozen = freeze(specimen.edition(audiences=members, archive=said), scene)
        assert frozen.edition.archive == (said or "members")
        for variant in (Variant.WEB, Variant.FEED):
            html = frozen.rendering(variant).html
            assert ("Pendant trente ans" in html) is shown


def test_the_theme_of_a_workspace_is_bared_too() -> None:
    """Whatever a template writes, a feed gets its words and no more."""
    theme = specimen.shipped("presse")
    odd = '<div class="x" onclick="y()"><script>z</script><p style="q">Mot</p></div>'
    theme = replace(
        theme, templates={**theme.templates, "blocks/paragraph.html.j2": odd}
    )
    section = Section(
        at=specimen.at(1),
        title=specimen.words("T"),
        id="t",
        blocks=(specimen.paragraph("x"),),
    )
    edition = specimen.edition(preface=(), sections=(section,), subtitle="")
    assert feed(edition, specimen.scene(theme)) == "<h2>T</h2>\n<p>Mot</p>\n"
