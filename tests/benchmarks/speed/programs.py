"""Programs that are started and timed, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.speed.photos import Task

ROOT = Path(__file__).parents[3]
HOMES: tuple[str, ...] = (
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "LOCALAPPDATA",
)
if sys.platform == "darwin":
    HOMES += ("HOME",)  # the others mean nothing there
UNKEPT = "PYTHONDONTWRITEBYTECODE"


class ProgramError(Exception):
    """A program failed; says what it said."""


@dataclass(frozen=True)
class Done:
    """What a program took and printed.

    Attributes:
        seconds: From its start to its end.
        cpu: CPU seconds that it and its processes took; 0 where the system does not say.
        printed: Its standard output.
    """

    seconds: float
    cpu: float
    printed: str

    def json(self) -> dict[str, float]:
        """The last line it printed."""
        return json.loads(self.printed.splitlines()[-1])


def environment(home: Path) -> dict[str, str]:
    """This process's, with settings and caches in a folder of their own.

    Python may keep what it compiles, as it may where the program is installed.
    """
    own = {name: str(home / name.lower()) for name in HOMES}
    usual = {name: value for name, value in os.environ.items() if name != UNKEPT}
    return {**usual, **own, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}


def run(command: Sequence[object], env: Mapping[str, str]) -> Done:
    """Run this Python with these arguments.

    Raises:
        ProgramError: It did not end well.
    """
    words = [sys.executable, *map(str, command)]
    begun, cpu = time.perf_counter(), _children_cpu()
    done = subprocess.run(
        words, env=env, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise ProgramError(f"{' '.join(words[1:])} ended with {done.returncode}:\n{done.stderr}")
    return Done(seconds, _children_cpu() - cpu, done.stdout)


def _children_cpu() -> float:
    """CPU seconds of all processes that were waited for so far."""
    times = os.times()
    return times.children_user + times.children_system


def classify_words(support: Path, targets: Path, home: Path, device: str = "cpu") -> list[object]:
    """Arguments for Python: ``fewshot-gui classify`` with everything else as it is preset."""
    paths = ("--support", support, "--targets", targets, "--output", home / "labels.csv")
    return ["-m", "fewshot_gui", "classify", *paths, "--device", device, "--json"]


@dataclass(frozen=True)
class Sorted:
    """What sorting took.

    Attributes:
        whole: From the start of the command to its end, seconds.
        few: The same for the folder of two pictures.
        own: What the command says that its work took; without starting Python.
        own_few: The same for the folder of two pictures.
        cpu: CPU seconds of the whole command and its processes, without start-up.
        images: How many pictures more than two there were.
    """

    whole: float
    few: float
    own: float
    own_few: float
    cpu: float
    images: int

    @property
    def seconds(self) -> float:
        """Without start-up."""
        return self.whole - self.few

    @property
    def own_seconds(self) -> float:
        """Without start-up, as the command says; it says thousandths."""
        return max(self.own - self.own_few, 0.001)

    @property
    def speed(self) -> float:
        """Images a second, without start-up."""
        return self.images / self.seconds


def classify(given: Task, homes: tuple[Path, Path], extra: int, device: str = "cpu") -> Sorted:
    """Sort the folder and the folder of two; their caches are kept in two homes.

    Args:
        given: The folders.
        homes: Where the settings and caches of both lie.
        extra: Targets beyond those of the folder of two.
        device: For the command.
    """
    done = []
    for targets, home in zip((given.few, given.targets), homes, strict=True):
        words = classify_words(given.support, targets, home, device)
        done.append(run(words, environment(home)))
    few, all_ = done
    own_few, own = few.json(), all_.json()
    if own["errors"]:
        raise ProgramError(f"{own['errors']} pictures could not be read")
    cpu = all_.cpu - few.cpu
    return Sorted(all_.seconds, few.seconds, own["seconds"], own_few["seconds"], cpu, extra)
