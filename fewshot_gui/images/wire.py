"""The bytes between a decode worker and its supervisor.

Fixed headers and raw pixels. Nothing is unpickled: the worker has parsed hostile bytes,
so whatever it says is checked as if it were hostile too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from fewshot_gui.images.files import FailureKind
from fewshot_gui.images.request import Crop, DecodeRequest

READY = b"H"
READ = b"R"
DONE = b"D"
DIGEST_BYTES = 16
MAX_DETAIL = 200

_REQUEST = struct.Struct("<IHHBH")
_REPLY = struct.Struct("<BIIHHHHqq16s")
_INTERPOLATIONS = ("bilinear", "bicubic", "lanczos")
_KINDS = tuple(FailureKind)


class Garbled(Exception):
    """The other side does not keep to the protocol."""


@dataclass(frozen=True)
class Reply:
    """The header of an answer; pixels and words follow it.

    Attributes:
        kind: Why the file cannot be read, or None where it could.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        crop: Side of the square crop, 0 where there is none.
        thumbnail: Width and height of the thumbnail, 0 where there is none.
        detail: Bytes of the reason.
        size: Bytes of the file when it was read, -1 if it was not.
        mtime_ns: Its modification time then.
        digest: BLAKE2b of its content, 16 bytes.
    """

    kind: FailureKind | None
    width: int = 0
    height: int = 0
    crop: int = 0
    thumbnail: tuple[int, int] = (0, 0)
    detail: int = 0
    size: int = -1
    mtime_ns: int = 0
    digest: bytes = bytes(DIGEST_BYTES)


def pack_request(request: DecodeRequest, path: bytes) -> bytes:
    crop = request.crop or Crop(0, 0, _INTERPOLATIONS[0])
    header = _REQUEST.pack(
        len(path),
        crop.resize,
        crop.size,
        _INTERPOLATIONS.index(crop.interpolation),
        request.thumbnail or 0,
    )
    return header + path


def read_request(stream: BinaryIO) -> tuple[DecodeRequest, bytes] | None:
    """The next request and its path as bytes; None when the supervisor is gone."""
    header = stream.read(_REQUEST.size)
    if len(header) < _REQUEST.size:
        return None
    length, resize, size, interpolation, thumbnail = _REQUEST.unpack(header)
    path = stream.read(length)
    crop = Crop(resize, size, _INTERPOLATIONS[interpolation]) if size else None
    return DecodeRequest("", crop, thumbnail or None), path


def pack_reply(reply: Reply) -> bytes:
    return DONE + _REPLY.pack(
        0 if reply.kind is None else 1 + _KINDS.index(reply.kind),
        reply.width,
        reply.height,
        reply.crop,
        *reply.thumbnail,
        reply.detail,
        reply.size,
        reply.mtime_ns,
        reply.digest,
    )


REPLY_BYTES = _REPLY.size


def unpack_reply(data: bytes | bytearray, request: DecodeRequest) -> Reply:
    """The header after ``DONE``. Raises ``Garbled`` for what was not asked for."""
    code, width, height, crop, tw, th, detail, size, mtime_ns, digest = _REPLY.unpack(data)
    if code > len(_KINDS) or detail > MAX_DETAIL:
        raise Garbled
    wanted_crop = request.crop.size if request.crop else 0
    if code == 0 and crop != wanted_crop or code and crop:
        raise Garbled
    if max(tw, th) > (request.thumbnail or 0) or (tw == 0) != (th == 0):
        raise Garbled
    kind = _KINDS[code - 1] if code else None
    return Reply(kind, width, height, crop, (tw, th), detail, size, mtime_ns, digest)
