"""Batches, devices, and what happens when memory runs out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fewshot_gui.backbones import torch_runtime
from fewshot_gui.backbones.catalogue import all_backbones, backbone_card
from fewshot_gui.backbones.lite_weights import weights_file
from fewshot_gui.backbones.torch_runtime import TorchRuntime, resolve_device
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job

CARD = backbone_card("lite0")


class Means(torch.nn.Module):
    """A network whose embedding is the mean colour; fails above a batch size.

    It only pretends to move to a GPU, so that falling back can be seen without one.
    """

    def __init__(self, most=10**9, error=torch.OutOfMemoryError, only_cpu=False):
        super().__init__()
        self.most, self.error, self.only_cpu = most, error, only_cpu
        self.place = "cpu"
        self.batches = []

    def to(self, device=None, memory_format=None):
        self.place = device or self.place
        return self

    def forward(self, batch):
        self.batches.append(len(batch))
        if len(batch) > self.most or (self.only_cpu and self.place != "cpu"):
            raise self.error("out of memory")
        return batch.mean(dim=(2, 3))


@pytest.fixture
def fake_gpu(monkeypatch):
    """A machine that says it has CUDA; tensors stay on the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(torch_runtime, "_tensor_device", lambda _device: "cpu")


def pixels(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3)).astype(np.uint8)


def expected(images):
    return (images / 255.0).mean(axis=(1, 2)) * 2 - 1


def make(network, device="cpu"):
    notices = []
    return (
        TorchRuntime(CARD, device, load=lambda _card: network),
        Job(on_notice=notices.append),
        notices,
    )


def test_pixels_are_normalised_as_the_card_says():
    runtime, job, notices = make(Means())
    images = pixels(70)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert notices == []
    assert runtime.device == "cpu"


def test_no_images_give_no_rows():
    runtime, job, _notices = make(Means())
    assert runtime.embed(pixels(0), job).shape == (0, CARD.width)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_short_memory_halves_the_batch_and_goes_on(error):
    network = Means(most=7, error=error)
    runtime, job, notices = make(network)
    images = pixels(70)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert network.batches == [8] + [4] * 18
    assert "4 images" in notices[-1]


def test_short_memory_of_a_gpu_halves_the_batch_and_goes_on(fake_gpu):
    network = Means(most=20)
    runtime, job, notices = make(network, "cuda")
    images = pixels(70)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    # After a probe: 70 do not fit, filled up to 72, nor do 35 and 17; half of what was tried.
    assert network.batches == [8, 72, 40, 24] + [8] * 9
    assert "8 images" in notices[-1]
    assert runtime.device == "cuda"


def test_a_gpu_that_is_too_small_hands_over_to_the_processor(fake_gpu):
    network = Means(only_cpu=True)
    runtime, job, notices = make(network, "auto")
    # The probe at the start sees it at once.
    images = pixels(10)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert runtime.device == "cpu"
    assert any("processor" in notice for notice in notices)


def test_a_gpu_that_is_full_before_the_network_is_there_hands_over_too(fake_gpu):
    class Homesick(Means):
        def to(self, device=None, memory_format=None):
            if device == "cuda":
                raise torch.OutOfMemoryError("full")
            return super().to(device, memory_format)

    runtime, job, notices = make(Homesick(), "auto")
    images = pixels(10)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert runtime.device == "cpu"
    assert len(notices) == 1


def test_a_gpu_that_fills_up_later_hands_over_too(fake_gpu):
    network = Means()
    runtime, job, notices = make(network, "cuda")
    runtime.start(job)
    network.only_cpu = True
    images = pixels(10)
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert runtime.device == "cpu"
    assert any("processor is used instead" in notice for notice in notices)


def test_a_gpu_that_fails_in_the_middle_hands_over_too(fake_gpu):
    """With its driver gone, not even the weights come back from it."""

    class Lost(Means):
        def to(self, device=None, memory_format=None):
            if self.only_cpu:
                raise RuntimeError("CUDA error: unspecified launch failure")
            return super().to(device, memory_format)

    networks = []

    def load(_card):
        networks.append(Lost())
        return networks[-1]

    notices = []
    runtime, job = TorchRuntime(CARD, "auto", load=load), Job(on_notice=notices.append)
    images = pixels(300)
    runtime.start(job)
    networks[0].only_cpu, networks[0].error = True, lambda _text: RuntimeError("CUDA error")
    np.testing.assert_allclose(runtime.embed(images, job), expected(images), atol=1e-5)
    assert runtime.device == "cpu"
    assert len(notices) == 1
    assert "processor is used instead" in notices[0]
    runtime.embed(images, job)
    assert len(networks) == 2


def test_a_gpu_asked_for_by_name_that_does_not_work_is_told(fake_gpu):
    runtime, job, _notices = make(Means(only_cpu=True, error=RuntimeError), "cuda")
    with pytest.raises(UserError, match="cuda"):
        runtime.start(job)


def test_no_memory_for_a_single_image_is_told():
    runtime, job, _notices = make(Means(most=0))
    with pytest.raises(UserError, match="memory"):
        runtime.embed(pixels(2), job)


def test_other_errors_are_not_mistaken_for_short_memory():
    network = Means(most=0)
    network.error = lambda _text: RuntimeError("shapes do not match")
    runtime, job, _notices = make(network)
    with pytest.raises(RuntimeError, match="shapes"):
        runtime.embed(pixels(1), job)


def test_cancelling_stops_between_batches():
    runtime, job, _notices = make(Means())
    job.cancel()
    with pytest.raises(Cancelled):
        runtime.embed(pixels(1), job)


def test_auto_takes_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


def test_a_device_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="cuda"):
        resolve_device("cuda")
    with pytest.raises(UserError, match="quantum"):
        resolve_device("quantum")


def test_every_card_is_complete():
    for card in all_backbones():
        assert card.licence
        assert card.source
        assert len(card.weights_sha256) == 64
        assert card.preprocessing.crop.size <= card.preprocessing.crop.resize
    assert len({card.identity for card in all_backbones()}) == len(all_backbones())


def test_the_same_image_has_the_same_embedding_in_any_batch():
    """Window and command line batch differently, and must give the same bytes."""
    runtime = TorchRuntime(CARD, "cpu")
    images = np.random.default_rng(0).integers(0, 256, (9, 224, 224, 3)).astype(np.uint8)
    together = runtime.embed(images, Job()).astype(np.float16)
    backwards = runtime.embed(images[::-1], Job()).astype(np.float16)[::-1]
    alone = np.concatenate([runtime.embed(images[i : i + 1], Job()) for i in range(9)])
    many = runtime.embed(np.concatenate([images] * 6), Job())[27:36]
    assert together.shape == (9, 1280)
    for other in (backwards, alone, many):
        np.testing.assert_array_equal(together, other.astype(np.float16))


def test_weights_that_were_changed_are_refused(tmp_path, monkeypatch):
    """A package of weights as pip would install it, with one bit turned over."""
    package = tmp_path / "changed_weights"
    copy = package / "models" / "weights.pth"
    copy.parent.mkdir(parents=True)
    (package / "__init__.py").touch()
    data = bytearray(weights_file(CARD).read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    monkeypatch.syspath_prepend(tmp_path)
    card = replace(CARD, weights="changed_weights")
    with pytest.raises(UserError, match="damaged"):
        card.load()
    copy.unlink()
    with pytest.raises(UserError, match="missing"):
        card.load()
    with pytest.raises(UserError, match="missing"):
        replace(CARD, weights="no_such_package").load()
