"""Makes a folder of very many pictures, and the embeddings of all of them.

The pictures are hard links to a few hundred different JPEGs, so that thumbnails cost what
they cost; the embeddings go straight into the cache, in classes that can be told apart.

    python make_folder.py COUNT FOLDER      (the cache is the user's, as XDG_CACHE_HOME says)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job
from fewshot_gui.paths import cache_dir
from fewshot_gui.workflow import Workbench

CLASSES = 20
DISTINCT = 250
IN_ONE_FOLDER = 10_000
BLOCK = 8192


def main(count: int, folder: Path) -> None:
    """Make what is not there yet."""
    done = folder.parent / f"{folder.name}.done"
    if done.exists():
        return
    originals = folder.parent / f"{folder.name}.originals"
    make_originals(originals)
    for start in range(0, count, IN_ONE_FOLDER):
        inside = folder / f"part{start // IN_ONE_FOLDER:03}"
        inside.mkdir(parents=True)
        for i in range(start, min(start + IN_ONE_FOLDER, count)):
            os.link(originals / f"{i % DISTINCT}.jpg", inside / f"image{i}.jpg")
    fill_cache(folder)
    done.touch()


def make_originals(folder: Path) -> None:
    """JPEGs of 500 x 375, all different."""
    folder.mkdir(parents=True)
    for i in range(DISTINCT):
        rng = np.random.default_rng(i)
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3)).astype(np.uint8))
        small.resize((500, 375), Image.Resampling.BICUBIC).save(folder / f"{i}.jpg", quality=90)


def fill_cache(folder: Path) -> None:
    """Embeddings in classes, by the number of the file."""
    card = Workbench().card
    cache = EmbeddingCache(cache_dir() / "embeddings", card.identity, card.width)
    made = MadeClasses(card.width)
    files = scan(folder, Job()).files
    for start in range(0, len(files), BLOCK):
        block = [files[i] for i in range(start, min(start + BLOCK, len(files)))]
        numbers = np.asarray([number_of(file.path) for file in block])
        cache.append(block, to_units(made.embeddings(numbers)), digests_of(numbers))


class MadeClasses:
    """Embeddings in classes that can be told apart; a number says of which class one is."""

    def __init__(self, width: int) -> None:
        rng = np.random.default_rng(0)
        self._centres = rng.random((CLASSES, width), np.float32)
        self._noise = rng.normal(0, 0.6, (997, width)).astype(np.float32)

    def embeddings(self, numbers: np.ndarray) -> np.ndarray:
        """float32 ``(n, width)`` for ``n`` numbers."""
        return self._centres[numbers % CLASSES] + self._noise[numbers % len(self._noise)]


def digests_of(numbers: np.ndarray) -> np.ndarray:
    """A content digest for each of ``n`` numbers, uint8 ``(n, 16)``."""
    digests = np.zeros((len(numbers), 16), np.uint8)
    digests[:, :8] = (numbers[:, None] >> (8 * np.arange(8))) & 255
    return digests


def number_of(path: str) -> int:
    """The number in the name of a file; its class is that modulo ``CLASSES``."""
    return int(os.path.basename(path).removeprefix("image").removesuffix(".jpg"))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
