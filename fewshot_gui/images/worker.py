"""A decode worker: ``python -m fewshot_gui.images.worker``. One file at a time, inside limits.

It knows neither Qt nor torch, has no more memory than one picture needs, and ends when
its supervisor does.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys
from typing import BinaryIO

from fewshot_gui.images import wire
from fewshot_gui.images.decode import Decoded, Refused, decode
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.request import DecodeRequest

MAX_FILE_BYTES = 512 * 1024 * 1024
# Pillow's modules, its buffers and one picture of MAX_PIXELS in RGBA with a copy.
MEMORY_BUDGET = 1024 * 1024 * 1024


def main() -> int:
    """Serve until standard input closes."""
    source, sink = _own_pipes()
    limit_resources(MEMORY_BUDGET)
    serve(source, sink)
    return 0


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Say that all is loaded, then answer requests one after the other."""
    _load_decoders()
    sink.write(wire.READY)
    sink.flush()
    while (message := wire.read_request(source)) is not None:
        answer(*message, sink)


def answer(request: DecodeRequest, path: bytes, sink: BinaryIO) -> None:
    """Read one file, decode it from the same bytes, and send what came of it."""
    try:
        data, status = _read(path)
    except OSError as error:
        failure = _read_failure(error)
        sink.write(wire.READ)
        _send_failure(failure, wire.Reply(failure.kind), sink)
        return
    except Refused as refused:
        sink.write(wire.READ)
        _send_failure(refused.failure, wire.Reply(refused.failure.kind), sink)
        return
    # From here on the time is the decoder's, not the disk's.
    sink.write(wire.READ)
    sink.flush()
    digest = hashlib.blake2b(data, digest_size=wire.DIGEST_BYTES).digest()
    facts = {"size": len(data), "mtime_ns": status.st_mtime_ns, "digest": digest}
    try:
        picture = decode(data, request)
    except Refused as refused:
        _send_failure(refused.failure, wire.Reply(refused.failure.kind, **facts), sink)
    else:
        _send_picture(picture, facts, sink)


def _read(path: bytes) -> tuple[bytes, os.stat_result]:
    # Not blocking, so that a pipe that is dressed up as a picture cannot hold the worker.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(os.fsdecode(path), flags)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refused(FailureKind.UNSUPPORTED, "not an ordinary file")
        if status.st_size > MAX_FILE_BYTES:
            raise Refused(FailureKind.TOO_LARGE, f"{status.st_size / 1e6:.0f} MB")
        try:
            return stream.read(MAX_FILE_BYTES), status
        except MemoryError as error:
            raise Refused(FailureKind.TOO_LARGE, "needs too much memory") from error


def _read_failure(error: OSError) -> ImageFailure:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ImageFailure(FailureKind.MISSING)
    return ImageFailure(FailureKind.UNREADABLE, os.strerror(error.errno or errno.EIO))


def _send_failure(failure: ImageFailure, reply: wire.Reply, sink: BinaryIO) -> None:
    detail = failure.detail.encode("ascii", "replace")[: wire.MAX_DETAIL]
    header = wire.Reply(
        failure.kind,
        detail=len(detail),
        size=reply.size,
        mtime_ns=reply.mtime_ns,
        digest=reply.digest,
    )
    sink.write(wire.pack_reply(header))
    sink.write(detail)
    sink.flush()


def _send_picture(picture: Decoded, facts: dict, sink: BinaryIO) -> None:
    thumbnail = picture.thumbnail
    header = wire.Reply(
        None,
        picture.width,
        picture.height,
        crop=0 if picture.crop is None else len(picture.crop),
        thumbnail=(0, 0) if thumbnail is None else (thumbnail.shape[1], thumbnail.shape[0]),
        **facts,
    )
    sink.write(wire.pack_reply(header))
    for pixels in (picture.crop, thumbnail):
        if pixels is not None:
            sink.write(pixels.tobytes())
    sink.flush()


def limit_resources(budget: int) -> None:
    """At most ``budget`` bytes more than now, no core files, a lower priority.

    Where the system has no such limits (Windows, and macOS for memory), the supervisor
    watches from outside.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            limit = _address_space() + budget
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if hasattr(os, "nice"):
        os.nice(5)


def _address_space() -> int:
    """Bytes of address space in use. Linux only."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _load_decoders() -> None:
    """Import Pillow's plugins now rather than within the first file's time limit."""
    from PIL import Image

    Image.init()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the supervisor, out of reach of any library that prints."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return source, sink


if __name__ == "__main__":
    sys.exit(main())
