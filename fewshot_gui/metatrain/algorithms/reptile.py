"""Reptile.

Nichol et al. 2018, *On First-Order Meta-Learning Algorithms*, arXiv:1803.02999.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import vmap

from fewshot_gui.metatrain.algorithms.base import graded
from fewshot_gui.metatrain.algorithms.inner_loop import (
    Start,
    Task,
    answers_of,
    common_head,
    steps,
)
from fewshot_gui.metatrain.networks import Network
from fewshot_gui.metatrain.training_episodes import EpisodeBatch


class Reptile(nn.Module):
    """A starting point that lies near to what gradient descent learns of each task.

    Train it with more shots than will be answered for: 15 for one, in the paper.

    Args:
        width: Of the network's features.
        inner_steps: Steps of gradient descent in training.
        answer_steps: Steps for an answer.
        rate: Their learning rate.
    """

    mixed = False

    def __init__(
        self, width: int, inner_steps: int = 8, answer_steps: int = 20, rate: float = 0.1
    ) -> None:
        super().__init__()
        self.inner_steps = inner_steps
        self.answer_steps = answer_steps
        self.rate = rate
        self.head = nn.Parameter(torch.zeros(width))

    def loss(self, network: Network, episodes: EpisodeBatch) -> tuple[Tensor, Tensor]:
        network.train()
        begun = dict(network.named_parameters())
        body = {name: weight.detach() for name, weight in begun.items()}
        start = Start(body, common_head(self.head.detach(), episodes.ways))

        def learned(support: Tensor, targets: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
            task = Task(support, episodes.labels, targets)
            end = self._learned(network, start, task, self.inner_steps)
            return end.body, end.head, answers_of(network, end, task)

        with torch.no_grad():
            ends, heads, logits = vmap(learned)(episodes.support, episodes.targets)
            value, accuracy = graded(logits, episodes.answers)
        # Its gradient is, as Reptile has it, the way back from what was learned to the start.
        pull = (self.head * (self.head.detach() - heads.mean((0, 1)))).sum()
        for name, weight in begun.items():
            pull = pull + (weight * (body[name] - ends[name].mean(0))).sum()
        return value + (pull - pull.detach()), accuracy

    def answer(
        self, network: Network, support: Tensor, support_labels: Tensor, targets: Tensor
    ) -> Tensor:
        network.eval()
        body = {name: weight.detach() for name, weight in network.named_parameters()}
        ways = int(support_labels.max()) + 1
        task = Task(support, support_labels, targets)
        with torch.no_grad():  # the inner loop takes its own derivatives none the less
            start = Start(body, common_head(self.head.detach(), ways))
            return answers_of(network, self._learned(network, start, task, self.answer_steps), task)

    def _learned(self, network: nn.Module, start: Start, task: Task, count: int) -> Start:
        rates = torch.full((count, 2), self.rate, device=task.support.device)
        return steps(network, start, task, rates, through=False, head_only=False)[-1]
