"""The page where readers choose: what it shows, what it keeps, what it never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.audience.subscriber import Action, Rhythm, Standing, Tier
from mailer.audience.token import Purpose
from mailer.edition.model import Variant
from tests.unit.web.readers import KEYRING, Readers, readers_of
from tests.unit.web.site import LETTER, MERIDIEN

A = "alice@lecteurs.example"
CLUB = replace(MERIDIEN, id="club", name="Le Club", audiences=(Variant.MEMBER,))
UNCHANGED = {
    "form": "preferences",
    "offered-le-meridien": "1",
    "take-le-meridien": "1",
    "rhythm-le-meridien": "every",
    "pause-le-meridien": "",
    "offered-letter": "1",
    "lang": "",
}


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    free = replace(LETTER, audiences=(Variant.FREE,))
    paper = replace(MERIDIEN, audiences=(Variant.FREE, Variant.MEMBER))
    async with readers_of(tmp_path, (free, paper, CLUB)) as readers:
        await readers.admit(A, tier=Tier.MEMBER)
        yield readers


async def test_the_page_shows_what_is_taken_and_offered(readers: Readers) -> None:
    """Theirs first and ticked, the others free to take; what is for members alone is not."""
    page = (await readers.browser.get(await readers.link(A, "preferences"))).text
    assert page.index("take-le-meridien") < page.index("take-letter")
    assert 'name="take-le-meridien" value="1" checked' in page
    assert 'name="take-letter" value="1" checked' not in page
    assert "Le Club" not in page
    assert "a•••@lecteurs.example" in page
    assert A not in page
    assert "Membre" in page


async def test_what_is_saved_is_what_was_chosen(readers: Readers) -> None:
    """Everything in one form, each consent with the words that stood beside it."""
    link = await readers.link(A, "preferences")
    form = UNCHANGED | {
        "take-letter": "1",
        "rhythm-le-meridien": "monthly",
        "pause-le-meridien": "2026-04-01",
        "text_only": "1",
        "lang": "en",
        "tracking": "no",
    }
    answer = await readers.browser.post(link, data=form)
    assert answer.status_code == 200
    assert "The Letter" in answer.text
    person = await readers.person(A)
    taken = {s.publication: s for s in person.subscriptions}
    assert (taken[MERIDIEN.id].rhythm, taken[MERIDIEN.id].paused_until) == (
        Rhythm.MONTHLY,
        date(2026, 4, 1),
    )
    assert taken[MERIDIEN.id].tier is Tier.MEMBER
    assert (taken["letter"].standing, taken["letter"].tier) == (
        Standing.ACTIVE,
        Tier.FREE,
    )
    assert (person.text_only, person.lang, person.tracking) == (True, "en", False)
    joined = next(c for c in person.consents if c.publication == "letter")
    assert (joined.action, joined.wording) == (
        Action.JOINED,
        "Envoyez-moi The Letter par courriel. Chaque samedi.",
    )
    refused = next(c for c in person.consents if c.action is Action.TRACKING_REFUSED)
    assert refused.wording.startswith("Vous pouvez compter")


async def test_an_unticked_box_is_an_exit(readers: Readers) -> None:
    """Logged like any other; ticked again it is a consent of its own."""
    link = await readers.link(A, "preferences")
    form = {k: v for k, v in UNCHANGED.items() if not k.startswith("take")}
    await readers.browser.post(link, data=form)
    person = await readers.person(A)
    assert person.subscriptions[0].standing is Standing.LEFT
    await readers.browser.post(link, data=UNCHANGED)
    person = await readers.person(A)
    assert person.subscriptions[0].standing is Standing.ACTIVE
    assert [c.action for c in person.consents] == [
        Action.JOINED,
        Action.LEFT,
        Action.REJOINED,
    ]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"List-Unsubscribe": "One-Click"},
        {"take-letter": "1"},
        UNCHANGED | {"form": "other", "take-letter": "1"},
        UNCHANGED | {"pause-le-meridien": "bientôt"},
        UNCHANGED | {"pause-le-meridien": "2028-01-01", "take-letter": "1"},
    ],
)
async def test_what_is_no_form_of_ours_changes_nothing(
    readers: Readers, form: dict[str, str]
) -> None:
    """Neither an empty body, nor one for another page, nor one with a fault."""
    before = await readers.dump()
    answer = await readers.browser.post(await readers.link(A, "preferences"), data=form)
    assert answer.status_code == 400
    assert await readers.dump() == before


async def test_what_the_page_did_not_offer_is_not_touched(readers: Readers) -> None:
    """An old page knows nothing of a newer publication, and ends nothing of it."""
    await readers.admit(A, publication=CLUB.id, tier=Tier.MEMBER)
    link = await readers.link(A, "preferences")
    await readers.browser.post(link, data=UNCHANGED | {"take-club": "", "x": "y"})
    person = await readers.person(A)
    assert {s.standing for s in person.subscriptions} == {Standing.ACTIVE}
    assert "Le Club" in (await readers.browser.get(link)).text


async def test_nothing_is_asked_twice(readers: Readers) -> None:
    """The same form again writes nothing."""
    link = await readers.link(A, "preferences")
    await readers.browser.post(link, data=UNCHANGED | {"tracking": "yes"})
    before = await readers.dump()
    await readers.browser.post(link, data=UNCHANGED | {"tracking": "yes"})
    assert await readers.dump() == before


async def test_a_strangers_token_opens_nothing(readers: Readers) -> None:
    """Every wrong one gets the same page, asked or posted to."""
    right = await readers.token(A, Purpose.PREFERENCES)
    wrong = [
        right[:-1],
        right[:-1] + ("A" if right[-1] != "A" else "Q"),
        *[await readers.token(A, p) for p in Purpose if p is not Purpose.PREFERENCES],
        KEYRING.sign(Purpose.PREFERENCES, MERIDIEN.id, "4711"),
        KEYRING.sign(Purpose.PREFERENCES, LETTER.id, "1"),
    ]
    before = await readers.dump()
    seen = set()
    for each in wrong:
        asked = await readers.browser.get(f"/preferences/{each}")
        posted = await readers.browser.post(f"/preferences/{each}", data=UNCHANGED)
        seen |= {(a.status_code, a.text) for a in (asked, posted)}
    assert len(seen) == 1
    assert seen.pop()[0] == 404
    assert await readers.dump() == before
