"""Learners that adapt to every task answer as their algorithm does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.backbones.units import to_units
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.adapting import adapted_network
from fewshot_gui.metatrain.learner_backbone import inputs_of
from fewshot_gui.metatrain.learner_file import load_learner
from tests.metatrain.small_learner import small_learner

LABELS = np.asarray([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("algorithm", ["maml", "anil", "reptile"])
def test_it_answers_as_the_algorithm(algorithm: str, tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors", algorithm)
    pixels = np.random.default_rng(0).integers(0, 256, (15, 16, 16, 3), np.uint8)
    card, learner = backbone_card(str(path)), load_learner(path)
    network, head = adapted_network(learner, pixels[:6], LABELS, card, Job())
    runtime = TorchRuntime(card, "cpu", load=lambda _card: network)
    units = to_units(runtime.embed(pixels, Job())).astype(np.float32)
    ids = np.asarray([-4, 3, 90])[LABELS]
    found = head.fit(units[:6], ids, Job()).predict(units[6:], Job())
    pictures = inputs_of(learner.card.network)(
        torch.from_numpy(np.moveaxis(pixels, 3, 1).astype(np.float32) / 255)
    )
    expected = learner.algorithm.answer(
        learner.network, pictures[:6], torch.from_numpy(LABELS), pictures[6:]
    )
    assert found.classes == (-4, 3, 90)
    np.testing.assert_allclose(found.probs, torch.softmax(expected, 1).numpy(), atol=0.02)


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    path = small_learner(tmp_path / "a.safetensors", "maml")
    job = Job(on_progress=lambda _progress: job.cancel())
    pixels = np.zeros((6, 16, 16, 3), np.uint8)
    with pytest.raises(Cancelled):
        adapted_network(load_learner(path), pixels, LABELS, backbone_card(str(path)), job)
