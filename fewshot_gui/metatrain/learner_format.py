"""The bytes of a learner file: safetensors, with a card and a checksum in its header.

Strangers' bytes are read here. Nothing is taken for granted: sizes are limited before memory
is asked for, the header must be exactly what ``encoded`` writes, and a checksum covers all of
it. Whatever differs by a bit is refused; nothing in the file is ever run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.learner_card import (
    LearnerCard,
    NewerFormat,
    card_from_plain,
    card_to_plain,
)
from fewshot_gui.texts import _

CARD = "few-shot-learner"  # among the texts that the header carries
ENDING = ".safetensors"
MOST_BYTES = 512 << 20
_CHECKSUM = "checksum"
_MOST_HEADER = 8 << 20
_MOST_TENSORS = 5000
_MOST_AXES = 4
_UNSET = "0" * 64  # in place of the checksum while it is computed
_TYPES = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


@dataclass(frozen=True)
class Entry:
    """A tensor in the file: where its bytes begin after the header, and how they are meant."""

    dtype: str
    shape: tuple[int, ...]
    begin: int

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.shape) * _TYPES[self.dtype].itemsize


@dataclass(frozen=True)
class LearnerBytes:
    """A file whose checksum is right.

    Attributes:
        card: What it says of itself.
        checksum: SHA-256 of all of it, in hexadecimal digits; its identity.
        entries: Its tensors by name.
        data: All bytes after the header.
    """

    card: LearnerCard
    checksum: str
    entries: Mapping[str, Entry]
    data: bytes

    def arrays(self) -> dict[str, NDArray]:
        """The tensors, read-only, in the file's own memory. All are finite.

        Raises:
            ValueError: One is not.
        """
        return {name: self._array(name, entry) for name, entry in self.entries.items()}

    def _array(self, name: str, entry: Entry) -> NDArray:
        dtype = _TYPES[entry.dtype]
        array = np.frombuffer(self.data, dtype, prod(entry.shape), entry.begin)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
        return array.reshape(entry.shape)


def encoded(card: LearnerCard, arrays: Mapping[str, NDArray]) -> bytes:
    """A whole learner file.

    Raises:
        ValueError: An array is not finite, or of another type than float32 and int64.
        UserError: There is too much of it.
    """
    entries: dict[str, Entry] = {}
    parts: list[bytes] = []
    end = 0
    for name in sorted(arrays, key=lambda name: (arrays[name].itemsize < 8, name)):
        array = arrays[name]
        if array.dtype not in _NAMES or not np.isfinite(array).all():
            raise ValueError(f"{name}: {array.dtype} cannot be kept, or is not finite")
        entries[name] = Entry(_NAMES[array.dtype], array.shape, end)
        parts.append(np.ascontiguousarray(array).tobytes())
        end += entries[name].size
    text = json.dumps(card_to_plain(card), sort_keys=True, allow_nan=False)
    card_from_plain(_strict_json(text))  # what could not be read again is not written
    header = _header(text, _UNSET, entries)
    try:
        _check_sizes(len(header), end, entries)
    except ValueError as error:
        raise UserError(
            _("The learner is too large for a file."), _("Train a smaller network.")
        ) from error
    length = len(header).to_bytes(8, "little")
    checksum = hashlib.sha256(b"".join([length, header, *parts])).hexdigest()
    return b"".join([length, _header(text, checksum, entries), *parts])


def read_learner_bytes(path: Path) -> LearnerBytes:
    """A learner file, wholly checked but for what the card's network asks of the tensors.

    Raises:
        UserError: It is missing, damaged, or something else.
    """
    try:
        with _opened(path) as stream:
            return _read(stream)
    except NewerFormat as error:
        raise UserError(
            _("The learner “{file}” was made by a newer version of this program.").format(
                file=path.name
            ),
            _("Install the newest version to use it."),
        ) from error
    except FileNotFoundError as error:
        raise UserError(
            _("There is no learner file “{file}”.").format(file=path),
            _("Check its name, and that its disk is connected."),
        ) from error
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise refused(path) from error


def refused(path: Path) -> UserError:
    """The error for a file that is no learner, or a damaged one."""
    return UserError(
        _("“{file}” is not a learner file, or is damaged.").format(file=path.name),
        _("Learner files are made by “Train a learner” or “fewshot-gui train”."),
    )


def claims_to_be_learner(path: Path) -> bool:
    """Whether a file's header names a learner's card, right or wrong; reads little of it."""
    try:
        with _opened(path) as stream:
            header = _header_bytes(stream, _size(stream))
            names = _strict_json(header.decode("ascii"))["__metadata__"]
            return CARD in names
    except (OSError, ValueError, ArithmeticError, RecursionError, KeyError, TypeError):
        return False


def _read(stream: BinaryIO) -> LearnerBytes:
    size = _size(stream)
    header = _header_bytes(stream, size)
    plain = _strict_json(header.decode("ascii"))
    if not isinstance(plain, dict):
        raise ValueError("a header is an object")
    texts = plain.pop("__metadata__", None)
    if not isinstance(texts, dict) or texts.keys() != {CARD, _CHECKSUM}:
        raise ValueError("no card")
    text, checksum = texts[CARD], texts[_CHECKSUM]
    if not isinstance(text, str) or not isinstance(checksum, str):
        raise ValueError("the card and the checksum are texts")
    if not re.fullmatch("[0-9a-f]{64}", checksum):
        raise ValueError("no checksum")
    entries = _entries(plain)
    length = size - 8 - len(header)
    _check_sizes(len(header), length, entries)
    if sum(entry.size for entry in entries.values()) != length:
        raise ValueError("the tensors do not fill the file")
    if _header(text, checksum, entries) != header:
        raise ValueError("not the header that was written")
    card = card_from_plain(_strict_json(text))
    data = stream.read(length)
    found = hashlib.sha256(len(header).to_bytes(8, "little"))
    found.update(_header(text, _UNSET, entries))
    found.update(data)
    if len(data) != length or found.hexdigest() != checksum:
        raise ValueError("another checksum")
    return LearnerBytes(card, checksum, entries, data)


def _opened(path: Path) -> BinaryIO:
    """The file, open; a pipe would have to be waited for."""
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    return path.open("rb")


def _size(stream: BinaryIO) -> int:
    size = os.fstat(stream.fileno()).st_size
    if not 8 < size <= MOST_BYTES:
        raise ValueError("too large or small")
    return size


def _header_bytes(stream: BinaryIO, size: int) -> bytes:
    length = int.from_bytes(stream.read(8), "little")
    if not 2 <= length <= min(_MOST_HEADER, size - 8):
        raise ValueError("the header has no such length")
    return stream.read(length)


def _header(card: str, checksum: str, entries: Mapping[str, Entry]) -> bytes:
    plain: dict[str, Any] = {"__metadata__": {CARD: card, _CHECKSUM: checksum}}
    for name, entry in entries.items():
        offsets = [entry.begin, entry.begin + entry.size]
        plain[name] = {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "data_offsets": offsets,
        }
    text = json.dumps(plain, separators=(",", ":")).encode("ascii")
    return text + b" " * (-len(text) % 8)


def _entries(plain: dict[str, Any]) -> dict[str, Entry]:
    """The tensors as the header has them, one right after the other."""
    entries: dict[str, Entry] = {}
    end = 0
    for name, facts in plain.items():
        if not isinstance(facts, dict) or facts.keys() != {"dtype", "shape", "data_offsets"}:
            raise ValueError("not a tensor")
        if not isinstance(facts["dtype"], str) or facts["dtype"] not in _TYPES:
            raise ValueError("no such type")
        shape = facts["shape"]
        if not isinstance(shape, list) or len(shape) > _MOST_AXES:
            raise ValueError("no such shape")
        if not all(type(side) is int and 0 <= side <= MOST_BYTES for side in shape):
            raise ValueError("no such shape")
        entries[name] = Entry(facts["dtype"], tuple(shape), end)
        end += entries[name].size  # the header is written anew and compared: offsets, too
    return entries


def _check_sizes(header: int, data: int, entries: Mapping[str, Entry]) -> None:
    if header > _MOST_HEADER or 8 + header + data > MOST_BYTES or len(entries) > _MOST_TENSORS:
        raise ValueError("too large for a learner file")


def _strict_json(text: str) -> Any:
    """JSON without duplicate names and without numbers that are none."""
    return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name comes twice")
    return names


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
