"""What is installed works without a checkout."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from here and installed in a fresh virtual environment.

    Its dependencies are those of this environment: they are not what is tested.
    """
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "-w",
            place,
            ROOT,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("mailer_daemon-*.whl")
    home = place / "venv"
    venv.create(home, with_pip=False)
    (packages,) = home.glob("lib/python*/site-packages")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--target", str(packages), str(wheel)),
        ],
        check=True,
        capture_output=True,
    )
    outside = [path for path in site.getsitepackages() if Path(path).is_dir()]
    # After the wheel's own folder, so that the wheel wins over any checkout.
    (packages / "dependencies.pth").write_text("\n".join(outside), encoding="utf-8")
    return home / "bin" / "python"


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "mailer", *words],
        cwd=folder,
        env={**os.environ, "XDG_DATA_HOME": str(folder / "data"), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installed_mailer_works_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    """Templates and the manual travel in the wheel: init, check and render need no more."""
    asked = "import mailer, mailer.config.places as l; print(mailer.__file__, l.shipped('config'))"
    done = subprocess.run(
        [installed, "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    package, manual = done.stdout.split()
    assert Path(package).is_relative_to(installed.parents[1])
    assert (Path(manual) / "mailer.toml").is_file()
    assert run(installed, tmp_path, "--version").stdout.startswith("mailer ")
    for theme in ("presse", "pop", "texte"):
        made = run(installed, tmp_path, "init", theme, "--theme", theme)
        assert made.returncode == 0, made.stderr
        checked = run(installed, tmp_path, "-C", theme, "check", "next")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        done = run(
            installed, tmp_path, "-C", theme, "render", "next", "--all", "-o", "out"
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "web.html").stat().st_size > 5_000


def test_everything_under_templates_travels(installed: Path) -> None:
    """What a checkout has, an installed mailer has too, byte for byte."""
    (shipped,) = installed.parents[1].glob("lib/python*/site-packages/mailer/_shipped")
    for name in ("templates", "config"):
        ours, theirs = (_files(folder / name) for folder in (ROOT, shipped))
        assert ours.keys() - theirs.keys() == set()
        assert [path for path in ours if ours[path] != theirs[path]] == []


def test_an_installed_mailer_begins_editions_shows_themes_and_makes_keys(
    installed: Path, tmp_path: Path
) -> None:
    """Skeletons, the gallery and signing need nothing of a checkout either."""

    def done(*words: str) -> str:
        found = run(installed, tmp_path, *words)
        assert found.returncode == 0, (words, found.stdout, found.stderr)
        return found.stdout

    done("init", "ws", "--theme", "presse")
    here = ("-C", "ws")
    new = done(*here, "new", "Une nuit au port", "--publication", "le-meridien")
    assert "une-nuit-au-port" in new
    checked = run(installed, tmp_path, *here, "check", "le-meridien/une-nuit-au-port")
    assert checked.returncode == 1, "every gap of it says TODO"
    assert "TODO" in checked.stdout
    done(*here, "gallery", "texte", "-o", "gallery")
    assert list((tmp_path / "gallery").rglob("*.html"))
    assert "v=DKIM1" in done(*here, "dkim", "new", "meridien.example")
    french = subprocess.run(
        [installed, "-m", "mailer", *here, "check", "next"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "", "LC_ALL": "fr_FR.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0 erreur" in french.stdout, french.stdout + french.stderr


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
