"""Several processes that train one learner together, on one machine or on several.

``torchrun`` starts them. Each draws the same episodes and learns from its share; gradients
are added up, so that all make the same step as one process with all episodes would.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.networks import ReferenceNorm, full_precision
from fewshot_gui.metatrain.training_episodes import EpisodeBatch
from fewshot_gui.metatrain.training_plan import Control

_PATIENCE = timedelta(days=2)  # while the first one is held, the others wait


@dataclass(frozen=True)
class Wish:
    """What all processes agree on before a step.

    Attributes:
        held: To wait, and to agree again.
        finishing: To end as if this were the end.
        seconds: How long the training has lasted.
    """

    held: bool
    finishing: bool
    seconds: float


@dataclass(frozen=True)
class Team:
    """This process among those that train together; by default it is alone.

    Attributes:
        rank: Its number, from 0; 0 tells of the training and writes files.
        size: How many there are.
        device: Where what they tell each other lies.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def alone(self) -> bool:
        return self.size == 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agreed(self, job: Job, control: Control, seconds: float) -> Wish:
        """What to do next. Raises ``Cancelled`` in all processes when one was cancelled."""
        if self.alone:
            job.checkpoint()
            return Wish(control.held, control.finishing, seconds)
        told = [job.cancelled, control.held, control.finishing, self.leads * seconds]
        heard = self.added_up(torch.tensor(told, dtype=torch.float64, device=self.device)).tolist()
        if heard[0]:
            raise Cancelled
        return Wish(bool(heard[1]), bool(heard[2]), heard[3])

    def share(self, episodes: EpisodeBatch) -> tuple[EpisodeBatch, float]:
        """This process's episodes of a batch, and their part of the whole, 0 to 1.

        There are as many episodes as processes at least.
        """
        if self.alone:
            return episodes, 1.0
        own = slice(self.rank, None, self.size)
        part = replace(
            episodes,
            support=episodes.support[own],
            targets=episodes.targets[own],
            classes=episodes.classes[own],
        )
        return part, len(part) / len(episodes)

    def takes(self, number: int) -> bool:
        """Whether a piece of work with this number is for this process."""
        return number % self.size == self.rank

    def added_up(self, numbers: Tensor) -> Tensor:
        """The sum over all processes, the same in each."""
        if not self.alone:
            dist.all_reduce(numbers)
        return numbers

    def add_up_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give every process the sum of all gradients."""
        if self.alone:
            return
        learning = [p for p in parameters if p.requires_grad]
        # One message for all: most are short, and each message costs a round trip.
        given = [torch.zeros_like(p) if p.grad is None else p.grad for p in learning]
        sums = self.added_up(torch.cat([gradient.flatten() for gradient in given]))
        for parameter, part in zip(
            learning, sums.split([p.numel() for p in learning]), strict=True
        ):
            parameter.grad = part.view_as(parameter)


class _SumOfAll(torch.autograd.Function):
    """The sum over all processes, to be differentiated.

    Every process's loss depends on it, so its slope is the sum of all their slopes.
    """

    @staticmethod
    def forward(_context, own: Tensor) -> Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context, slope: Tensor) -> Tensor:
        total = slope.contiguous().clone()
        dist.all_reduce(total)
        return total


class SharedNorm(ReferenceNorm):
    """A norm whose statistics in training are those of all processes' pictures."""

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """See ``ReferenceNorm.forward``."""
        if reference or not self.training:
            return super().forward(images, reference)
        known = full_precision(images)
        count = known.new_tensor([float(known[:, 0].numel())])
        sums = _SumOfAll.apply(torch.cat([known.sum((0, 2, 3)), count]))
        mean = sums[:-1] / sums[-1]
        # Two rounds, as the mean of the squares less the square of the mean loses digits.
        away = known - mean[:, None, None]
        variance = _SumOfAll.apply(away.square().sum((0, 2, 3))) / sums[-1]
        self.remember(mean.detach(), variance.detach(), sums[-1].detach())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (away * scale[:, None, None] + self.bias[:, None, None]).to(images.dtype)

    def of_batch(self, mean: Tensor, variance: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """See ``ReferenceNorm.of_batch``: of all processes' pictures, from those of this one's."""
        sums = _SumOfAll.apply(torch.cat([mean * count, count[None]]))
        common, total = sums[:-1] / sums[-1], sums[-1].detach()
        around = variance + (mean - common).square()
        return super().of_batch(common, _SumOfAll.apply(around * count) / total, total)


def share_norms(network: nn.Module) -> None:
    """Have all norms of a network look at all processes' pictures."""
    for module in network.modules():
        if type(module) is ReferenceNorm:
            # It holds the same and does another sum: nothing has to be built or copied.
            module.__class__ = SharedNorm


def own_device(kind: str) -> torch.device:
    """Where this process computes: each of those on one machine has a graphics card of its own.

    Args:
        kind: ``cuda``, ``mps`` or ``cpu``.
    """
    local = os.environ.get("LOCAL_RANK")
    if kind != "cuda" or local is None:
        return torch.device(kind)
    device = torch.device(kind, int(local) % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


@contextlib.contextmanager
def joined_team(device: torch.device) -> Iterator[Team]:
    """The processes that ``torchrun`` started; this one alone where it did not."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Team()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Team(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()
