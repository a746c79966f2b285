"""What relays refuse at once, taken for what it is: a bounce that came early.

A relay that knows the recipient's server says ``550 5.1.1`` in the dialogue, and no report
ever comes. Such refusals are made into arrivals after a run, so that one policy sees both
and a list cleans itself either way. The ledger is the proof: nobody else writes into it.
"""

from __future__ import annotations

import hashlib

from mailer.delivery.bounce.model import Fate, Kind
from mailer.delivery.bounce.testimony import Testimony
from mailer.delivery.bounce.weigh import weigh
from mailer.flows.ports import Run
from mailer.flows.returning.aftermath import settle
from mailer.flows.returning.arrivals import Arrival, Proof, Refused
from mailer.flows.returning.intake import IntakeDesk

_PAGE = 500


async def sweep(run: Run, desk: IntakeDesk) -> int:
    """Count what relays refused for good in *run*, where its publication wants that.

    How many were new. Only what says that the address is gone: everything else may be
    said of the message, of us, or of the moment.
    """
    if not desk.terms(run.publication).refusals:
        return 0
    after = swept = 0
    while refused := await desk.arrivals.refusals(run.id, after=after, limit=_PAGE):
        after = refused[-1].copy.subscriber
        arrivals = [
            _arrival(each, fate)
            for each in refused
            if (fate := _weighed(each)).kind is Kind.HARD
        ]
        swept += await settle(await desk.arrivals.keep(arrivals), desk)
    return swept


def _weighed(refused: Refused) -> Fate:
    return weigh(
        Testimony(
            recipient=refused.copy.email,
            action="failed",
            status=refused.status,
            diagnosis=refused.said,
            context="in reply to RCPT TO command" if refused.at_rcpt else "",
        )
    )


def _arrival(refused: Refused, fate: Fate) -> Arrival:
    copy = refused.copy
    key = f"relay {copy.run} {copy.subscriber}"
    return Arrival(
        digest=hashlib.sha256(key.encode()).hexdigest(),
        at=refused.at,
        way="relay",
        kind=fate.kind,
        recipient=copy.email,
        reason=fate.reason,
        status=fate.status,
        said=refused.said,
        evidence=(refused.said,),
        proof=Proof.LEDGER,
        subscriber=copy.subscriber,
        run=copy.run,
        publication=copy.publication,
        edition=copy.edition,
    )
