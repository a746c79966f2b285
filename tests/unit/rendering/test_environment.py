"""What templates are given, and what they are told when they are wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

from mailer.edition.model import Variant
from mailer.errors import ThemeError
from mailer.rendering.environment import environment, template
from mailer.workspace.cache import FolderCache
from tests.fakes import specimen


def env(text: str, *, channel: str = "mjml", **changed: object) -> jinja2.Environment:
    scene = specimen.scene(**changed)
    theme = replace(scene.theme, templates={"a.j2": text})
    scene = replace(scene, theme=theme)
    return environment(
        specimen.edition(), Variant.FREE, scene, channel=channel, filters={}
    )


def shown(text: str, *, channel: str = "mjml", **values: object) -> str:
    return template(env(text, channel=channel), "a.j2").render(**values)


def test_words_are_escaped_in_mail_and_not_in_text() -> None:
    """An ampersand is one in HTML and one in plain text."""
    assert shown("{{ x }}", x="a & <b>") == "a &amp; &lt;b&gt;"
    assert shown("{{ x }}", channel="txt", x="a & <b>") == "a & <b>"


def test_a_template_is_compiled_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And apart for mail and text, which differ in what they escape."""
    text = "{{ x }} kept"
    for _ in "an", "other":
        monkeypatch.setattr("mailer.rendering.compiled._COMPILED", {})
        for channel, said in (("mjml", "&amp; kept"), ("txt", "& kept")):
            made = env(text, channel=channel, cache=FolderCache(tmp_path))
            assert template(made, "a.j2").render(x="&") == said
        monkeypatch.delattr("jinja2.Environment._parse", raising=False)


def test_a_sentence_is_said_in_the_reader_s_language() -> None:
    """With its values filled in; unknown to the catalogue, it stays English."""
    assert shown('{{ _("Unsubscribe") }}') == "Se désabonner"
    assert shown('{{ _("No. {number}", number=3) }}') == "N°\u00a03"
    assert shown('{{ _("Nobody translated this") }}') == "Nobody translated this"


def test_the_welcome_is_dated_by_us() -> None:
    """The date of the edition, never one that was typed last week."""
    assert shown("{{ welcome }}") == "Vous lisez Le Méridien du samedi 14 mars 2026."


@pytest.mark.parametrize("welcome", ["{nom}", "{}", "{0}"])
def test_a_slip_in_the_welcome_names_the_file(welcome) -> None:
    """The operator is told where, and what may be asked for."""
    publication = specimen.publication(welcome=welcome)
    with pytest.raises(ThemeError, match=r"config/mailer\.toml: welcome"):
        env("", publication=publication)


def test_braces_of_a_welcome_that_ask_for_nothing_stay() -> None:
    """It is words: only what is asked for by name is filled in."""
    publication = specimen.publication(welcome="{ {{ name }} de {name} }")
    made = env("{{ welcome }}", publication=publication).get_template("a.j2").render()
    assert made == "{ {{ name }} de Le Méridien }"


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("été", "Été"),
        ("« été »", "« Été »"),
        ("12 €", "12 €"),
        (Markup("a &amp; b"), "A &amp; b"),
        (Markup("<b>a</b>"), "<b>a</b>"),
        (Markup("&amp; b"), "&amp; b"),
        (Markup("&#34;b"), "&#34;B"),
        ("{{ name }}, lis", "{{ name }}, lis"),
        ("", ""),
    ],
)
def test_a_capital_begins_what_follows_a_label(text, raised) -> None:
    """Words after a run-in label stand alone in a panel; markup is left alone."""
    assert shown("{{ x|capfirst }}", x=text) == raised


def test_a_template_that_cannot_be_read_is_named_with_its_line() -> None:
    """A theme's author is told file and line."""
    with pytest.raises(ThemeError, match=r"a\.j2:2"):
        shown("fine\n{% if %}")
    with pytest.raises(ThemeError, match=r"b\.j2.*no template"):
        template(env(""), "b.j2")


def test_the_same_name_in_another_theme_is_another_template() -> None:
    """What is kept compiled is known by its text."""
    assert shown("one") == "one"
    assert shown("two") == "two"
    assert shown("one") == "one"


def test_a_template_reaches_nothing_it_was_not_given() -> None:
    """Themes come from a workspace: they are looked at, not trusted."""
    with pytest.raises(jinja2.exceptions.SecurityError):
        shown("{{ edition.__class__.__mro__ }}")
    with pytest.raises(jinja2.UndefinedError):
        shown("{{ nothing }}")
