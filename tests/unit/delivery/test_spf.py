"""What a receiver makes of an SPF record."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.spf import Check, Result
from mailer.delivery.tags import at_and_above, read_tags, versioned


class Zone:
    """Records by name."""

    def __init__(self, texts: dict[str, str], hosts: dict[str, str] | None = None):
        self._texts, self._hosts = texts, hosts or {}

    async def texts(self, name: str) -> Sequence[str]:
        return self._texts[name].split("\n") if name in self._texts else []

    async def addresses(self, name: str) -> Sequence[str]:
        return self._hosts.get(name, "").split()

    async def exchangers(self, name: str) -> Sequence[str]:
        return [f"mx.{name}"] if f"mx.{name}" in self._hosts else []


HOSTS = {
    "a.org": "192.0.2.9 2001:db8::9",
    "mx.a.org": "192.0.2.25",
    "h.net": "192.0.2.7",
}


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.1", Result.PASS),
        ("v=spf1 ip4:192.0.2.0/24 -all", "198.51.100.1", Result.FAIL),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::1", Result.PASS),
        ("v=spf1 ip4:192.0.2.1 ~all", "2001:db8::1", Result.SOFTFAIL),
        ("v=spf1 a -all", "192.0.2.9", Result.PASS),
        ("v=spf1 a -all", "2001:db8::9", Result.PASS),
        ("v=spf1 a:h.net/24 -all", "192.0.2.200", Result.PASS),
        ("v=spf1 a/24//64 -all", "2001:db8::ffff", Result.PASS),
        ("v=spf1 mx -all", "192.0.2.25", Result.PASS),
        ("v=spf1 include:b.org -all", "203.0.113.1", Result.PASS),
        ("v=spf1 include:b.org ?all", "192.0.2.1", Result.NEUTRAL),
        ("v=spf1 redirect=b.org", "203.0.113.1", Result.PASS),
        ("v=spf1 redirect=b.org", "192.0.2.1", Result.FAIL),
        ("v=spf1 exists:h.net -all", "192.0.2.1", Result.PASS),
        ("v=spf1 ptr -all", "192.0.2.1", Result.FAIL),
        ("v=spf1", "192.0.2.1", Result.NEUTRAL),
        ("v=spf1 exists:%{i}.h.net -all", "192.0.2.1", Result.UNKNOWN),
        ("v=spf1 include:none.org -all", "192.0.2.1", Result.PERMERROR),
        ("v=spf1 redirect=none.org", "192.0.2.1", Result.PERMERROR),
        ("v=spf1 include:a.org -all", "192.0.2.1", Result.PERMERROR),  # endless
        ("v=spf1 ip4:192.0.2.300 -all", "192.0.2.1", Result.PERMERROR),
        ("v=spf1 sends -all", "192.0.2.1", Result.PERMERROR),
        ("v=spf1 -all\nv=spf1 +all", "192.0.2.1", Result.PERMERROR),
        ("v=spf10 +all", "192.0.2.1", Result.NONE),
    ],
)
async def test_a_record_is_read_as_receivers_do(
    record: str, address: str, result: Result
) -> None:
    """Mechanism after mechanism, the first that matches decides."""
    zone = Zone({"a.org": record, "b.org": "v=spf1 ip4:203.0.113.0/24 -all"}, HOSTS)
    assert await Check(zone).result(address, "a.org") is result


@given(st.text(max_size=40))
async def test_any_record_gives_a_result(words: str) -> None:
    """Whatever somebody has published, nothing is raised."""
    zone = Zone({"a.org": f"v=spf1 {words}"}, HOSTS)
    assert await Check(zone).result("192.0.2.1", "a.org") in Result


def test_tags_are_read_with_any_spaces() -> None:
    """And a record of another version is none."""
    assert read_tags("v=DMARC1 ; P = none;;rua=a=b") == {
        "v": "DMARC1",
        "p": "none",
        "rua": "a=b",
    }
    assert versioned(["v=DMARC1; p=none", "x", "v=BIMI1"], "dmarc1") == [
        {"v": "DMARC1", "p": "none"}
    ]
    assert at_and_above("Mail.News.example.org") == [
        "mail.news.example.org",
        "news.example.org",
        "example.org",
    ]
    assert at_and_above("org") == ["org"]
