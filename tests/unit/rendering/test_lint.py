"""The linter for themes' MJML."""

from __future__ import annotations

import pytest

from mailer.rendering.lint import lint
from tests.fakes import specimen


def found(text: str) -> list[str]:
    return [str(finding) for finding in lint({"a.mjml.j2": text, "b.txt.j2": "<mj-x>"})]


@pytest.mark.parametrize("name", ["presse", "pop", "texte"])
def test_the_shipped_themes_are_clean(name) -> None:
    """Every element known, in its place, and told only what mrml hears."""
    assert list(lint(specimen.scene(name).theme.templates)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{# x #}\n<mj-txt>a</mj-txt>",
            "a.mjml.j2:2: unknown or unwanted element <mj-txt>",
        ),
        (
            '\n\n<mj-text colour="red">a</mj-text>',
            "a.mjml.j2:3: <mj-text> takes no colour",
        ),
        (
            "<mj-section><mj-text>a</mj-text></mj-section>",
            "cannot stand in <mj-section>",
        ),
        ('<mj-image src="{{ x }}" />', "<mj-image> needs alt"),
        ("<mj-text>a</mj-column></mj-text>", "</mj-column> closes what was not opened"),
        ("<mj-text><script>a</script></mj-text>", "<script> does not work in mail"),
        ("<mj-image title='{{ a > b }}' alt='' />", "<mj-image> takes no title"),
    ],
)
def test_a_slip_is_named_with_template_and_line(text, said) -> None:
    """What mrml would swallow is told where it was written."""
    assert any(said in line for line in found(text)), found(text)


def test_what_a_macro_brings_has_the_place_of_its_caller() -> None:
    """Templates may be cut up as one likes."""
    text = (
        '{% macro card(x) %}<mj-section><mj-column css-class="{{ x }}">{{ caller() }}'
        "</mj-column></mj-section>{% endmacro %}"
        "<mj-body>{% call card('a') %}<mj-text{% if a > b %} align=\"left\"{% endif %}>"
        "x</mj-text>{% endcall %}</mj-body>"
    )
    assert found(text) == []
