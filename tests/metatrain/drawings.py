"""Folders of small gray pictures to train on: a pattern a class, and much noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16


def draw_classes(root: Path, classes: int, pictures: int = 6) -> Path:
    """Class folders below ``root``, four to a folder, and one file that is no picture."""
    rng = np.random.default_rng(0)
    for number in range(classes):
        folder = root / f"alphabet {number // 4}" / f"letter {number}"
        folder.mkdir(parents=True)
        pattern = np.kron(rng.random((4, 4)) * 100, np.ones((4, 4)))
        for place in range(pictures):
            noisy = pattern + rng.random((SIDE, SIDE)) * 155
            Image.fromarray(noisy.astype(np.uint8)).save(folder / f"{place}.png")
    (root / "alphabet 0" / "letter 0" / "broken.png").write_bytes(b"not a picture")
    return root
