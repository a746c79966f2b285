"""The terminal speaks the language of its locale; programs are answered in English."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailer.cli.invocation import Voice
from mailer.cli.speech import Speech, language_of
from mailer.cli.vocabulary import ledger_reason
from mailer.errors import (
    EditionError,
    Finding,
    NotFoundError,
    RelayError,
    Severity,
    StoreError,
)
from mailer.phrases import say
from tests.cli.conftest import Command

FRENCH = Speech(lang="fr")


@pytest.mark.parametrize(
    ("kept", "french"),
    [
        (
            "no such recipient: 550 5.1.1 5: a {reply}",
            "ce destinataire n’existe pas\u00a0: 550 5.1.1 5: a {reply}",
        ),
        ("the sender died while handing over", "l’envoi s’est interrompu à la remise"),
        ("somebody's own words", "somebody's own words"),
        ("", ""),
    ],
)
def test_our_part_of_a_reason_is_translated(kept: str, french: str) -> None:
    """The ledger keeps English; what the relay said is left as it is."""
    assert FRENCH.said(ledger_reason(kept)) == french
    assert ledger_reason(kept) == kept


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "fr_CA@euro"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LC_MESSAGES": "fr_FR", "LANG": "en_US.UTF-8"}, "fr"),
        ({"LC_ALL": "C.UTF-8", "LC_MESSAGES": "fr_FR", "LANG": "fr_FR"}, "en"),
        ({"LC_ALL": "", "LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LC_CTYPE": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:fr:en"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "en_GB:fr"}, "en"),
        ({"LC_ALL": "C", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "POSIX", "LANGUAGE": "fr"}, "en"),
    ],
)
def test_the_locale_chooses(environ: dict[str, str], lang: str) -> None:
    """LC_ALL, LC_MESSAGES, LANG, in this order; LANGUAGE where there is a locale."""
    assert language_of(environ) == lang


def test_an_error_is_said_with_its_place_and_way_out() -> None:
    """Whichever branch of the tree it belongs to."""
    error = NotFoundError(
        say("no subscriber {email}", email="a@b.example"),
        file="readers.csv",
        line=3,
        hint="mailer subscribers list",
    )
    assert FRENCH.error(error) == (
        "erreur\u00a0: readers.csv:3: aucun abonnement pour a@b.example\n"
        "  mailer subscribers list"
    )
    refused = RelayError(say("no relay is configured"), relay="principal")
    assert FRENCH.error(refused) == (
        "erreur\u00a0: relais principal\u00a0: aucun relais n’est configuré"
    )
    locked = StoreError(say("the database said: {error}", error="locked"))
    assert FRENCH.error(locked) == "erreur\u00a0: la base a répondu\u00a0: locked"


def test_every_finding_has_its_line() -> None:
    """And the end counts them."""
    finding = Finding(
        rule="image-alt",
        severity=Severity.ERROR,
        message=say("picture has no alt text"),
        file="index.md",
        line=14,
        hint=say("![what one sees](file.jpg)"),
    )
    assert FRENCH.error(EditionError((finding, finding))).splitlines() == [
        "index.md:14: l’image n’a pas de texte de remplacement"
        " (![ce que l’on voit](fichier.jpg))",
    ] * 2 + ["2 erreurs, rien n’a été changé."]


@pytest.fixture
def french(
    workspace: Callable[[str], Command], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """A workspace in a French terminal."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    return workspace("presse")


def test_a_check_is_read_in_french(french: Command) -> None:
    """Findings, table and balance."""
    output = french("check", "next").output
    assert "0 erreur, " in output
    assert "variante" in output
    assert "\u00a0ko" in output


def test_programs_read_english_whatever_the_locale(french: Command) -> None:
    """JSON is an interface."""
    found = json.loads(french("check", "next", "--json").stdout)
    messages = [f["message"] for f in found["editions"][0]["findings"]]
    assert not [text for text in messages if "\u00a0" in text]
    help_text = french("check", "--help").output
    assert "Say what is wrong with editions" in help_text


def test_a_workspace_may_say_it_otherwise(french: Command) -> None:
    """Its catalogue wins, in the terminal too; a broken one silences nobody."""
    locale = french.folder / "templates" / "locale"
    locale.mkdir(parents=True)
    file = locale / "fr.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    file.write_text(head + 'msgid "variant"\nmsgstr "mouture"\n', "utf-8")
    assert "mouture" in french("check", "next").output
    assert Speech(lang="fr", folders=(locale.parent,)).said(say("variant")) == "mouture"
    file.write_bytes(b"\xff")
    assert Speech(lang="fr", folders=(locale.parent,)).said(say("variant")) == (
        "variante"
    )


def test_no_number_of_a_run_is_cut_at_eighty_columns(monkeypatch) -> None:
    """French words are longer; the table holds all the same."""
    monkeypatch.setenv("COLUMNS", "80")
    from rich.console import Console

    from mailer.cli.invocation import Invocation
    from mailer.cli.sending.screen import runs_table
    from mailer.delivery.report import Tally
    from mailer.flows.ports import Run, RunState

    call = Invocation(folder=Path(), speech=Speech(lang="fr"))
    call.__dict__["house"] = SimpleNamespace(zone=UTC)
    run = Run(
        id=1,
        name="le-meridien-118-1",
        edition="le-meridien/118",
        publication="le-meridien",
        title="Les ports se cherchent un cerveau",
        sha256="0" * 64,
        state=RunState.SENDING,
        started=datetime(2026, 11, 28, 7, 0, tzinfo=UTC),
    )
    tally = Tally(audience=123_456, accepted=123_456)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(runs_table(call, [(run, tally)]))
    assert "…" not in capture.get()
    assert "28/11 07:00" in capture.get()
    assert "123\u202f456" in capture.get()


def test_a_rule_is_explained_in_french(french: Command) -> None:
    """What it is, why, and how to mend; its samples are as one types them."""
    output = french("check", "--explain", "image-alt").output
    assert "image-alt\u00a0: Une image n’a pas de mots pour la remplacer." in output
    assert "Pour corriger\u00a0: Écrivez entre les crochets ce que l’on voit." in output
    assert "Mauvais\u00a0:" in output


def test_wrong_settings_are_told_in_french(french: Command) -> None:
    """Every one of them, at its line; what a library says stays in its words."""
    file = french.folder / "config" / "mailer.toml"
    text = file.read_text("utf-8")

    file.write_text(text + '\n[send]\ngrace = "soon"\nratez = 3\n', "utf-8")
    result = french("config", "path")
    told = FRENCH.error(result.exception)
    assert "clé inconnue" in told
    assert "’soon’ n’est pas une durée" in told.replace("'", "’")
    assert "(trouvé\u00a0: " in told


def test_a_terminal_breaks_no_line_before_a_colon(capsys) -> None:
    """No-break spaces hold; commands to be copied stay on one line."""
    voice = Voice(FRENCH, no_color=True)
    voice._force_terminal = True
    voice.width = 20
    voice.tell(
        "Le sondage est fini\u00a0: regardez ceci\n  mailer -C ici check next --fix"
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == [
        "Le sondage est",
        "fini\u00a0: regardez ceci",
        "  mailer -C ici check next --fix",
    ]
