"""How well every learner sorts, as Markdown: ``python -m tests.benchmarks.accuracy_table``.

With ``FEWSHOT_BENCH_FOLDER=DIR`` the pictures and embeddings are kept for the next run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewshot_gui.console import Console
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.fitting import fitting_targets
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from tests.benchmarks.class_data import (
    BACKBONE,
    SOURCES,
    Source,
    examples,
    load,
    one_core_each,
    prepare,
)

EPISODES = 600
TIMED_EPISODES = 30
WAYS, SHOTS = (5, 20), (1, 5, 20)
MODES = {Mode.BALANCED: "balanced", Mode.STRANGERS: "uneven, with strangers"}


@dataclass(frozen=True)
class Cell:
    """What one learner does in one kind of task."""

    accuracy: Estimate
    ece: float
    unknown_auroc: Estimate | None


@dataclass(frozen=True)
class Sort:
    """A kind of task: the columns of the tables."""

    ways: int
    shots: int
    mode: Mode


Cells = dict[str, Cell]
TIMED = Sort(20, 5, Mode.BALANCED)  # what the last columns are of


def main() -> None:
    """Measure everything and print it."""
    console = Console(sys.stderr)
    job = Job(console.progress, console.notice)
    with tempfile.TemporaryDirectory() as own:
        place = Path(os.environ.get("FEWSHOT_BENCH_FOLDER", own))
        place.mkdir(parents=True, exist_ok=True)
        for source in SOURCES:
            made = prepare(source, place, job)
            found = measure(made, job)
            with one_core_each(processes=1) as pool:  # alone: others would be in its way
                seconds = pool.submit(times, made).result()
            console.clear()
            for line in section(source, made, found, seconds):
                print(line)


def measure(made: Path, job: Job) -> dict[Sort, Cells]:
    """All kinds of tasks, as many at a time as there are cores; hard ones first."""
    sorts = [Sort(w, k, m) for w in WAYS[::-1] for k in SHOTS[::-1] for m in MODES]
    with one_core_each() as pool:
        waiting = [pool.submit(cells, made, sort) for sort in sorts]
        for sort, one in zip(sorts, waiting, strict=True):
            one.result()
            job.notice(f"{made.stem}: {sort.ways} classes, {sort.shots} examples, {sort.mode}")
    return {sort: one.result() for sort, one in zip(sorts, waiting, strict=True)}


def cells(made: Path, sort: Sort) -> Cells:
    """All learners in one kind of task; none where classes have too few pictures."""
    embedded = load(made)
    plan = plan_of(sort, embedded.data.sizes)
    if np.count_nonzero(embedded.data.sizes >= plan.needed) <= sort.ways:
        return {}
    learners = [info.key for info in all_learners()]
    tables = {BACKBONE: embedded.table}
    results = evaluate(embedded.data, tables, learners, [plan], EPISODES, Job())
    return {r.learner: Cell(r.accuracy, r.calibration.ece, r.unknown_auroc) for r in results}


def times(made: Path) -> dict[str, float]:
    """Seconds that each learner takes for a task."""
    embedded = load(made)
    plan = plan_of(TIMED, embedded.data.sizes)
    learners, tables = [info.key for info in all_learners()], {BACKBONE: embedded.table}
    results = evaluate(embedded.data, tables, learners, [plan], TIMED_EPISODES, Job())
    return {r.learner: r.seconds_per_task for r in results}


def plan_of(sort: Sort, sizes: np.ndarray) -> EpisodePlan:
    """15 targets a class, or as many as most classes have."""
    plan = EpisodePlan(ways=sort.ways, shots=sort.shots, mode=sort.mode)
    targets = fitting_targets(sizes, plan)
    return EpisodePlan(ways=sort.ways, shots=sort.shots, targets=targets, mode=sort.mode)


def section(
    source: Source, made: Path, found: dict[Sort, Cells], seconds: dict[str, float]
) -> Iterable[str]:
    """The tables of one source."""
    sizes = load(made).data.sizes
    yield f"### {source.name}"
    yield ""
    yield f"{len(sizes)} classes, {sizes.sum():,} pictures. {remarks(found, sizes)}"
    for mode, title in MODES.items():
        yield ""
        of_mode = {sort: c for sort, c in found.items() if sort.mode is mode}
        yield from table(title, of_mode, seconds)
    yield ""


def remarks(found: dict[Sort, Cells], sizes: np.ndarray) -> str:
    """What the columns have in common, and what is special about some."""
    targets = {sort.shots: plan_of(sort, sizes).targets for sort, one in found.items() if one}
    usual = max(targets.values())
    text = [f"Up to {usual} targets a class"]
    text += [f"{n} with {k} examples" for k, n in sorted(targets.items()) if n != usual]
    missing = [str(k) for k in SHOTS if k not in targets]
    end = f" No class has pictures for {', '.join(missing)} examples." if missing else ""
    return ", ".join(text) + "." + end


def table(title: str, found: dict[Sort, Cells], seconds: dict[str, float]) -> Iterable[str]:
    """One table: learners down, kinds of tasks across, the best of each column bold."""
    columns = sorted(found, key=lambda sort: (sort.ways, sort.shots))
    last = next(s for s in columns if (s.ways, s.shots) == (TIMED.ways, TIMED.shots))
    heads = [f"{sort.ways} classes, {examples(sort.shots)}" for sort in columns]
    yield row([f"{title}: accuracy, %", *heads, "calibration error, %", "ms a task"])
    yield row(["---", *["---:"] * (len(heads) + 2)])
    for key in found[last]:
        numbers = [accuracy(found[sort], key) for sort in columns]
        ece = found[last][key].ece
        yield row([key, *numbers, f"{100 * ece:.1f}", f"{1000 * seconds[key]:.1f}"])
    if any(one.unknown_auroc for one in found[last].values()):
        rates = [next((c.unknown_auroc for c in found[sort].values()), None) for sort in columns]
        yield row(["*strangers known as such, AUROC*", *map(percent, rates), "", ""])


def accuracy(column: Cells, key: str) -> str:
    """One number, bold where no learner of the column has a better one."""
    if not column:
        return "—"
    text = percent(column[key].accuracy)
    best = max(cell.accuracy.mean for cell in column.values())
    return f"**{text}**" if column[key].accuracy.mean >= best else text


def percent(value: Estimate | None) -> str:
    if value is None:
        return "—"
    return f"{100 * value.mean:.1f} ± {100 * (value.interval95 or 0.0):.1f}"


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
