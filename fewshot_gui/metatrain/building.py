"""Networks and algorithms from what a card says of them, and what of them a file holds.

Everything here imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fewshot_gui.metatrain.algorithms.maml import Maml
from fewshot_gui.metatrain.algorithms.matching import FullContext, Matching
from fewshot_gui.metatrain.algorithms.meta_baseline import MetaBaseline
from fewshot_gui.metatrain.algorithms.prototypical import Prototypical
from fewshot_gui.metatrain.algorithms.reptile import Reptile
from fewshot_gui.metatrain.learner_card import (
    AdapterSettings,
    AlgorithmPart,
    Conv4Settings,
    NetworkPart,
    ResNet12Settings,
    TunedSettings,
)
from fewshot_gui.metatrain.networks import Conv4, ResNet12, Turned
from fewshot_gui.metatrain.shelf import named_backbone
from fewshot_gui.metatrain.tuned_networks import Adapter, TunedBackbone

if TYPE_CHECKING:
    from torch import Tensor, nn


def built_network(part: NetworkPart) -> nn.Module:
    """A network with new weights.

    Raises:
        UserError: It goes on from a backbone that is not there.
    """
    settings = part.settings
    if isinstance(settings, AdapterSettings):
        return Adapter(settings.width)
    if isinstance(settings, TunedSettings):
        return TunedBackbone(named_backbone(settings), settings.freedom)
    network = _from_scratch(settings)
    return network if settings.views == 1 else Turned(network, settings.views)


def _from_scratch(settings: Conv4Settings | ResNet12Settings) -> nn.Module:
    if isinstance(settings, Conv4Settings):
        return Conv4(settings.channels, settings.side, settings.features)
    return ResNet12(settings.channels, settings.features)


def built_algorithm(part: AlgorithmPart, width: int) -> nn.Module:
    """An algorithm with new weights, for features of this width."""
    settings = part.settings
    if part.kind == "matching-contexts":
        return Matching(FullContext(width, settings.reads))
    if part.kind == "reptile":
        return Reptile(width, settings.inner_steps, settings.answer_steps, settings.rate)
    if part.by_descent:
        return Maml(
            settings.inner_steps,
            second_order=part.kind != "maml-first-order",
            head_only=part.kind == "anil",
        )
    simple = {"prototypical": Prototypical, "meta-baseline": MetaBaseline, "matching": Matching}
    return simple[part.kind]()


def kept_tensors(network: nn.Module, algorithm: nn.Module) -> dict[str, Tensor]:
    """The tensors that make the learner, by name: what a catalogue has is not among them."""
    held = network.state_dict(keep_vars=True)
    if isinstance(network, TunedBackbone):
        held = {name: tensor for name, tensor in held.items() if tensor.requires_grad}
    return {
        **{f"network.{name}": tensor.detach() for name, tensor in held.items()},
        **{f"algorithm.{name}": tensor for name, tensor in algorithm.state_dict().items()},
    }
