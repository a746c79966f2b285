"""A Python that has imported ``mailer`` already: a command costs what it does, not its start.

``warm_python`` gives the path of a program that takes ``-m MODULE …`` and ``-c CODE …``
as ``sys.executable`` does, and leaves whatever else it is asked to that.  Each call is a
process of its own, with its own streams, folder, environment and exit code, forked from
one that imported every module beforehand.

What a test signals, finds by its process id or measures is not for it: the id is that of
a go-between, which takes the process with it when it is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mailer

_GO_BETWEEN = """\
#!{python} -IS
import json, os, signal, socket, sys

if sys.argv[1] not in ("-c", "-m"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"!"], [0, 1, 2])
    asked = [sys.argv[0], sys.argv[1:], os.getcwd(), dict(os.environ)]
    server.sendall(json.dumps(asked).encode() + b"\\n")
    code = int(server.makefile().read())
if code < 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """The path of the program, for as long as the context is open."""
    address, program = str(folder / "warm"), folder / "python"
    program.write_text(_GO_BETWEEN.format(python=sys.executable, address=address))
    program.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(listener.fileno())],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
    try:
        yield program
    finally:
        server.communicate()  # it leaves when its stdin ends


def _serve(listener: socket.socket) -> None:
    """Come back in a new process for each call, as that process; never in this one."""
    for module in pkgutil.walk_packages(mailer.__path__, "mailer."):
        if not module.name.endswith(".__main__") and ".versions." not in module.name:
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # no process writes into pages only to count what all of them share
    calls: list[_Call] = []
    while True:
        ends = [end for call in calls for end in (call.caller, call.alive)]
        ready, _, _ = select.select([listener, sys.stdin, *ends], [], [])
        if sys.stdin in ready:
            os._exit(0)
        for call in calls[:]:
            if call.caller in ready:
                os.kill(call.pid, signal.SIGKILL)  # whoever waits for it is gone
            if call.caller in ready or call.alive in ready:
                call.end()
                calls.remove(call)
        if listener in ready:
            call = _Call(listener.accept()[0])
            if call.pid == 0:
                listener.close()
                for other in calls:
                    other.close()
                return
            calls.append(call)


class _Call:
    """A process that was asked for; in that process itself, ``pid`` is 0."""

    def __init__(self, caller: socket.socket) -> None:
        _, streams, _, _ = socket.recv_fds(caller, 1, 3)
        asked = json.loads(caller.makefile("rb").readline())
        self.caller = caller
        self.alive, only_the_child_has = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.set_inheritable(
                only_the_child_has, True
            )  # it may become another program
            self.close()
            _become(*asked, streams)
        else:
            os.close(only_the_child_has)
        for stream in streams:
            os.close(stream)

    def end(self) -> None:
        """Tell the caller, if it is still there, how the process ended."""
        _, status = os.waitpid(self.pid, 0)
        with contextlib.suppress(BrokenPipeError):
            self.caller.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        self.close()

    def close(self) -> None:
        self.caller.close()
        os.close(self.alive)


def _become(
    program: str,
    words: list[str],
    folder: str,
    environ: dict[str, str],
    streams: list[int],
) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.executable, sys.argv[1:] = program, words


def _run(option: str, what: str, *words: str) -> int:
    """Run it as the interpreter would; its exit code."""
    sys.argv = [option, *words]
    try:
        if option == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(what, {"__name__": "__main__"})  # noqa: S102 - what -c is for
    except SystemExit as left:
        return int(left.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, it ends this process
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    code = _run(*sys.argv[1:])
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code)  # to take apart what every process shares would cost most of all
