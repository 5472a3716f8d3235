"""Fine-tuning a bundled backbone: in its own process, and what its file holds."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from fewshot_gui.backbones import torch_finetune
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.torch_finetune import Tuned
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.registry import learner_info
from fewshot_gui.metatrain.fine_tuning import (
    TuningOrder,
    TuningResult,
    fine_tune,
    fine_tune_in_process,
)
from fewshot_gui.metatrain.learner_file import read_card
from fewshot_gui.metatrain.shelf import backbone_card_of
from tests.pictures import make_classes


@pytest.fixture
def order(tmp_path):
    make_classes(tmp_path / "in", 1, flat=True)
    paths = tuple(str(path) for path in sorted((tmp_path / "in").iterdir()))
    labels = tuple(range(10, 10 + len(paths)))
    names = tuple(f"class {label}" for label in labels)
    return TuningOrder(paths, labels, names, "lite0", "Mine", str(tmp_path / "out.safetensors"))


def changed(card, *_rest):
    """A network that learned something, at once."""
    network = card.load()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1.05)
    return Tuned(network, 5, (1.0, 0.5), 8, (5, 7))


def test_what_helped_is_a_learner_file_with_the_tuned_network(order, monkeypatch):
    monkeypatch.setattr(torch_finetune, "tune_anywhere", changed)
    assert fine_tune(order, Job()) == TuningResult(5, 8, 5, 7)
    card = read_card(Path(order.output))
    assert card.title == "Mine"
    assert card.classes["training"] == dict.fromkeys(order.names, 1)
    assert card.licence == backbone_card("lite0").licence
    assert learner_info(order.output).reads == "features"
    images = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3)).astype(np.uint8)
    found = TorchRuntime(backbone_card_of(order.output), "cpu").embed(images, Job())
    expected = TorchRuntime(
        backbone_card("lite0"), "cpu", load=lambda card: changed(card).network.eval()
    ).embed(images, Job())
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_with_one_example_of_each_class_nothing_can_be_found_out(order):
    """The whole way, through the process that the window uses."""
    seen = []
    assert fine_tune_in_process(order, Job(seen.append)) == TuningResult(0, 0, 0, 0)
    assert not os.path.exists(order.output)
    assert seen[0].text == "Reading the examples"


def test_what_cannot_be_tuned_on_is_told_in_the_users_words(order):
    broken = TuningOrder(**{**vars(order), "paths": ("/nowhere.jpg",) * len(order.paths)})
    with pytest.raises(UserError, match="None of the examples can be read"):
        fine_tune_in_process(broken, Job())
    one = TuningOrder(**{**vars(order), "labels": (1,) * len(order.labels)})
    with pytest.raises(UserError, match="two bins"):
        fine_tune_in_process(one, Job())


def test_a_cancelled_one_leaves_nothing(order):
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        fine_tune_in_process(order, job)
    assert not os.path.exists(order.output)
