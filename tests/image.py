"""The image without Docker: the lines of config/Dockerfile run by hand, then the service.

    python -m tests.image BASE [FOLDER]

BASE is the root of a Debian with Python (``debootstrap --variant=minbase
--include=python3,python3-venv,python3-pip,ca-certificates bookworm BASE``), in the place
of ``python:3.11-slim``. Each stage is a copy of it; RUN happens in a chroot, COPY takes
what .dockerignore leaves. What comes out is started as Docker would with ``--read-only
--cap-drop ALL``: by bubblewrap, as the USER, with nothing to write to but the VOLUMEs and
/tmp. The HEALTHCHECK must say yes while it runs and no afterwards, and STOPSIGNAL end it
with code 0. Needs root, and the network for pip and apt.
"""

# ruff: noqa: S607, T201 - a program for root, which names other programs
from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "config" / "Dockerfile"
PATIENCE_SECONDS = 60.0
_NETWORK = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt")
"""How the builder reaches pip's and apt's sources: as this machine does."""


@dataclass
class Stage:
    """A root file system, and what the image says about running it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    stop: signal.Signals = signal.SIGTERM


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction with its argument; comments left out, long lines joined."""
    whole = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(str.strip, whole.splitlines()):
        name, _, argument = line.partition(" ")
        yield name, argument.strip()


def context(ignore: str, root: Path = ROOT) -> list[Path]:
    """What is sent to the builder: the last line of .dockerignore that fits decides."""
    rules = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    taken = []
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if name not in {".venv", ".git"}]
        for file in files:
            path = (Path(folder) / file).relative_to(root)
            heads = ["/".join(path.parts[:n]) for n in range(1, len(path.parts) + 1)]
            out = False
            for rule in rules:
                pattern = rule.removeprefix("!")
                # **/ stands for any folders, or none.
                anywhere = pattern.startswith("**/")
                names = path.parts if anywhere else heads
                if any(_fits(name, pattern.removeprefix("**/")) for name in names):
                    out = not rule.startswith("!")
            if not out:
                taken.append(path)
    return taken


def _fits(name: str, pattern: str) -> bool:
    """As Docker has it: a star does not reach over a slash."""
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def build(base: Path, folder: Path) -> Stage:  # noqa: C901 - one case each
    """Do every instruction; the last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    sent = context((ROOT / ".dockerignore").read_text("utf-8"))
    for name, argument in instructions(DOCKERFILE.read_text("utf-8")):
        print(f"{name} {argument}"[:100], flush=True)
        match name:
            case "ARG":
                pass
            case "FROM":
                _, _, alias = argument.partition(" AS ")
                stage = Stage(folder / (alias or "image"))
                stages[alias or "image"] = stage
                subprocess.run(["cp", "-a", base, stage.root], check=True)
                for file in _NETWORK:
                    shutil.copy(file, stage.root / file.lstrip("/"))
            case "COPY":
                copy(argument.split(), stage, stages, sent)
            case "RUN":
                run(argument, stage)
            case "ENV":
                stage.env |= dict(pair.split("=", 1) for pair in argument.split())
            case "WORKDIR":
                stage.workdir = argument
                (stage.root / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                stage.user = argument
            case "VOLUME":
                stage.volumes += argument.split()
            case "STOPSIGNAL":
                stage.stop = signal.Signals[argument]
            case "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                stage.words[name] = json.loads(argument[argument.index("[") :])
            case "EXPOSE":
                pass
            case other:
                sys.exit(f"{other} is not known here")
    return stage


def copy(
    words: list[str], stage: Stage, stages: dict[str, Stage], sent: list[Path]
) -> None:
    *sources, target = words
    if sources[0].startswith("--from="):
        origin = stages[sources.pop(0).removeprefix("--from=")].root
        for source in sources:
            to = stage.root / target.lstrip("/")
            subprocess.run(["cp", "-a", origin / source.lstrip("/"), to], check=True)
        return
    into = stage.root / stage.workdir.lstrip("/")
    for source in sources:
        files = [path for path in sent if path.is_relative_to(source)]
        assert files, f"COPY {source}: nothing is sent to the builder"
        for path in files:
            # A folder's contents go into the target, a file to its name.
            inner = path.relative_to(source) if path != Path(source) else path.name
            to = into / target / inner
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, to)


def run(command: str, stage: Stage) -> None:
    usual = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    kept = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
    kept |= {k: v for k, v in os.environ.items() if k == "PIP_CERT"}
    within = f"cd {stage.workdir} && {command}"
    subprocess.run(
        ["chroot", stage.root, "/bin/sh", "-c", within],
        env={**usual, "DEBIAN_FRONTEND": "noninteractive", **kept, **stage.env},
        check=True,
    )


def contained(
    stage: Stage, volumes: dict[str, Path], workspace: Path, *more: str
) -> list[str]:
    """The words that start something in the image as Docker would, read-only."""
    uid, _, gid = stage.user.partition(":")
    words = ["bwrap", "--ro-bind", str(stage.root), "/", "--proc", "/proc"]
    words += ["--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - the image's own
    words += ["--ro-bind", str(workspace), stage.workdir, "--chdir", stage.workdir]
    for volume, place in volumes.items():
        words += ["--bind", str(place), volume]
    words += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--clearenv"]
    for key, value in stage.env.items():
        words += ["--setenv", key, value]
    return [
        *(*words, "--die-with-parent", "--as-pid-1", *more, "--", "setpriv"),
        *(f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *("--bounding-set=-all", "--no-new-privs", *stage.words["ENTRYPOINT"]),
    ]


class Container:
    """The image at work on volumes of its own."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._workspace = folder / "workspace"
        self._log = folder / "log"
        home = {**os.environ, "XDG_DATA_HOME": str(folder / "home")}
        init = [sys.executable, "-m", "mailer", "init", str(self._workspace)]
        subprocess.run(init, cwd=ROOT, env=home, check=True, capture_output=True)
        uid, _, gid = stage.user.partition(":")
        self._volumes = {}
        for volume in stage.volumes:
            inside = (stage.root / volume.lstrip("/")).stat()
            assert (inside.st_uid, inside.st_gid) == (int(uid), int(gid)), volume
            place = folder / volume.strip("/")
            place.mkdir(mode=inside.st_mode & 0o7777)
            os.chown(place, int(uid), int(gid))
            self._volumes[volume] = place
        (key,) = (folder / "home").rglob("secret_key")
        shutil.copy(key, self._volumes["/data"])
        os.chown(self._volumes["/data"] / "secret_key", int(uid), int(gid))

    def start(self) -> tuple[subprocess.Popen[bytes], int]:
        """What the image does by itself, and its number outside."""
        told, tells = os.pipe()
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [*self._inside("--info-fd", str(tells)), *self._stage.words["CMD"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[tells],
            )
        os.close(tells)
        with os.fdopen(told) as answer:
            return process, json.load(answer)["child-pid"]

    def said(self) -> str:
        """What it said so far."""
        return self._log.read_text("utf-8", "replace")

    def is_healthy(self) -> bool:
        """What the HEALTHCHECK says, with the image's own words."""
        program, *words = self._stage.words["HEALTHCHECK"]
        assert [program] == self._stage.words["ENTRYPOINT"]
        return self.run(*words).returncode == 0

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command in the image, as ``docker exec`` would run it."""
        return subprocess.run(
            [*self._inside(), *words], capture_output=True, text=True, check=False
        )

    def owners(self) -> set[int]:
        """To whom everything in the volumes belongs."""
        return {
            path.lstat().st_uid
            for place in self._volumes.values()
            for path in place.rglob("*")
        }

    def _inside(self, *more: str) -> list[str]:
        return contained(self._stage, self._volumes, self._workspace, *more)


def prove(container: Container, stage: Stage) -> None:
    """Start it, ask how it is, work beside it, stop it; AssertionError if it fails."""
    assert not container.is_healthy(), "healthy before it runs"
    process, first = container.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not container.is_healthy():
            assert process.poll() is None, container.said()
            assert time.monotonic() < deadline, container.said()
        for words in (
            ("--version",),
            ("check", "next"),
            ("db", "check"),
            ("db", "backup", "/data/backup.db"),
        ):
            done = container.run(*words)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
            print("mailer", *words, "->", done.stdout.strip().splitlines()[-1])
        os.kill(first, stage.stop)
        assert process.wait(PATIENCE_SECONDS) == 0, container.said()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert not container.is_healthy(), "healthy when it is gone"
    assert container.owners() == {int(stage.user.partition(":")[0])}
    print(container.said())


def main(base: Path, folder: Path) -> None:
    """Build, then prove."""
    assert os.geteuid() == 0, "a chroot needs root"
    stage = build(base, folder)
    volumes = folder / "volumes"
    volumes.mkdir()
    prove(Container(stage, volumes), stage)
    print("proven")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory(prefix="mailer-image-") as place:
            main(Path(sys.argv[1]), Path(place))
