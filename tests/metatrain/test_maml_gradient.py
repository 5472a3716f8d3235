"""MAML's gradient is that of its loss: compared with finite differences, in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.networks import Conv4
from fewshot_gui.metatrain.training_episodes import EpisodeBatch

STEP = 1e-5


class Tiny(nn.Module):
    """A smooth network: finite differences are exact enough only where there is no kink."""

    width = 4

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16, self.width)

    def forward(self, images: torch.Tensor, reference: int = 0) -> torch.Tensor:
        return torch.tanh(self.layer(images.flatten(1)))


def batch_of(side: int) -> EpisodeBatch:
    generator = torch.Generator().manual_seed(0)

    def pictures(count: int) -> torch.Tensor:
        return torch.randn(2, count, 1, side, side, generator=generator, dtype=torch.float64)

    labels, answers = torch.arange(3).repeat_interleave(2), torch.arange(3).repeat_interleave(3)
    classes = torch.arange(3).repeat(2, 1)
    return EpisodeBatch(pictures(6), labels, pictures(9), answers, classes)


def slope_and_difference(algorithm: Maml, network: nn.Module, side: int, seed: int):
    """The derivative along a random direction, by the graph and by central differences."""
    parameters = [*network.parameters(), *algorithm.parameters()]
    batch = batch_of(side)
    algorithm.loss(network, batch)[0].backward()
    slope = torch.cat([p.grad.flatten() for p in parameters])
    start = parameters_to_vector(parameters).detach().clone()
    generator = torch.Generator().manual_seed(seed)
    way = torch.randn(len(start), generator=generator, dtype=torch.float64)
    way /= way.norm()
    values = []
    for sign in (1, -1):
        vector_to_parameters(start + sign * STEP * way, parameters)
        values.append(algorithm.loss(network, batch)[0].item())
    return float(slope @ way), (values[0] - values[1]) / (2 * STEP)


def maml(**how) -> Maml:
    torch.manual_seed(0)
    return Maml(inner_steps=3, rate=0.5, sharpness=2.0, **how).double()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("how", [{}, {"per_step": True}, {"head_only": True}])
def test_the_second_order_gradient_is_that_of_the_loss(how, seed):
    slope, difference = slope_and_difference(maml(**how), Tiny().double(), 4, seed)
    assert slope == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_through_convolutions_and_the_norm_of_the_examples_it_is_too():
    torch.manual_seed(0)
    network = Conv4(1, 16, 3).double()
    algorithm = Maml(inner_steps=2, rate=0.1).double()
    slope, difference = slope_and_difference(algorithm, network, 16, 0)
    assert slope == pytest.approx(difference, rel=1e-4)


def test_the_first_order_gradient_is_another_one():
    slope, difference = slope_and_difference(maml(second_order=False), Tiny().double(), 4, 0)
    assert abs(slope - difference) > 1e-3 * abs(difference)
