"""What the pool and its worker processes say to each other, over two pipes.

Headers have a fixed size and say how long what follows is. The worker has parsed hostile
bytes, so what it says is checked against what was asked for, and never unpickled.

The pool sends ``Settings`` once and then one request at a time. The worker answers the
settings with ``READY``, and a request with ``READ`` (the bytes are in memory, decoding
starts) and ``RESULT`` (a header, then detail, crop and thumbnail).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from fewshot_gui.images.decoded import Decoded
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.request import INTERPOLATIONS, Crop, DecodeRequest

READY = b"FSW1"
READ = b"FSRD"
RESULT = b"FSRS"
TAG_BYTES = 4

SETTINGS_HEADER = struct.Struct("<4sQQdd")
REQUEST_HEADER = struct.Struct("<4sIIIBI")  # tag, path, resize, size, interpolation, thumbnail
RESULT_HEADER = struct.Struct("<BBIIIIIHQqQ16s")
_SETTINGS_TAG = b"FSS1"
_REQUEST_TAG = b"FSQ1"

DIGEST_BYTES = 16
INODE_MASK = (1 << 64) - 1  # some systems have longer ones
MAX_PATH_BYTES = 1 << 17
MAX_DETAIL_BYTES = 200
MAX_WHOLE_SIDE = 1 << 20

_KINDS = tuple(FailureKind)  # 0 on the wire is success, n is the n-th kind


class ProtocolError(Exception):
    """The other side said something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker is told once.

    Attributes:
        memory_bytes: Address space on top of what it has at the start.
        file_bytes: Largest file that is read.
        read_seconds, decode_seconds: After this long the worker ends by itself, should
            the pool not have ended it.
    """

    memory_bytes: int
    file_bytes: int
    read_seconds: float
    decode_seconds: float

    def packed(self) -> bytes:
        return SETTINGS_HEADER.pack(
            _SETTINGS_TAG,
            self.memory_bytes,
            self.file_bytes,
            self.read_seconds,
            self.decode_seconds,
        )

    @staticmethod
    def unpacked(header: bytes) -> Settings:
        tag, *values = SETTINGS_HEADER.unpack(header)
        if tag != _SETTINGS_TAG:
            raise ProtocolError("no settings")
        return Settings(*values)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which bytes were decoded.

    Attributes:
        size: Bytes read.
        mtime_ns: Modification time when the file was opened, in nanoseconds.
        inode: Number of the file on its disk.
        digest: 16-byte BLAKE2b of the bytes, empty where nothing was read.
    """

    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class ResultHeader:
    """The fixed part of a result, checked by ``unpack_result``."""

    kind: FailureKind | None
    more: bool
    width: int
    height: int
    crop_side: int
    thumbnail_width: int
    thumbnail_height: int
    detail_bytes: int
    identity: FileIdentity


def pack_request(request: DecodeRequest) -> bytes:
    path = os.fsencode(request.path)
    crop = request.crop
    return (
        REQUEST_HEADER.pack(
            _REQUEST_TAG,
            len(path),
            crop.resize if crop else 0,
            crop.size if crop else 0,
            INTERPOLATIONS.index(crop.interpolation) if crop else 0,
            request.thumbnail or 0,
        )
        + path
    )


def unpack_request_header(header: bytes) -> tuple[int, Crop | None, int | None]:
    """Length of the path, the crop, the thumbnail's side."""
    tag, path_bytes, resize, size, interpolation, thumbnail = REQUEST_HEADER.unpack(header)
    if tag != _REQUEST_TAG or path_bytes > MAX_PATH_BYTES:
        raise ProtocolError("no request")
    crop = Crop(resize, size, INTERPOLATIONS[interpolation]) if size else None
    return path_bytes, crop, thumbnail or None


def pack_result(decoded: Decoded, crop_side: int, identity: FileIdentity) -> list[bytes]:
    """A result in the pieces to be written, in order."""
    failure = decoded.failure
    detail = failure.detail.encode("ascii", "replace")[:MAX_DETAIL_BYTES] if failure else b""
    header = RESULT_HEADER.pack(
        0 if failure is None else _KINDS.index(failure.kind) + 1,
        decoded.more,
        decoded.width,
        decoded.height,
        crop_side if decoded.crop else 0,
        *decoded.thumbnail_size,
        len(detail),
        identity.size,
        identity.mtime_ns,
        identity.inode & INODE_MASK,
        identity.digest,
    )
    return [RESULT + header + detail, decoded.crop, decoded.thumbnail]


def unpack_result(header: bytes, request: DecodeRequest) -> ResultHeader:
    """Check a result's header against the request.

    Raises:
        ProtocolError: It cannot be the answer to this request.
    """
    kind, more, width, height, side, thumb_w, thumb_h, detail, size, mtime, inode, digest = (
        RESULT_HEADER.unpack(header)
    )
    if kind > len(_KINDS) or detail > MAX_DETAIL_BYTES or more > 1:
        raise ProtocolError("unknown outcome")
    wanted = request.crop.size if request.crop else 0
    longest = request.thumbnail or 0
    if kind == 0:
        good_size = 1 <= width <= MAX_WHOLE_SIDE and 1 <= height <= MAX_WHOLE_SIDE
        good_crop = side == wanted
        good_thumb = (1 <= min(thumb_w, thumb_h) <= max(thumb_w, thumb_h) <= longest) or (
            not longest and thumb_w == thumb_h == 0
        )
        if not (good_size and good_crop and good_thumb):
            raise ProtocolError("not what was asked for")
    elif side or thumb_w or thumb_h:
        raise ProtocolError("a failure with a picture")
    return ResultHeader(
        None if kind == 0 else _KINDS[kind - 1],
        bool(more),
        width,
        height,
        side,
        thumb_w,
        thumb_h,
        detail,
        FileIdentity(size, mtime, inode, digest if any(digest) else b""),
    )


def failure_of(header: ResultHeader, detail: bytes) -> ImageFailure | None:
    """The failure that a result tells of, its words limited to printable ASCII."""
    if header.kind is None:
        return None
    text = "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in detail)
    return ImageFailure(header.kind, text)
