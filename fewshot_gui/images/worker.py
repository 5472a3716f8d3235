"""Main program of a decode worker: reads files and decodes them, one at a time.

Started by the pool as ``python -P -m fewshot_gui.images.worker`` (``-P``: nothing is
imported from the folder it was started in). It imports neither Qt nor torch, so that it
starts in a tenth of a second and a hostile file meets little code.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import os
import signal
import stat
import sys
from dataclasses import dataclass
from typing import BinaryIO

from fewshot_gui.children import lower_priority, own_pipes
from fewshot_gui.images import protocol
from fewshot_gui.images.decode import decode, load_decoders
from fewshot_gui.images.decoded import Decoded
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.request import DecodeRequest

CHUNK = 1 << 24  # bytes read at once
SELF_DESTRUCT_SLACK = 5.0  # seconds that the pool has to end a worker before it ends itself
# Reading on a network disk may hang; a FIFO or a device must not. Windows has no such names.
OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def main() -> int:
    """Serve requests until standard input ends, that is until the pool is gone."""
    requests, answers = own_pipes()
    header = requests.read(protocol.SETTINGS_HEADER.size)
    if len(header) < protocol.SETTINGS_HEADER.size:
        return 0
    settings = protocol.Settings.unpacked(header)
    load_decoders()
    _be_modest(settings.memory_bytes)
    _write(answers, [protocol.READY])
    while (request := _next_request(requests)) is not None:
        answer(request, settings, answers)
    return 0


def answer(request: DecodeRequest, settings: protocol.Settings, answers: BinaryIO) -> None:
    """Read and decode one file and tell the pool."""
    _self_destruct_in(settings.read_seconds + SELF_DESTRUCT_SLACK)
    content = read_file(request.path, settings.file_bytes)
    _self_destruct_in(settings.decode_seconds + SELF_DESTRUCT_SLACK)
    _write(answers, [protocol.READ])
    decoded = Decoded(content.failure) if content.failure else decode(content.data, request)
    side = request.crop.size if request.crop else 0
    _write(answers, protocol.pack_result(decoded, side, content.identity))
    _self_destruct_in(0)


def _next_request(requests: BinaryIO) -> DecodeRequest | None:
    header = requests.read(protocol.REQUEST_HEADER.size)
    if len(header) < protocol.REQUEST_HEADER.size:
        return None
    path_bytes, crop, thumbnail = protocol.unpack_request_header(header)
    path = requests.read(path_bytes)
    if len(path) < path_bytes:
        return None
    return DecodeRequest(os.fsdecode(path), crop, thumbnail)


def _write(answers: BinaryIO, pieces: list[bytes]) -> None:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[answers.write(rest) :]


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, or why they could not be read."""

    data: bytes
    identity: protocol.FileIdentity
    failure: ImageFailure | None = None


def read_file(path: str, limit: int) -> Content:
    """Read a regular file of at most ``limit`` bytes, and hash what was read."""
    identity = protocol.FileIdentity()
    try:
        descriptor = os.open(path, OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            identity = protocol.FileIdentity(status.st_size, status.st_mtime_ns, status.st_ino)
            failure = _unfit(status, limit)
            if failure is not None:
                return Content(b"", identity, failure)
            data = _read_all(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return Content(b"", identity, ImageFailure(FailureKind.MISSING))
    except MemoryError:
        failure = ImageFailure(FailureKind.TOO_LARGE, "needs too much memory")
        return Content(b"", identity, failure)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else ""
        return Content(b"", identity, ImageFailure(FailureKind.UNREADABLE, words or "not a path"))
    digest = hashlib.blake2b(data, digest_size=protocol.DIGEST_BYTES).digest()
    identity = protocol.FileIdentity(len(data), identity.mtime_ns, identity.inode, digest)
    return Content(data, identity)


def _unfit(status: os.stat_result, limit: int) -> ImageFailure | None:
    if not stat.S_ISREG(status.st_mode):
        return ImageFailure(FailureKind.UNREADABLE, "not a regular file")
    if status.st_size > limit:
        megabytes = f"{status.st_size >> 20} MB, the limit is {limit >> 20} MB"
        return ImageFailure(FailureKind.TOO_LARGE, megabytes)
    return None


def _read_all(descriptor: int, size: int) -> bytes:
    """At most ``size`` bytes; fewer where the file was cut meanwhile."""
    chunks = []
    while size > 0:
        chunk = os.read(descriptor, min(size, CHUNK))
        if not chunk:
            break
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _be_modest(memory_bytes: int) -> None:
    """Limit the memory, leave no core file, let the window go first."""
    lower_priority()
    try:
        import resource
    except ImportError:  # Windows: the pool watches the memory
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        limit = _address_space() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    """Bytes mapped now. Only Linux tells, and only Linux enforces the limit."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _self_destruct_in(seconds: float) -> None:
    """End this process after a while, even inside a decoder; 0 calls it off.

    The pool ends a worker that takes too long. This is for the case that the pool is gone.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # unhandled, SIGALRM ends the process
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
    else:
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    sys.exit(main())
