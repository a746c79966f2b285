"""Doubts ended by evidence, else by an operator's word; never against the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailer.audience.token import Keyring
from mailer.delivery.evidence import Evidence, read_evidence
from mailer.delivery.ledger import State
from mailer.delivery.reader import address_reader
from mailer.errors import InputError
from mailer.flows.control import Doubt, Resolution
from mailer.phrases import NOTHING, Phrase, say
from mailer.rendering.model import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A doubt, and how it would end: by what is proved, by a word, or not (None)."""

    doubt: Doubt
    message_id: str
    state: State | None = None
    words: Phrase = NOTHING
    source: str = ""

    @property
    def resolution(self) -> Resolution | None:
        """What the ledger is told; None while the doubt stands."""
        if self.state is None:
            return None
        return Resolution(doubt=self.doubt, state=self.state, words=self.words)


def open_cases(
    doubts: Sequence[Doubt], frozen: Frozen, keyring: Keyring
) -> dict[str, Case]:
    """The doubts of a run, each under the Message-ID that its message has."""
    cases = {}
    for doubt in doubts:
        try:
            reader = address_reader(
                subscriber=doubt.subscriber,
                email=doubt.email,
                name="",
                publication=frozen.publication,
                edition=frozen.edition,
                variant=doubt.variant,
                keyring=keyring,
            )
        except InputError:  # nobody can have sent to an address that is none
            cases[doubt.email] = Case(doubt=doubt, message_id="")
            continue
        cases[reader.message_id] = Case(doubt=doubt, message_id=reader.message_id)
    return cases


def hear(cases: dict[str, Case], mails: Iterable[tuple[str, bytes]]) -> dict[str, Case]:
    """*cases* with what *mails*, each from a named source, prove of them.

    A bounce outweighs other evidence: the message was taken, and did not arrive.
    """
    heard = dict(cases)
    for source, raw in mails:
        for evidence in read_evidence(raw):
            case = heard.get(evidence.message_id)
            if case is not None and case.state is not State.BOUNCED:
                heard[evidence.message_id] = _proved(case, evidence, source)
    return heard


def _proved(case: Case, evidence: Evidence, source: str) -> Case:
    if case.state is evidence.state:
        return case  # the first of its kind is enough
    return Case(
        doubt=case.doubt,
        message_id=case.message_id,
        state=evidence.state,
        words=evidence.words,
        source=source,
    )


def decide(
    cases: dict[str, Case], word: State, addresses: frozenset[str]
) -> dict[str, Case]:
    """What nothing proves ends by the operator's *word*, ACCEPTED or DUE.

    Where *addresses* are given, only theirs. What is proved stays as it is.
    """
    said = {
        State.ACCEPTED: say("accepted at the operator's word"),
        State.DUE: say("due again at the operator's word"),
    }
    return {
        key: Case(
            doubt=case.doubt,
            message_id=case.message_id,
            state=word,
            words=said[word],
        )
        if case.state is None and (not addresses or case.doubt.email in addresses)
        else case
        for key, case in cases.items()
    }
