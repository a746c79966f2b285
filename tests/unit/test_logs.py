"""How lines of the log are written, for people, programs and the journal."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from mailer.cli.logs import Form, log_to, masking


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _logged(stream: io.StringIO, **event: object) -> str:
    structlog.get_logger().warning("delivery.ended", **event)
    return stream.getvalue()


def test_where_a_program_reads_a_line_is_json() -> None:
    """With the moment in ISO 8601, the level, and letters as they are."""
    stream = io.StringIO()
    log_to(stream, logging.INFO, form=Form.AUTO, key=b"k")
    told = json.loads(_logged(stream, reason="boîte pleine", relay="a"))
    assert (told["event"], told["level"]) == ("delivery.ended", "warning")
    assert told["reason"] == "boîte pleine"
    assert told["ts"].endswith("Z")


def test_an_address_is_a_hash_before_its_domain() -> None:
    """In whatever field it comes; one reader has one hash, another key another."""
    stream = io.StringIO()
    log_to(stream, logging.INFO, form=Form.JSON, key=b"k")
    line = _logged(stream, reason="550 <Claire@Orange.fr> unknown", relay="a")
    assert "laire" not in line
    hashed = masking(b"k")(None, "", {"to": "claire@orange.fr"})["to"]
    assert hashed in line
    assert hashed.endswith("@orange.fr")
    assert masking(b"l")(None, "", {"to": "claire@orange.fr"})["to"] != hashed


def test_addresses_stand_where_somebody_wants_them() -> None:
    """`log_addresses = true`."""
    stream = io.StringIO()
    log_to(stream, logging.INFO, form=Form.TEXT, key=None)
    assert "claire@orange.fr" in _logged(stream, email="claire@orange.fr")


def test_the_journal_is_told_how_grave_a_line_is(tmp_path: Path) -> None:
    """On every line, those of a traceback too; and only where the stream is its."""
    with (tmp_path / "journal").open("w+") as stream:
        found = os.fstat(stream.fileno())
        there = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        log_to(stream, logging.INFO, form=Form.JSON, key=b"k", environ=there)
        structlog.get_logger().warning("one")
        log_to(stream, logging.INFO, form=Form.TEXT, key=b"k", environ=there)
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            structlog.get_logger().exception("two")
        elsewhere = {"JOURNAL_STREAM": "1:1"}
        log_to(stream, logging.INFO, form=Form.JSON, key=b"k", environ=elsewhere)
        structlog.get_logger().info("three")
        stream.seek(0)
        first, *middle, last = stream.read().splitlines()
    assert first.startswith('<4>{"')
    assert middle
    assert all(line.startswith("<3>") for line in middle)
    assert last.startswith('{"')
