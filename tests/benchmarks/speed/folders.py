"""Rows about sorting whole folders: beside a plain loop, beside the limit, and again.

What starting up takes is measured and taken away on both sides in the same way: it is what the
same command takes for a folder of two pictures. Speeds are of the pictures beyond these two.
Caches of the program are empty; those of the system hold the files for both sides.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.speed import programs
from tests.benchmarks.speed.findings import Bench, Finding, Target
from tests.benchmarks.speed.photos import FEW, LARGE, ORDINARY, Kind, Task, task
from tests.benchmarks.speed.programs import Done, Sorted

HERE = Path(__file__).parent
LOOP = "DataLoader(2) + Pillow + timm eager float32"
AGAIN = 5  # runs with warm caches for each with cold ones


@dataclass(frozen=True)
class _Round:
    """What both sides took, and CPU seconds to decode one picture and to embed one."""

    ours: Sorted
    theirs: Done
    theirs_few: Done
    decode: float
    embed: float

    @property
    def loop(self) -> float:
        """Seconds of the plain loop without start-up."""
        return self.theirs.seconds - self.theirs_few.seconds

    @property
    def loop_cpu(self) -> float:
        """CPU seconds of the plain loop without start-up."""
        return self.theirs.cpu - self.theirs_few.cpu


def ordinary(bench: Bench) -> Sequence[Finding]:
    """1,000 JPEGs of 500 x 375 beside the plain loop, and beside the limit.

    The limit in images a second is cores / (CPU seconds to decode one image + CPU seconds to
    embed one), both measured by ``alone.py`` in every round, on one core.
    """
    given = task(bench.place, ORDINARY, bench.size(1000, 200))
    rounds = _rounds(bench, given, bench.size(3, 1))
    beside = _beside_loop(given, rounds, ORDINARY, 6.0)
    cores = _cores()
    decode, embed = median(r.decode for r in rounds), median(r.embed for r in rounds)
    limit = cores / (decode + embed)
    speed, cpu = median(r.ours.speed for r in rounds), median(r.ours.cpu for r in rounds)
    efficiency = 100 * (decode + embed) * (given.count - FEW) / cpu if cpu else math.nan
    note = (
        f"{speed:.0f} of {limit:.0f} images/s; on one core {1e3 * decode:.2f} ms to decode and "
        f"{1e3 * embed:.2f} ms to embed, {efficiency:.0f} % of all its CPU time; {cores} cores"
    )
    return [
        beside,
        Finding(
            f"{given.count:,} JPEGs of 500 × 375, cold",
            "cores / CPU time of decoding and embedding alone",
            Target(75, " %", at_least=True),
            100 * speed / limit,
            note,
            {"decode_cpu_s": decode, "embed_cpu_s": embed, "cores": cores, "limit": limit},
        ),
    ]


def large(bench: Bench) -> Sequence[Finding]:
    """200 JPEGs of 12 megapixels beside the plain loop."""
    given = task(bench.place, LARGE, bench.size(200, 24))
    rounds = _rounds(bench, given, bench.size(3, 1))
    return [_beside_loop(given, rounds, LARGE, 8.0)]


def again(bench: Bench) -> Sequence[Finding]:
    """The first run with cold caches and the second with those that the first one left.

    Times are those that the command says for its work, from the listing of the folder to the
    last prediction, less those for a folder of two pictures with equally cold or warm caches:
    starting Python takes longer than the whole second run, and varies by more.
    """
    given = task(bench.place, ORDINARY, bench.size(1000, 200))
    cold, warm = [], []
    for _round in range(bench.size(2, 1)):
        homes = bench.fresh_homes()
        cold.append(programs.classify(given, homes, given.count - FEW))
        warm += [programs.classify(given, homes, given.count - FEW) for _again in range(AGAIN)]
    first, second = (median(one.own_seconds for one in side) for side in (cold, warm))
    whole = [median(one.whole for one in side) for side in (cold, warm)]
    note = (
        f"{first:.2f} s and {1e3 * second:.0f} ms; with start-up "
        f"{whole[0]:.2f} s and {whole[1]:.2f} s"
    )
    return [
        Finding(
            f"{given.count:,} JPEGs again, warm caches",
            "the first run, cold caches",
            Target(50, " ×", at_least=True),
            first / second,
            note,
            {"cold": [vars(one) for one in cold], "warm": [vars(one) for one in warm]},
        )
    ]


def _rounds(bench: Bench, given: Task, count: int) -> list[_Round]:
    """One side after the other in each round.

    Each starts once before, so that the system has read what it consists of.
    """
    found = []
    env = programs.environment(bench.fresh_homes()[0])
    programs.run(programs.classify_words(given.support, given.few, bench.place / "home-1"), env)
    programs.run([HERE / "plain_loop.py", given.few], env)
    for number in range(count):
        bench.job.notice(f"{given.targets.parent.name}: round {number + 1} of {count}")
        homes = bench.fresh_homes()
        ours = programs.classify(given, homes, given.count - FEW)
        env = programs.environment(homes[0])
        few = programs.run([HERE / "plain_loop.py", given.few], env)
        theirs = programs.run([HERE / "plain_loop.py", given.targets], env)
        sample = min(given.count, 200)
        alone = programs.run([HERE / "alone.py", given.targets, sample], env).json()
        found.append(_Round(ours, theirs, few, alone["decode"], alone["embed"]))
    return found


def _beside_loop(given: Task, rounds: Sequence[_Round], kind: Kind, target: float) -> Finding:
    images = given.count - FEW
    ours, theirs = median(r.ours.seconds for r in rounds), median(r.loop for r in rounds)
    few = [median(r.ours.few for r in rounds), median(r.theirs_few.seconds for r in rounds)]
    both = [r.ours.cpu for r in rounds], [r.loop_cpu for r in rounds]
    cpu = [1e3 * median(one) / images for one in both]
    note = (
        f"{images / ours:.0f} and {images / theirs:.1f} images/s; start-up, not counted: "
        f"{few[0]:.1f} and {few[1]:.1f} s; CPU time an image {cpu[0]:.1f} and {cpu[1]:.1f} ms; "
        f"{given.bytes_each / 1e3:,.0f} kB each"
    )
    return Finding(
        f"{given.count:,} JPEGs of {kind.size[0]} × {kind.size[1]}, cold",
        LOOP,
        Target(target, " ×", at_least=True),
        theirs / ours,
        note,
        {"rounds": [asdict(r) for r in rounds]},
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
