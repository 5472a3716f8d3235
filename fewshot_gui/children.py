"""Helper processes of our own: how they are started, and how they talk.

The decode workers and the backbone's engine are this very program in other processes,
with a pipe on either side.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_POLL_SECONDS = 0.05


def child_command(module: str, frozen_option: str) -> tuple[str, ...]:
    """How a module of this package is run as a process; a frozen program starts itself."""
    if getattr(sys, "frozen", False):
        return (sys.executable, frozen_option)
    # -P: a file called PIL.py or torch.py in the current folder must not be imported.
    return (sys.executable, "-P", "-m", module)


def child_environment() -> dict[str, str]:
    """The environment of a child that finds this very package."""
    environment = dict(os.environ)
    if not getattr(sys, "frozen", False):
        package = str(Path(__file__).parents[1])
        # An empty entry would mean the current folder, against which -P is there.
        inherited = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
        environment["PYTHONPATH"] = os.pathsep.join([package, *inherited])
    environment.pop("PYTHONINSPECT", None)
    return environment


def creation_flags() -> int:
    """Windows: no console of its own, and a priority that leaves the window smooth."""
    if sys.platform != "win32":
        return 0
    return subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS


class Child:
    """A process that is told things and answers, both as lines of JSON."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._sink = process.stdin
        self._answers: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._pump, args=(process.stdout,), daemon=True).start()

    def say(self, content: Any) -> None:
        """Tell it something; nothing happens where it has ended."""
        with contextlib.suppress(OSError):  # its end is seen by its silence
            self._sink.write(json.dumps(content).encode() + b"\n")
            self._sink.flush()

    def answers(self) -> Iterator[Any]:
        """What it answers until it ends; None after a short while without an answer."""
        while True:
            try:
                line = self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                yield None
                continue
            if not line:
                return
            yield json.loads(line)

    def _pump(self, stream: BinaryIO) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                self._answers.put(line)
        self._answers.put(b"")


@contextlib.contextmanager
def running_child(
    module: str, frozen_option: str, patience: float, without: tuple[str, ...] = ()
) -> Iterator[Child]:
    """A process that runs a module of this package; closing its pipe asks it to stop.

    Args:
        module, frozen_option: See ``child_command``.
        patience: Seconds that it gets to stop before it is killed.
        without: Variables of the environment that it must not see.
    """
    environment = child_environment()
    for name in without:
        environment.pop(name, None)
    process = subprocess.Popen(
        child_command(module, frozen_option),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        creationflags=creation_flags(),
    )
    try:
        yield Child(process)
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """In the child: the pipes from and to the parent, out of reach of anything that prints.

    Ctrl+C in a terminal reaches all processes of the program; what it means for its
    children is for the parent to say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(0, os.O_BINARY)
        msvcrt.setmode(answers, os.O_BINARY)
    requests = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    return requests, os.fdopen(answers, "wb", buffering=0)


def lower_priority() -> None:
    """In the child: the window goes first when every core computes."""
    if hasattr(os, "nice"):
        os.nice(5)
