"""One episode as the learner sees it, to be looked at after every look."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import Episode, episode_sampler
from fewshot_gui.metatrain.final_test import TrainedSolver
from fewshot_gui.metatrain.materials import Material
from fewshot_gui.metatrain.plan import EpisodePlan
from fewshot_gui.metatrain.training_events import ExampleEpisode, ShownPicture

WAYS, TARGETS = 5, 4


class Gallery:
    """Always the same episode, of classes that are not learned from.

    Args:
        material: The pictures.
        classes: Those to draw from; at least two have two pictures.
        shots: Examples of each class, where there are as many.
        seed: Other seeds give other episodes.
        device: Where to compute.

    Raises:
        UserError: There are too few classes or pictures.
    """

    def __init__(
        self, material: Material, classes: ClassRows, shots: int, seed: int, device: torch.device
    ) -> None:
        self._material = material
        self._device = device
        self._names = classes.names
        plan = EpisodePlan(min(WAYS, len(classes)), shots, TARGETS, seed=seed)
        largest = sorted(classes.sizes.tolist(), reverse=True)[: plan.ways]
        least = min(largest)  # of the classes that can take part
        shots = max(1, min(shots, least - 1))
        plan = replace(plan, shots=shots, targets=max(1, min(TARGETS, least - shots)))
        self._task = episode_sampler(classes, plan, Job()).episode(0)

    def shown(self, network: nn.Module, algorithm: nn.Module, step: int) -> ExampleEpisode:
        """The episode with the answers that the learner gives by now."""
        solver = TrainedSolver(network, algorithm, self._material, self._device)
        answers = solver.probabilities(self._task, Job())
        task: Episode = self._task
        paths = self._material.paths
        return ExampleEpisode(
            step,
            tuple(self._names[c] for c in task.classes.tolist()),
            tuple(
                ShownPicture(paths[row], label)
                for row, label in zip(task.support.tolist(), task.labels.tolist(), strict=True)
            ),
            tuple(
                ShownPicture(paths[row], label, int(shares.argmax()), float(shares.max()))
                for row, label, shares in zip(
                    task.targets.tolist(), task.answers.tolist(), answers, strict=True
                )
            ),
        )
