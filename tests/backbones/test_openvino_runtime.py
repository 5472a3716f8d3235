"""The bundled networks without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fewshot_gui.backbones import local_runtime, torch_runtime
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.local_runtime import started_runtime
from fewshot_gui.backbones.openvino_runtime import OpenVinoRuntime
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import unit


def photos(grocery, side, count):
    """Real photos, roughly cut."""
    paths = sorted(grocery.rglob("*.jpg"))[:: 1968 // count][:count]
    images = [Image.open(path).convert("RGB").resize((side, side)) for path in paths]
    return np.stack([np.asarray(image) for image in images])


@pytest.mark.parametrize("key", ["lite0", "lite2", "lite0+flip", "lite0+flip+crops"])
def test_embeddings_are_those_of_torch(grocery, key):
    card = backbone_card(key)
    images = photos(grocery, card.preprocessing.crop.size, 12)
    ours = unit(OpenVinoRuntime(card, halves=False).embed(images, Job()).astype(np.float64))
    theirs = unit(TorchRuntime(card, "cpu").embed(images, Job()).astype(np.float64))
    assert ((ours * theirs).sum(axis=1) > 0.99999).all()


@pytest.mark.parametrize("key", ["lite0", "lite2"])
def test_half_the_digits_hardly_move_an_embedding(grocery, key):
    card = backbone_card(key)
    images = photos(grocery, card.preprocessing.crop.size, 32)
    exact, halved = (
        unit(OpenVinoRuntime(card, halves).embed(images, Job()).astype(np.float64))
        for halves in (False, True)
    )
    cosines = (exact * halved).sum(axis=1)
    assert cosines.min() > 0.999
    assert cosines.min() < 1.0 - 1e-6  # it really was another calculation


def test_the_same_image_has_the_same_embedding_in_any_batch():
    runtime = OpenVinoRuntime(backbone_card("lite0"))
    images = np.random.default_rng(0).integers(0, 256, (19, 224, 224, 3)).astype(np.uint8)
    together = runtime.embed(images, Job())
    assert together.shape == (19, 1280)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, runtime.embed(images[::-1], Job())[::-1])
    for i in (0, 7, 8, 18):
        np.testing.assert_array_equal(together[i], runtime.embed(images[i : i + 1], Job())[0])
    assert runtime.embed(images[:0], Job()).shape == (0, 1280)


def test_a_cancelled_job_stops():
    runtime = OpenVinoRuntime(backbone_card("lite0"))
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        runtime.embed(np.zeros((1, 224, 224, 3), np.uint8), job)


def test_the_processor_needs_no_torch():
    """What takes torch seconds to import is done without it."""
    code = """
import sys
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.jobs import Job
runtime = InProcessRuntime(backbone_card("lite0"), "cpu")
runtime.start(Job())
print(runtime.device, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["cpu", "False"], done.stderr


def test_nobody_is_told_that_the_library_is_used():
    code = """
import sys
from fewshot_gui.backbones import openvino_runtime
print("openvino" in sys.modules, [name for name in sys.modules if "telemetry." in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "[]"], done.stderr


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_torch_steps_in_where_openvino_is_missing(monkeypatch, device):
    monkeypatch.setitem(sys.modules, "fewshot_gui.backbones.openvino_runtime", None)
    monkeypatch.setattr(local_runtime, "_graphics_card", lambda: False)
    assert isinstance(started_runtime(backbone_card("lite0"), device, Job()), TorchRuntime)


class OnTheCard(TorchRuntime):
    """A torch that has a graphics card."""

    def start(self, job):
        self._device = "cuda"


def test_a_graphics_card_is_left_to_torch(monkeypatch):
    monkeypatch.setattr(local_runtime, "_graphics_card", lambda: True)
    monkeypatch.setattr(torch_runtime, "TorchRuntime", OnTheCard)
    assert isinstance(started_runtime(backbone_card("lite0"), "auto", Job()), OnTheCard)
    assert isinstance(started_runtime(backbone_card("lite0"), "cpu", Job()), OpenVinoRuntime)


def test_a_graphics_card_that_torch_cannot_use_leaves_the_processor_as_quick_as_ever(monkeypatch):
    """Torch for Windows comes without what NVIDIA's cards need."""
    monkeypatch.setattr(local_runtime, "_graphics_card", lambda: True)
    monkeypatch.setattr(torch_runtime, "resolve_device", lambda _wanted: "cpu")
    assert isinstance(started_runtime(backbone_card("lite0"), "auto", Job()), OpenVinoRuntime)


def test_damaged_weights_are_refused_and_not_tried_again_with_torch():
    card = replace(backbone_card("lite0"), weights_sha256="0" * 64)
    with pytest.raises(UserError, match="damaged"):
        started_runtime(card, "cpu", Job())


def test_an_unknown_device_is_named():
    with pytest.raises(UserError, match="tpu"):
        started_runtime(backbone_card("lite0"), "tpu", Job())
