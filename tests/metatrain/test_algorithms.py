"""Every algorithm learns a toy set from scratch, and answers for each target alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fewshot_gui.metatrain.algorithms.base import to_units
from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.matching import FullContext, Matching
from fewshot_gui.metatrain.algorithms.meta_baseline import Classifier, MetaBaseline
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.algorithms.reptile import Reptile
from fewshot_gui.metatrain.networks import Conv4
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.training_episodes import EpisodeBatch, EpisodeSource
from fewshot_gui.metatrain.training_plan import BatchPlan
from tests.metatrain.toys import classes_of

SIDE = 16
WIDTH = 8
CLASSES = 30
HELD_BACK = 10

# What is built, how many steps it gets, how fast it learns, and how many shots it trains with.
ALGORITHMS = {
    "prototypical": (Prototypical, 40, 0.01, 2),
    "matching": (Matching, 60, 0.01, 2),
    "matching with contexts": (lambda: Matching(FullContext(WIDTH, reads=2)), 60, 0.01, 2),
    "maml": (lambda: Maml(3, 0.3), 60, 0.01, 2),
    "maml of first order": (lambda: Maml(3, 0.3, second_order=False), 120, 0.01, 2),
    "maml, every step": (lambda: Maml(3, 0.3, per_step=True), 60, 0.01, 2),
    "anil": (lambda: Maml(3, 0.3, head_only=True), 60, 0.01, 2),
    "reptile": (lambda: Reptile(WIDTH, 4, 8, 0.1), 60, 0.01, 4),
    "classifier": (lambda: Classifier(WIDTH, CLASSES - HELD_BACK), 60, 0.01, 2),
    "meta-baseline": (MetaBaseline, 60, 0.01, 2),
}

OF_UNITS = ["prototypical", "matching", "matching with contexts", "classifier", "meta-baseline"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks as small as these are slower with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def store() -> ImageStore:
    """Classes that are patterns of their own, under strong noise."""
    rng = np.random.default_rng(0)
    coarse = rng.random((CLASSES, 1, 1, 4, 4)) * 160
    patterns = np.kron(coarse, np.ones((4, 4)))
    noisy = patterns + rng.random((CLASSES, 12, 1, SIDE, SIDE)) * 95
    return ImageStore(noisy.reshape(-1, 1, SIDE, SIDE).astype(np.uint8), classes_of([12] * CLASSES))


def source_of(store: ImageStore, seed: int, shots: int = 1, held_back: bool = False):
    """Of the first classes, or of those that are held back for a test."""
    names = np.arange(CLASSES)
    wanted = names >= CLASSES - HELD_BACK if held_back else names < CLASSES - HELD_BACK
    chosen = [c for c in names.tolist() if wanted[c]]
    some = type(store.classes)(
        tuple(store.classes.names[c] for c in chosen), tuple(store.classes.rows[c] for c in chosen)
    )
    plan = BatchPlan(shots=(shots, shots), targets=(3, 3), episodes=4)
    return EpisodeSource(store, some, plan, seed, torch.device("cpu"))


def accuracy(algorithm, network, store: ImageStore) -> float:
    """On classes that were held back, one-shot, five-way."""
    source = source_of(store, seed=99, held_back=True)
    right = []
    for _batch in range(5):
        batch = source.draw()
        for support, targets in zip(batch.support, batch.targets, strict=True):
            logits = algorithm.answer(network, support, batch.labels, targets)
            right.append((logits.argmax(1) == batch.answers).float().mean())
    return float(torch.stack(right).mean())


def built(name: str):
    torch.manual_seed(1)
    make, steps, rate, shots = ALGORITHMS[name]
    return make(), Conv4(1, SIDE, WIDTH), steps, rate, shots


@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_learns_to_sort_classes_that_it_has_never_seen(name, store):
    algorithm, network, steps, rate, shots = built(name)
    source = source_of(store, 0, shots)
    untrained = accuracy(algorithm, network, store)
    optimizer = torch.optim.Adam([*network.parameters(), *algorithm.parameters()], rate)
    for _step in range(steps):
        loss, fraction = algorithm.loss(network, source.draw())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert 0 <= float(fraction) <= 1
    assert accuracy(algorithm, network, store) > max(0.85, untrained)


@pytest.fixture
def batch(store) -> EpisodeBatch:
    return source_of(store, seed=5, shots=2).draw()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_answer_for_one_target_alone_is_its_answer_among_others(name, batch):
    algorithm, network, *_rest = built(name)
    algorithm.loss(network, batch)  # running statistics, where there are such
    support, targets = batch.support[0], batch.targets[0]
    together = algorithm.answer(network, support, batch.labels, targets)
    alone = [algorithm.answer(network, support, batch.labels, t[None]) for t in targets]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_examples_may_come_in_any_order_and_be_uneven(name, batch):
    algorithm, network, *_rest = built(name)
    support, labels, targets = batch.support[0][:-1], batch.labels[:-1], batch.targets[0]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    logits = algorithm.answer(network, support, labels, targets)
    assert logits.shape == (len(targets), 5)
    assert torch.isfinite(logits).all()
    assert not logits.requires_grad
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    if name != "matching with contexts":  # its LSTM reads the examples of a class in turn
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
        mixed = algorithm.answer(network, support[order], labels[order], targets)
        torch.testing.assert_close(logits, mixed, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", OF_UNITS)
def test_a_table_of_units_in_half_precision_gives_the_same_answers(name, batch):
    algorithm, network, *_rest = built(name)
    algorithm.loss(network, batch)
    support, targets = batch.support[0], batch.targets[0]
    pixels = algorithm.answer(network, support, batch.labels, targets)
    with torch.no_grad():
        known, asked = (to_units(network(part)).half().float() for part in (support, targets))
    table = algorithm.answer_from_units(known, batch.labels, asked)
    torch.testing.assert_close(table.softmax(1), pixels.softmax(1), rtol=0, atol=0.01)
    parts = [algorithm.answer_from_units(known, batch.labels, part) for part in asked.split(4)]
    torch.testing.assert_close(table, torch.cat(parts), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OF_UNITS)
def test_half_precision_of_the_network_stays_in_the_network(name):
    """A cosine that is off by 0.004 is off by far more once it is scaled."""
    algorithm, _network, *_rest = built(name)
    generator = torch.Generator().manual_seed(0)
    known, asked = (to_units(torch.randn(10, WIDTH, generator=generator)) for _part in "ab")
    labels = torch.arange(5).repeat_interleave(2)
    plain = algorithm.answer_from_units(known, labels, asked)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = algorithm.answer_from_units(known, labels, asked)
    torch.testing.assert_close(plain, mixed)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_everything_that_it_learns_gets_a_gradient(name, batch):
    algorithm, network, *_rest = built(name)
    if hasattr(algorithm, "head") and isinstance(algorithm.head, torch.nn.Parameter):
        torch.nn.init.normal_(algorithm.head, std=0.1)
    algorithm.loss(network, batch)[0].backward()
    for module in (network, algorithm):
        for key, parameter in module.named_parameters():
            assert parameter.grad is not None, key
            assert torch.isfinite(parameter.grad).all(), key
