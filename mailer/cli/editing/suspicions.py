"""``mailer check --spam``: what SpamAssassin thinks of the very messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table

from mailer.cli.invocation import Invocation, run_async
from mailer.cli.vocabulary import word
from mailer.errors import ConfigError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.edition.model import Variant
    from mailer.flows.editing.assembled import Assembled
    from mailer.flows.editing.suspicion import SpamJudge, Suspicion


def spam_judge(call: Invocation) -> SpamJudge | None:
    """Whoever ``[checks] spamd`` names; None if nobody."""
    from mailer.online.spamd import Spamd

    where = call.house.settings.checks.spamd
    return Spamd(where) if where else None


def named_judge(call: Invocation) -> SpamJudge:
    """As ``spam_judge``; ConfigError if there is nobody to ask."""
    judge = spam_judge(call)
    if judge is None:
        message = say("no spam filter is named")
        hint = say('[checks] spamd = "127.0.0.1:783" names SpamAssassin’s daemon')
        raise ConfigError(message, hint=hint)
    return judge


def suspicions(
    call: Invocation, assembled: Assembled, judge: SpamJudge
) -> Mapping[Variant, Suspicion]:
    """What *judge* thinks of each mail variant."""
    return run_async(_judged(call, assembled, judge))


async def _judged(
    call: Invocation, assembled: Assembled, judge: SpamJudge
) -> Mapping[Variant, Suspicion]:
    from mailer.flows.sending.proof import sample_message

    frozen, now = assembled.frozen, call.house.clock.now()
    return {
        variant: await judge.judge(
            sample_message(frozen, variant, call.stationery(), now=now)
        )
        for variant in frozen.mail_variants
    }


def show_suspicions(call: Invocation, found: Mapping[Variant, Suspicion]) -> None:
    """A line for each variant, and below it what speaks against it."""
    for variant, each in found.items():
        if each.fault:
            told = say("SpamAssassin cannot say: {reason}", reason=each.fault)
            call.out.tell(told, style="yellow")
            return
        score = say(
            "SpamAssassin, {variant}: {score} of {limit} points",
            variant=word(variant),
            score=each.score,
            limit=each.limit,
        )
        call.out.tell(score, style="bold red" if each.is_spam else "green")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=6, justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", style="dim")
        for rule in each.against:
            table.add_row(f"{rule.points:.1f}", rule.name, rule.words)
        if each.against:
            call.out.print(table, soft_wrap=False)
    call.out.print()


def as_fields(found: Mapping[Variant, Suspicion]) -> list[dict[str, object]]:
    """For ``--json``."""
    return [
        {
            "variant": str(variant),
            "score": each.score,
            "limit": each.limit,
            "is_spam": each.is_spam,
            "rules": [
                {"points": rule.points, "name": rule.name, "description": rule.words}
                for rule in each.rules
            ],
            "fault": str(each.fault),
        }
        for variant, each in found.items()
    ]
