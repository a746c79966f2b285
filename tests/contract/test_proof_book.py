"""The last proof of each edition, on both databases: kept, replaced, and gone in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailer.delivery.reply import Outcome
from mailer.edition.model import Variant
from mailer.flows.departing.proofbook import Proof, Proofed
from mailer.flows.readers.retention import Terms
from mailer.rendering.changes import Basis
from mailer.rendering.imprint import imprint_of
from mailer.store.ledger.proofs import SqlProofBook
from mailer.store.people.retention import SqlRetention
from tests.contract.house import NOW, House, frozen_edition

PROOF = Proof(
    edition="le-meridien/118",
    at=NOW,
    imprint=imprint_of(frozen_edition()),
    basis=Basis(sources={"index.md": "# L’été\n"}, theme="presse", theme_hash="ab"),
    mails=(
        Proofed("c•••@essai.example", Variant.FREE, Outcome.ACCEPTED),
        Proofed("c•••@essai.example", Variant.MEMBER, Outcome.REFUSED),
    ),
)


async def test_the_last_proof_of_an_edition_is_kept(house: House) -> None:
    """As it was, word for word; the next one takes its place, and no other edition's."""
    book = SqlProofBook(house.store)
    assert await book.last(PROOF.edition) is None
    await book.keep(PROOF)
    assert await book.last(PROOF.edition) == PROOF
    again = replace(PROOF, at=NOW + timedelta(hours=1), mails=PROOF.mails[:1])
    await book.keep(again)
    await book.keep(replace(PROOF, edition="le-meridien/119"))
    assert await book.last(PROOF.edition) == again


async def test_a_proof_of_long_ago_is_gone(house: House) -> None:
    """With what relays said, when its time is over, and not a day before."""
    book, day = SqlProofBook(house.store), timedelta(days=1)
    await book.keep(PROOF)
    terms = Terms(replies=90 * day, unconfirmed=None)
    await SqlRetention(house.store).purge(terms, NOW + 89 * day)
    assert await book.last(PROOF.edition) == PROOF
    await SqlRetention(house.store).purge(terms, NOW + 91 * day)
    assert await book.last(PROOF.edition) is None
