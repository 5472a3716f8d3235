"""One worker process as the pool sees it: started, asked, ended."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.children import child_command, child_environment, creation_flags
from fewshot_gui.images import protocol
from fewshot_gui.images.files import ImageFailure
from fewshot_gui.images.request import DecodeRequest

GOODBYE_SECONDS = 2.0


def worker_command() -> tuple[str, ...]:
    """The command line of a worker."""
    return child_command("fewshot_gui.images.worker", "--decode-worker")


def worker_environment() -> dict[str, str]:
    """The environment of a worker: one file at a time needs no threads."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**child_environment(), **dict.fromkeys(threads, "1")}


@dataclass(frozen=True, slots=True, eq=False)
class DecodeResult:
    """One file, decoded or not.

    Attributes:
        failure: Why it could not be decoded, or None.
        crop: uint8 RGB of shape (size, size, 3), or None.
        thumbnail: uint8 RGB of shape (height, width, 3), or None.
        width, height: Size of the whole picture, upright, in pixels; 0 when unknown.
        digest: 16-byte BLAKE2b of the file's bytes; empty where they could not be read.
        size: Bytes of the file.
        mtime_ns: Its modification time in nanoseconds.
        inode: Its number on its disk, 0 where that is not known.
        more: The file holds more pictures (pages, frames) than the first, shown here.
    """

    failure: ImageFailure | None
    crop: NDArray[np.uint8] | None = None
    thumbnail: NDArray[np.uint8] | None = None
    width: int = 0
    height: int = 0
    digest: bytes = b""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    more: bool = False


class WorkerDiedError(Exception):
    """The process ended, or said something that makes no sense, before its answer.

    Attributes:
        nonsense: It is the latter.
    """

    def __init__(self, message: str, nonsense: bool = False) -> None:
        super().__init__(message)
        self.nonsense = nonsense


class WorkerProcess:
    """A running worker. One thread talks to it; any thread may ``kill`` it.

    Raises:
        OSError: The process could not be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders chatter there
            bufsize=0,
            env=worker_environment(),
            creationflags=creation_flags(),
        )
        self.files = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def greet(self, settings: protocol.Settings) -> None:
        """Send the settings and wait until the worker is ready.

        Raises:
            WorkerDiedError: It never was.
        """
        self._send(settings.packed())
        if self._receive(protocol.TAG_BYTES) != protocol.READY:
            raise WorkerDiedError("no greeting", nonsense=True)

    def decode(self, request: DecodeRequest, on_read: Callable[[], None]) -> DecodeResult:
        """Have one file decoded; ``on_read`` is called when its bytes are in memory.

        Raises:
            WorkerDiedError: There is no answer. The process must be disposed of.
        """
        self.files += 1
        self._send(protocol.pack_request(request))
        self._expect(protocol.READ)
        on_read()
        self._expect(protocol.RESULT)
        try:
            header = protocol.unpack_result(self._receive(protocol.RESULT_HEADER.size), request)
        except protocol.ProtocolError as error:
            raise WorkerDiedError(str(error), nonsense=True) from error
        detail = self._receive(header.detail_bytes)
        crop = self._pixels(header.crop_side, header.crop_side)
        thumbnail = self._pixels(header.thumbnail_height, header.thumbnail_width)
        return DecodeResult(
            failure=protocol.failure_of(header, detail),
            crop=crop,
            thumbnail=thumbnail,
            width=header.width,
            height=header.height,
            digest=header.identity.digest,
            size=header.identity.size,
            mtime_ns=header.identity.mtime_ns,
            inode=header.identity.inode,
            more=header.more,
        )

    def kill(self) -> None:
        """End the process at once. Whoever waits for its answer gets ``WorkerDiedError``."""
        self._process.kill()

    def dispose(self, dying: bool) -> int:
        """End the process, give its pipes back, and return its exit status.

        Args:
            dying: It closed its side, and its own exit status is worth a moment.
        """
        if dying:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GOODBYE_SECONDS)
        self._process.kill()
        return self._reap()

    def dismiss(self) -> None:
        """Let an idle process end by itself, by closing its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def _reap(self) -> int:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return self._process.wait()

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        rest = memoryview(message)
        try:
            while rest:
                rest = rest[self._process.stdin.write(rest) :]
        except OSError as error:
            raise WorkerDiedError("it does not listen") from error

    def _expect(self, tag: bytes) -> None:
        if self._receive(protocol.TAG_BYTES) != tag:
            raise WorkerDiedError("garbage", nonsense=True)

    def _receive(self, count: int) -> bytes:
        buffer = bytearray(count)
        self._fill(memoryview(buffer))
        return bytes(buffer)

    def _pixels(self, height: int, width: int) -> NDArray[np.uint8] | None:
        if not height or not width:
            return None
        pixels = np.empty((height, width, 3), np.uint8)
        self._fill(memoryview(pixels).cast("B"))
        return pixels

    def _fill(self, rest: memoryview) -> None:
        """Read until ``rest`` is full. The interpreter lock is free meanwhile."""
        assert self._process.stdout is not None
        while rest:
            count = self._process.stdout.readinto(rest)  # type: ignore[attr-defined]
            if not count:
                raise WorkerDiedError("it ended")
            rest = rest[count:]


def describe_exit(status: int) -> str:
    """How a process ended, for the detail of a failure."""
    if status < 0:
        return f"signal {-status}"
    return f"exit code {status}"
