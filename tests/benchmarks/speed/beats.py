"""The row about the window's event loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.speed import programs
from tests.benchmarks.speed.findings import Bench, Finding, Target
from tests.benchmarks.speed.photos import ORDINARY, linked, task

SCRIPT = Path(__file__).with_name("window_beats.py")
WHAT = "event loop while {count:,} images are classified: {which}"


def event_loop(bench: Bench) -> Sequence[Finding]:
    """How late a timer of 5 ms comes in the window, from the first example to the last class.

    The medians of the rounds' 99th percentiles, and the largest of all rounds.
    """
    base = task(bench.place, ORDINARY, bench.size(1000, 200))
    given = linked(bench.place, base, 5 * base.count)
    rounds = []
    for _round in range(bench.size(2, 1)):
        env = programs.environment(bench.fresh_homes()[0])
        rounds.append(programs.run([SCRIPT, given.targets, given.count], env).json())
    p99 = median(one["p99_ms"] for one in rounds)
    most = max(one["max_ms"] for one in rounds)
    speed = median(one["images_per_second"] for one in rounds)
    against, details = "a timer of 5 ms", {"rounds": rounds}

    def line(which: str, limit: float, value: float, note: str = "") -> Finding:
        what = WHAT.format(count=given.count, which=which)
        return Finding(what, against, Target(limit, " ms", at_least=False), value, note, details)

    return [
        line("99th percentile", 16, p99, f"{speed:.0f} images/s meanwhile"),
        line("longest", 100, most),
    ]
