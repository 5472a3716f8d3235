"""Compiled networks, where that is worth the wait and works."""

from __future__ import annotations

import logging

import torch
from torch import nn

from fewshot_gui.metatrain.training_episodes import EpisodeSource

PAYS_FROM = 2000  # steps; compiling takes about as long as some hundred of them

_log = logging.getLogger(__name__)


def compiled_where_it_pays(
    network: nn.Module,
    algorithm: nn.Module,
    source: EpisodeSource,
    device: torch.device,
    steps: int,
) -> bool:
    """Compile the network in place for a long training on a graphics card, after a trial.

    Where the trial fails (no compiler on this computer, an operation that it does not know)
    everything stays as it was. Names and values of the network's tensors stay in any case,
    and the source draws the same episodes as without the trial.

    Returns:
        Whether it is compiled.
    """
    if device.type != "cuda" or steps < PAYS_FROM or not algorithm.mixed:
        return False
    return compiled_if_it_works(network, algorithm, source)


def compiled_if_it_works(
    network: nn.Module, algorithm: nn.Module, source: EpisodeSource, backend: str = "inductor"
) -> bool:
    """Compile the network in place if a trial step goes well; see ``compiled_where_it_pays``."""
    drawn = source.state
    kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        network.compile(backend=backend)
        loss, _accuracy = algorithm.loss(network, source.draw())
        loss.backward()
    except Exception:  # compilers fail in every way there is
        _log.warning("the network cannot be compiled here", exc_info=True)
        network._compiled_call_impl = None  # what nn.Module.compile sets
        return False
    finally:
        source.restore(drawn)
        network.load_state_dict(kept)
        network.zero_grad(set_to_none=True)
        algorithm.zero_grad(set_to_none=True)
    return True
