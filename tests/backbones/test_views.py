"""Several views of an image: what they are, what they average to, and whose cache it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.backbones.torch_runtime import TorchRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.images.request import Crop
from fewshot_gui.jobs import Job

PLAIN = Preprocessing(Crop(8, 4, "bicubic"), (0.0,) * 3, (1.0,) * 3)


class Pixels(torch.nn.Module):
    """A network whose embedding is its input."""

    def forward(self, batch):
        return batch[:, 0].flatten(1)


def embed(preprocessing, pixels):
    card = replace(backbone_card("lite0"), preprocessing=preprocessing, width=16)
    runtime = TorchRuntime(card, "cpu", load=lambda _card: Pixels())
    return runtime.embed(pixels, Job())


def picture(side, seed=0):
    grey = np.random.default_rng(seed).integers(1, 256, (3, side, side, 1))
    return np.repeat(grey, 3, axis=3).astype(np.uint8)


def units(parts):
    flat = np.stack([part[..., 0].reshape(len(part), -1) / 255.0 for part in parts])
    return flat / np.linalg.norm(flat, axis=2, keepdims=True)


def test_without_views_the_network_sees_the_crop_once():
    pixels = picture(4)
    expected = pixels[..., 0].reshape(3, -1) / 255.0
    np.testing.assert_allclose(embed(PLAIN, pixels), expected, atol=1e-6)


def test_the_mirror_image_counts_as_much_as_the_image():
    pixels = picture(4)
    expected = units([pixels, pixels[:, :, ::-1]]).mean(axis=0)
    np.testing.assert_allclose(embed(PLAIN.with_views(["flip"]), pixels), expected, atol=1e-6)


def test_crops_are_the_centre_and_the_corners():
    preprocessing = PLAIN.with_views(["crops"])
    assert preprocessing.crop == Crop(8, 8, "bicubic")
    assert preprocessing.size == 4
    pixels = picture(8)
    parts = [pixels[:, 2:6, 2:6]]
    parts += [pixels[:, y : y + 4, x : x + 4] for y in (0, 4) for x in (0, 4)]
    np.testing.assert_allclose(embed(preprocessing, pixels), units(parts).mean(axis=0), atol=1e-6)


def test_an_image_and_its_mirror_image_are_one_to_all_views_together():
    preprocessing = PLAIN.with_views(["flip", "crops"])
    pixels = picture(8)
    mirrored = np.ascontiguousarray(pixels[:, :, ::-1])
    np.testing.assert_allclose(
        embed(preprocessing, pixels), embed(preprocessing, mirrored), atol=1e-6
    )


def test_views_are_named_behind_the_key_in_any_order():
    card = backbone_card("lite0+crops+flip")
    assert card == backbone_card("lite0+flip+crops")
    assert card.key == "lite0+flip+crops"
    assert card.preprocessing.crop.size == card.preprocessing.crop.resize == 256
    assert card.preprocessing.size == 224


def test_other_views_are_another_backbone_for_the_cache():
    keys = ("lite0", "lite2", "lite0+flip", "lite0+crops", "lite0+flip+crops")
    assert len({backbone_card(key).identity for key in keys}) == len(keys)


def test_views_that_are_unknown_or_impossible_are_told():
    with pytest.raises(UserError, match="no backbone called"):
        backbone_card("lite0+upside-down")
    with pytest.raises(UserError, match="upside"):
        PLAIN.with_views(["upside-down"])
    with pytest.raises(UserError, match="nothing to crop"):
        replace(PLAIN, crop=Crop(8, 8, "bicubic")).with_views(["crops"])
