"""Folders that are large enough to show what is slow."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

IMAGES = 5000
DISTINCT = 250


@pytest.fixture(scope="session")
def folder_5000(tmp_path_factory) -> Path:
    """5,000 JPEGs of 500 x 375, as hard links to 250 different ones."""
    made = tmp_path_factory.mktemp("made")
    folder = tmp_path_factory.mktemp("folder")
    for i in range(DISTINCT):
        rng = np.random.default_rng(i)
        small = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        picture = Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC)
        picture.filter(ImageFilter.EMBOSS if i % 2 else ImageFilter.SHARPEN).save(
            made / f"{i}.jpg", quality=90
        )
    for i in range(IMAGES):
        os.link(made / f"{i % DISTINCT}.jpg", folder / f"image{i}.jpg")
    return folder
