"""Learning one task by gradient descent: the inner loop of MAML, ANIL and Reptile.

Everything is a function of tensors, for ``torch.func``: nothing here changes the network.
Normalisation uses the statistics of the examples alone, for the targets as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad

from fewshot_gui.metatrain.networks import full_precision

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Task:
    """Tensors of one task: pictures ``(s, …)`` and ``(t, …)``, labels ``(s,)``."""

    support: Tensor
    labels: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Start:
    """Where the inner loop begins.

    Attributes:
        body: The network's weights by name.
        head: ``(ways, width)``, a row a class.
    """

    body: Weights
    head: Tensor


def steps(
    network: nn.Module, start: Start, task: Task, rates: Tensor, through: bool, head_only: bool
) -> list[Start]:
    """What comes out of each step of gradient descent on the examples.

    Args:
        network: The module that the weights are for.
        start: Where to begin.
        task: Its examples.
        rates: ``(count, 2)`` learning rates of the body and the head at each step.
        through: Whether the result can be differentiated through the steps (second order).
        head_only: Whether the body stays as it is (ANIL).
    """
    learned = []
    for rate in rates:
        body, head = _slopes(network, start, task, head_only)
        if not through:
            body, head = {name: slope.detach() for name, slope in body.items()}, head.detach()
        moved = {name: start.body[name] - rate[0] * slope for name, slope in body.items()}
        start = Start({**start.body, **moved}, start.head - rate[1] * head)
        learned.append(start)
    return learned


def answers_of(network: nn.Module, weights: Start, task: Task) -> Tensor:
    """Logits of the targets, float32 ``(t, ways)``."""
    count = len(task.support)
    images = torch.cat([task.support, task.targets])
    features = _features(network, weights.body, images, count)
    return features[count:] @ weights.head.T


def common_head(row: Tensor, ways: int) -> Tensor:
    """The head of a new task: the same for all classes, so that none is special.

    Ye and Chao 2022, *How to Train Your MAML to Excel in Few-Shot Classification*,
    arXiv:2106.16245. It lets one network learn tasks of any number of classes.
    """
    return row.expand(ways, -1)


def prototype_head(
    network: nn.Module, body: Weights, task: Task, ways: int, sharpness: Tensor
) -> Tensor:
    """The head of a new task: a row a class, in the direction of its examples' mean.

    Triantafillou et al. 2020, *Meta-Dataset* (Proto-MAML), arXiv:1903.03096: the inner loop
    begins with what a prototypical network answers. By directions rather than distances, so
    that it needs no bias.

    Args:
        network, body: The network, and the weights that it begins with.
        task: Its examples.
        ways: Number of its classes.
        sharpness: Scalar: largest logit of an example of usual length.

    Returns:
        float ``(ways, width)``; derivatives go through it into ``body``.
    """
    features = _features(network, body, task.support, len(task.support))
    members = F.one_hot(task.labels, ways).to(features.dtype)
    means = members.T @ F.normalize(features, dim=1)
    length = features.norm(dim=1).mean().clamp_min(1e-6)
    return F.normalize(means, dim=1) * (sharpness / length)


def _slopes(
    network: nn.Module, start: Start, task: Task, head_only: bool
) -> tuple[Weights, Tensor]:
    count = len(task.support)

    def loss(body: Weights, head: Tensor) -> Tensor:
        features = _features(network, {**start.body, **body}, task.support, count)
        return F.cross_entropy(features @ head.T, task.labels)

    body = {} if head_only else start.body
    return grad(loss, argnums=(0, 1))(body, start.head)


def _features(network: nn.Module, body: Weights, images: Tensor, reference: int) -> Tensor:
    return full_precision(functional_call(network, body, (images, reference)))
