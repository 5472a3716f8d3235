"""Matching networks.

Vinyals et al. 2016, *Matching Networks for One Shot Learning*, arXiv:1606.04080, with cosines
times a learned scale.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fewshot_gui.metatrain.algorithms.base import (
    answered_by_units,
    embedded_in_turns,
    graded,
    in_full,
    learned_scale,
    to_units,
)
from fewshot_gui.metatrain.networks import Network
from fewshot_gui.metatrain.training_episodes import EpisodeBatch

FIRST_SCALE = 10.0
LEAST_WEIGHT = 1e-38  # the smallest that a float32 holds in full precision


class Matching(nn.Module):
    """A target is what the examples are that it resembles most, by attention over all of them.

    Args:
        contexts: Full-context embeddings, see ``FullContext``; None for plain features.
    """

    mixed = True

    def __init__(self, contexts: FullContext | None = None) -> None:
        super().__init__()
        self.contexts = contexts
        self.log_scale = learned_scale(FIRST_SCALE)

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        support, targets = embedded_in_turns(network, episodes)
        return graded(self._matched(support, episodes.labels, targets), episodes.answers)

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        return answered_by_units(self, network, support, support_labels, targets)

    @torch.no_grad()
    def answer_from_units(
        self, support_units: Tensor, support_labels: Tensor, target_units: Tensor
    ) -> Tensor:
        """Logarithms of the attention that each class gets; see ``UnitAlgorithm``.

        The weight of an example is exp(scale * cosine), and the attention is the softmax of
        it. A class gets the mean of its examples' weights and not their sum: the largest
        class must not win by its size. With contexts, the cosines are of what comes of them.
        """
        order = torch.argsort(support_labels, stable=True)  # as in training, class after class
        known, labels = support_units[order], support_labels[order]
        return self._matched(known[None], labels, target_units[None])[0]

    def _matched(self, support: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
        """Of units ``(e, s, width)`` and ``(e, t, width)``: float32 ``(e, t, ways)``."""
        with in_full(targets):
            if self.contexts is not None:
                support, targets = map(to_units, self.contexts(support, targets))
            members = F.one_hot(labels).to(support.dtype)
            near = self.log_scale.exp() * (targets @ support.mT)
            # Relative to the nearest example, whose weight is 1: nothing gets too large, and
            # a class that gets nothing at all must not have the logarithm minus infinity.
            nearest = near.amax(-1, keepdim=True).detach()
            weights = torch.exp(near - nearest) @ (members / members.sum(0))
            return torch.log(weights.clamp_min(LEAST_WEIGHT)) + nearest


class FullContext(nn.Module):
    """Every example is seen in the light of the others, and each target in that of all examples.

    Section 2.1.2 and the appendix of the paper: a bidirectional LSTM over the examples and an
    LSTM with attention over them for a target. A target never sees another target. The units
    are stretched first, to components of about 1, as an LSTM wants them.

    Args:
        width: Of the features.
        reads: Steps of the attention.
    """

    def __init__(self, width: int, reads: int = 5) -> None:
        super().__init__()
        self.reads = reads
        self.over_support = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.over_target = nn.LSTMCell(width, width)

    def forward(self, support: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Units ``(e, s, width)`` and ``(e, t, width)`` to features in context, of any length."""
        stretch = math.sqrt(support.shape[-1])
        support, targets = stretch * support, stretch * targets
        both_ways, _state = self.over_support(support)
        forth, back = both_ways.chunk(2, dim=-1)
        known = support + forth + back
        plain = targets.flatten(0, 1)
        hidden, read, cell = plain, torch.zeros_like(plain), torch.zeros_like(plain)
        for _read in range(self.reads):
            hidden, cell = self.over_target(plain, (hidden + read, cell))
            hidden = hidden + plain
            asked = hidden.view_as(targets)
            read = (torch.softmax(asked @ known.mT, dim=-1) @ known).flatten(0, 1)
        return known, hidden.view_as(targets)
