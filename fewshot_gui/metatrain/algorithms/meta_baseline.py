"""Meta-Baseline: first an ordinary classifier of all classes, then episodes.

Chen et al. 2021, *Meta-Baseline: Exploring Simple Meta-Learning for Few-Shot Learning*,
arXiv:2003.04390. Train a network with ``Classifier``, then go on with ``MetaBaseline``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fewshot_gui.metatrain.algorithms.base import (
    answered_by_units,
    embedded,
    embedded_in_turns,
    graded,
    in_full,
    learned_scale,
    prototypes,
    to_units,
)
from fewshot_gui.metatrain.networks import Network
from fewshot_gui.metatrain.training_episodes import EpisodeBatch

FIRST_SCALE = 10.0


class Classifier(nn.Module):
    """All training classes at once, by a direction for each; tasks by the nearest mean.

    Cosines in training, too, as they decide of tasks (the paper has a linear layer).

    Args:
        width: Of the network's features.
        classes: ``class_count`` of the source of the episodes.
    """

    mixed = True

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Parameter(torch.randn(classes, width))
        self.log_scale = learned_scale(FIRST_SCALE)

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        support, targets = embedded(network, episodes)
        # Examples and targets are all the same to a classifier: pictures with a class.
        units = torch.cat([support, targets], dim=1).flatten(0, 1)
        places = torch.cat([episodes.labels, episodes.answers])
        with in_full(units):
            known = self.log_scale.exp() * (units @ to_units(self.head).T)
            loss = F.cross_entropy(known, episodes.classes[:, places].flatten())
        with torch.no_grad():
            near = _cosines(support, episodes.labels, targets)
        return loss, graded(near, episodes.answers)[1]

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        return answered_by_units(self, network, support, support_labels, targets)

    @torch.no_grad()
    def answer_from_units(
        self, support_units: Tensor, support_labels: Tensor, target_units: Tensor
    ) -> Tensor:
        """Scale * cosine to the mean of each class's units; see ``UnitAlgorithm``."""
        return self.log_scale.exp() * _cosines(support_units, support_labels, target_units)


class MetaBaseline(nn.Module):
    """Cosine to the mean of each class, times a scale that is learned."""

    mixed = True

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = learned_scale(FIRST_SCALE)

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        support, targets = embedded_in_turns(network, episodes)
        near = _cosines(support, episodes.labels, targets)
        return graded(self.log_scale.exp() * near, episodes.answers)

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        return answered_by_units(self, network, support, support_labels, targets)

    @torch.no_grad()
    def answer_from_units(
        self, support_units: Tensor, support_labels: Tensor, target_units: Tensor
    ) -> Tensor:
        """Scale * cosine to the mean of each class's units; see ``UnitAlgorithm``."""
        return self.log_scale.exp() * _cosines(support_units, support_labels, target_units)


def _cosines(support: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Cosines of units to the mean of each class's units, float32 ``(…, t, ways)``."""
    with in_full(targets):
        return targets @ to_units(prototypes(support, labels)).mT
