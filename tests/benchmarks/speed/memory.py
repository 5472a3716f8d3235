"""The row about memory: whether it grows with the folder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from tests.benchmarks.speed import programs
from tests.benchmarks.speed.findings import Bench, Finding, Target
from tests.benchmarks.speed.photos import ORDINARY, Task, linked, task

if TYPE_CHECKING:
    import psutil

EVERY_SECONDS = 0.05
FLOAT32 = 4


def peak(bench: Bench) -> Sequence[Finding]:
    """Peak memory of all processes together for ten times as many images.

    The images' embeddings, 5,120 bytes each, are taken away on both sides. Memory is what is
    resident (RSS). What the processes share, mostly libraries, counts for each of them: shared out
    among them, it would depend on what other programs have loaded.
    """
    base = task(bench.place, ORDINARY, bench.size(1000, 200))
    many = linked(bench.place, base, 10 * base.count)
    width = backbone_card(DEFAULT_BACKBONE).width
    by_process = [_peak(bench, given) for given in (base, many)]
    most = [sum(one) for one in by_process]
    rest = [m - given.count * width * FLOAT32 for m, given in zip(most, (base, many), strict=True)]
    note = (
        f"{most[0] / 1e6:.0f} and {most[1] / 1e6:.0f} MB, without embeddings "
        f"{rest[0] / 1e6:.0f} and {rest[1] / 1e6:.0f} MB"
    )
    return [
        Finding(
            f"peak memory for {many.count:,} images, all processes, without embeddings",
            f"{base.count:,} images",
            Target(10, " % more", at_least=False),
            100 * (rest[1] / rest[0] - 1),
            note,
            {"peak_bytes": most, "without_embeddings": rest, "processes": by_process},
        )
    ]


def _peak(bench: Bench, given: Task) -> list[int]:
    """Bytes of ``fewshot-gui classify`` and each of its processes when they have most."""
    import psutil  # only benchmarks have it everywhere

    home, _other = bench.fresh_homes()
    words = programs.classify_words(given.support, given.targets, home)
    command, most = [sys.executable, *map(str, words)], []
    env = programs.environment(home)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=env, cwd=programs.ROOT, stdout=quiet, stderr=quiet) as main:
        process = psutil.Process(main.pid)
        while main.poll() is None:
            most = max(most, _now(process), key=sum)
            time.sleep(EVERY_SECONDS)
    if main.returncode:
        raise programs.ProgramError(f"sorting {given.count} images ended with {main.returncode}")
    return most


def _now(process: psutil.Process) -> list[int]:
    """Bytes of a process and of those it started."""
    from psutil import Error

    found = []
    with suppress(Error):
        for one in (process, *process.children(recursive=True)):
            with suppress(Error):
                found.append(one.memory_info().rss)
    return found
