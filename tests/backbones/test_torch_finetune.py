"""Fine-tuning learns what the examples show, and keeps away where they show nothing."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.backbones.torch_finetune import TuningPlan, tune
from fewshot_gui.images.request import Crop
from fewshot_gui.jobs import Cancelled, Job

SIDE = 12
PREPROCESSING = Preprocessing(Crop(SIDE, SIDE, "bicubic"), (0.5,) * 3, (0.5,) * 3)
PLAN = TuningPlan(rate=0.05)


class Colours(torch.nn.Module):
    """Embeds the mean colour, and at first hardly sees blue."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3)
        self.mix = torch.nn.Linear(3, 6)
        with torch.no_grad():
            self.mix.weight.copy_(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)))
            self.mix.weight[:, 2] *= 0.1
            self.mix.bias.zero_()

    def forward(self, batch):
        return self.mix(self.norm(batch).mean(dim=(2, 3)))


def pictures(count, seed=0, seen=True):
    """Two classes that differ in blue; red and green are anything."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    colours = rng.integers(60, 200, (count, 1, 1, 3))
    if seen:
        colours[..., 2] = np.where(labels == 1, 190, 70)[:, None, None]
    noise = rng.integers(-10, 10, (count, SIDE, SIDE, 3))
    return (colours + noise).clip(0, 255).astype(np.uint8), labels


def embedded(network, pixels):
    batch = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.no_grad():
        vectors = network(batch)
    return torch.nn.functional.normalize(vectors, dim=1).numpy()


def accuracy(network, support, labels, targets, answers):
    units = embedded(network, support)
    means = np.stack([units[labels == label].mean(axis=0) for label in (0, 1)])
    return ((embedded(network, targets) @ means.T).argmax(axis=1) == answers).mean()


def run(pixels, labels, plan=PLAN, job=None, network=None):
    network = network or Colours().eval()
    return tune(
        lambda: copy.deepcopy(network), pixels, labels, PREPROCESSING, "cpu", plan, job or Job()
    )


def test_what_the_examples_show_is_learnt():
    pixels, labels = pictures(20)
    targets, answers = pictures(200, seed=1)
    before = accuracy(Colours().eval(), pixels, labels, targets, answers)
    tuned = run(pixels, labels)
    assert tuned.steps > 0
    assert min(tuned.losses) < tuned.losses[0]
    after = accuracy(tuned.network, pixels, labels, targets, answers)
    assert before < 0.8
    assert after > 0.95


def test_where_the_examples_show_nothing_the_network_stays_as_it_is():
    pixels, labels = pictures(20, seen=False)
    network = Colours().eval()
    tuned = run(pixels, labels, TuningPlan(rate=1e-3, least_gain=0.3), network=network)
    assert tuned.steps == 0
    for name, value in network.state_dict().items():
        torch.testing.assert_close(tuned.network.state_dict()[name], value, rtol=0, atol=0)


def test_the_same_examples_give_the_same_network():
    pixels, labels = pictures(12)
    first, second = run(pixels, labels), run(pixels, labels)
    other = run(pixels, labels, TuningPlan(rate=PLAN.rate, seed=1))
    assert first.losses == second.losses
    images, _answers = pictures(8, seed=2)
    np.testing.assert_array_equal(embedded(first.network, images), embedded(second.network, images))
    assert not np.array_equal(embedded(first.network, images), embedded(other.network, images))


def test_statistics_of_normalisation_are_not_touched():
    pixels, labels = pictures(12)
    tuned = run(pixels, labels)
    assert tuned.steps > 0
    assert not tuned.network.training
    torch.testing.assert_close(tuned.network.norm.running_mean, torch.zeros(3))
    torch.testing.assert_close(tuned.network.norm.running_var, torch.ones(3))
    assert not any(part.requires_grad for part in tuned.network.parameters())


def test_one_example_of_each_class_teaches_nothing():
    pixels, labels = pictures(2)
    tuned = run(pixels, labels)
    assert (tuned.steps, tuned.losses) == (0, ())


def test_uneven_classes_are_all_learnt():
    pixels, labels = pictures(30)
    chosen = np.concatenate([np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:2]])
    targets, answers = pictures(200, seed=1)
    tuned = run(pixels[chosen], labels[chosen])
    assert accuracy(tuned.network, pixels, labels, targets, answers) > 0.9


def test_it_can_be_cancelled_and_tells_how_far_it_is():
    pixels, labels = pictures(12)
    seen = []
    run(pixels, labels, job=Job(seen.append))
    assert seen[-1].done == seen[-1].total
    job = Job(lambda _progress: job.cancel())
    with pytest.raises(Cancelled):
        run(pixels, labels, job=job)
