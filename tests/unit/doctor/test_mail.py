"""What the doctor makes of the DNS, asked over UDP on loopback."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailer.delivery.signer import Signer
from mailer.doctor.line import Condition, Line
from mailer.doctor.mail import (
    Correspondence,
    _guarded,
    bimi,
    dkim,
    dmarc,
    mailable,
    ptr,
    spf,
)
from mailer.errors import InputError
from mailer.online.names import Names
from tests.fakes.dns import Zone, name_server

SIGNER = Signer(domain="a.org", selector="ed", key=Ed25519PrivateKey.generate())
OTHER = Signer(domain="a.org", selector="ed", key=Ed25519PrivateKey.generate())
KEY = SIGNER.record.name
POST = Correspondence("letter", "a.org", "a.org", "a.org")
HOSTS = {"principal": "smtp.b.net"}
RELAY: Zone = {("smtp.b.net", "A"): ["93.184.216.34"]}


def txt(name: str, *texts: str) -> Zone:
    return {(name, "TXT"): [f'"{text}"' for text in texts]}


def marks(lines: Sequence[Line]) -> list[Condition]:
    return [line.condition for line in lines]


@pytest.mark.parametrize(
    ("record", "mark", "words"),
    [
        ([], Condition.FAULT, "no SPF record for a.org"),
        (
            ["v=spf1 ip4:93.184.216.34 -all"],
            Condition.WELL,
            "lets principal (smtp.b.net) send",
        ),
        (["v=spf1 -all"], Condition.WARNING, "does not name principal"),
        (
            ["v=spf1 include:x.org -all"],
            Condition.FAULT,
            "include:x.org: there is no record",
        ),
        (["v=spf1 exists:%{i}.b.net -all"], Condition.WELL, "there is a record"),
    ],
)
async def test_spf(record: list[str], mark: Condition, words: str) -> None:
    """Which relay may send for the return path; a smart host may send from elsewhere."""
    zone = RELAY | (txt("a.org", *record) if record else {})
    async with name_server(zone) as server:
        (line,) = await spf("a.org", HOSTS, Names(server))
    assert (line.condition, words in line.found) == (mark, True), line


@pytest.mark.parametrize(
    ("published", "mark", "words"),
    [
        ("", Condition.FAULT, "not published"),
        (OTHER.record.value, Condition.FAULT, "another key"),
        ("v=DKIM1; p=", Condition.FAULT, "revoked"),
        (SIGNER.record.value, Condition.WELL, "published"),
        (f"{SIGNER.record.value}; t=y", Condition.WARNING, "as a test"),
    ],
    ids=["none", "another", "revoked", "ours", "test"],
)
async def test_dkim(published: str, mark: Condition, words: str) -> None:
    """What is published is compared with the key that signs, byte for byte."""
    async with name_server(txt(KEY, published) if published else {}) as server:
        (line,) = await dkim(SIGNER, Names(server))
    assert (line.condition, words in line.found) == (mark, True), line
    if mark is Condition.FAULT:
        assert line.copy == SIGNER.record.zone_line


async def test_dmarc_of_who_signs() -> None:
    """The policy of the domain above holds below it, and a key above is aligned."""
    zone = txt("_dmarc.a.org", "v=DMARC1; p=reject; sp=none; rua=mailto:d@a.org")
    post = Correspondence("letter", "news.a.org", "news.a.org", "news.a.org")
    async with name_server(zone) as server:
        lines = await dmarc("news.a.org", [post], [SIGNER], Names(server))
    assert marks(lines) == [Condition.WELL, Condition.WELL]
    assert "p=none, published at _dmarc.a.org" in lines[0].found


@pytest.mark.parametrize(
    ("policy", "bounces", "signers", "mark"),
    [
        (
            "p=none; rua=mailto:d@a.org",
            "a.org",
            [],
            Condition.WARNING,
        ),  # by the path alone
        ("p=none; rua=mailto:d@a.org", "b.a.org", [], Condition.WARNING),
        ("p=none; aspf=s; rua=mailto:d@a.org", "b.a.org", [], Condition.FAULT),
        ("p=none; rua=mailto:d@a.org", "b.net", [], Condition.FAULT),
        ("p=none; rua=mailto:d@a.org", "b.net", [SIGNER], Condition.WELL),
    ],
    ids=["path", "below", "strict", "stranger", "key"],
)
async def test_alignment(
    policy: str, bounces: str, signers: list[Signer], mark: Condition
) -> None:
    """One of signature and return path must be of the domain that readers see."""
    post = Correspondence("letter", "a.org", bounces, "a.org")
    async with name_server(txt("_dmarc.a.org", f"v=DMARC1; {policy}")) as server:
        lines = await dmarc("a.org", [post], signers, Names(server))
    assert marks(lines) == [Condition.WELL, mark]


async def test_no_dmarc_and_one_that_nobody_reads() -> None:
    """The record to publish stands there; p=none without reports is mentioned."""
    async with name_server({}) as server:
        (line,) = await dmarc("a.org", [POST], [], Names(server))
    assert line.condition is Condition.FAULT
    assert line.copy.startswith('_dmarc.a.org. IN TXT "v=DMARC1; p=none;')
    async with name_server(txt("_dmarc.a.org", "v=DMARC1; p=none")) as server:
        lines = await dmarc("a.org", [POST], [SIGNER], Names(server))
    assert marks(lines) == [Condition.NOTE, Condition.WELL]


async def test_names_that_lead_back() -> None:
    """A name that does not lead back is as good as none."""
    back = {("34.216.184.93.in-addr.arpa", "PTR"): ["smtp.b.net."]}
    astray = {("34.216.184.93.in-addr.arpa", "PTR"): ["host.isp.net."]}
    for zone, mark in (
        (back, Condition.WELL),
        (astray, Condition.WARNING),
        ({}, Condition.WARNING),
    ):
        async with name_server(RELAY | zone) as server:
            assert marks(await ptr("principal", "smtp.b.net", Names(server))) == [mark]
    async with name_server({}) as server:
        assert await ptr("principal", "127.0.0.1", Names(server)) == []


async def test_a_logo() -> None:
    """Nobody needs one; one that nobody shows is told."""
    logo = txt("default._bimi.a.org", "v=BIMI1; l=https://a.org/logo.svg")
    plain = txt("default._bimi.a.org", "v=BIMI1; l=http://a.org/logo.svg")
    strong = txt("_dmarc.a.org", "v=DMARC1; p=quarantine")
    for zone, mark in (
        ({}, Condition.NOTE),
        (logo, Condition.WARNING),
        (plain | strong, Condition.WARNING),
        (logo | strong, Condition.WELL),
    ):
        async with name_server(zone) as server:
            assert marks(await bimi("a.org", Names(server))) == [mark]


async def test_where_bounces_go() -> None:
    """A null MX takes nothing, and neither does a domain without address."""
    taking = {("a.org", "MX"): ["20 b.a.org.", "10 a.a.org."]}
    for zone, mark in (
        (taking, Condition.WELL),
        ({("a.org", "A"): ["192.0.2.1"]}, Condition.NOTE),
        ({("a.org", "MX"): ["0 ."]}, Condition.FAULT),
        ({}, Condition.FAULT),
    ):
        async with name_server(zone) as server:
            (line,) = await mailable("a.org", Names(server))
        assert line.condition is mark
        if zone is taking:
            assert "goes to a.a.org" in line.found


async def test_a_name_server_that_fails_accuses_nobody() -> None:
    """What could not be asked is a warning, and no fault of the domain."""
    async with name_server({("a.org", "MX"): ["SERVFAIL"]}) as server:
        names = Names(server)
        names._resolver.lifetime = 0.3
        lines = await _guarded("bounces", "a.org", lambda: mailable("a.org", names))
    assert marks(lines) == [Condition.WARNING]
    assert "no name server answers for a.org" in lines[0].found


def test_a_name_server_is_an_address() -> None:
    """A name would have to be looked up."""
    for wrong in ("dns.example", "9.9.9.9:x", "9.9"):
        with pytest.raises(InputError, match="is no address of a name server"):
            Names(wrong)
    assert [str(s) for s in Names("::1")._resolver.nameservers] == ["Do53:::1@53"]
