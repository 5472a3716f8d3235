"""Weights as PyTorch saved them before 2020, read without PyTorch.

Importing torch takes seconds and half a gigabyte; the bundled networks need neither where
another runtime takes them. Only files whose checksum is known are read: the format is a
pickle, of which nothing but the tensors' descriptions is let in.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Stored:
    """Where a tensor's numbers are: a storage that is read later on."""

    def __init__(self, dtype: np.dtype, count: int) -> None:
        self.dtype, self.count = dtype, count
        self.data = np.zeros(0, dtype)


class _Tensor:
    """A view of a storage, made into an array once the storage has been read."""

    def __init__(
        self, stored: _Stored, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self._stored, self._offset = stored, offset
        self._shape, self._strides = shape, strides

    def array(self) -> NDArray:
        """The numbers; a copy."""
        data, size = self._stored.data, self._stored.dtype.itemsize
        last = self._offset + sum(
            (count - 1) * step for count, step in zip(self._shape, self._strides, strict=True)
        )
        if not 0 <= self._offset <= last < len(data):
            raise ValueError("a tensor lies outside its storage")
        steps = [step * size for step in self._strides]
        return np.lib.stride_tricks.as_strided(data[self._offset :], self._shape, steps).copy()


class _Reader(pickle.Unpickler):
    """Lets in the names that such files hold, and stands in for what they mean."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Stored] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise ValueError(f"{module}.{name} is not part of a weights file")

    def persistent_load(self, pid: Any) -> _Stored:
        kind, dtype, key, _place, count, *_view = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise ValueError("not a storage")
        return self.storages.setdefault(key, _Stored(dtype, int(count)))


def read_weights(data: bytes) -> dict[str, NDArray]:
    """All tensors of a file, in its order.

    Args:
        data: The whole file; its checksum has been compared.

    Raises:
        ValueError: It is of another format.
    """
    stream = io.BytesIO(data)
    if _Reader(stream).load() != MAGIC:
        raise ValueError("not a weights file of the old format")
    for _heading in ("protocol", "system"):
        _Reader(stream).load()
    reader = _Reader(stream)
    tensors = reader.load()
    for key in _Reader(stream).load():
        _fill(reader.storages[key], stream)
    return {name: tensor.array() for name, tensor in tensors.items()}


def _fill(stored: _Stored, stream: io.BytesIO) -> None:
    count = int.from_bytes(stream.read(8), "little")
    content = stream.read(count * stored.dtype.itemsize)
    if count != stored.count or len(content) != count * stored.dtype.itemsize:
        raise ValueError("a storage is cut short")
    stored.data = np.frombuffer(content, stored.dtype)


def _rebuilt(
    stored: _Stored, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: object
) -> _Tensor:
    return _Tensor(stored, offset, tuple(shape), tuple(strides))
