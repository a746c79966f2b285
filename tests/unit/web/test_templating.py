"""How templates of pages are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.language import ENGLISH
from mailer.web.templating import page_templates
from mailer.workspace.cache import FolderCache


def test_a_page_is_compiled_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again when its text is another."""
    file, cache = tmp_path / "page.html.j2", FolderCache(tmp_path / "cache")

    def shown() -> str:
        monkeypatch.setattr("mailer.rendering.compiled._COMPILED", {})
        pages = page_templates([tmp_path], ENGLISH, cache=cache)
        return pages.get_template(file.name).render(x="<b>")

    file.write_text("{{ x }} kept", encoding="utf-8")
    assert shown() == "&lt;b&gt; kept"
    with monkeypatch.context() as nobody_parses:
        nobody_parses.delattr("jinja2.Environment._parse")
        assert shown() == "&lt;b&gt; kept"
    file.write_text("{{ x }} changed", encoding="utf-8")
    assert shown() == "&lt;b&gt; changed"
