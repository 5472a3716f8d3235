"""Helper processes of our own: how they are started, and how they talk.

The decode workers and the backbone's engine are this very program in other processes,
with a pipe on either side.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO


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
