"""Networks that know something already: what of them learns, and what they begin as."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.compiling import compiled_if_it_works
from fewshot_gui.metatrain.materials import Units
from fewshot_gui.metatrain.training_plan import BatchPlan
from fewshot_gui.metatrain.tuned_networks import Adapter, TunedBackbone
from fewshot_gui.metatrain.whitening import within_whitening
from tests.metatrain.toys import classes_of

CPU = torch.device("cpu")
WIDTH = 8


@pytest.fixture(scope="module")
def backbone() -> TunedBackbone:
    return TunedBackbone(backbone_card("lite0"), Freedom.LAST)


def test_an_adapter_begins_as_the_identity_or_as_it_is_told():
    units = torch.randn(5, WIDTH)
    adapter = Adapter(WIDTH)
    assert torch.equal(adapter(units), units)
    matrix = torch.randn(WIDTH, WIDTH)
    adapter.begin_as(matrix)
    torch.testing.assert_close(adapter(units), units @ matrix.T)


def test_only_the_last_layers_of_a_backbone_learn(backbone):
    pictures = torch.rand(4, 3, 224, 224) * 2 - 1
    statistics = {name: b.clone() for name, b in backbone.named_buffers()}
    backbone.train()
    backbone(pictures).square().mean().backward()
    learning = [name for name, p in backbone.named_parameters() if p.grad is not None]
    still = [name for name, p in backbone.named_parameters() if p.grad is None]
    assert "body.conv_head.weight" in learning
    assert "body.conv_stem.weight" in still
    for name, buffer in backbone.named_buffers():
        assert torch.equal(buffer, statistics[name]), name


def test_a_picture_alone_has_the_features_that_it_has_among_others(backbone):
    pictures = torch.rand(3, 3, 224, 224) * 2 - 1
    with torch.no_grad():
        together = backbone.train()(pictures)
        alone = torch.cat([backbone(picture[None]) for picture in pictures])
    torch.testing.assert_close(alone, together, rtol=1e-3, atol=1e-4)


def test_a_tuned_backbone_sees_what_the_catalogues_does(backbone):
    card = backbone_card("lite0")
    picture = torch.rand(1, 3, 224, 224)
    mean, std = (
        torch.tensor(values)[:, None, None]
        for values in (card.preprocessing.mean, card.preprocessing.std)
    )
    with torch.no_grad():
        expected = card.load()((picture - mean) / std)
        found = backbone.eval()(picture * 2 - 1)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def disturbed(classes: int, pictures: int) -> np.ndarray:
    """Embeddings whose last component says nothing of the class, and varies the most."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(classes, WIDTH))
    found = np.repeat(centres, pictures, axis=0) + 0.1 * rng.normal(
        size=(classes * pictures, WIDTH)
    )
    found[:, -1] = 5 * rng.normal(size=len(found))
    return found


def test_whitening_damps_what_varies_within_classes():
    data = classes_of([10] * 20)
    matrix = within_whitening(disturbed(20, 10), data, evenness=0.01)
    sizes = np.linalg.norm(matrix, axis=0)
    assert sizes[-1] < 0.2 * sizes[:-1].min()
    assert np.square(matrix).sum() == pytest.approx(WIDTH)
    # Found in some classes, it holds for others.
    other = disturbed(40, 10)[200:] @ matrix.T
    centres = other.reshape(20, 10, WIDTH).mean(axis=1)
    nearest = np.linalg.norm(other[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == np.repeat(np.arange(20), 10)).mean() > 0.95


def test_where_nothing_varies_whitening_changes_nothing():
    same = np.repeat(np.eye(WIDTH), 3, axis=0)
    matrix = within_whitening(same, classes_of([3] * WIDTH))
    np.testing.assert_array_equal(matrix, np.eye(WIDTH, dtype=np.float32))


def test_episodes_of_embeddings_hold_the_classes_they_say():
    data = classes_of([6] * 10)
    vectors = np.zeros((60, WIDTH), np.float16)
    vectors[:, 0] = np.arange(60)
    units = Units(vectors, data, tuple(map(str, range(60))))
    batch = units.source(data, BatchPlan((3, 3), (2, 2), (2, 2), 4), 0, CPU).draw()
    assert batch.support.shape == (4, 6, WIDTH)
    rows = batch.support[..., 0].long()
    assert torch.equal(rows // 6, batch.classes[:, batch.labels])
    targets = batch.targets[..., 0].long()
    assert torch.equal(targets // 6, batch.classes[:, batch.answers])
    assert all(
        len(set(a) & set(b)) == 0 for a, b in zip(rows.tolist(), targets.tolist(), strict=True)
    )
    assert units.inputs(np.asarray([7, 3]), CPU)[:, 0].tolist() == [7.0, 3.0]


class _Scaled(nn.Module):
    """As small as a network can be."""

    width = WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, units, reference=0):
        return units * self.weight


def _no_backend(_graph, _inputs):
    raise RuntimeError("no compiler here")


@pytest.mark.parametrize(("backend", "works"), [(_no_backend, False), ("eager", True)])
def test_a_compiled_network_is_tried_first_and_nothing_is_drawn_by_it(backend, works):
    data = classes_of([6] * 10)
    vectors = np.random.default_rng(0).normal(size=(60, WIDTH)).astype(np.float16)
    source = Units(vectors, data, ("",) * 60).source(
        data, BatchPlan((3, 3), (1, 1), (2, 2), 2), 0, CPU
    )
    network, before = _Scaled(), source.state
    assert compiled_if_it_works(network, Prototypical(), source, backend) == works
    assert source.state == before
    assert network.weight.grad is None
    units = torch.randn(4, WIDTH)
    assert torch.equal(network(units), units)
    torch._dynamo.reset()
