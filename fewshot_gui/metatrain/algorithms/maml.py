"""MAML, of first and second order, and ANIL.

Finn et al. 2017, *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*,
arXiv:1703.03400. Raghu et al. 2020, *Rapid Learning or Feature Reuse?*, arXiv:1909.09157
(ANIL). The learned rates and the losses of all steps are from Antoniou et al. 2019, *How to
train your MAML*, arXiv:1810.09502. The head begins with prototypes: see `prototype_head`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.func import vmap

from fewshot_gui.metatrain.algorithms.base import graded
from fewshot_gui.metatrain.algorithms.inner_loop import (
    Start,
    Task,
    Weights,
    answers_of,
    prototype_head,
    steps,
)
from fewshot_gui.metatrain.networks import Network
from fewshot_gui.metatrain.training_episodes import EpisodeBatch


class Maml(nn.Module):
    """A starting point from which a few steps of gradient descent learn a task.

    Args:
        inner_steps: Steps of gradient descent, in training and for answers.
        rate: Learning rate that they begin with; those of every step, of the body and of
            the head, are learned.
        sharpness: Of the head at the beginning, which is learned as well.
        second_order: Differentiate through the steps; without, they are taken as constant.
        per_step: All steps' losses on the targets count, later ones more, not the last only.
        head_only: Only the head learns a task (ANIL).
    """

    mixed = False

    def __init__(
        self,
        inner_steps: int = 5,
        rate: float = 0.1,
        second_order: bool = True,
        per_step: bool = False,
        head_only: bool = False,
        sharpness: float = 10.0,
    ) -> None:
        super().__init__()
        self.second_order = second_order
        self.per_step = per_step
        self.head_only = head_only
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(sharpness)))
        self.log_rates = nn.Parameter(torch.full((inner_steps, 2), math.log(rate)))

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        body = dict(network.named_parameters())

        def logits(support: Tensor, targets: Tensor) -> Tensor:
            task = Task(support, episodes.labels, targets)
            start = self.start(network, body, task, episodes.ways)
            learned = self._learned(network, start, task, self.second_order)
            kept = learned if self.per_step else learned[-1:]
            return torch.stack([answers_of(network, weights, task) for weights in kept])

        of_steps = vmap(logits, out_dims=1)(episodes.support, episodes.targets)
        marks = [graded(of_step, episodes.answers) for of_step in of_steps]
        weights = torch.arange(1, len(marks) + 1, device=episodes.support.device)
        losses = torch.stack([loss for loss, _accuracy in marks])
        return (losses * weights).sum() / weights.sum(), marks[-1][1]

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        network.eval()
        body = {name: weight.detach() for name, weight in network.named_parameters()}
        ways = int(support_labels.max()) + 1
        task = Task(support, support_labels, targets)
        with torch.no_grad():  # the inner loop takes its own derivatives none the less
            start = self.start(network, body, task, ways)
            return answers_of(network, self._learned(network, start, task, False)[-1], task)

    def start(self, network: nn.Module, body: Weights, task: Task, ways: int) -> Start:
        """Where the inner loop begins for a task of so many classes."""
        return Start(body, prototype_head(network, body, task, ways, self.log_sharpness.exp()))

    def _learned(self, network: nn.Module, start: Start, task: Task, through: bool) -> list[Start]:
        return steps(network, start, task, self.log_rates.exp(), through, self.head_only)
