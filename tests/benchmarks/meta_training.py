"""Meta-training on Omniglot, as Markdown: ``python -m tests.benchmarks.meta_training``.

Trains Conv4 by an algorithm on the 30 background alphabets and tests it on the 20 evaluation
alphabets. With ``FEWSHOT_BENCH_FOLDER=DIR`` pictures and checkpoints are kept there; a training
that was interrupted goes on. ``--speed`` compares the speed of training with other libraries'.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from fewshot_gui.console import Console
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.algorithms.base import to_units
from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.matching import FullContext, Matching
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.checkpoints import load_checkpoint, part, restore_module
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.measures import Estimate, estimate
from fewshot_gui.metatrain.networks import Conv4, Turned
from fewshot_gui.metatrain.plan import EpisodePlan
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.trainer import Trainer
from fewshot_gui.metatrain.training_episodes import EpisodeSource, as_input
from fewshot_gui.metatrain.training_plan import BatchPlan, Look, TrainerPlan
from tests.benchmarks.characters import BACKGROUND, EVALUATION, drawings
from tests.benchmarks.training_speed import speed_table

CPU = torch.device("cpu")
BLOCK = 500  # pictures that go through the network at once, when tested
KINDS = ((5, 1), (5, 5), (20, 1), (20, 5))  # classes and examples of a test
PLACES = {"all": (False,), "one": (True,), "both": (False, True)}


@dataclass(frozen=True)
class Recipe:
    """How an algorithm is trained.

    Attributes:
        algorithm: Makes it for a network's width.
        batches: Its episodes.
        trainer: Its steps.
        start: The recipe whose network it begins with; None for a new one.
    """

    algorithm: Callable[[int], nn.Module]
    batches: BatchPlan
    trainer: TrainerPlan
    start: str | None = None


WIDE = BatchPlan((100, 100), (1, 1), (2, 2), 1, gathered=0.5, turned=True, bend=0.8)
FIVE_SHOTS = replace(WIDE, ways=(40, 40), shots=(5, 5), targets=(5, 5))
TASKS = BatchPlan((5, 20), (1, 1), (5, 5), 3, turned=True, bend=0.5)
LONG = TrainerPlan(steps=9000, rate=5e-3, watch_every=1000, watch_episodes=50)
SHORT = TrainerPlan(steps=400, rate=5e-4, watch_every=200, watch_episodes=50)
SLOW = replace(SHORT, rate=5e-5)
RECIPES = {
    "prototypical": Recipe(lambda _width: Prototypical(), WIDE, LONG),
    # The others begin where that one ended, as the processor is slow.
    # With one example they are the same: a squared distance of units is 2 less twice the cosine.
    "matching": Recipe(lambda _width: Matching(), WIDE, SLOW, "prototypical"),
    "matching-contexts": Recipe(
        lambda width: Matching(FullContext(width)), FIVE_SHOTS, SHORT, "prototypical"
    ),
    # Their heads begin with prototypes; with small steps they stay near them at first.
    "maml-first-order": Recipe(
        lambda _width: Maml(inner_steps=2, rate=0.01, second_order=False),
        TASKS,
        SLOW,
        "prototypical",
    ),
    "maml": Recipe(lambda _width: Maml(inner_steps=2, rate=0.01), TASKS, SLOW, "prototypical"),
}


def main() -> None:
    """Train, test, and print a table; or compare speeds."""
    asked = _arguments()
    console = Console(sys.stderr)
    job = Job(console.progress, console.notice)
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as own:
        place = Path(os.environ.get("FEWSHOT_BENCH_FOLDER", own))
        place.mkdir(parents=True, exist_ok=True)
        if asked.speed:
            print("\n".join(speed_table(place, asked.threads, job)))
            return
        known = drawings(BACKGROUND, asked.side, place, job)
        network, algorithm = _trained(asked, known, place, job)
        if asked.views > 1:
            network = Turned(network, asked.views)
        new = drawings(EVALUATION, asked.side, place, job)
        plans = [
            EpisodePlan(ways, shots, asked.targets, within_groups=within)
            for within in PLACES[asked.alphabets]
            for ways, shots in KINDS
        ]
        rows = [(plan, tested(network, algorithm, new, plan, asked, job)) for plan in plans]
        console.clear()
        for line in _table(asked.algorithm, rows):
            print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", choices=RECIPES, default="prototypical")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--side", type=int, default=28, help="of the pictures, in pixels")
    parser.add_argument("--features", type=int, default=64, help="channels of the network")
    parser.add_argument("--episodes", type=int, default=600, help="of each test")
    parser.add_argument("--targets", type=int, default=15, help="of each class in a test")
    parser.add_argument(
        "--alphabets", choices=PLACES, default="both", help="that an episode's classes are of"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", type=int, choices=(1, 4, 8), default=1, help="in the test")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--speed", action="store_true", help="compare speeds, and no more")
    return parser.parse_args()


def _trained(
    asked: argparse.Namespace, store: ImageStore, place: Path, job: Job
) -> tuple[Conv4, nn.Module]:
    """The network and the algorithm of the recipe, as it comes to an end.

    All characters of the background alphabets are learned from, as is usual; it is watched by
    other episodes of them, and nothing is chosen by those.
    """
    recipe = RECIPES[asked.algorithm]
    plan = replace(recipe.trainer, steps=asked.steps or recipe.trainer.steps)
    torch.manual_seed(asked.seed)
    network = Conv4(1, asked.side, asked.features)
    algorithm = recipe.algorithm(network.width)
    if recipe.start:
        begin = load_checkpoint(_checkpoint(place, recipe.start, asked))
        restore_module(network, part("network", part("now", begin.tensors)))
    training = EpisodeSource(store, store.classes, recipe.batches, asked.seed, CPU)
    looked = replace(recipe.batches, ways=(20, 20), targets=(5, 5), gathered=0.0, bend=0.0)
    watching = EpisodeSource(store, store.classes, looked, asked.seed + 1, CPU)
    checkpoint = _checkpoint(place, asked.algorithm, asked)
    trainer = Trainer(network, algorithm, training, watching, plan, checkpoint, CPU)
    if checkpoint.exists():
        trainer.resume()
    begun = time.monotonic()
    trainer.run(job, on_look=lambda look: _tell(look, time.monotonic() - begun))
    last = load_checkpoint(checkpoint)
    restore_module(network, part("network", part("now", last.tensors)))
    restore_module(algorithm, part("algorithm", part("now", last.tensors)))
    return network, algorithm


def _checkpoint(place: Path, name: str, asked: argparse.Namespace) -> Path:
    return place / f"{name}-{asked.side}-{asked.features}-{asked.seed}.safetensors"


def _tell(look: Look, seconds: float) -> None:
    print(
        f"\nstep {look.step}: loss {look.loss:.4f}, {100 * look.accuracy.mean:.2f} % of watched "
        f"targets, {seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def tested(
    network: nn.Module,
    algorithm: nn.Module,
    store: ImageStore,
    plan: EpisodePlan,
    asked: argparse.Namespace,
    job: Job,
) -> Estimate:
    """Accuracy in episodes of classes that are new to it."""
    sampler = episode_sampler(store.classes, plan, job)
    answers = _answers(network, algorithm, as_input(torch.from_numpy(store.pixels)))
    right = []
    for number in range(asked.episodes):
        episode = sampler.episode(number)
        logits = answers(episode)
        right.append(float((logits.argmax(1).numpy() == episode.answers).mean()))
        job.report(number + 1, asked.episodes, "Testing")
    return estimate(right)


def _answers(
    network: nn.Module, algorithm: nn.Module, pictures: Tensor
) -> Callable[[Episode], Tensor]:
    """What answers an episode: from units kept in half precision, where it can."""
    if not hasattr(algorithm, "answer_from_units"):
        return lambda episode: algorithm.answer(
            network,
            pictures[episode.support],
            torch.from_numpy(episode.labels),
            pictures[episode.targets],
        )
    network.eval()
    with torch.no_grad():
        units = torch.cat([to_units(network(block)).half() for block in pictures.split(BLOCK)])
    return lambda episode: algorithm.answer_from_units(
        units[episode.support].float(),
        torch.from_numpy(episode.labels),
        units[episode.targets].float(),
    )


def _table(name: str, rows: list[tuple[EpisodePlan, Estimate]]) -> list[str]:
    lines = [f"| {name} | 1 example | 5 examples |", "| --- | ---: | ---: |"]
    for (plan, one), (_plan, five) in zip(rows[::2], rows[1::2], strict=True):
        within = ", within one alphabet" if plan.within_groups else ""
        lines.append(f"| {plan.ways} characters{within} | {_percent(one)} | {_percent(five)} |")
    return lines


def _percent(found: Estimate) -> str:
    return f"{100 * found.mean:.2f} ± {100 * (found.interval95 or 0):.2f}"


if __name__ == "__main__":
    main()
