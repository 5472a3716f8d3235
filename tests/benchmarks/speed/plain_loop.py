"""What a user would write who knows PyTorch: ``python plain_loop.py FOLDER``.

A DataLoader with two workers that decode with Pillow and prepare with timm's own transform,
and timm's network in eager float32 with the weights of the program's default backbone, batches
of 64. It ends with the embeddings in one tensor; nothing is sorted by them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import timm.data
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card

BATCH, WORKERS = 64, 2


class Pictures(Dataset):
    """The JPEGs of a folder as timm prepares them."""

    def __init__(self, folder: Path, transform: object) -> None:
        self._files = sorted(folder.rglob("*.jpg"))
        self._transform = transform

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self._files[index]) as picture:
            return self._transform(picture.convert("RGB"))


def main(folder: Path) -> None:
    """Embed all pictures of the folder."""
    card = backbone_card(DEFAULT_BACKBONE)
    network = card.load()
    preprocessing = card.preprocessing
    transform = timm.data.create_transform(
        input_size=(3, preprocessing.size, preprocessing.size),
        interpolation=preprocessing.crop.interpolation,
        mean=preprocessing.mean,
        std=preprocessing.std,
        crop_pct=preprocessing.crop.size / preprocessing.crop.resize,
    )
    loader = DataLoader(Pictures(folder, transform), batch_size=BATCH, num_workers=WORKERS)
    with torch.inference_mode():
        embeddings = torch.cat([network(batch) for batch in loader])
    print(len(embeddings))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
