"""Networks that know something already, to be trained further: catalogue backbones.

Either the backbone stays as it is and an ``Adapter`` on its embeddings learns, or its own
layers do. The statistics of its norms always stay: a handful of pictures says nothing better
of them, and so a picture's features do not depend on its company.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.metatrain.choices import Freedom

LAST_SHARE = 0.25  # of a network's blocks learn where only the last ones do


class Adapter(nn.Module):
    """A linear map of embeddings that begins as the identity.

    Args:
        width: Of the embeddings, and of the features.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.change = nn.Parameter(torch.zeros(width, width))

    @torch.no_grad()
    def begin_as(self, matrix: Tensor) -> None:
        """Begin as this map, float32 ``(width, width)``, instead."""
        self.change.copy_(matrix - torch.eye(self.width))

    def forward(self, units: Tensor, reference: int = 0) -> Tensor:
        """Embeddings of length 1, float ``(n, width)``, to features ``(n, width)``."""
        return units + F.linear(units, self.change)


class TunedBackbone(nn.Module):
    """A catalogue backbone that goes on learning.

    Args:
        card: The backbone; its weights are loaded.
        freedom: ``Freedom.LAST`` or ``Freedom.WHOLE``.

    Raises:
        UserError: Its weights are absent or damaged.
    """

    def __init__(self, card: BackboneCard, freedom: Freedom) -> None:
        super().__init__()
        self.width = card.width
        self.body = card.load()
        self.body.requires_grad_(freedom == Freedom.WHOLE)
        if freedom == Freedom.LAST:
            for block in last_blocks(self.body):
                block.requires_grad_(True)
        mean, std = torch.tensor(card.preprocessing.mean), torch.tensor(card.preprocessing.std)
        # Pictures come from -1 to 1; it wants them from 0 to 1, less its mean, by its deviation.
        self.register_buffer("scale", (0.5 / std)[:, None, None], persistent=False)
        self.register_buffer("shift", ((0.5 - mean) / std)[:, None, None], persistent=False)

    def train(self, mode: bool = True) -> TunedBackbone:
        """Its norms and whatever is random stay as in evaluation."""
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, images: Tensor, reference: int = 0) -> Tensor:
        """Pictures from -1 to 1, float ``(n, 3, h, w)``, to features ``(n, width)``."""
        return self.body(images * self.scale + self.shift)


def last_blocks(network: nn.Module) -> list[nn.Module]:
    """The last quarter of a network's blocks, and what follows them."""
    blocks: list[nn.Module] = []
    for child in network.children():
        several = isinstance(child, nn.Sequential | nn.ModuleList)
        blocks.extend(child.children() if several else [child])
    learning = [block for block in blocks if any(True for _p in block.parameters())]
    return learning[-max(1, round(LAST_SHARE * len(learning))) :]
