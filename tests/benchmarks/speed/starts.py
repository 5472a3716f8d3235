"""Rows about starting: the window, and the command line's help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.speed import programs
from tests.benchmarks.speed.findings import Bench, Finding, Target, alternating, medians
from tests.benchmarks.speed.programs import ProgramError

SCRIPT = Path(__file__).with_name("first_paint.py")
OURS = "MainWindow"


def window(bench: Bench) -> Sequence[Finding]:
    """From starting Python until the window was painted, beside a window with nothing in it.

    What is painted first is the program's name; the note says when the window can be used.
    The program starts with settings of its own, as it does for the first time; one start
    before does not count, so that the system has read the files for both.
    """
    home, _other = bench.fresh_homes()
    env = programs.environment(home)
    with_torch = []

    def started(until: str) -> float:
        done = programs.run([SCRIPT, until], env)
        with_torch.append(bool(done.json()["torch"]))
        if done.json()["window"] != OURS:
            raise ProgramError(f"the window that was painted is {done.json()['window']}")
        return done.seconds

    def bare() -> float:
        return programs.run([SCRIPT, "bare"], env).seconds

    ways = partial(started, "ours"), bare, partial(started, "usable")
    sides = alternating(ways, bench.size(11, 5), warm_up=True)
    one, other, whole = medians(sides)
    return [
        Finding(
            "start of the window to its first paint",
            "a bare PySide6 window",
            Target(1.6, " ×", at_least=False, places=2),
            one / other,
            f"{1e3 * one:.0f} and {1e3 * other:.0f} ms; {1e3 * whole:.0f} ms until it can be used",
            {"ours_s": sides[0], "bare_s": sides[1], "usable_s": sides[2]},
        ),
        Finding(
            "torch imported by the first paint, or by when it can be used",
            "not at all",
            Target(0, " starts", at_least=False, places=0),
            float(sum(with_torch)),
            f"{len(with_torch)} starts",
        ),
    ]


def help_text(bench: Bench) -> Sequence[Finding]:
    """``fewshot-gui --help`` beside a Python that does nothing, from start to end."""
    home, _other = bench.fresh_homes()
    env = programs.environment(home)

    def ours() -> float:
        return programs.run(["-m", "fewshot_gui", "--help"], env).seconds

    def nothing() -> float:
        return programs.run(["-c", "pass"], env).seconds

    sides = alternating((ours, nothing), bench.size(21, 9), warm_up=True)
    one, other = medians(sides)
    return [
        Finding(
            "fewshot-gui --help",
            "python -c pass",
            Target(150, " ms more", at_least=False, places=0),
            1e3 * (one - other),
            f"{1e3 * one:.0f} and {1e3 * other:.0f} ms",
            {"ours_s": sides[0], "nothing_s": sides[1]},
        )
    ]
