"""The last proof of each edition: the ProofBook port over SQL."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from mailer.delivery.reply import Outcome
from mailer.edition.model import Variant
from mailer.flows.departing.proofbook import Proof, Proofed
from mailer.rendering.imprint import Imprint, Seal
from mailer.store.codec import dump_basis, load_basis
from mailer.store.engine import Store
from mailer.store.schema import proof as proof_table


class SqlProofBook:
    """The ProofBook port over SQLite and PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, proof: Proof) -> None:
        """See the port."""
        earlier = delete(proof_table).where(proof_table.c.edition == proof.edition)
        row = {
            "edition": proof.edition,
            "sent_at": proof.at,
            "mails_json": json.dumps(
                [[m.to, m.variant, m.outcome] for m in proof.mails]
            ),
            "imprint_json": json.dumps(asdict(proof.imprint), ensure_ascii=False),
            "basis_packed": zlib.compress(dump_basis(proof.basis).encode()),
        }

        def work(connection: Connection) -> None:
            connection.execute(earlier)
            connection.execute(insert(proof_table).values(row))

        await self._store.write(work)

    async def last(self, edition: str) -> Proof | None:
        """See the port."""
        asked = select(proof_table).where(proof_table.c.edition == edition)
        row = await self._store.read(lambda c: c.execute(asked).first())
        if row is None:
            return None
        return Proof(
            edition=row.edition,
            at=row.sent_at,
            imprint=_imprint(row.imprint_json),
            basis=load_basis(zlib.decompress(row.basis_packed).decode()),
            mails=tuple(
                Proofed(to, Variant(variant), Outcome(outcome))
                for to, variant, outcome in json.loads(row.mails_json)
            ),
        )


def _imprint(text: str) -> Imprint:
    held = json.loads(text)
    return Imprint(
        sha256=held["sha256"],
        around=held["around"],
        seals=tuple(Seal(**each) for each in held["seals"]),
        pictures={name: tuple(seen) for name, seen in held["pictures"].items()},
    )
