"""Prototypical networks.

Snell et al. 2017, *Prototypical Networks for Few-shot Learning*, arXiv:1703.05175, with
features of length 1 and a learned scale of the distances: the embeddings of a folder are kept
with length 1, and so every answer can be had from them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fewshot_gui.metatrain.algorithms.base import (
    answered_by_units,
    embedded_in_turns,
    graded,
    in_full,
    learned_scale,
    prototypes,
)
from fewshot_gui.metatrain.networks import Network
from fewshot_gui.metatrain.training_episodes import EpisodeBatch

FIRST_SCALE = 10.0


class Prototypical(nn.Module):
    """A class is the mean of its examples; the nearest one, by squared distance, is the answer."""

    mixed = True

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = learned_scale(FIRST_SCALE)

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        support, targets = embedded_in_turns(network, episodes)
        return graded(self._nearness(support, episodes.labels, targets), episodes.answers)

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        return answered_by_units(self, network, support, support_labels, targets)

    @torch.no_grad()
    def answer_from_units(
        self, support_units: Tensor, support_labels: Tensor, target_units: Tensor
    ) -> Tensor:
        """Negative squared distances, times the scale; see ``UnitAlgorithm``.

        A class is the mean of its units, itself shorter than 1 where they differ. What all
        classes of a target have in common is left out: -|t - c|² is 2 t·c - |c|² - 1.
        """
        return self._nearness(support_units, support_labels, target_units)

    def _nearness(self, support: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
        """Of units ``(…, s, width)`` and ``(…, t, width)``: float32 ``(…, t, ways)``."""
        with in_full(targets):
            centres = prototypes(support, labels)
            lengths = centres.square().sum(-1)[..., None, :]
            return self.log_scale.exp() * (2 * targets @ centres.mT - lengths)
