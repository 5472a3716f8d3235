"""The algorithms compute what their papers say, written out here in the plainest way."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fewshot_gui.metatrain.algorithms.matching import Matching
from fewshot_gui.metatrain.algorithms.meta_baseline import MetaBaseline
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.algorithms.reptile import Reptile
from fewshot_gui.metatrain.training_episodes import EpisodeBatch


class Flat(nn.Module):
    """A network whose features are the pixels."""

    width = 4

    def forward(self, images: torch.Tensor, reference: int = 0) -> torch.Tensor:
        return images.flatten(1)


class Linear(nn.Module):
    """A network of one layer."""

    width = 3

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, self.width)

    def forward(self, images: torch.Tensor, reference: int = 0) -> torch.Tensor:
        return self.layer(images.flatten(1))


tasks = st.tuples(
    st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(1, 5), st.integers(0, 1000)
)


def task_of(made) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A task with so many examples of each class: examples, labels, targets."""
    sizes, targets, seed = made
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    support = torch.randn(len(labels), 1, 2, 2, generator=generator)
    return support, labels, torch.randn(targets, 1, 2, 2, generator=generator)


def units(pictures: torch.Tensor) -> torch.Tensor:
    """The features of ``Flat``, each divided by its length."""
    flat = pictures.flatten(1)
    return flat / flat.square().sum(1, keepdim=True).sqrt()


def means(features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.stack([features[labels == c].mean(0) for c in range(int(labels.max()) + 1)])


@settings(deadline=None)
@given(tasks)
def test_prototypes_answer_by_the_squared_distance_to_the_mean(made):
    support, labels, targets = task_of(made)
    logits = Prototypical().answer(Flat(), support, labels, targets)
    distances = torch.cdist(units(targets), means(units(support), labels)) ** 2
    expected = (-10 * distances).softmax(1)
    torch.testing.assert_close(logits.softmax(1), expected, rtol=1e-3, atol=1e-5)


@settings(deadline=None)
@given(tasks)
def test_meta_baseline_answers_by_the_cosine_to_the_mean(made):
    support, labels, targets = task_of(made)
    logits = MetaBaseline().answer(Flat(), support, labels, targets)
    centres = means(units(support), labels)
    near = F.cosine_similarity(targets.flatten(1)[:, None], centres[None], dim=-1)
    torch.testing.assert_close(logits, 10 * near, rtol=1e-3, atol=1e-4)


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(1, 4), st.integers(1, 5), st.integers(0, 1000))
def test_matching_answers_by_the_attention_that_each_class_gets(ways, shots, targets, seed):
    support, labels, asked = task_of(([shots] * ways, targets, seed))
    probs = Matching().answer(Flat(), support, labels, asked).softmax(1)
    cosines = F.cosine_similarity(asked.flatten(1)[:, None], support.flatten(1)[None], dim=-1)
    attention = (10 * cosines).softmax(1)
    expected = attention.view(targets, ways, shots).sum(2)  # class after class
    torch.testing.assert_close(probs, expected, rtol=1e-3, atol=1e-5)


@settings(deadline=None)
@given(tasks)
def test_a_class_does_not_win_matching_by_its_size(made):
    support, labels, targets = task_of(made)
    logits = Matching().answer(Flat(), support, labels, targets)
    twice = torch.cat([support, support[labels == 0]])
    again = Matching().answer(Flat(), twice, torch.cat([labels, labels[labels == 0]]), targets)
    torch.testing.assert_close(logits, again, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shots", [1, 2])
@pytest.mark.parametrize("make", [Prototypical, Matching, MetaBaseline])
def test_in_training_every_picture_is_an_example_in_its_turn(make, shots):
    generator = torch.Generator().manual_seed(shots)
    pictures = torch.randn(2, 3, 4, 1, 2, 2, generator=generator)  # episode, class, picture
    labels = torch.arange(3).repeat_interleave(shots)
    answers = torch.arange(3).repeat_interleave(4 - shots)

    def episode(order: list[int]) -> EpisodeBatch:
        support, targets = pictures[:, :, order].split([shots, 4 - shots], dim=2)
        classes = torch.arange(3).expand(2, 3)
        return EpisodeBatch(support.flatten(1, 2), labels, targets.flatten(1, 2), answers, classes)

    algorithm = make()
    losses = []
    for first in range(0, 4, shots):
        turn = episode([(first + place) % 4 for place in range(4)])
        for support, targets in zip(turn.support, turn.targets, strict=True):
            logits = algorithm.answer(Flat(), support, labels, targets)
            losses.append(F.cross_entropy(logits, answers))
    found, _accuracy = algorithm.loss(Flat(), episode([0, 1, 2, 3]))
    torch.testing.assert_close(found.detach(), torch.stack(losses).mean())


def test_reptile_moves_to_what_plain_gradient_descent_learns():
    torch.manual_seed(0)
    network, algorithm, start = Linear(), Reptile(3, inner_steps=4, rate=0.3), Linear()
    start.load_state_dict(network.state_dict())
    support, labels, targets = task_of(([2, 2, 2], 3, 0))
    episode = EpisodeBatch(
        support[None], labels, targets[None], torch.tensor([0, 1, 2]), torch.arange(3)[None]
    )
    # With one episode and a rate of 1 the outer step goes all the way.
    outer = torch.optim.SGD([*network.parameters(), *algorithm.parameters()], lr=1.0)
    algorithm.loss(network, episode)[0].backward()
    outer.step()

    head = nn.Parameter(torch.zeros(3, 3))
    inner = torch.optim.SGD([*start.parameters(), head], lr=0.3)
    for _step in range(4):
        inner.zero_grad()
        F.cross_entropy(start(support) @ head.T, labels).backward()
        inner.step()
    torch.testing.assert_close(network.state_dict(), start.state_dict())
    torch.testing.assert_close(algorithm.head, head.mean(0), check_stride=False)
