"""Pictures of class folders, made ready for the network that is to learn from them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.building import named_backbone
from fewshot_gui.metatrain.classes import usable_classes
from fewshot_gui.metatrain.learner_card import AdapterSettings, NetworkPart, TunedSettings
from fewshot_gui.metatrain.materials import Material, Pixels, Units
from fewshot_gui.metatrain.scratch import place_for_pixels
from fewshot_gui.metatrain.store import PictureShape, load_store
from fewshot_gui.paths import cache_dir
from fewshot_gui.texts import _


@dataclass(frozen=True)
class Ready:
    """What a training starts from.

    Attributes:
        material: The pictures.
        files: All of them, in the order of the material's rows.
        unreadable: How many cannot be read.
        copies: How many were left out as they are there more than once.
        tables: Embeddings of the same rows, by the identity of the backbone.
    """

    material: Material
    files: tuple[ImageFile, ...]
    unreadable: int
    copies: int
    tables: Mapping[str, EmbeddingTable] = field(default_factory=dict)


def picture_shape(part: NetworkPart, interpolation: str) -> PictureShape:
    """How the pictures are kept for a network that sees pixels.

    Raises:
        UserError: It goes on from a backbone that is not there.
    """
    settings = part.settings
    if isinstance(settings, TunedSettings):
        crop = named_backbone(settings).preprocessing.crop
        return PictureShape(crop.size, False, crop.interpolation, crop.resize)
    return PictureShape(settings.side, settings.channels == 1, interpolation)


@contextlib.contextmanager
def prepared(
    folders: Sequence[ClassFolder],
    part: NetworkPart,
    interpolation: str,
    device: str,
    pool: DecodePool,
    job: Job,
) -> Iterator[Ready]:
    """Read all pictures; what is too large for the memory lies in a file until the end.

    Args:
        folders: Class folders.
        part: The network that is to see them.
        interpolation: For a network from scratch, see ``LearnerCard``.
        device: Where a backbone is to run.
        pool: Decodes.
        job: Progress, notices and cancellation.

    Raises:
        UserError: No picture can be read, or the disk is full.
        Cancelled: The job was cancelled.
    """
    files = tuple(file for folder in folders for file in folder.files)
    paths = tuple(file.path for file in files)
    if isinstance(part.settings, AdapterSettings):
        card = named_backbone(part.settings)
        table = embedded(card, files, np.arange(len(files)), device, pool, job)
        classes = usable_classes(folders, [table], job)
        counts = table.counts()
        copies = counts.ready - int(classes.sizes.sum())
        vectors = table.units(np.arange(len(table))).astype(np.float16)
        units = Units(vectors, classes, paths)
        yield _some(Ready(units, files, counts.failed, copies, {card.identity: table}))
        return
    with place_for_pixels() as file:
        store = load_store(folders, picture_shape(part, interpolation), pool, job, file)
        yield _some(Ready(Pixels(store, paths), files, store.unreadable, store.copies))


def embedded(
    card: BackboneCard,
    files: Sequence[ImageFile],
    rows: NDArray[np.int64],
    device: str,
    pool: DecodePool,
    job: Job,
) -> EmbeddingTable:
    """A table of these pictures, its rows in their order, with the embeddings of some rows.

    Raises:
        UserError: The backbone cannot be loaded.
        Cancelled: The job was cancelled; what was embedded is in the cache.
    """
    table = EmbeddingTable(card.width)
    table.add(files)
    runtime = InProcessRuntime(card, device)
    cache = EmbeddingCache(cache_dir() / "embeddings", card.identity, card.width)
    with contextlib.closing(runtime):
        EmbeddingPipeline(card, pool, runtime, cache).run(table, rows, job)
    return table


def _some(ready: Ready) -> Ready:
    if not ready.material.classes.sizes.any():
        raise UserError(
            _("None of the {count} pictures can be read.").format(count=len(ready.files))
        )
    return ready
