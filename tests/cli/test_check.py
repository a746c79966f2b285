"""``mailer check``: for people, for programs, for a code host; mended and accepted."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.cli.editing.findings import _github
from mailer.errors import ConfigError, GuardError, NotFoundError
from mailer.rendering.theme import contrast
from tests.cli.conftest import Command, said
from tests.fakes.spamd import answer, spamd

Make = Callable[..., Command]


@pytest.fixture
def mailer(workspace: Make) -> Command:
    return workspace("presse")


def manuscript(mailer: Command) -> Path:
    (file,) = mailer.folder.glob("editions/le-meridien/*/index.md")
    return file


def spoil(mailer: Command, *lines: str) -> None:
    file = manuscript(mailer)
    text = file.read_text("utf-8") + "\n" + "\n\n".join(lines) + "\n"
    file.write_text(text, encoding="utf-8")


def report(mailer: Command, *words: str) -> dict[str, object]:
    done = mailer("check", "118", "--json", *words)
    (edition,) = json.loads(done.stdout)["editions"]
    return edition | {"exit_code": done.exit_code}


def test_a_clean_edition_says_so(mailer: Command) -> None:
    """Title, folder, sizes and counts; exit code 0."""
    done = mailer("check", "118")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("118 · Les ports se cherchent un cerveau")
    assert "editions/le-meridien/2026-03-14-ports" in done.stdout
    assert re.search(r"variant +html +of 102 KB +text +links +images", done.stdout)
    assert lines[-1] == "0 errors, 0 warnings."


async def test_a_spam_filter_says_what_it_thinks(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each variant; it blocks nothing, whatever it says, and has to be named."""
    refused = mailer("check", "118", "--spam")
    assert "no spam filter is named" in str(said(refused))
    async with spamd(answer(score=7.5)) as fake:
        monkeypatch.setenv("MAILER_CHECKS__SPAMD", fake.where)
        told = await asyncio.to_thread(mailer, "check", "118", "--spam")
    assert told.exit_code == 0
    assert "SpamAssassin, free: 7.5 of 5 points" in told.stdout
    assert "2.0  MISSING_MID" in told.stdout
    assert len(fake.judged) == 2
    silent = await asyncio.to_thread(report, mailer, "--spam")
    assert [(each["variant"], each["is_spam"]) for each in silent["spam"]] == [
        ("free", False),
        ("member", False),
    ]
    assert fake.where in silent["spam"][0]["fault"]
    assert silent["exit_code"] == 0


def test_findings_fit_into_eighty_columns(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places and rules are never cut; words make room."""
    monkeypatch.setenv("COLUMNS", "80")
    spoil(mailer, "la panne,la grève", "Samedi 15 mars, TODO.")
    done = mailer("check", "118")
    assert done.exit_code == 1
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in ("index.md:", "date-weekday", "placeholder-left", "typo-space"):
        assert words in done.stdout
    assert "2 errors, 1 warning. 1 can be fixed with mailer check 118 --fix." in (
        done.stdout
    )


def test_a_program_reads_every_field(mailer: Command) -> None:
    """Schema 1, as docs/checks.md has it."""
    spoil(mailer, "la panne,la grève")
    found = report(mailer)
    assert (found["errors"], found["warnings"], found["fixable"]) == (0, 1, 1)
    (finding,) = found["findings"]
    text = manuscript(mailer).read_text("utf-8").splitlines()
    assert finding == {
        "rule": "typo-space",
        "severity": "warning",
        "file": "index.md",
        "path": "editions/le-meridien/2026-03-14-ports/index.md",
        "line": len(text),
        "column": 9,
        "message": "a space is missing after the comma: “panne,la”",
        "hint": "",
        "fixable": True,
        "accepted_by": "",
    }
    fields = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
    for name in (*found.keys() - {"exit_code"}, *finding, *found["variants"][0]):
        assert f"`{name}`" in fields


def test_a_code_host_reads_commands(mailer: Command) -> None:
    """One line a finding, its file relative to the workspace, nothing unescaped."""
    spoil(mailer, "la panne,la grève", "100 % TODO")
    done = mailer("check", "118", "--format", "github")
    first, second = done.stdout.splitlines()
    place = "file=editions/le-meridien/2026-03-14-ports/index.md,line="
    assert first.startswith(f"::warning {place}")
    assert re.search(r",col=9,title=typo-space::a space", first)
    assert second.startswith(f"::error {place}")


def test_a_command_ends_where_it_should(mailer: Command) -> None:
    """Per cent, line ends, colons and commas do not end a command early."""
    from mailer.cli.editing.findings import Checked
    from mailer.errors import Finding, Severity

    finding = Finding(
        rule="a-b",
        severity=Severity.ERROR,
        message="50 %\nmore: a, b",
        file="x,y:z.md",
        line=3,
    )
    checked = Checked(name="x", folder=Path("e"), root=mailer.folder, findings=())
    assert _github(checked, finding) == (
        "::error file=e/x%2Cy%3Az.md,line=3,title=a-b::50 %25%0Amore: a, b"
    )


def test_an_edition_that_cannot_be_read_is_reported_alike(mailer: Command) -> None:
    """Its faults are findings in every format, and others are still checked."""
    spoil(mailer, "<b>non</b>")
    done = mailer("check", "118", "118", "--json")
    assert done.exit_code == 1
    one, two = json.loads(done.stdout)["editions"]
    assert one == two
    assert {f["rule"] for f in one["findings"]} == {"html-raw"}
    assert one["path"] == "editions/le-meridien/2026-03-14-ports"
    assert "2 errors, 0 warnings." in mailer("check", "118").stdout


def test_warnings_fail_when_asked_to(mailer: Command) -> None:
    """--strict is for who wants no warning at all."""
    spoil(mailer, "la panne,la grève")
    assert report(mailer)["exit_code"] == 0
    assert report(mailer, "--strict")["exit_code"] == 1


def test_what_is_safe_is_mended_and_told(mailer: Command) -> None:
    """The file is mended, looked at again, and left alone the second time."""
    spoil(mailer, "la panne,la  grève", "Un TODO,hélas")
    done = mailer("check", "118", "--fix")
    assert "2026-03-14-ports/index.md: 3 fixed" in done.stderr
    assert done.exit_code == 1
    assert "1 error, 0 warnings." in done.stdout
    text = manuscript(mailer).read_bytes()
    assert text.endswith("la panne, la grève\n\nUn TODO, hélas\n".encode())
    assert "Nothing to fix." in mailer("check", "118", "--fix").stderr
    assert manuscript(mailer).read_bytes() == text


def test_an_error_is_accepted_by_somebody(mailer: Command) -> None:
    """It is shown, with who took it upon themselves, and does not block."""
    spoil(mailer, "TODO")
    found = report(mailer, "--accept", "placeholder-left", "--by", "claire")
    assert (found["exit_code"], found["errors"]) == (0, 0)
    assert [f["accepted_by"] for f in found["findings"]] == ["claire"]
    shown = mailer("check", "118", "--accept", "placeholder-left", "--by", "claire")
    assert "accepted by claire" in " ".join(shown.stdout.split())
    assert "0 errors, 0 warnings, 1 accepted." in shown.stdout


def test_who_is_logged_in_accepts_unless_told(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is recorded always."""
    monkeypatch.setenv("LOGNAME", "marc")
    spoil(mailer, "TODO")
    found = report(mailer, "--accept", "placeholder-left")
    assert [f["accepted_by"] for f in found["findings"]] == ["marc"]


@pytest.mark.parametrize("rule", ["paywall-leak", "unsubscribe-missing", "html-raw"])
def test_a_promise_to_readers_is_not_accepted_away(mailer: Command, rule: str) -> None:
    """What would break it, or cannot even be rendered, nobody can accept."""
    error = said(mailer("check", "118", "--accept", rule))
    assert isinstance(error, GuardError)
    assert error.hint == f"mailer check --explain {rule}"


def test_a_rule_that_is_none_is_told(mailer: Command) -> None:
    """A slip in a rule's name accepts nothing in silence."""
    for words in (("118", "--accept", "date-pst"), ("--explain", "date-pst")):
        error = said(mailer("check", *words))
        assert isinstance(error, NotFoundError)
        assert error.hint == "did you mean date-past?"


def test_a_rule_is_explained(mailer: Command) -> None:
    """Why it is there, how to mend what it finds, what may be accepted."""
    told = mailer("check", "--explain", "date-past").stdout
    assert told.startswith("date-past: The edition is dated in the past.\n")
    for words in ("To mend it:", "Poor:", "Good:", "--accept date-past --by NAME"):
        assert words in told
    assert "nobody can accept it" in mailer("check", "--explain", "html-raw").stdout


def test_the_plan_names_who_accepted_what(mailer: Command) -> None:
    """An error blocks sending until somebody accepts it; the plan says who."""
    spoil(mailer, "TODO")
    refused = mailer("send", "118", "--dry-run")
    assert refused.exit_code != 0
    assert "placeholder-left" in {f.rule for f in said(refused).findings}
    done = mailer(
        "send", "118", "--dry-run", "--accept", "placeholder-left", "--by", "claire"
    )
    assert done.exit_code == 0, done.output
    assert "accepted: placeholder-left by claire" in " ".join(done.stderr.split())


def test_a_faint_colour_of_an_edition_is_told_with_one_that_can_be_read(
    mailer: Command,
) -> None:
    """At its line, with the ratio; the edition can still be looked at."""
    file = manuscript(mailer)
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("---\n", '---\ntheme: {accent: "#f2e9c9"}\n', 1), encoding="utf-8"
    )
    found = report(mailer)
    faint = [f for f in found["findings"] if f["rule"] == "contrast"]
    assert {(f["line"], f["column"], f["severity"]) for f in faint} == {
        (2, 1, "warning")
    }
    assert found["exit_code"] == 0
    assert "(light) has a contrast of 1.02, 4.5 is needed" in faint[0]["message"]
    offered = [
        f["hint"].rpartition(" ")[2]
        for f in faint
        if f["hint"].startswith("the nearest accent that can be read there (light): #")
    ]
    darkest = max(offered, key=lambda color: contrast(color, "#ffffff"))
    file.write_text(
        text.replace("---\n", f'---\ntheme: {{accent: "{darkest}"}}\n', 1),
        encoding="utf-8",
    )
    assert not [f for f in report(mailer)["findings"] if "(light)" in f["message"]]


@pytest.mark.parametrize(
    ("token", "message", "hint"),
    [
        ('accent = "#f2e9c9"', "tokens.accent: accent #f2e9c9 on ", "nearest accent"),
        ('acent = "#aa0000"', "has no colour acent", "did you mean accent?"),
    ],
)
def test_a_colour_of_the_settings_is_refused_at_its_key(
    mailer: Command, token: str, message: str, hint: str
) -> None:
    """It concerns every edition: nothing is rendered with it."""
    file = mailer.folder / "config" / "mailer.toml"
    text = file.read_text("utf-8") + f"\n[publications.le-meridien.tokens]\n{token}\n"
    file.write_text(text, encoding="utf-8")
    error = said(mailer("check", "118"))
    assert isinstance(error, ConfigError)
    assert (Path(error.file).name, error.line) == ("mailer.toml", text.count("\n"))
    assert message in error.message
    assert hint in error.hint


def test_a_media_folder_that_takes_nothing_is_no_fault_of_the_edition(
    mailer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error about the folder, with the way out; no page of findings."""
    blocked = mailer.folder.parent / "media"
    blocked.write_text("in the way")
    monkeypatch.setenv("MAILER_SITE__PUBLIC_URL", "https://x.example")
    monkeypatch.setenv("MAILER_STORAGE__MEDIA", str(blocked))
    for words in (["check", "118"], ["send", "118", "--dry-run"]):
        error = said(mailer(*words))
        assert (type(error), error.exit_code) == (ConfigError, 78)
        assert str(blocked) in error.message
        assert "[storage] media" in error.hint
    assert blocked.read_text() == "in the way"
