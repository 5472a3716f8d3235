"""Messages between the window and the process that runs the backbone.

A message is one byte of kind, one number, a length, and that many bytes. Nothing is
pickled: arrays travel as their bytes with their shape, texts as UTF-8 JSON.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<BQQ")


class Kind(IntEnum):
    """What a message is."""

    START = 1
    EMBED = 2
    READY = 3
    EMBEDDINGS = 4
    NOTICE = 5
    USER_ERROR = 6
    BUG = 7


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        kind: What it is.
        ticket: Number of the request that it belongs to.
        payload: Its bytes.
    """

    kind: Kind
    ticket: int
    payload: bytes | bytearray | memoryview = b""

    def json(self) -> Any:
        return json.loads(bytes(self.payload))


def write(stream: BinaryIO, message: Message) -> None:
    """Send a message. Raises ``OSError`` when the other side is gone."""
    payload = memoryview(message.payload).cast("B")
    stream.write(_HEADER.pack(message.kind, message.ticket, payload.nbytes))
    stream.write(payload)
    stream.flush()


def read(stream: BinaryIO) -> Message | None:
    """Wait for a message; None when the other side is gone."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, ticket, length = _HEADER.unpack(header)
    payload = bytearray(length)
    view = memoryview(payload)
    filled = 0
    while filled < length:
        count = stream.readinto(view[filled:])
        if not count:
            return None
        filled += count
    return Message(Kind(kind), ticket, payload)


def pack_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def pack_array(array: NDArray) -> bytes:
    """An array's shape and bytes; ``unpack_array`` needs to be told the dtype."""
    shape = np.asarray([array.ndim, *array.shape], "<u8").tobytes()
    return shape + np.ascontiguousarray(array).tobytes()


def unpack_array(payload: bytes | bytearray | memoryview, dtype: Any) -> NDArray:
    """The inverse of ``pack_array``, without a copy."""
    ndim = int(np.frombuffer(payload, "<u8", 1)[0])
    shape = np.frombuffer(payload, "<u8", ndim, offset=8)
    return np.frombuffer(payload, dtype, offset=8 * (ndim + 1)).reshape(shape.astype(int))
