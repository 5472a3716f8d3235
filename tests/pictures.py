"""Small pictures made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (50, 70, 210)}


def make_picture(path: Path, colour: str = "red", seed: int = 0, size: tuple[int, int] = (64, 48)):
    """Write a noisy picture of one colour, of the format that the name says."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(-30, 31, (size[1], size[0], 3))
    pixels = np.clip(np.asarray(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def make_classes(root: Path, per_class: int, first: int = 0, flat: bool = False) -> list[Path]:
    """``per_class`` pictures of each colour, in class folders or in one flat folder."""
    made = []
    for index, colour in enumerate(COLOURS):
        for i in range(first, first + per_class):
            name = f"{colour}{i}.png" if flat else f"{colour}/{i}.png"
            made.append(make_picture(root / name, colour, seed=1000 * index + i))
    return made
