"""The support data that ship, made slim: ``make caniemail`` fetches the npm package.

``python -m tests.checks.caniemail PACKAGE.tgz`` rewrites templates/checks/caniemail.json
from it; without a package only the baselines of our themes are made anew.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from mailer.rendering.checks.support import features_of
from mailer.workspace.gallery import NAMES, Gallery

TEMPLATES = Path(__file__).parents[2] / "templates"
DATA = TEMPLATES / "checks" / "caniemail.json"
BASELINES = TEMPLATES / "checks" / "baselines.json"
THEMES = ("presse", "pop", "texte")


def slim(full: dict[str, Any], *, version: str) -> dict[str, object]:
    """Every feature, and where its latest test says that it is not known."""
    clients = {client for feature in full["data"] for client in feature["stats"]}
    return {
        "source": f"caniemail {version}, https://www.caniemail.com",
        "licence": "MIT, copyright (c) Rémi Parmentier",
        "dated": full["last_update_date"][:10],
        "clients": sorted(clients),
        "features": {
            feature["slug"]: {
                "title": feature["title"],
                "lacking": {
                    client: platforms
                    for client, stats in sorted(feature["stats"].items())
                    if (platforms := _lacking(stats))
                },
            }
            for feature in full["data"]
        },
    }


def _lacking(stats: dict[str, dict[str, str]]) -> list[str]:
    """The platforms whose latest version says no."""
    return sorted(
        platform
        for platform, versions in stats.items()
        if versions and list(versions.values())[-1].startswith("n")
    )


def baselines() -> dict[str, list[str]]:
    """What the gallery of each of our themes uses."""
    found = {}
    with tempfile.TemporaryDirectory() as media:
        for theme in THEMES:
            gallery = Gallery(theme, templates=[TEMPLATES], media=Path(media))
            used: set[str] = set()
            for name in NAMES:
                for rendering in gallery.frozen(name).renderings:
                    if rendering.variant.is_mail:
                        used |= features_of(rendering.html)
            found[theme] = sorted(used & known())
    return found


def known() -> set[str]:
    """The features that the data name."""
    return set(json.loads(DATA.read_text("utf-8"))["features"])


def _write(path: Path, value: object) -> None:
    path.write_text(
        json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        with tarfile.open(sys.argv[1]) as package:

            def read(name: str) -> Any:
                member = package.extractfile(f"package/{name}")
                return json.load(member) if member else {}

            version = read("package.json")["version"]
            _write(DATA, slim(read("data/caniemail.json"), version=version))
    _write(BASELINES, baselines())
