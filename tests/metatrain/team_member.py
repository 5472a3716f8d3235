"""A small training, alone or as one of several processes: ``python -m … FILE``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.matching import Matching
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.networks import Conv4
from fewshot_gui.metatrain.split import split_classes
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.team import Team, joined_team, share_norms
from fewshot_gui.metatrain.trainer import Trainer
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_plan import BatchPlan, TrainerPlan
from tests.metatrain.toys import classes_of

CPU = torch.device("cpu")
SIDE, WIDTH = 16, 4
ALGORITHMS = {
    "prototypical": Prototypical,
    "matching": Matching,
    "maml": lambda: Maml(inner_steps=2),
}
# Small steps: Adam makes a full one of a gradient that is nothing but rounding.
PLAN = TrainerPlan(steps=4, rate=1e-3, watch_every=2, watch_episodes=5, precision="float32")
EPISODES = BatchPlan((3, 4), (1, 2), (2, 2), episodes=3)  # one has two of them, one has one


def store() -> ImageStore:
    rng = np.random.default_rng(0)
    patterns = np.kron(rng.random((20, 1, 1, 4, 4)) * 100, np.ones((4, 4)))
    noisy = patterns + rng.random((20, 6, 1, SIDE, SIDE)) * 155
    return ImageStore(noisy.reshape(-1, 1, SIDE, SIDE).astype(np.uint8), classes_of([6] * 20))


def trained(name: str, folder: Path, team: Team) -> dict[str, torch.Tensor]:
    """Losses, accuracies, looks and the last weights of a training."""
    torch.manual_seed(0)
    pictures = store()
    split = split_classes(pictures.classes, 0.3, 0.2)
    training = EpisodeSource(pictures, split.training, EPISODES, 3, CPU)
    watching = EpisodeSource(pictures, split.validation, replace(EPISODES, episodes=2), 1, CPU)
    network, algorithm = Conv4(1, SIDE, WIDTH), ALGORITHMS[name]()
    told: list[tuple[int, float, float]] = []
    if not team.alone:
        share_norms(network)
    path = folder / f"{name}.training"
    trainer = Trainer(network, algorithm, training, watching, PLAN, path, CPU, team)
    done = trainer.run(Job(), on_step=lambda *step: told.append(step))
    looks = torch.tensor([look.accuracy.mean for look in done.looks], dtype=torch.float64)
    steps = torch.tensor(told, dtype=torch.float64)
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    return {"steps": steps, "looks": looks, **weights}


if __name__ == "__main__":
    torch.set_num_threads(1)
    place = Path(sys.argv[1])
    place.mkdir()
    with joined_team(CPU) as every:
        for key in ALGORITHMS:
            save_file(trained(key, place, every), place / f"{key}.safetensors")
