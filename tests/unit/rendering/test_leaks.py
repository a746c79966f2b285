"""Members' text is found wherever and however it hides, and only theirs."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from functools import cache
from urllib.parse import quote

import pytest

from mailer.edition.blocks import Block, Box, Figure, Only, Paywall, Subhead
from mailer.edition.identify import slugify
from mailer.edition.model import Cover, Edition, Section, Variant
from mailer.errors import Finding, Severity
from mailer.rendering.checks.leaks import check_leaks
from mailer.rendering.model import Frozen, Rendering
from mailer.rendering.render import freeze
from mailer.rendering.text import wrap
from tests.fakes import specimen

SECRET = "L'œuvre d'Inès naît à 3 000 brasses, sous le cœur d'un « phare » éteint !"
TITLE = "Le phare et l’aube grise"

HTML = {
    "text": "<p>{}</p>",
    "alt": '<img src="x" alt="{}">',
    "title": "<a href='x' title='{}'>x</a>",
    "label": '<nav aria-label="{}"></nav>',
    "meta": '<meta property="og:description" content="{}">',
    "comment": "<!-- {} -->",
    "outlook": "<!--[if mso | IE]><td>{}</td><![endif]-->",
    "others": "<!--[if !mso]><!--><td>{}</td><!--<![endif]-->",
    "script": '<script type="application/ld+json">{{"d":"{}"}}</script>',
    "style": "<style>a::after{{content:'{}'}}</style>",
    "noscript": "<noscript>{}</noscript>",
}
SPELT = {
    "as typed": str,
    "capitals": str.upper,
    "typography": lambda t: t.replace("'", "’").replace(" ", "\u00a0"),
    "fine spaces": lambda t: t.replace(" !", "\u202f!").replace("3 000", "3\u202f000"),
    "ungrouped": lambda t: t.replace("3 000", "3000"),
    "decomposed": lambda t: t.replace("é", "e\u0301").replace("ï", "i\u0308"),
    "soft hyphens": lambda t: t.replace("brasses", "bras\u00adses"),
    "joiners": lambda t: t.replace("phare", "p\u200dha\u2060re"),
    "emoji": lambda t: t.replace("brasses,", "brasses 🧀👩‍🚀,"),
    "emphasis": lambda t: t.replace("brasses", "_bras_ses"),
}
MARKED = {
    "inside a word": lambda t: t.replace("brasses", "bra<em>s</em>ses"),
    "between words": lambda t: t.replace("à", '<a class="i-x" href="y">à</a>'),
    "broken": lambda t: t.replace(" ", "<br />\n"),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "soft hyphen": lambda t: t.replace("brasses", "bras&shy;ses<wbr>"),
}


@cache
def frozen(*, shown: str = "Un quai.") -> Frozen:
    blocks: tuple[Block, ...] = (
        specimen.paragraph(shown, 3),
        Paywall(at=specimen.at(5)),
        Subhead(at=specimen.at(6), title=specimen.words(TITLE), id="phare"),
        specimen.paragraph(f"Dit-on. {SECRET} Et puis rien.", 7),
    )
    return freeze(edition(*blocks), specimen.scene())


def edition(*blocks: Block, **changed: object) -> Edition:
    section = Section(
        at=specimen.at(2), title=specimen.words("La nuit"), id="nuit", blocks=blocks
    )
    return specimen.edition(preface=(), sections=(section,), **changed)


def leaks(frozen: Frozen, variant: Variant, **added: str) -> list[Finding]:
    """What is found when the rendering of *variant* says more than it should."""

    def more(rendering: Rendering) -> Rendering:
        if rendering.variant is not variant:
            return rendering
        longer = {part: getattr(rendering, part) + text for part, text in added.items()}
        return replace(rendering, **longer)

    changed = replace(frozen, renderings=tuple(map(more, frozen.renderings)))
    return list(check_leaks(changed))


def test_what_the_cut_took_away_is_nowhere() -> None:
    """The edition as it is rendered leaks nothing."""
    assert list(check_leaks(frozen())) == []


@pytest.mark.parametrize("variant", [Variant.FREE, Variant.WEB, Variant.FEED])
@pytest.mark.parametrize("carrier", HTML)
def test_no_corner_of_the_html_hides_it(carrier: str, variant: Variant) -> None:
    """Text, attributes, comments, conditions, scripts and sheets are searched."""
    said = HTML[carrier].format(html.escape(SECRET))
    (found,) = leaks(frozen(), variant, html=said)
    assert (found.rule, found.severity) == ("paywall-leak", Severity.ERROR)
    assert (found.file, found.line) == ("index.md", 7)
    assert found.message.startswith(f"{variant}: ")


@pytest.mark.parametrize("spelling", SPELT)
def test_no_spelling_hides_it(spelling: str) -> None:
    """Typography, case, accents, invisible signs and marks mislead nobody."""
    said = SPELT[spelling](SECRET)
    assert leaks(frozen(), Variant.FREE, html=f"<p>{html.escape(said)}</p>")
    assert leaks(frozen(), Variant.FREE, text=said)
    assert leaks(frozen(), Variant.FREE, subject=said)
    assert leaks(frozen(), Variant.FREE, preheader=said)


@pytest.mark.parametrize("markup", MARKED)
def test_no_markup_hides_it(markup: str) -> None:
    """A sentence may be cut by marks, and a word by tags."""
    assert leaks(frozen(), Variant.WEB, html=MARKED[markup](SECRET))


def test_no_address_hides_it() -> None:
    """Anchors and links are made of words too."""
    for address in (slugify(SECRET), quote(SECRET), SECRET.replace(" ", "+")):
        assert leaks(frozen(), Variant.WEB, html=f'<a href="/x/{address}">y</a>')
        assert leaks(frozen(), Variant.WEB, html=f"<p id={slugify(SECRET)}>")
    escaped = json.dumps(SECRET)
    assert leaks(frozen(), Variant.WEB, html=f"<script>{escaped}</script>")


def test_no_wrapping_of_the_text_hides_it() -> None:
    """Nor the numbers and addresses that the text part puts behind links."""
    linked = SECRET.replace("brasses", "brasses [12]").replace(
        "phare", "phare (a@b.example)"
    )
    for said in (wrap(SECRET, indent=" " * 60), linked, linked.replace(" ", "\n")):
        assert leaks(frozen(), Variant.FREE, text=said)


def test_the_feed_entry_and_the_names_of_pictures_are_searched() -> None:
    """What stands around a text is read like the text."""
    made = frozen()
    feed = made.rendering(Variant.FEED)
    assert feed.entry is not None
    picture = specimen.picture(f"{slugify(SECRET)}.jpg")
    for odd in (
        replace(feed, entry=replace(feed.entry, summary=SECRET)),
        replace(feed, entry=replace(feed.entry, permalink=f"x/{slugify(SECRET)}")),
        replace(feed, entry=replace(feed.entry, tags=(SECRET,))),
        replace(feed, pictures=(picture,)),
    ):
        assert list(check_leaks(replace(made, renderings=(odd,))))


def test_a_whole_short_line_is_no_coincidence_either() -> None:
    """A members' title in the contents tells; two words of it do not."""
    assert leaks(frozen(), Variant.FREE, html=f"<li>{TITLE}</li>")
    assert leaks(frozen(), Variant.FREE, html=f'<h3 id="{slugify(TITLE)}">')
    assert leaks(frozen(), Variant.FREE, html="<li>Le phare</li>") == []


def test_members_may_read_what_is_theirs() -> None:
    """Their own variant is not searched, nor anything if there is no other."""
    made = frozen()
    assert leaks(made, Variant.MEMBER, html=SECRET) == []
    alone = replace(made, renderings=(made.rendering(Variant.MEMBER),))
    assert list(check_leaks(alone)) == []


def test_what_everybody_reads_is_the_editors_to_repeat() -> None:
    """The same sentence in the open body is no leak, wherever it shows."""
    made = frozen(shown=f"Nous le disions : {SECRET} ({TITLE})")
    assert list(check_leaks(made)) == []
    assert leaks(made, Variant.WEB, html=f"<p>{SECRET} {TITLE}</p>") == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("title", {"title": SECRET}),
        ("subject", {"subject": SECRET}),
        ("subtitle", {"subtitle": SECRET}),
        ("preheader", {"preheader": SECRET}),
        ("summary", {"summary": ("Un quai", SECRET)}),
        ("tags", {"tags": (SECRET,)}),
        ("slug", {"slug": slugify(SECRET)}),
        ("cover", {"cover": Cover(src="port.jpg", alt=SECRET)}),
        ("from", {"sender": f"{SECRET} <a@b.example>"}),
    ],
)
def test_to_quote_it_in_the_head_gives_it_away(key: str, said: dict) -> None:
    """The editor's own summary is read by everybody: it blocks, once, by its key."""
    written = replace(frozen().edition, **said)
    made = freeze(written, specimen.scene())
    (found,) = check_leaks(made)
    assert found.message.startswith(f"{key} says what is for members at index.md:7")


def test_a_title_of_a_members_piece_may_be_announced() -> None:
    """A short line in the head is a promise, not a leak."""
    made = freeze(replace(frozen().edition, summary=(TITLE,)), specimen.scene())
    assert list(check_leaks(made)) == []


def test_every_way_to_write_for_members_is_known() -> None:
    """`only`, a box of theirs, an alt and a caption, and the rest of a cut section."""
    words = specimen.words(SECRET)
    at = specimen.at(4)
    alone = specimen.paragraph(SECRET, 4)
    theirs: tuple[Block, ...] = (
        Only(at=at, audience="member", blocks=(alone,)),
        Box(at=at, name="note", only="member", blocks=(alone,)),
        Box(at=at, name="note", only="member", title=words),
        Only(
            at=at,
            audience="member",
            blocks=(Figure(at=at, src="port.jpg", alt=SECRET),),
        ),
        Only(
            at=at,
            audience="member",
            blocks=(Figure(at=at, src="port.jpg", alt="x", caption=words),),
        ),
    )
    for block in theirs:
        made = freeze(edition(specimen.paragraph("x"), block), specimen.scene())
        assert list(check_leaks(made)) == []
        assert leaks(made, Variant.FREE, text=SECRET)


def test_a_title_with_nothing_but_members_text_below_is_theirs() -> None:
    """The section is not shown; nor may its title be."""
    theirs = Only(
        at=specimen.at(4), audience="member", blocks=(specimen.paragraph("x"),)
    )
    hidden = Section(
        at=specimen.at(2), title=specimen.words(TITLE), id="t", blocks=(theirs,)
    )
    written = edition(specimen.paragraph("x"))
    written = replace(written, sections=(*written.sections, hidden))
    made = freeze(written, specimen.scene())
    assert list(check_leaks(made)) == []
    assert leaks(made, Variant.WEB, html=TITLE)


def test_a_closed_archive_keeps_the_body_from_the_web() -> None:
    """What free readers get by mail is still not for strangers, if the head says so."""
    said = "Ce quai ne se lit que dans la lettre du samedi matin."
    made = freeze(
        edition(specimen.paragraph(said), archive="members"), specimen.scene()
    )
    assert list(check_leaks(made)) == []
    assert leaks(made, Variant.WEB, html=said)
    assert leaks(made, Variant.FEED, html=said)
    assert leaks(made, Variant.FREE, html=said) == []
    summed = freeze(replace(made.edition, summary=(said,)), specimen.scene())
    assert list(check_leaks(summed)) == []


def test_what_goes_to_members_alone_is_all_theirs() -> None:
    """Without a free variant and with a closed archive, nothing of the body is open."""
    said = "Ce quai ne se lit que dans la lettre des membres du lundi."
    members = edition(specimen.paragraph(said), audiences=(Variant.MEMBER,))
    made = freeze(members, specimen.scene())
    assert list(check_leaks(made)) == []
    assert leaks(made, Variant.WEB, html=said)
    assert list(check_leaks(freeze(replace(members, subtitle=said), specimen.scene())))
