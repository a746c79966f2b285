"""``mailer dkim new, records``: keys that sign mail, and what to publish about them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.invocation import Invocation, invocation
from mailer.cli.options import JsonOption
from mailer.errors import GuardError
from mailer.phrases import say

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer

dkim = typer.Typer(no_args_is_help=True, help="Keys that sign mail (DKIM).")


class Kind(StrEnum):
    """What ``mailer dkim new`` can make."""

    RSA = "rsa"
    ED25519 = "ed25519"
    BOTH = "both"


ZoneOption = Annotated[
    bool, typer.Option("--zone", help="Only lines for a zone file (BIND).")
]


def register(app: typer.Typer) -> None:
    """Hang these commands into *app*."""
    app.add_typer(dkim, name="dkim")


@dkim.command("new")
def new(
    ctx: typer.Context,
    domain: Annotated[
        str, typer.Argument(metavar="DOMAIN", help="The domain of `from`.")
    ],
    selector: Annotated[
        str | None,
        typer.Option("--selector", help="The key's name in the DNS; default rsa2026."),
    ] = None,
    algorithm: Annotated[
        Kind, typer.Option("--algorithm", help="RSA is what everybody verifies.")
    ] = Kind.RSA,
    zone: ZoneOption = False,
    json: JsonOption = False,
) -> None:
    """Make a key for DOMAIN; print what to publish, and what to configure."""
    from mailer.delivery.domain import read_domain, read_selector
    from mailer.delivery.signer import Signer
    from mailer.workspace.keys import make_key, write_keys

    call = invocation(ctx)
    name = read_domain(domain)
    kinds = [Kind.RSA, Kind.ED25519] if algorithm is Kind.BOTH else [algorithm]
    signers = [
        Signer(
            domain=name,
            selector=read_selector(_selector(call, kind, selector, len(kinds))),
            key=make_key(kind),
        )
        for kind in kinds
    ]
    folder = call.house.loaded.data_folder() / "dkim" / name
    files = {signer: folder / f"{signer.selector}.pem" for signer in signers}
    write_keys({path: signer.key for signer, path in files.items()})
    _warn_of_no_use(call, signers)
    tables = "\n".join(_table(signer, path) for signer, path in files.items())
    if json or zone:
        _print_plain(call, signers, zone=zone, config=tables)
        return
    for signer, path in files.items():
        told = say("{kind} key written to {path}", kind=signer.kind, path=path)
        call.err.tell(told)
    _print_records(call, signers)
    call.out.tell(say("Put into {file}:\n", file=_config_file(call)))
    call.out.print(tables, markup=False)
    told = say(
        "Publish first: mail signed with a key that nobody finds fails. Then look at a\n"
        "letter at a provider's: mailer send next --test YOU@example.org"
    )
    call.err.tell(told)


@dkim.command("records")
def records(
    ctx: typer.Context,
    domain: Annotated[
        str | None, typer.Argument(metavar="[DOMAIN]", help="Only of this one.")
    ] = None,
    zone: ZoneOption = False,
    json: JsonOption = False,
) -> None:
    """Print what to publish for the keys that are configured."""
    from mailer.delivery.domain import read_domain

    call = invocation(ctx)
    signers = call.signers()
    if domain is not None:
        name = read_domain(domain)
        signers = [signer for signer in signers if signer.domain == name]
    if not signers:
        message = say("no key is configured: the relay signs, or nobody does")
        if domain:
            message = say("no key is configured for {domain}", domain=domain)
        raise GuardError(message, hint=say("mailer dkim new DOMAIN makes one"))
    if json or zone:
        _print_plain(call, signers, zone=zone)
    else:
        _print_records(call, signers)


def _warn_of_no_use(call: Invocation, signers: Sequence[Signer]) -> None:
    """A key for a domain that nobody writes from is, as a rule, a slip of the pen."""
    from mailer.delivery.dkim import signers_for
    from mailer.delivery.mailbox import read_mailbox

    tables = call.house.settings.publications.values()
    senders = [read_mailbox(table.sender, what="from") for table in tables]
    if not any(signers_for(sender.domain, signers) for sender in senders):
        told = say(
            "warning: no publication writes from {domain} or below it",
            domain=signers[0].domain,
        )
        call.err.tell(told, style="yellow")


def _selector(call: Invocation, kind: Kind, said: str | None, count: int) -> str:
    """What was said, told apart where two are made; else kind and year."""
    short = "rsa" if kind is Kind.RSA else "ed"
    if said is None:
        return f"{short}{call.today().year}"
    return f"{said}-{short}" if count > 1 else said


def _print_records(call: Invocation, signers: Sequence[Signer]) -> None:
    """Each record twice: as a provider's form asks for it, and as a zone file has it."""
    for signer in signers:
        record = signer.record
        told = say(
            "Publish in the DNS of {domain} ({kind}):\n\n"
            "  Name   {name}\n"
            "  Type   TXT\n"
            "  Value  {value}\n",
            domain=signer.domain,
            kind=signer.kind,
            name=record.name,
            value=record.value,
        )
        call.out.tell(told)
        words = say("In a zone file:")
        if len(record.strings) > 1:
            words = say(
                "In a zone file, and where a form takes strings of 255 at most:"
            )
        call.out.tell(words)
        call.out.print(f"\n{record.zone_line}\n", markup=False)


def _print_plain(
    call: Invocation, signers: Sequence[Signer], *, zone: bool, config: str = ""
) -> None:
    """For programs: lines of a zone file, or JSON."""
    if zone:
        for signer in signers:
            call.out.print(signer.record.zone_line, markup=False)
        return
    rows = [
        {
            "domain": signer.domain,
            "selector": signer.selector,
            "algorithm": signer.algorithm,
            "name": signer.record.name,
            "type": "TXT",
            "value": signer.record.value,
            "strings": list(signer.record.strings),
            "zone": signer.record.zone_line,
        }
        for signer in signers
    ]
    call.print_json(
        {"schema": 1, "records": rows, **({"config": config} if config else {})}
    )


def _table(signer: Signer, path: Path) -> str:
    """The table of the configuration that makes *signer* sign."""
    import json

    quoted = json.dumps(path.as_posix(), ensure_ascii=False)
    return (
        f"[[dkim]]\n"
        f'domain   = "{signer.domain}"\n'
        f'selector = "{signer.selector}"\n'
        f"key_file = {quoted}\n"
    )


def _config_file(call: Invocation) -> str:
    path = call.house.loaded.path
    return str(path) if path else "config/mailer.toml"
