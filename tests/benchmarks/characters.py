"""Omniglot as meta-training wants it: its drawings in memory, in characters and alphabets.

1,623 characters of 50 alphabets, 20 drawings each: 30 alphabets to learn from, 20 to test with
(Lake, Salakhutdinov and Tenenbaum 2015, Science 350).
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.store import ImageStore, PictureShape, load_store
from tests.conftest import DATA

BACKGROUND, EVALUATION = "images_background", "images_evaluation"


def unpacked(part: str, place: Path) -> Path:
    """The folder of the alphabets of a part, below ``place``."""
    folder = place / "omniglot" / part
    if not folder.exists():
        with zipfile.ZipFile(DATA / "omniglot.zip") as packed:
            names = [name for name in packed.namelist() if name.startswith(f"omniglot/{part}/")]
            packed.extractall(place, names)
    return folder


def drawings(part: str, side: int, place: Path, job: Job) -> ImageStore:
    """All drawings of a part, decoded once for all runs in ``place``."""
    made = place / f"{part}-{side}.npz"
    if not made.exists():
        folders = find_class_folders(unpacked(part, place), job)
        with DecodePool() as pool:
            _keep(load_store(folders, PictureShape(side, gray=True), pool, job), made)
    with np.load(made) as kept:
        rows = np.split(kept["rows"], np.cumsum(kept["sizes"])[:-1])
        names, groups = kept["names"].tolist(), kept["groups"].tolist()
        classes = ClassRows(tuple(names), tuple(rows), tuple(groups), tuple(kept["group_names"]))
        return ImageStore(kept["pixels"], classes)


def _keep(store: ImageStore, made: Path) -> None:
    partial = made.with_suffix(".part.npz")
    np.savez(
        partial,
        pixels=store.pixels,
        rows=np.concatenate(store.classes.rows),
        sizes=store.classes.sizes,
        names=store.classes.names,
        groups=store.classes.group_of,
        group_names=store.classes.group_names,
    )
    os.replace(partial, made)
