"""A small trained-looking learner for tests: all its numbers are drawn by a seed."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from fewshot_gui.metatrain.building import built_algorithm, built_network
from fewshot_gui.metatrain.learner_card import (
    AlgorithmPart,
    ContextSettings,
    Conv4Settings,
    LearnerCard,
    MamlSettings,
    NetworkPart,
    ReptileSettings,
)
from fewshot_gui.metatrain.learner_file import save_learner
from fewshot_gui.metatrain.measures import Estimate

ALGORITHMS = {
    "prototypical": AlgorithmPart("prototypical"),
    "meta-baseline": AlgorithmPart("meta-baseline"),
    "matching": AlgorithmPart("matching"),
    "matching-contexts": AlgorithmPart("matching-contexts", ContextSettings(2)),
    "maml": AlgorithmPart("maml", MamlSettings(3)),
    "anil": AlgorithmPart("anil", MamlSettings(3)),
    "reptile": AlgorithmPart("reptile", ReptileSettings(2, 3)),
}


def small_card(algorithm: str = "prototypical", **changes: object) -> LearnerCard:
    """A card of a Conv4 of a few channels."""
    network = NetworkPart("conv4", Conv4Settings(channels=1, side=16, features=8))
    facts = {
        "title": "Small shapes",
        "algorithm": ALGORITHMS[algorithm],
        "network": network,
        "classes": {"training": {"circle": 20, "square": 20}, "test": {"star": 5}},
        "settings": {"ways": [2, 5], "rate": 0.001, "turned": False},
        "validation": Estimate(0.9, 0.01),
        "licence": "CC0-1.0",
        "date": "2026-01-02T03:04:05+00:00",
    }
    return LearnerCard(**{**facts, **changes})


def small_parts(card: LearnerCard, seen: bool = True) -> tuple[nn.Module, nn.Module]:
    """Its network and algorithm; the statistics have seen something where they are its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = built_network(card.network)
        algorithm = built_algorithm(card.algorithm, network.width)
        settings = card.network.settings
        if seen:
            network.train()(torch.rand(32, settings.channels, settings.side, settings.side))
    return network.eval(), algorithm.eval()


def small_learner(path: Path, algorithm: str = "prototypical", **changes: object) -> Path:
    """The file of such a learner."""
    card = small_card(algorithm, **changes)
    save_learner(path, card, *small_parts(card))
    return path
