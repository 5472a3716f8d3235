"""How values of the model look inside the project file."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.project.changes import Changes
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.problems import Damaged
from fewshot_gui.project.values import (
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    Bin,
    Folder,
    Label,
    Options,
    Setup,
    Source,
)

MAX_ID = 1 << 28
MAX_COLOUR = 1 << 20
MAX_TEXT = 16_384  # bytes of an action's name

CHANGES = np.dtype([("image", "<u4"), ("before", "<u4"), ("after", "<u4")])

_SOURCES = (Source.SUPPORT, Source.CORRECTED, Source.CONFIRMED, Source.PREDICTED)
_SOURCE_CODES = {source: code for code, source in enumerate(_SOURCES)}
_FACTS = struct.Struct("<qqQ")
_INTEGERS = (-(1 << 63), (1 << 63) - 1)


# -- labels --------------------------------------------------------------------------------


def label_code(label: Label | None) -> int:
    """One number for a label; 0 for none."""
    if label is None:
        return 0
    return (label.class_id << 2 | _SOURCE_CODES[label.source]) + 1


def label_of(code: int) -> Label | None:
    """The label of a code."""
    return None if code == 0 else Label((code - 1) >> 2, _SOURCES[(code - 1) & 3])


def class_ids(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Class ids of label codes, without those that stand for no label."""
    codes = codes[codes != 0].astype(np.int64)
    return (codes - 1) >> 2


def changes_data(images: Sequence[int], labels: Changes) -> NDArray:
    """An action's label changes, ``(n,)`` of ``CHANGES``; ``images`` are the ids of its paths."""
    changes = np.empty(len(images), CHANGES)
    changes["image"] = images
    codes = np.array([[label_code(label) for label in kind] for kind in labels.kinds], np.uint32)
    codes = codes.reshape(-1, 2)[labels.which]
    changes["before"], changes["after"] = codes[:, 0], codes[:, 1]
    return changes


def changes_of(paths: Sequence[str], data: NDArray) -> Changes:
    """An action's label changes again; ``paths`` are those of its images."""
    both = data["before"].astype(np.uint64) << np.uint64(32) | data["after"]
    kinds, which = np.unique(both, return_inverse=True)
    pairs = [(label_of(kind >> 32), label_of(kind & 0xFFFFFFFF)) for kind in kinds.tolist()]
    return Changes(paths, pairs, which)


def row_sums(*columns: Sequence[int] | NDArray) -> NDArray[np.int64]:
    """A checksum for each row of integers, vectorised; below 2^32."""
    total = np.full(len(columns[0]), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        total ^= np.asarray(column, np.int64).view(np.uint64)
        total *= np.uint64(0xFF51AFD7ED558CCD)
        total ^= total >> np.uint64(32)
    return (total & np.uint64(0xFFFFFFFF)).astype(np.int64)


def checksum(*values: bytes | int | None) -> int:
    """A checksum of one row."""
    total = 0
    for value in values:
        total = zlib.crc32(value if type(value) is bytes else repr(value).encode(), total)
    return total


# -- what is known of an image ---------------------------------------------------------------


def facts_data(known: KnownImage) -> bytes:
    """What an image was like, as bytes."""
    low, high = _INTEGERS
    return (
        _FACTS.pack(
            min(max(known.size, low), high),
            min(max(known.mtime_ns, low), high),
            known.inode & (1 << 64) - 1,
        )
        + known.digest
    )


def facts_of(data: bytes) -> KnownImage:
    """What an image was like. Raises ``Damaged`` where the bytes say nothing."""
    if len(data) not in (_FACTS.size, _FACTS.size + 16):
        raise Damaged("facts of an odd length")
    size, mtime_ns, inode = _FACTS.unpack_from(data)
    return KnownImage(size, mtime_ns, inode, data[_FACTS.size :])


# -- texts -------------------------------------------------------------------------------------


def text_data(text: str) -> bytes:
    """Any text, lone surrogates included: names of files may hold them."""
    data = text.encode("utf-8", "surrogatepass")
    return (
        data if len(data) <= MAX_TEXT else data[: MAX_TEXT - 4].decode("utf-8", "ignore").encode()
    )


def text_of(data: bytes) -> str:
    """The text again. Raises ``Damaged`` where it is none."""
    if len(data) > MAX_TEXT:
        raise Damaged("a text is too long")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Damaged("a text is no UTF-8") from error


# -- setup ---------------------------------------------------------------------------------------


def setup_data(setup: Setup, image: Callable[[str], int]) -> bytes:
    """Bins, folders and options as JSON; folders and pictures by their ids.

    Args:
        setup: What to keep.
        image: Id of an image's path.
    """
    bins = [
        [b.id, b.name, b.colour, b.description, image(b.picture) if b.picture else 0]
        for b in setup.bins
    ]
    value = {
        "bins": bins,
        "folders": [folder.id for folder in setup.folders],
        "options": asdict(setup.options),
    }
    return json.dumps(value, separators=(",", ":")).encode()


class SetupReader:
    """Reads setups; bins that are equal become one object.

    Args:
        folders: All folders that the file knows, by id.
        image: Path of an image's id; raises ``KeyError`` or ``IndexError`` for none.
        next_id: First id that nothing may have.
    """

    def __init__(
        self, folders: Mapping[int, Folder], image: Callable[[int], str], next_id: int
    ) -> None:
        self._folders = folders
        self._image = image
        self._next_id = next_id
        self._bins: dict[tuple[object, ...], Bin] = {}

    def read(self, data: bytes) -> Setup:
        """The setup again. Raises ``Damaged`` where a value makes no sense."""
        try:
            value = json.loads(data, parse_constant=_refuse)
            bins = tuple(self._bin(row) for row in value["bins"])
            folders = tuple(self._folders[_whole(i)] for i in value["folders"])
            options = _options(value["options"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise Damaged(f"bins that make no sense: {error!r}") from error
        ids = [item.id for item in (*bins, *folders)]
        if len(set(ids)) != len(ids):
            raise Damaged("an id is used twice")
        return Setup(bins, folders, options)

    def _bin(self, row: list[Any]) -> Bin:
        key = tuple(row)
        known = self._bins.get(key)
        if known is None:
            known = self._bins[key] = self._new_bin(*key)
        return known

    def _new_bin(
        self, bin_id: object, name: object, colour: object, words: object, picture: object
    ) -> Bin:
        if not 0 < _whole(bin_id) < self._next_id or not 0 <= _whole(colour) < MAX_COLOUR:
            raise Damaged("a number is out of range")
        name, words = _text(name, MAX_NAME_LENGTH), _text(words, MAX_DESCRIPTION_LENGTH)
        if not name.strip() or any(ord(c) < 32 or ord(c) == 127 for c in name):
            raise Damaged("a bin's name cannot be shown")
        path = self._image(_whole(picture)) if picture else ""
        return Bin(_whole(bin_id), name, _whole(colour), words, path)


def _options(value: Mapping[str, object]) -> Options:
    defaults = Options()
    given = {}
    for field in fields(Options):
        default = getattr(defaults, field.name)
        found = value.get(field.name, default)
        if isinstance(default, float) and type(found) is int:
            found = float(found)
        if type(found) is not type(default) or len(str(found)) > MAX_TEXT:
            raise Damaged(f"option {field.name}")
        given[field.name] = found
    options = Options(**given)
    if not 0.0 <= options.unknown <= 1.0:
        raise Damaged("the level of unknown images is out of range")
    return options


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < MAX_ID:
        raise Damaged("no id")
    return value


def _text(value: object, longest: int) -> str:
    if type(value) is not str or len(value) > longest:
        raise Damaged("no text, or too long")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def with_pictures(data: bytes, merged: Mapping[int, int]) -> bytes:
    """A setup in which some images are called by another id."""
    value = json.loads(data)
    for row in value["bins"]:
        row[4] = merged.get(row[4], row[4])
    return json.dumps(value, separators=(",", ":")).encode()
