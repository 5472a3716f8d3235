"""What would go wrong in the end, found out before the long work."""

from __future__ import annotations

import contextlib
from itertools import chain

import torch

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.algorithms.meta_baseline import Classifier
from fewshot_gui.metatrain.building import built_algorithm, built_network
from fewshot_gui.metatrain.final_test import plans_for_test
from fewshot_gui.metatrain.learner_card import AdapterSettings, NetworkPart, TunedSettings
from fewshot_gui.metatrain.learner_file import load_learner
from fewshot_gui.metatrain.learning import watched
from fewshot_gui.metatrain.ordered_learner import INTERPOLATION, algorithm_part
from fewshot_gui.metatrain.preparing import picture_shape
from fewshot_gui.metatrain.scratch import scratch_folder
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.team import Team
from fewshot_gui.metatrain.training_episodes import TURNS, episode_pools
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.room import check_room
from fewshot_gui.texts import _


def check_rival(order: TrainingOrder) -> None:
    """Whether what the new learner is to be compared with is there.

    Raises:
        UserError: It is missing, damaged, or goes on from a backbone that is not there.
    """
    file = order.compared_file
    if file is not None and order.test_episodes:
        load_learner(file)


def check_team(order: TrainingOrder, team: Team) -> None:
    """Whether there is work for every process. Raises ``UserError`` where there is not."""
    if order.episodes < team.size:
        raise UserError(
            _("{episodes} episodes a step are too few for {count} processes.").format(
                episodes=order.episodes, count=team.size
            ),
            _("Ask for more episodes a step, or start fewer processes."),
        )


def check_parts(order: TrainingOrder, split: ClassSplit) -> None:
    """Whether every part has the classes and pictures for what is done with it.

    Raises:
        UserError: One has not; the first one.
    """
    episode_pools(split.training, order.batches)
    watched(order, split)
    if order.test_episodes:
        plans_for_test(split.test, order.within_groups, order.seed)


def check_disks(order: TrainingOrder, part: NetworkPart, split: ClassSplit, pictures: int) -> None:
    """Whether there is room for the pictures and for what is put down.

    Args:
        order: The training.
        part: Its network.
        split: Its classes, as if all pictures could be read.
        pictures: How many there are.

    Raises:
        UserError: A disk is too full, or the network goes on from weights that are damaged.
    """
    # The new checkpoint is whole before the older one goes.
    file = order.checkpoint
    there = file.stat().st_size if file.exists() else 0
    needs = [(file.parent, max(0, 2 * _checkpoint_bytes(order, part, split) - there))]
    if not isinstance(part.settings, AdapterSettings):
        pixels = picture_shape(part, INTERPOLATION).on_disk(pictures)
        needs.append((scratch_folder(), pixels))
    check_room(needs)


def _checkpoint_bytes(order: TrainingOrder, part: NetworkPart, split: ClassSplit) -> int:
    """The weights as they are and as they were at best, and what Adam keeps of each."""
    loaded = isinstance(part.settings, TunedSettings)
    with contextlib.nullcontext() if loaded else torch.device("meta"):
        network = built_network(part)
    with torch.device("meta"):  # takes no memory
        modules = [network, built_algorithm(algorithm_part(order), network.width)]
        if order.classifying:
            turns = TURNS if order.turned else 1
            modules[1:] = [Classifier(network.width, turns * len(split.training))]
    held = chain.from_iterable(module.state_dict().values() for module in modules)
    learning = chain.from_iterable(module.parameters() for module in modules)
    return 2 * sum(t.nbytes for t in held) + 2 * sum(p.nbytes for p in learning if p.requires_grad)
