"""One worker process, seen from its supervisor: ask, wait, and notice when it dies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.images import wire
from fewshot_gui.images.files import ImageFailure
from fewshot_gui.images.request import DecodeRequest

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What a worker is allowed.

    Attributes:
        start_seconds: From its start to its readiness.
        read_seconds: For reading one file, on however slow a disk.
        decode_seconds: For decoding it.
        resident_bytes: Memory, watched from outside where the system sets no limit.
        files: It is replaced after so many.
    """

    start_seconds: float = 60.0
    read_seconds: float = 60.0
    decode_seconds: float = 10.0
    resident_bytes: int = 1400 * MEGABYTE
    files: int = 5000


@dataclass(frozen=True)
class DecodeResult:
    """What came of one file.

    Attributes:
        failure: Why it cannot be read, or None where it could.
        crop: uint8 ``(size, size, 3)`` where it was asked for.
        thumbnail: uint8 ``(h, w, 3)`` where it was asked for.
        width: Pixels of the whole upright picture.
        height: Pixels of the whole upright picture.
        size: Bytes that were read, -1 if none were.
        mtime_ns: The file's modification time when it was read.
        digest: BLAKE2b of its content, 16 bytes.
    """

    failure: ImageFailure | None = None
    crop: NDArray[np.uint8] | None = None
    thumbnail: NDArray[np.uint8] | None = None
    width: int = 0
    height: int = 0
    size: int = -1
    mtime_ns: int = 0
    digest: bytes = bytes(wire.DIGEST_BYTES)


class WorkerDied(Exception):
    """The process ended, was stopped for breaking a limit, or talked nonsense.

    Attributes:
        reason: In a few English words.
        out_of_memory: Whether it was stopped for its memory.
    """

    def __init__(self, reason: str, out_of_memory: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.out_of_memory = out_of_memory


class WorkerProcess:
    """A running worker. Used by one thread; ``enforce`` and ``kill`` by any.

    Args:
        command: How to start it.
        limits: What it is allowed.
    """

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._deadline: tuple[float, str] | None = None
        self._verdict: WorkerDied | None = None
        self.files_done = 0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worn(self) -> bool:
        """Whether it has done so many files that a fresh one should go on."""
        return self.files_done >= self._limits.files

    def wait_until_ready(self) -> None:
        """Wait for the worker to have loaded. Raises ``WorkerDied``."""
        self._allow(self._limits.start_seconds, "did not start")
        if self._receive(1) != wire.READY:
            raise self._death("talks nonsense")
        self._allow(None)

    def decode(self, request: DecodeRequest) -> DecodeResult:
        """Have one file decoded. Raises ``WorkerDied``."""
        self.files_done += 1
        seconds = self._limits.read_seconds
        self._allow(seconds, f"reading took longer than {seconds:g} s")
        self._send(wire.pack_request(request, os.fsencode(request.path)))
        if self._receive(1) != wire.READ:
            raise self._death("talks nonsense")
        seconds = self._limits.decode_seconds
        self._allow(seconds, f"decoding took longer than {seconds:g} s")
        if self._receive(1) != wire.DONE:
            raise self._death("talks nonsense")
        try:
            reply = wire.unpack_reply(self._receive(wire.REPLY_BYTES), request)
        except wire.Garbled:
            raise self._death("talks nonsense") from None
        result = self._result(reply)
        self._allow(None)
        return result

    def enforce(self) -> None:
        """Stop the worker if it is over its time or memory."""
        with self._lock:
            if self._deadline is None or self._verdict is not None:
                return
            deadline, reason = self._deadline
            if time.monotonic() > deadline:
                self._verdict = WorkerDied(reason)
            elif _resident_bytes(self.pid) > self._limits.resident_bytes:
                self._verdict = WorkerDied("needs too much memory", out_of_memory=True)
            else:
                return
        self._process.kill()

    def kill(self) -> None:
        """End the process and wait for it. Safe to call twice."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def _result(self, reply: wire.Reply) -> DecodeResult:
        facts = {"size": reply.size, "mtime_ns": reply.mtime_ns, "digest": reply.digest}
        if reply.kind is not None:
            detail = bytes(self._receive(reply.detail)).decode("ascii", "replace")
            return DecodeResult(ImageFailure(reply.kind, detail), **facts)
        width, height = reply.thumbnail
        crop = self._pixels(reply.crop, reply.crop)
        thumbnail = self._pixels(height, width)
        return DecodeResult(None, crop, thumbnail, reply.width, reply.height, **facts)

    def _pixels(self, height: int, width: int) -> NDArray[np.uint8] | None:
        if not height:
            return None
        data = self._receive(height * width * 3)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def _allow(self, seconds: float | None, reason: str = "") -> None:
        with self._lock:
            self._deadline = None if seconds is None else (time.monotonic() + seconds, reason)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._process.stdin.write(view) :]
        except OSError as error:
            raise self._death() from error

    def _receive(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        try:
            while view:
                got = self._process.stdout.readinto(view)
                if not got:
                    raise self._death()
                view = view[got:]
        except (OSError, ValueError) as error:
            raise self._death() from error
        return data

    def _death(self, reason: str = "") -> WorkerDied:
        """Why the process is no longer to be talked to; ends it if it still runs."""
        self.kill()
        if self._verdict is not None:
            return self._verdict
        code = self._process.returncode
        if not reason:
            reason = f"stopped by signal {-code}" if code < 0 else f"ended with code {code}"
        return WorkerDied(reason)


def worker_command() -> tuple[str, ...]:
    """How a worker is started."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "--decode-worker")
    # -P: a file called PIL.py in the current folder must not be imported.
    return (sys.executable, "-P", "-m", "fewshot_gui.images.worker")


def _environment() -> dict[str, str]:
    """The same environment, with this package found wherever it was imported from."""
    root = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([root, known] if known else [root])
    # One file at a time needs no thread pool, and a pool's stacks count against the limit.
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}


def _resident_bytes(pid: int) -> int:
    """Memory of a process where the system sets it no limit, else 0."""
    if sys.platform == "linux":
        return 0
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss
    return 0
