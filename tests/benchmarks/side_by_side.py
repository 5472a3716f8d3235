"""Our learners beside EasyFSL's methods, as Markdown: ``python -m tests.benchmarks.side_by_side``.

EasyFSL (https://github.com/sicara/easy-few-shot-learning) is a library of few-shot methods in
PyTorch. Both get the same embeddings and the same tasks, and both use one core.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from easyfsl.methods import (
    TIM,
    FewShotClassifier,
    Finetune,
    LaplacianShot,
    MatchingNetworks,
    PrototypicalNetworks,
    SimpleShot,
)

from fewshot_gui.console import Console
from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.measures import Estimate, estimate
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from tests.benchmarks.class_data import (
    BACKBONE,
    SOURCES,
    Embedded,
    examples,
    load,
    one_core_each,
    prepare,
)

EPISODES = 100
PLANS = (
    EpisodePlan(ways=5, shots=1),
    EpisodePlan(ways=5, shots=5),
    EpisodePlan(ways=20, shots=5),
    EpisodePlan(ways=5, shots=1, mode=Mode.UNEVEN),
    EpisodePlan(ways=5, shots=5, mode=Mode.UNEVEN),
    EpisodePlan(ways=20, shots=5, mode=Mode.UNEVEN),
)


class NoSupportContext(torch.nn.Module):
    """Stands in for the trained LSTM of matching networks: adds nothing to the examples."""

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, None]:
        return torch.zeros(*features.shape[:2], 2 * features.shape[2]), None


class NoTargetContext(torch.nn.Module):
    """Stands in for the trained LSTM cell of matching networks: adds nothing to targets."""

    def forward(
        self, features: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros_like(state[0]), state[1]


def matching(width: int) -> FewShotClassifier:
    """Without what would have to be trained: untrained LSTMs would only add noise."""
    return MatchingNetworks(
        feature_dimension=width,
        support_encoder=NoSupportContext(),
        query_encoder=NoTargetContext(),
    )


THEIRS: dict[str, Callable[[int], FewShotClassifier]] = {
    "PrototypicalNetworks": lambda width: PrototypicalNetworks(),
    "MatchingNetworks": matching,
    "SimpleShot": lambda width: SimpleShot(),
    "Finetune": lambda width: Finetune(),
    "LaplacianShot": lambda width: LaplacianShot(),
    "TIM": lambda width: TIM(),
}


@dataclass(frozen=True)
class Line:
    """What one method did in all kinds of tasks."""

    name: str
    accuracy: tuple[Estimate, ...]
    seconds: tuple[float, ...]


def main() -> None:
    """Measure everything and print it."""
    console = Console(sys.stderr)
    job = Job(console.progress, console.notice)
    with tempfile.TemporaryDirectory() as own:
        place = Path(os.environ.get("FEWSHOT_BENCH_FOLDER", own))
        place.mkdir(parents=True, exist_ok=True)
        for source in SOURCES:
            made = prepare(source, place, job)
            with one_core_each(processes=1) as pool:
                lines = pool.submit(measure, made).result()
            print(f"### {source.name}\n")
            print(table(lines), end="\n\n", flush=True)


def measure(made: Path) -> list[Line]:
    """All methods, one after the other so that none is in another one's way."""
    embedded = load(made)
    return [*ours(embedded), *theirs(embedded)]


def ours(embedded: Embedded) -> list[Line]:
    """All learners of the registry."""
    keys = [info.key for info in all_learners()]
    tables = {BACKBONE: embedded.table}
    results = evaluate(embedded.data, tables, keys, PLANS, EPISODES, Job())
    by_key = {key: [r for r in results if r.learner == key] for key in keys}
    return [
        Line(
            f"`{key}`",
            tuple(r.accuracy for r in found),
            tuple(r.seconds_per_task for r in found),
        )
        for key, found in by_key.items()
    ]


def theirs(embedded: Embedded) -> list[Line]:
    """EasyFSL's methods with the parameters they come with."""
    tasks = [tasks_of(embedded, plan) for plan in PLANS]
    lines = []
    for name, make in THEIRS.items():
        found = [trial(make, part, embedded) for part in tasks]
        accuracy, seconds = zip(*found, strict=True)
        lines.append(Line(f"EasyFSL {name}", accuracy, seconds))
    return lines


def tasks_of(embedded: Embedded, plan: EpisodePlan) -> list[Episode]:
    """The very tasks that ``evaluate`` draws."""
    sampler = episode_sampler(embedded.data, plan, Job())
    return [sampler.episode(number) for number in range(EPISODES)]


def trial(
    make: Callable[[int], FewShotClassifier], tasks: Sequence[Episode], embedded: Embedded
) -> tuple[Estimate, float]:
    """Mean accuracy, and the median time of fitting and predicting."""
    accuracy, seconds = [], []
    for task in tasks:
        started = time.perf_counter()
        support = torch.from_numpy(embedded.table.units(task.support))
        targets = torch.from_numpy(embedded.table.units(task.targets))
        method = make(embedded.table.width)
        with torch.no_grad():
            method.process_support_set(support, torch.from_numpy(task.labels))
            best = method(targets).argmax(dim=1).numpy()
        seconds.append(time.perf_counter() - started)
        accuracy.append(float((best == task.answers).mean()))
    return estimate(accuracy), float(np.median(seconds))


def heading(plan: EpisodePlan) -> str:
    text = f"{plan.ways} classes, {examples(plan.shots)}"
    return f"{text}, uneven" if plan.mode is Mode.UNEVEN else text


def table(lines: Sequence[Line]) -> str:
    """Methods down, kinds of tasks across: accuracy in percent, and milliseconds a task."""
    heads = [heading(plan) for plan in PLANS]
    rows = [["method", *heads], ["---", *["---:"] * len(heads)]]
    for line in lines:
        numbers = zip(line.accuracy, line.seconds, strict=True)
        rows.append(
            [
                line.name,
                *(
                    f"{100 * a.mean:.1f} ± {100 * (a.interval95 or 0.0):.1f} ({1000 * s:.1f} ms)"
                    for a, s in numbers
                ),
            ]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


if __name__ == "__main__":
    main()
