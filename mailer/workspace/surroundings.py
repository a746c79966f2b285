"""What the checks compare an edition with, gathered from the folders it lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mailer.edition.model import Edition
from mailer.errors import ConfigError, EditionError, Severity
from mailer.phrases import did_you_mean, say
from mailer.rendering.checks.inspection import Limits, Sibling, Surroundings
from mailer.workspace.editions import EditionFolder, Workspace
from mailer.workspace.lexicon import load_lexicon
from mailer.workspace.rulebook import load_rules
from mailer.workspace.support import check_clients, load_support


def surroundings_of(
    edition: Edition, workspace: Workspace, templates: Sequence[Path], limits: Limits
) -> Surroundings:
    """Siblings, word lists and rules; ConfigError if *limits* ignore what they cannot.

    *templates* are folders, the workspace's first and ours last.
    """
    severities = {rule.id: rule.severity for rule in load_rules(templates[-1]).values()}
    for name in sorted(limits.ignore):
        _must_be_a_warning(name, severities)
    support = load_support(templates[-1])
    check_clients(limits.clients, support)
    return Surroundings(
        support=support,
        limits=limits,
        lexicon=load_lexicon(templates),
        siblings=siblings_of(edition, workspace),
        rules=severities,
    )


def _must_be_a_warning(name: str, known: Mapping[str, Severity]) -> None:
    if name not in known:
        message = say("[checks] ignore: there is no rule {name}", name=name)
        raise ConfigError(message, hint=did_you_mean(name, known))
    if known[name] is Severity.ERROR:
        message = say("[checks] ignore: {name} is an error", name=name)
        hint = say("errors are accepted, one edition at a time")
        raise ConfigError(message, hint=hint)


def siblings_of(edition: Edition, workspace: Workspace) -> tuple[Sibling, ...]:
    """The other editions of the same publication, the newest first.

    The one before *edition* comes with its text, if it can be read.
    """
    others = [
        folder
        for folder in workspace.editions([edition.publication])
        if folder.path.name != edition.folder
    ]
    before = [o for o in others if o.date is not None and o.date < edition.date]
    return tuple(_sibling(o, workspace, with_text=o in before[:1]) for o in others)


def _sibling(
    folder: EditionFolder, workspace: Workspace, *, with_text: bool
) -> Sibling:
    text = ""
    if with_text:
        with suppress(EditionError):  # its own check says what is wrong with it
            text = "\n\n".join(workspace.sources(folder).values())
    return Sibling(
        name=folder.name,
        number=folder.number,
        date=folder.date,
        subject=folder.subject or folder.title,
        text=text,
    )
