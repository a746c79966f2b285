"""A compact edition with every kind of block, and the scene to render it in."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

from mailer.edition.blocks import (
    Block,
    Box,
    Break,
    Brief,
    Button,
    Cell,
    Code,
    Custom,
    Emphasis,
    Figure,
    Flag,
    Greeting,
    Inlines,
    Item,
    Label,
    Link,
    List,
    Only,
    Paragraph,
    Paywall,
    Placeholder,
    Poll,
    Quote,
    Rule,
    Signature,
    Source,
    Sponsor,
    Story,
    Strong,
    Subhead,
    Table,
    Text,
    Toc,
)
from mailer.edition.model import Author, Edition, Publication, Section, Variant
from mailer.language import Catalogue
from mailer.rendering.model import Latest, Picture, Scene
from mailer.rendering.theme import Theme
from mailer.workspace.catalogue import load_catalogue
from mailer.workspace.themes import load_theme

TEMPLATES = Path(__file__).parents[2] / "templates"
FILE = "index.md"


def at(line: int) -> Source:
    return Source(FILE, line)


def words(text: str) -> Inlines:
    return (Text(text),)


def paragraph(text: str, line: int = 1) -> Paragraph:
    return Paragraph(at=at(line), content=words(text))


PREFACE: tuple[Block, ...] = (
    Greeting(at=at(11), content=words("Bonjour à toutes et à tous,")),
    Paragraph(
        at=at(13),
        content=(
            Text("Un quai, une "),
            Strong(words("grue")),
            Text(" et un "),
            Link("https://quai.example/?a=1&b=2", (Emphasis(words("lien")),), at(13)),
            Text(" pour "),
            Placeholder("name"),
            Text(" : "),
            Code("a < b & c"),
            Break(),
            Text("voilà tout."),
        ),
    ),
    Toc(at=at(15), title=words("À la carte")),
    Quote(
        at=at(18),
        paragraphs=(words("On ne commande à la mer qu’en lui obéissant."),),
        source=words("Dicton de pilotes"),
        epigraph=True,
    ),
)

EDITORIAL: tuple[Block, ...] = (
    paragraph("Pendant trente ans, les deux ports se sont ignorés.", 25),
    Subhead(at=at(27), title=words("Un gain qui se mesure"), id="gain"),
    Label(at=at(29), name=words("À retenir"), content=words("tout."), style="takeaway"),
    Label(at=at(31), name=words("En bref"), content=words("peu."), style="summary"),
    Label(at=at(33), name=words("Dans le détail"), style="list"),
    Label(at=at(35), name=words("Prix"), content=words("0,40 €.")),
    List(
        at=at(37),
        items=(
            Item(
                at=at(37),
                content=words("un"),
                lists=(
                    List(at=at(38), items=(Item(at=at(38), content=words("dedans")),)),
                ),
            ),
            Item(at=at(39), content=words("deux")),
        ),
    ),
    List(
        at=at(41),
        items=(Item(at=at(41), content=words("trois")),),
        ordered=True,
        start=3,
    ),
    Rule(at=at(43)),
    Box(at=at(45), name="note", title=words("Une note"), blocks=(paragraph("N.", 46),)),
    Signature(at=at(49), author="claire"),
)

CARDS: tuple[Block, ...] = (
    Brief(at=at(55), slug=words("Sondes ouvertes"), content=words("Cinq mètres.")),
    Brief(at=at(56), slug=words("Sillages"), content=words("Quatre armateurs.")),
    Flag(
        at=at(57),
        flag="DANS LE SILLAGE",
        title=words("la carte."),
        content=words("Un rapport."),
    ),
    Quote(
        at=at(59),
        paragraphs=(
            words("Une carte fausse inquiète ;"),
            words("exacte, elle endort."),
        ),
        source=words("Rapport, p. 27"),
    ),
    Figure(
        at=at(62),
        src="port.jpg",
        alt="Un port, le soir",
        caption=words("Illustration : Le Méridien"),
    ),
    Figure(
        at=at(64),
        src="port.jpg",
        alt="Un port filmé",
        href="https://video.example/port",
        video=True,
    ),
    Table(
        at=at(66),
        head=(Cell(words("Énergie")), Cell(words("Coût"))),
        rows=((Cell(words("Gazole"), words("groupe")), Cell(words("6 200 €"))),),
        align=("left", "right"),
    ),
    Button(at=at(70), words=words("Voir le calcul"), href="https://quai.example/c"),
    Sponsor(
        at=at(72),
        by="La Roue Libre",
        href="https://laroue.example/",
        button="Je réserve",
        title=words("Révision de printemps"),
        blocks=(paragraph("Un café pendant ce temps.", 74),),
    ),
    Box(
        at=at(78),
        name="teaser",
        only="free",
        title=words("Réservé aux membres"),
        blocks=(
            Brief(at=at(80), slug=words("Escale"), content=words("Une nuit entière.")),
        ),
        button="Devenir membre",
        href="{{ subscribe_url }}",
    ),
    Custom(
        at=at(82),
        name="chart",
        title=words("Ce que coûte une escale"),
        blocks=(
            Table(
                at=at(83),
                head=(Cell(words("Énergie")), Cell(words("Coût"))),
                rows=(
                    (Cell(words("Gazole"), words("groupe")), Cell(words("6 200 €"))),
                    (Cell(words("Réseau")), Cell(words("3 100 €"))),
                ),
                align=("left", "right"),
            ),
        ),
    ),
)

PLATES: tuple[Block, ...] = (
    Story(at=at(87), title=words("Le camembert"), id="camembert", emoji="🧀"),
    Figure(at=at(89), src="port.jpg", alt="Un fromage et une antenne"),
    paragraph("Il prévient.", 91),
    Story(at=at(93), title=words("Le vélo"), id="velo", emoji="🚲"),
    paragraph("Il livre.", 95),
    Poll(
        at=at(96),
        id="frigo",
        question=words("Ton frigo t’écrit. Toi, tu…"),
        choices=(words("réponds poliment"), words("manges les preuves")),
        until=dt.date(2026, 3, 18),
    ),
    Only(at=at(97), audience="email", blocks=(paragraph("Réponds-nous.", 98),)),
)

NIGHT: tuple[Block, ...] = (
    paragraph("À 23 heures, vingt-deux navires attendent.", 105),
    Paywall(at=at(107)),
    paragraph("Minuit, le brouillard : ce que seuls les membres lisent.", 109),
)


def edition(**changed: object) -> Edition:
    """Every kind of block, an accent and an entity in every place for words."""
    values: dict[str, object] = {
        "at": at(1),
        "publication": "le-meridien",
        "folder": "2026-03-14-ports",
        "slug": "ports",
        "title": "Les ports & l’« algorithme »",
        "subtitle": "Deux rivaux, un logiciel.",
        "summary": ("Deux ports", "Une nuit"),
        "number": 118,
        "date": dt.date(2026, 3, 14),
        "authors": ("claire",),
        "preface": PREFACE,
        "sections": (
            Section(
                at=at(22),
                title=words("Le quai et l’algorithme"),
                id="quai",
                classes=("editorial",),
                standfirst=words("Deux ports qui ne se parlaient plus."),
                blocks=EDITORIAL,
            ),
            Section(
                at=at(52),
                title=words("Cartes sur table"),
                id="cartes",
                classes=("quick",),
                strap=words("Cartomer • Hydra • Anse-Noire"),
                blocks=CARDS,
            ),
            Section(
                at=at(85),
                title=words("Les plats du jour"),
                id="plats",
                classes=("numbered",),
                blocks=PLATES,
            ),
            Section(
                at=at(102),
                title=words("Une nuit dans la tour"),
                id="nuit",
                classes=("dossier",),
                blocks=NIGHT,
            ),
        ),
    }
    return Edition(**{**values, **changed})  # type: ignore[arg-type]


def publication(**changed: object) -> Publication:
    values: dict[str, object] = {
        "id": "le-meridien",
        "name": "Le Méridien",
        "sender": "Le Méridien <lettre@meridien.example>",
        "list_id": "le-meridien.meridien.example",
        "tagline": "La semaine des mers & des machines",
        "url": "https://meridien.example/",
        "kicker": "Cap sur la semaine",
        "welcome": "Vous lisez {name} du {date}.",
        "postal_address": "12, quai de l’Exemple, 44000 Nantes",
        "audiences": (Variant.FREE, Variant.MEMBER),
        "endmatter": ("authors", "latest"),
        "typography": "fr",
    }
    return Publication(**{**values, **changed})  # type: ignore[arg-type]


def picture(name: str, *, width: int = 1120, shown: int = 560) -> Picture:
    return Picture(
        name=name,
        src=f"https://lettres.example.org/media/{name.replace('#', '-')}",
        content=name.encode(),
        media_type="image/jpeg",
        width=width,
        height=width // 2,
        shown_width=shown,
    )


@cache
def shipped(name: str) -> Theme:
    """A theme as it is shipped."""
    return load_theme(name, [TEMPLATES])


@cache
def french() -> Catalogue:
    """What themes say in French."""
    return load_catalogue("fr", [TEMPLATES])


def scene(theme: str | Theme = "presse", **changed: object) -> Scene:
    """A hosted scene: pictures, authors, French sentences."""
    names = ("port.jpg", "port.jpg#video", "claire.png")
    values: dict[str, object] = {
        "publication": publication(),
        "theme": shipped(theme) if isinstance(theme, str) else theme,
        "sentences": french(),
        "authors": {
            "claire": Author(
                key="claire",
                name="Claire Aubry",
                photo="claire.png",
                invite=(
                    Text("… lit "),
                    Link("mailto:claire@meridien.example", words("vos lettres"), at(1)),
                ),
                bio=words("Ancienne pilote de port."),
            )
        },
        "pictures": {name: picture(name) for name in names},
        "latest": (
            Latest(
                title="Câbles sous tension",
                date=dt.date(2026, 3, 1),
                url="https://lettres.example.org/le-meridien/117",
            ),
        ),
        "public_url": "https://lettres.example.org",
    }
    return Scene(**{**values, **changed})  # type: ignore[arg-type]
