"""The corpus of bad and unusual pictures, and pictures made on the spot."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from fewshot_gui.images.pool import DecodePool

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "data" / "bad_images.zip"


@dataclass(frozen=True)
class Corpus:
    """The unzipped corpus: its folder, and the manifest's rows."""

    folder: Path
    rows: tuple[dict[str, str], ...]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    if not CORPUS.exists():
        pytest.skip("the corpus bad_images.zip is not here")
    target = tmp_path_factory.mktemp("corpus")
    with zipfile.ZipFile(CORPUS) as archive:
        archive.extractall(target)
    manifest = next(target.rglob("manifest.csv"))
    with manifest.open(encoding="utf-8", newline="") as file:
        return Corpus(manifest.parent, tuple(csv.DictReader(file)))


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    with DecodePool(2) as pool:
        yield pool


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a small JPEG under the given name and returns its path."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60), (200, 30, 40)).save(path, "JPEG")
        return path

    return make
