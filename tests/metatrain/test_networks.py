"""The networks: their sizes, and that no picture's features depend on its neighbours."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import parameters_to_vector

from fewshot_gui.metatrain.networks import Conv4, ResNet12, Turned

SMALL = {
    "conv4": lambda: Conv4(channels=1, side=16, features=4),
    "resnet12": lambda: ResNet12(channels=1, features=(4, 6, 8, 10)),
}


def pictures(count: int, channels: int = 1, side: int = 16) -> torch.Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0))


def trained(name: str) -> torch.nn.Module:
    """A network whose running statistics are not those that it began with."""
    torch.manual_seed(0)
    network = SMALL[name]()
    for _step in range(3):
        network(pictures(8))
    return network


@pytest.mark.parametrize(
    ("channels", "side", "width"), [(1, 28, 64), (3, 84, 1600), (1, 16, 64), (3, 40, 256)]
)
def test_conv4_flattens_what_four_poolings_leave(channels, side, width):
    network = Conv4(channels, side)
    assert network.width == width
    assert network(pictures(2, channels, side)).shape == (2, width)


def test_conv4_refuses_pictures_that_four_poolings_would_use_up():
    with pytest.raises(ValueError, match="too small"):
        Conv4(1, 15)


def test_resnet12_has_the_published_size():
    network = ResNet12()
    assert network.width == 640
    count = len(parameters_to_vector(network.parameters()))
    assert 12.3e6 < count < 12.6e6
    assert network(pictures(2, 3, 84)).shape == (2, 640)


@pytest.mark.parametrize("name", SMALL)
def test_in_evaluation_a_picture_alone_has_the_features_it_has_in_a_batch(name):
    network = trained(name).eval()
    batch = pictures(6)
    alone = torch.cat([network(picture[None]) for picture in batch])
    torch.testing.assert_close(network(batch), alone)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("training", [True, False])
def test_with_a_reference_targets_depend_on_the_examples_alone(name, training):
    network = trained(name).train(training)
    support, targets = pictures(9).split([4, 5])
    together = network(torch.cat([support, targets]), reference=4)[4:]
    alone = torch.cat([network(torch.cat([support, t[None]]), reference=4)[4:] for t in targets])
    torch.testing.assert_close(together, alone)
    others = network(torch.cat([support + 1.0, targets * 3]), reference=4)[4:]
    assert not torch.allclose(together, others)


@pytest.mark.parametrize("name", SMALL)
def test_a_reference_leaves_the_running_statistics_alone(name):
    network = trained(name).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network(pictures(5), reference=5)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", SMALL)
def test_a_reference_to_all_pictures_is_ordinary_batch_norm(name):
    network = trained(name).train()
    batch = pictures(7)
    torch.testing.assert_close(network(batch, reference=7), network(batch))


def cosine(network: torch.nn.Module, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return F.cosine_similarity(network(one), network(other))


@pytest.mark.parametrize("views", [4, 8])
def test_seen_from_all_sides_pictures_are_as_alike_as_their_views_are(views):
    network = trained("conv4").eval()
    turned = Turned(network, views)
    one, other = pictures(6).split(3)
    sides = [(one, other)] + ([(one.flip(3), other.flip(3))] if views == 8 else [])
    expected = [
        cosine(network, torch.rot90(a, turn, (2, 3)), torch.rot90(b, turn, (2, 3)))
        for a, b in sides
        for turn in range(4)
    ]
    found = cosine(turned, one, other)
    torch.testing.assert_close(found, torch.stack(expected).mean(0))
    quarter = cosine(turned, torch.rot90(one, 1, (2, 3)), torch.rot90(other, 1, (2, 3)))
    torch.testing.assert_close(found, quarter)
    assert turned(one).shape == (3, turned.width) == (3, views * network.width)


def test_there_are_four_or_eight_views():
    with pytest.raises(ValueError, match="4 or 8"):
        Turned(Conv4(1, 16), 2)


def learned(images: torch.Tensor, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """Features, gradients and statistics of one training step."""
    torch.manual_seed(0)
    network = Conv4(images.shape[1], min(images.shape[2:]), features=4).to(dtype)
    first = network.blocks[0].norm
    with torch.no_grad():  # factors of both signs: maxima must stay maxima
        first.weight.copy_(torch.tensor([1.0, -2.0, 0.5, -0.1]))
        first.bias.copy_(torch.tensor([0.0, 0.3, -0.2, 0.1]))
    features = network(images.to(dtype))
    features.square().sum().backward()
    gradients = {name: tensor.grad for name, tensor in network.named_parameters()}
    return {"features": features.detach(), **gradients, **dict(network.named_buffers())}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [16, 19])
def test_a_step_is_that_of_the_layers_one_after_another(channels, side):
    images = pictures(6, channels, side)
    # Pictures that need a gradient themselves go through all layers, each as it is.
    layers = learned(images.double().requires_grad_(), torch.float64)
    for key, value in learned(images).items():
        torch.testing.assert_close(value, layers[key].to(value.dtype), rtol=1e-3, atol=1e-4)


def test_a_step_in_half_precision_is_near_that_in_full():
    images = pictures(200)  # enough for the roundings to even out
    with torch.autocast("cpu", torch.bfloat16):
        half = learned(images)
    full = learned(images.clone().requires_grad_())
    for key in ("blocks.0.convolution.weight", "blocks.0.norm.weight", "blocks.0.norm.bias"):
        alike = F.cosine_similarity(half[key].flatten(), full[key].flatten(), dim=0)
        assert alike > 0.98, key
