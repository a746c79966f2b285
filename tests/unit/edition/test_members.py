"""What only members may read, said of the tree; and names that do not betray it."""

from __future__ import annotations

from mailer.edition.blocks import Story, Subhead
from mailer.edition.members import is_for_members, pieces
from mailer.rendering.words import lines_of

BODY = """Ouvert

# Le phare
*Chapô ouvert*

Encore ouvert

::: only member
## Le phare
Fermé
:::

## Le phare
::: box note {only=member}
Fermé aussi
:::

::: only free
Ouvert aux autres
:::

<!--members-->

### Le phare
Fermé derrière

::: sponsor {by="X"}
Fermé, vendu
:::

# Pour eux

::: only member
Fermé enfin
:::

# Le phare {#phare}
Ouvert
"""


def test_every_passage_knows_whose_it_is(body) -> None:
    """Markers, `only` and `only=` count; so does the title of what is wholly theirs."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for piece in pieces(body(BODY)):
        found[piece.for_members] += filter(None, lines_of(piece.content))
    assert found[True] == [
        *("Le phare", "Fermé", "Fermé aussi"),
        *("Le phare", "Fermé derrière", "X", "Fermé, vendu"),
        *("Pour eux", "Fermé enfin"),
    ]
    assert found[False] == [
        *("Ouvert", "Le phare", "Chapô ouvert", "Encore ouvert", "Le phare"),
        *("Ouvert aux autres", "Le phare", "Ouvert"),
    ]


def test_a_section_that_begins_with_the_marker_shows_its_title(body) -> None:
    """Its card is what it says to the others."""
    (section,) = body("# T\n\n<!--members-->\n\nx").sections
    assert not is_for_members(section)


def test_a_members_title_takes_its_name_last(body) -> None:
    """A reader who sees two of four equal titles sees no gap in their names."""
    edition = body(BODY)
    named: dict[bool, list[str]] = {True: [], False: []}
    for piece in pieces(edition):
        if isinstance(piece.content, (Story, Subhead)):
            named[piece.for_members].append(piece.content.id)
    assert [section.id for section in edition.sections] == [
        *("le-phare", "pour-eux", "phare")
    ]
    assert named == {False: ["le-phare-2"], True: ["le-phare-3", "le-phare-4"]}
