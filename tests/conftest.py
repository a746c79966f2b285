"""Fixtures that every floor of the house may use."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.warm import warm_python

_HERE = Path(__file__).parent
_AT_THE_RIM = {"chaos", "contract", "house", "system"}

# The suite proves the same examples everywhere; `make explore` looks for new ones.
settings.register_profile(
    "mailer", max_examples=60, deadline=None, derandomize=True, database=None
)
settings.register_profile("explore", max_examples=200, deadline=None, derandomize=False)
settings.load_profile("explore" if "MAILER_EXPLORE" in os.environ else "mailer")
# Commands that tests start find their modules compiled, as they are once installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["LC_ALL"] = "C"  # the terminal speaks English here, wherever tests are run


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Strangers' programs judge our mail where they are: ``make judges`` says where."""
    if "MAILER_JUDGES" in os.environ:
        return
    apart = [item for item in items if item.get_closest_marker("judges")]
    if apart:
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in apart]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """The core's coverage is counted where the core is called, not at the rim.

    To count doubles what a test costs, and stores and processes add next to nothing.
    """
    if item.path.relative_to(_HERE).parts[0] not in _AT_THE_RIM:
        return (yield)
    here, in_new_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(here)
        threading.settrace(in_new_threads)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An interpreter that has imported ``mailer`` already."""
    with warm_python(tmp_path_factory.mktemp("warm")) as program:
        yield str(program)


@pytest.fixture
def unused_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
