"""What an edition or a configuration need not hear: warnings that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import ConfigError
from mailer.rendering.checks.rule import Sample
from tests.checks.workbench import HEAD, findings

SLIP = "la panne,la grève"
IGNORING = HEAD.replace("number: 118", "number: 118\nchecks: {ignore: [%s]}")


def said(sample: Sample, root: Path) -> set[str]:
    return {f.rule for f in findings(sample, root)}


def test_a_warning_is_ignored_by_an_edition(tmp_path: Path) -> None:
    """An edition that knows better does not hear it again."""
    assert "typo-space" in said(Sample(edition=SLIP), tmp_path / "a")
    edition = IGNORING % "typo-space" + SLIP
    assert said(Sample(edition=edition), tmp_path / "b") == set()


def test_a_warning_is_ignored_by_a_configuration(tmp_path: Path) -> None:
    """A house that knows better does not hear it at all."""
    config = '[checks]\nignore = ["typo-space"]\n'
    assert said(Sample(edition=SLIP, config=config), tmp_path) == set()


@pytest.mark.parametrize("name", ["date-past", "typo-spaces"])
def test_an_error_and_a_stranger_cannot_be_ignored(name: str, tmp_path: Path) -> None:
    """What blocks is accepted by somebody, not ignored by a file."""
    edition = IGNORING % name + "Un quai."
    assert said(Sample(edition=edition), tmp_path / "a") == {"meta-value"}
    config = f'[checks]\nignore = ["{name}"]\n'
    with pytest.raises(ConfigError, match=f"ignore: .*{name}"):
        said(Sample(edition="Un quai.", config=config), tmp_path / "b")


def test_the_limits_of_the_configuration_hold(tmp_path: Path) -> None:
    """What is too big for this house is said with its own numbers."""
    config = "[checks]\nwarn_html_kb = 1\nmax_html_kb = 2\n"
    assert said(Sample(edition="Un quai.", config=config), tmp_path) == {"html-too-big"}
