"""Makes ``resources/learners/glyphs.safetensors`` of what the benchmark of meta-training learned.

    python -m tests.benchmarks.meta_training --algorithm prototypical
    PYTHONPATH=. python packaging/make_glyph_learner.py FOLDER/prototypical-28-64-0.safetensors

The network learned from all characters of Omniglot's background alphabets; in use it looks at
every drawing from eight sides. How sure it may be is fitted on one half of the evaluation
alphabets and told for the other half; the accuracies on the card are those of all of them.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fewshot_gui import __version__
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.algorithms.base import to_units
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.calibrating import calibrated
from fewshot_gui.metatrain.checkpoints import load_checkpoint, part, restore_module
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.learner_card import (
    AlgorithmPart,
    Conv4Settings,
    LearnerCard,
    NetworkPart,
    TestResult,
)
from fewshot_gui.metatrain.learner_file import save_learner
from fewshot_gui.metatrain.measures import calibration, estimate
from fewshot_gui.metatrain.networks import Conv4, Turned
from fewshot_gui.metatrain.plan import EpisodePlan
from fewshot_gui.metatrain.training_episodes import as_input
from fewshot_gui.paths import resource
from tests.benchmarks.characters import BACKGROUND, EVALUATION, drawings

VIEWS = 8
EPISODES = 600
KINDS = ((5, 1), (5, 5), (20, 1), (20, 5))
AT_ONCE = 500


class Solver:
    """Answers episodes from units that were computed once."""

    def __init__(self, units: Tensor, algorithm: Prototypical) -> None:
        self._units, self._algorithm = units, algorithm

    def __call__(self, task: Episode, _job: Job) -> np.ndarray:
        """Probabilities, float32 ``(t, ways)``."""
        known, asked = (self._units[torch.from_numpy(r)] for r in (task.support, task.targets))
        labels = torch.from_numpy(task.labels)
        logits = self._algorithm.answer_from_units(known.float(), labels, asked.float())
        return torch.softmax(logits, 1).numpy()


def main() -> None:
    """Make it, and print what is on its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--place", type=Path, help="where the benchmark keeps the drawings")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        make(asked.checkpoint, asked.place or Path(own))


def make(checkpoint: Path, place: Path) -> None:
    """Write the learner file."""
    plain, algorithm = Conv4(), Prototypical()
    learned = part("now", load_checkpoint(checkpoint).tensors)
    restore_module(plain, part("network", learned))
    restore_module(algorithm, part("algorithm", learned))
    network = Turned(plain, VIEWS).eval()
    store = drawings(EVALUATION, 28, place, Job())
    solver = Solver(_units(network, store.pixels), algorithm)
    first, second = (_half(store.classes, number) for number in range(2))
    law = calibrated(solver, first, True, 0, Job())
    for name, sharpness in (("as learned", None), ("by the law", law)):
        print(name, f"{100 * _error(solver, second, sharpness):.1f} % off")
    card = LearnerCard(
        title="Glyphs: handwritten characters and signs",
        algorithm=AlgorithmPart("prototypical"),
        network=NetworkPart("conv4", Conv4Settings(1, 28, 64, VIEWS)),
        sharpness=(law.base, law.ways, law.shots, law.both),
        classes={
            "training": _counted(drawings(BACKGROUND, 28, place, Job()).classes),
            "test": _counted(store.classes),
        },
        settings={"ways": 100, "shots": 1, "targets": 2, "turned": True, "bend": 0.8},
        results=tuple(_tested(solver, store.classes, *kind) for kind in KINDS),
        licence="Apache-2.0",
        date="2026-11-23",
        program=__version__,
        notice=(
            "Trained on the background alphabets of Omniglot (Lake, Salakhutdinov and "
            "Tenenbaum 2015, MIT licence); results are of characters of one alphabet each."
        ),
    )
    target = resource("learners", "glyphs.safetensors")
    target.parent.mkdir(exist_ok=True)
    save_learner(target, card, network, algorithm)
    for result in card.results:
        print(result.ways, result.shots, result.new)
    print(card.sharpness, target.stat().st_size)


def _units(network: nn.Module, pixels: np.ndarray) -> Tensor:
    with torch.inference_mode():
        parts = as_input(torch.from_numpy(pixels)).split(AT_ONCE)
        return torch.cat([to_units(network(part)).half() for part in parts]).clone()


def _half(classes: ClassRows, number: int) -> ClassRows:
    """The classes of every second alphabet."""
    kept = np.flatnonzero(classes.group_of % 2 == number)
    rows, names = (tuple(whole[i] for i in kept) for whole in (classes.rows, classes.names))
    groups = tuple(classes.group_of[kept].tolist())
    return replace(classes, rows=rows, names=names, groups=groups)


def _counted(classes: ClassRows) -> dict[str, int]:
    return dict(zip(classes.names, classes.sizes.tolist(), strict=True))


def _tested(solver: Solver, classes: ClassRows, ways: int, shots: int) -> TestResult:
    sampler = episode_sampler(classes, EpisodePlan(ways, shots, within_groups=True), Job())
    right = []
    for number in range(EPISODES):
        task = sampler.episode(number)
        right.append(float((solver(task, Job()).argmax(1) == task.answers).mean()))
    return TestResult(ways, shots, sampler.plan.targets, EPISODES, estimate(right))


def _error(solver: Solver, classes: ClassRows, law) -> float:
    """Expected calibration error over tasks of all kinds."""
    sure, right = [], []
    for ways, shots in KINDS:
        sampler = episode_sampler(classes, EpisodePlan(ways, shots, within_groups=True), Job())
        factor = 1.0 if law is None else law(np.full(ways, shots))
        for number in range(100):
            task = sampler.episode(number)
            probs = solver(task, Job()).astype(np.float64) ** factor
            probs /= probs.sum(axis=1, keepdims=True)
            sure.append(probs.max(axis=1))
            right.append(probs.argmax(axis=1) == task.answers)
    return calibration(np.concatenate(sure), np.concatenate(right)).ece


if __name__ == "__main__":
    main()
