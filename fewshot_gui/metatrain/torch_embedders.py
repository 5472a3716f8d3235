"""From RGB as the runtimes give it to what a trained network wants, and on to its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.metatrain.algorithms.base import to_units
from fewshot_gui.metatrain.networks import full_precision
from fewshot_gui.metatrain.training_episodes import as_input

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as pictures were made gray for training


class Pictures(nn.Module):
    """What a network from scratch is given, of RGB from 0 to 1.

    Args:
        channels: 1 where it was trained on gray pictures.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("luma", torch.tensor(LUMA)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """``(n, 3, h, w)`` to ``(n, channels, h, w)``."""
        values = (255 * images).round()
        if self.channels == 1:
            values = (values * self.luma).sum(1, keepdim=True).round()
        return as_input(values)


class Units(nn.Module):
    """What an adapter is given, of pictures as its backbone wants them.

    Args:
        body: The backbone's network.
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        """``(n, 3, h, w)`` to ``(n, width)``."""
        return to_units(self.body(images))


class Rescaled(nn.Module):
    """What a ``TunedBackbone`` is given, of pictures as the backbone itself wants them.

    Args:
        preprocessing: Of the backbone.
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        self.register_buffer("scale", 2 * std[:, None, None], persistent=False)
        self.register_buffer("shift", (2 * mean - 1)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """``(n, 3, h, w)`` to the same, from -1 to 1."""
        return images * self.scale + self.shift


class AdaptedNetwork(nn.Module):
    """A network that has learned one task by descent, for further pictures of it.

    Its features get one more component that is the same for all pictures: of features scaled
    to length 1 it gives back how long they were, which logits of a plain product depend on.

    Args:
        inputs: Gives what the network wants.
        network: The network.
        weights: What its weights have become, by name.
        support: The examples, float ``(s, …)``, that normalisation takes its statistics from.
        constant: The component.
    """

    def __init__(
        self,
        inputs: nn.Module,
        network: nn.Module,
        weights: dict[str, Tensor],
        support: Tensor,
        constant: float,
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.network = network
        self.names = tuple(weights)
        self.weights = nn.ParameterList(weight.detach() for weight in weights.values())
        self.register_buffer("support", support, persistent=False)
        self.constant = constant

    def forward(self, images: Tensor) -> Tensor:
        """Features ``(n, width + 1)`` of pictures as the runtime gives them."""
        count = len(self.support)
        together = torch.cat([self.support, self.inputs(images)])
        weights = dict(zip(self.names, self.weights, strict=True))
        features = full_precision(functional_call(self.network, weights, (together, count)))[count:]
        same = features.new_full((len(features), 1), self.constant)
        return torch.cat([features, same], dim=1)
