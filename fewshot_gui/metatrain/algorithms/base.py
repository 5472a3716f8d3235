"""What every meta-learning algorithm promises, and the few sums that several of them need."""

from __future__ import annotations

import math
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fewshot_gui.metatrain.networks import Network, full_precision
from fewshot_gui.metatrain.training_episodes import EpisodeBatch


class Algorithm(Protocol):
    """A ``torch.nn.Module`` too: what it learns beside the network are its parameters."""

    mixed: bool
    """Whether ``loss`` may run under autocast; second derivatives need full precision."""

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        """One step's loss, to be differentiated, and the accuracy on the targets.

        Puts the network into training mode.

        Returns:
            Two float scalars; the accuracy from 0 to 1, without a graph.
        """
        ...

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        """Sort the targets of one task, each as if it were alone.

        Puts the network into evaluation mode and changes no parameter.

        Args:
            network: As it came out of training.
            support: float32 ``(s, channels, side, side)``.
            support_labels: int64 ``(s,)``, from 0 to ways - 1, each at least once, in any
                order and of any numbers.
            targets: float32 ``(t, channels, side, side)``.

        Returns:
            float32 ``(t, ways)``; their softmax are the probabilities.
        """
        ...


class UnitAlgorithm(Algorithm, Protocol):
    """An algorithm that needs of each picture its features' direction alone.

    So a table of embeddings of length 1, filled once, answers for every task: ``answer`` is
    the network, ``to_units``, and ``answer_from_units``.
    """

    def answer_from_units(
        self, support_units: Tensor, support_labels: Tensor, target_units: Tensor
    ) -> Tensor:
        """Sort the targets of one task, each as if it were alone. Changes nothing.

        Args:
            support_units: float32 ``(s, width)``, each of length 1: what ``to_units`` made of
                the network's features in evaluation mode. float16 in between does no harm.
            support_labels: int64 ``(s,)``, from 0 to ways - 1, each at least once, in any
                order and of any numbers.
            target_units: float32 ``(t, width)``, likewise; ``t`` may be a part of all
                targets, as none is compared with another.

        Returns:
            float32 ``(t, ways)``, without a graph; their softmax are the probabilities.
        """
        ...


def to_units(features: Tensor) -> Tensor:
    """Features ``(…, width)`` divided by their length, float32; zeros stay zeros."""
    return F.normalize(full_precision(features), dim=-1)


def embedded(network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
    """Units of all pictures in one pass: float32 ``(e, s, width)`` and ``(e, t, width)``."""
    images = torch.cat([episodes.support, episodes.targets], dim=1)
    units = to_units(network(images.flatten(0, 1))).unflatten(0, images.shape[:2])
    return units.split([episodes.support.shape[1], episodes.targets.shape[1]], dim=1)


def embedded_in_turns(network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
    """As ``embedded``, and each picture is an example in its turn: more episodes of one pass.

    Of 1 shot and 4 targets come 5 episodes for each, as every drawing of a class may well be
    the one that is shown; the network, which takes all the time, sees no more pictures.

    Returns:
        float32 ``(turns * e, s, width)`` and ``(turns * e, t, width)``, for the same labels
        and answers.
    """
    parts = embedded(network, episodes)
    classes = torch.cat([part.unflatten(1, (episodes.ways, -1)) for part in parts], dim=2)
    shots = parts[0].shape[1] // episodes.ways
    rolled = [classes.roll(-begin, 2) for begin in range(0, classes.shape[2] - shots + 1, shots)]
    turns = torch.cat(rolled)
    return turns[:, :, :shots].flatten(1, 2), turns[:, :, shots:].flatten(1, 2)


def embedded_task(network: Network, support: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Units of one task's pictures: float32 ``(s, width)`` and ``(t, width)``."""
    return to_units(network(torch.cat([support, targets]))).split([len(support), len(targets)])


def answered_by_units(
    algorithm: UnitAlgorithm,
    network: Network,
    support: Tensor,
    support_labels: Tensor,
    targets: Tensor,
) -> Tensor:
    """``Algorithm.answer`` of an algorithm that answers from units."""
    network.eval()
    with torch.no_grad():
        known, asked = embedded_task(network, support, targets)
    return algorithm.answer_from_units(known, support_labels, asked)


def in_full(tensor: Tensor) -> torch.autocast:
    """Within it, no autocast: what follows the network is cheap, and half precision shows in it."""
    return torch.autocast(tensor.device.type, enabled=False)


def learned_scale(first: float) -> nn.Parameter:
    """A factor, as the logarithm to be learned: so it moves by parts of itself, not by units.

    What is computed from features of length 1 has a narrow range, from -1 to 1 for a cosine;
    a softmax of it would be nearly flat, and learn slowly.
    """
    return nn.Parameter(torch.tensor(math.log(first)))


def prototypes(features: Tensor, labels: Tensor) -> Tensor:
    """Mean of each class: ``(…, s, width)`` and ``(s,)`` to ``(…, ways, width)``."""
    members = F.one_hot(labels).to(features.dtype)
    return (members / members.sum(0)).T @ features


def graded(logits: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy and accuracy of logits ``(e, t, ways)`` for answers ``(t,)``."""
    true = answers.expand(logits.shape[:2])
    loss = F.cross_entropy(logits.flatten(0, 1), true.flatten())
    return loss, (logits.detach().argmax(-1) == true).float().mean()
