"""What receivers find in the DNS about our mail: SPF, DKIM, DMARC, PTR, BIMI, MX.

Sources: RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC), RFC 7505 (null MX).
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mailer.delivery.dkim import signers_for
from mailer.delivery.mailbox import read_mailbox
from mailer.delivery.spf import Check, Result, spf_records
from mailer.delivery.tags import at_and_above, read_tags, versioned
from mailer.doctor.line import Condition, Line, well
from mailer.edition.model import Publication
from mailer.online.guard import is_public
from mailer.online.names import Names, SilentError
from mailer.phrases import say, verbatim
from mailer.wiring import House

if TYPE_CHECKING:
    from mailer.delivery.signer import Signer


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The domains of one publication: of From, of bounces, of those who leave by mail."""

    publication: str
    sender: str
    bounces: str
    leaving: str


def correspondences(
    publications: Sequence[Publication], *, bounces_to: str = ""
) -> list[Correspondence]:
    """The domains that mail is written from; *bounces_to* is all publications' own."""
    found = []
    for each in publications:
        sender = read_mailbox(each.sender, what="from").domain
        bounces = bounces_to or each.return_path.rpartition("@")[2] or sender
        leaving = each.unsubscribe_to.rpartition("@")[2] or sender
        found.append(Correspondence(each.id, sender, bounces, leaving))
    return found


async def examine(house: House, names: Names) -> list[Line]:
    """Every line that the DNS knows something about, in the order of topics."""
    settings = house.settings
    ours = correspondences(
        [settings.publication(each) for each in sorted(settings.publications)],
        bounces_to=settings.bounces.address.domain,
    )
    hosts = {
        relay.name: relay.host for relay in settings.relays if relay.kind == "smtp"
    }
    senders = list(dict.fromkeys(post.sender for post in ours))
    bounces = list(dict.fromkeys(post.bounces for post in ours))
    takers = list(dict.fromkeys(d for p in ours for d in (p.bounces, p.leaving)))
    signers = house.signers
    asked = [
        *(_guarded("spf", d, partial(spf, d, hosts, names)) for d in bounces),
        *(_guarded("dkim", s.record.name, partial(dkim, s, names)) for s in signers),
        *(
            _guarded("dmarc", d, partial(dmarc, d, ours, signers, names))
            for d in senders
        ),
        *(_guarded("ptr", n, partial(ptr, n, h, names)) for n, h in hosts.items()),
        *(_guarded("bimi", d, partial(bimi, d, names)) for d in senders),
        *(_guarded("bounces", d, partial(mailable, d, names)) for d in takers),
    ]
    return [line for lines in await asyncio.gather(*asked) for line in lines]


async def _guarded(
    topic: str, name: str, ask: Callable[[], Awaitable[Sequence[Line]]]
) -> Sequence[Line]:
    try:
        return await ask()
    except SilentError as error:
        do = say("look at the network, or ask another: --nameserver 9.9.9.9")
        return [
            Line(
                topic=topic,
                name=name,
                condition=Condition.WARNING,
                found=error.words,
                do=do,
            )
        ]


async def spf(domain: str, hosts: Mapping[str, str], names: Names) -> list[Line]:
    """Whether the return path's domain lets our relays send."""
    records = await spf_records(domain, names)
    if not records:
        return [
            Line(
                topic="spf",
                name=domain,
                condition=Condition.FAULT,
                found=say("no SPF record for {domain}", domain=domain),
                do=say("publish, with what your relay tells you to include:"),
                copy=f'{domain}. IN TXT "v=spf1 include:spf.RELAY -all"',
            )
        ]
    lines = []
    for relay, host in hosts.items():
        addresses = await _public(host, names)
        results = []
        for address in addresses:
            check = Check(names)
            results.append(await check.result(address, domain))
            if results[-1] is Result.PERMERROR:
                found = say(
                    "its record cannot be used: {reason}; receivers ignore it",
                    reason=check.why,
                )
                do = say("mend it; it is now:")
                return [
                    Line(
                        topic="spf",
                        name=domain,
                        condition=Condition.FAULT,
                        found=found,
                        do=do,
                        copy=records[0],
                    )
                ]
        if not results or Result.UNKNOWN in results:
            continue
        if set(results) == {Result.PASS}:
            found = say("lets {relay} ({host}) send", relay=relay, host=host)
            lines.append(well("spf", found, name=domain))
        else:
            lines.append(
                Line(
                    topic="spf",
                    name=domain,
                    condition=Condition.WARNING,
                    found=say("does not name {relay} ({host})", relay=relay, host=host),
                    do=say(
                        "right if the relay sends from other addresses: look at spf= in"
                        " the head of a received proof"
                    ),
                )
            )
    return lines or [
        well("spf", say("there is a record: {record}", record=records[0]), name=domain)
    ]


async def dkim(signer: Signer, names: Names) -> list[Line]:
    """Whether what is published is what we sign with."""
    record = signer.record
    line = partial(Line, topic="dkim", name=record.name)
    found = [read_tags(text) for text in await names.texts(record.name)]
    keys = [tags["p"] for tags in found if "p" in tags]
    publish = say("publish (mailer dkim records {domain}):", domain=signer.domain)
    if not keys:
        said = say("the key is not published: who verifies finds none")
        return [
            line(
                condition=Condition.FAULT, found=said, do=publish, copy=record.zone_line
            )
        ]
    ours = read_tags(record.value)["p"]
    if ours not in ("".join(key.split()) for key in keys):
        said = say("another key is published: every signature fails")
        if keys == [""]:
            said = say("the key was revoked: every signature fails")
        return [
            line(
                condition=Condition.FAULT, found=said, do=publish, copy=record.zone_line
            )
        ]
    if any("y" in tags.get("t", "").split(":") for tags in found):
        said = say("published, as a test (t=y): receivers do not count it")
        do = say("take t=y out of the record")
        return [line(condition=Condition.WARNING, found=said, do=do)]
    return [well("dkim", say("published, {kind}", kind=signer.kind), name=record.name)]


async def dmarc(
    domain: str, ours: Sequence[Correspondence], signers: Sequence[Signer], names: Names
) -> list[Line]:
    """The policy that holds for *domain*, and whether what we send is aligned."""
    above, policy = await _policy(domain, names)
    if policy is None:
        return [
            Line(
                topic="dmarc",
                name=domain,
                condition=Condition.FAULT,
                found=say(
                    "no DMARC record: Gmail and Yahoo want one of whoever writes to many"
                ),
                do=say("publish, and read what comes to that address:"),
                copy=f"_dmarc.{at_and_above(domain)[-1]}. IN TXT "
                f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
            )
        ]
    lines = [_policy_line(domain, above, policy)]
    is_strict_key = policy.get("adkim", "r") == "s"
    is_strict_path = policy.get("aspf", "r") == "s"
    keys = signers_for(domain, signers)
    by_key = any(s.domain == domain or not is_strict_key for s in keys)
    paths = [post.bounces for post in ours if post.sender == domain]
    owners = [(await _policy(path, names))[0] for path in paths]
    by_path = all(
        path == domain or (not is_strict_path and owner == above)
        for path, owner in zip(paths, owners, strict=True)
    )
    if by_key:
        lines.append(well("dmarc", say("our signature is aligned"), name=domain))
    else:
        condition, found = (
            Condition.WARNING,
            say("aligned by the return path alone: forwarded mail will fail"),
        )
        if not by_path:
            condition, found = (
                Condition.FAULT,
                say("nothing of ours is aligned: unless the relay signs, mail fails"),
            )
        lines.append(
            Line(
                topic="dmarc",
                name=domain,
                condition=condition,
                found=found,
                do=say("sign for {domain}:", domain=domain),
                copy=f"mailer dkim new {domain}",
            )
        )
    return lines


def _policy_line(domain: str, above: str, policy: Mapping[str, str]) -> Line:
    asked = policy.get("p", "none") if above == domain else policy.get("sp", "")
    asked = (asked or policy.get("p", "none")).lower()
    found = say("p={policy}, published at {name}", policy=asked, name=f"_dmarc.{above}")
    if asked == "none" and "rua" not in policy:
        return Line(
            topic="dmarc",
            name=domain,
            condition=Condition.NOTE,
            found=found,
            do=say("without rua= nobody tells you who writes in your name"),
        )
    return well("dmarc", found, name=domain)


async def _policy(domain: str, names: Names) -> tuple[str, Mapping[str, str] | None]:
    """The policy of *domain* or the nearest above, and whose it is."""
    for name in at_and_above(domain):
        found = versioned(await names.texts(f"_dmarc.{name}"), "DMARC1")
        if len(found) == 1:
            return name, found[0]
    return at_and_above(domain)[-1], None


async def ptr(relay: str, host: str, names: Names) -> list[Line]:
    """Whether the addresses of a relay have names that lead back to them."""
    lines = []
    for address in await _public(host, names):
        called = await names.names_of(address)
        back = [n for n in called if address in await names.addresses(n)]
        if back:
            found = say("{address} is {name}, and back", address=address, name=back[0])
            lines.append(well("ptr", found, name=relay))
            continue
        found = say("{address} has no name", address=address)
        if called:
            found = say(
                "{address} is {name}, which does not lead back",
                address=address,
                name=called[0],
            )
        lines.append(
            Line(
                topic="ptr",
                name=relay,
                condition=Condition.WARNING,
                found=found,
                do=say("if mail leaves from it: ask whoever gave you the address"),
            )
        )
    return lines


async def bimi(domain: str, names: Names) -> list[Line]:
    """A logo beside our mail, if somebody wants one."""
    for name in at_and_above(domain):
        found = versioned(await names.texts(f"default._bimi.{name}"), "BIMI1")
        if found:
            break
    else:
        return [
            Line(
                topic="bimi",
                name=domain,
                condition=Condition.NOTE,
                found=say("no logo is published; nobody needs one"),
            )
        ]
    logo = found[0].get("l", "")
    _, policy = await _policy(domain, names)
    asked = (policy or {}).get("p", "none").lower()
    if not logo.startswith("https://"):
        words = say("the logo is not at an https address: {logo}", logo=logo or "–")
        do = say("l= names an SVG Tiny PS at https")
    elif asked == "none":
        words = say("{logo}, which nobody shows: DMARC asks for nothing", logo=logo)
        do = say("p=quarantine or p=reject in the DMARC record, when reports are clean")
    else:
        return [well("bimi", verbatim(logo), name=domain)]
    return [
        Line(topic="bimi", name=domain, condition=Condition.WARNING, found=words, do=do)
    ]


async def mailable(domain: str, names: Names) -> list[Line]:
    """Whether what is written to *domain* (bounces, farewells) arrives anywhere."""
    hosts = await names.exchangers(domain)
    if hosts and hosts != ["."]:
        found = say("mail to it goes to {host}", host=hosts[0])
        return [well("bounces", found, name=domain)]
    if not hosts and await names.addresses(domain):
        found = say("no MX; mail to it goes to its address")
        return [
            Line(topic="bounces", name=domain, condition=Condition.NOTE, found=found)
        ]
    return [
        Line(
            topic="bounces",
            name=domain,
            condition=Condition.FAULT,
            found=say("takes no mail: bounces and who leaves by mail are lost"),
            do=say("publish an MX, or set return_path and unsubscribe_to"),
            copy=f"{domain}. IN MX 10 mail.{domain}.",
        )
    ]


async def _public(host: str, names: Names) -> Sequence[str]:
    """The public addresses of *host*, which may be one."""
    try:
        found: Sequence[str] = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await names.addresses(host)
    return [address for address in found if is_public(address)]
