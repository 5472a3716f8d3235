"""However a photo was decoded and scaled, the network sees the same picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.openvino_runtime import OpenVinoRuntime
from fewshot_gui.images import resampling
from fewshot_gui.images.decode import decode
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import unit

CARD = backbone_card("lite0")


@pytest.fixture(scope="module")
def photos(grocery):
    paths = sorted(grocery.rglob("*.jpg"))[::150]
    return [Image.open(path).convert("RGB") for path in paths]


@pytest.fixture(scope="module")
def runtime():
    return OpenVinoRuntime(CARD, halves=False)


def embeddings(photos, size, kind, runtime):
    """Of the photos, saved at that size and decoded again."""
    request = DecodeRequest("a", CARD.preprocessing.crop)
    crops = []
    for photo in photos:
        stored = io.BytesIO()
        photo.resize(size, Image.Resampling.LANCZOS).save(stored, kind, quality=95)
        decoded = decode(stored.getvalue(), request)
        assert decoded.failure is None
        crops.append(np.frombuffer(decoded.crop, np.uint8).reshape(224, 224, 3))
    return unit(runtime.embed(np.stack(crops), Job()).astype(np.float64))


@pytest.mark.skipif(resampling.Resizer is None, reason="Pillow alone scales pictures here")
@pytest.mark.parametrize("size", [(500, 375), (1200, 900), (260, 200)])
def test_with_and_without_vector_instructions(photos, runtime, size, monkeypatch):
    fast = embeddings(photos, size, "JPEG", runtime)
    monkeypatch.setattr(resampling, "Resizer", None)
    usual = embeddings(photos, size, "JPEG", runtime)
    cosines = (fast * usual).sum(axis=1)
    assert cosines.min() > 0.9995
    assert cosines.min() < 1  # it really was another way


# Half and a quarter just leave pixels enough; and in between.
@pytest.mark.parametrize("size", [(856, 642), (1200, 900), (1716, 1287), (2400, 1800)])
def test_a_large_jpeg_that_is_decoded_at_a_part_of_its_size(photos, runtime, size):
    """PNG is decoded whole, so it stands for what full decoding gives."""
    drafted = embeddings(photos[:6], size, "JPEG", runtime)
    whole = embeddings(photos[:6], size, "PNG", runtime)
    assert (drafted * whole).sum(axis=1).min() > 0.994
