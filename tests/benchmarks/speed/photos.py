"""Folders of JPEGs made of photographs: what compresses and decodes as photographs do.

The photographs are those of ``grocery.zip`` in ``shared/data`` beside the checkout, or the
bundled sample where that is absent. A picture is a sheet of photographs beside one another,
which is as large as wanted and has details down to the pixel, as an enlarged one had not.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean

from PIL import Image, ImageOps

from fewshot_gui.paths import resource
from tests.conftest import DATA

CLASSES, EXAMPLES = 4, 5
FEW = 2  # targets of a folder that takes nothing but the start-up
QUALITY = 90


@dataclass(frozen=True)
class Kind:
    """A kind of pictures.

    Attributes:
        name: Of its folders.
        size: Width and height in pixels.
        sheet: Photographs beside and below one another.
    """

    name: str
    size: tuple[int, int]
    sheet: tuple[int, int]


ORDINARY = Kind("ordinary", (500, 375), (2, 1))  # about 55 kB each
LARGE = Kind("large", (4000, 3000), (8, 6))  # 12 megapixels, about 2.7 MB each, as phones' are


@dataclass(frozen=True)
class Task:
    """What ``fewshot-gui classify`` is given.

    Attributes:
        support: Class folders of examples.
        targets: The folder to sort.
        few: A folder to sort of two pictures: what it takes is the start-up.
        count: How many targets there are.
    """

    support: Path
    targets: Path
    few: Path
    count: int

    def files(self) -> list[Path]:
        """The targets."""
        return sorted(self.targets.rglob("*.jpg"))

    @property
    def bytes_each(self) -> float:
        """Size of a target's file, on the average."""
        return mean(file.stat().st_size for file in self.files())


def task(place: Path, kind: Kind, count: int) -> Task:
    """Folders of pictures, all different; those of an earlier run are taken again."""
    folder = place / f"{kind.name}-{kind.sheet[0]}x{kind.sheet[1]}-{count}"
    made = Task(folder / "support", folder / "targets", folder / "few", count)
    if (folder / "done").exists():
        return made
    shutil.rmtree(folder, ignore_errors=True)
    rng = random.Random(0)
    for name in range(CLASSES):
        _fill(made.support / f"class{name}", ORDINARY, EXAMPLES, rng)
    _fill(made.few, kind, FEW, rng)
    _fill(made.targets, kind, count, rng)
    (folder / "done").touch()
    return made


def linked(place: Path, base: Task, count: int) -> Task:
    """A task with very many targets: hard links to those of another."""
    folder = place / f"linked-{base.count}-{count}"
    made = Task(base.support, folder / "targets", base.few, count)
    if (folder / "done").exists():
        return made
    shutil.rmtree(folder, ignore_errors=True)
    made.targets.mkdir(parents=True)
    files = base.files()
    for i in range(count):
        os.link(files[i % len(files)], made.targets / f"image{i}.jpg")
    (folder / "done").touch()
    return made


def _fill(folder: Path, kind: Kind, count: int, rng: random.Random) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        _sheet(kind, rng).save(folder / f"photo{i:05}.jpg", quality=QUALITY)


def _sheet(kind: Kind, rng: random.Random) -> Image.Image:
    (width, height), (across, down) = kind.size, kind.sheet
    sheet, photographs = Image.new("RGB", kind.size), _photographs()
    for i in range(across):
        for j in range(down):
            left, top = i * width // across, j * height // down
            part = ((i + 1) * width // across - left, (j + 1) * height // down - top)
            with Image.open(rng.choice(photographs)()) as photograph:
                fitted = ImageOps.fit(photograph.convert("RGB"), part, Image.Resampling.BICUBIC)
            sheet.paste(fitted, (left, top))
    return sheet


@cache
def _photographs() -> list[Callable[[], io.BytesIO]]:
    """What opens each photograph."""
    archive = DATA / "grocery.zip"
    if not archive.exists():
        files = sorted(resource("sample").rglob("*.jpg"))
        return [lambda file=file: io.BytesIO(file.read_bytes()) for file in files]
    packed = zipfile.ZipFile(archive)
    names = [name for name in packed.namelist() if name.endswith(".jpg")]
    return [lambda name=name: io.BytesIO(packed.read(name)) for name in names]
