"""A pool of supervised decode workers: a bad file costs itself and nothing else.

``multiprocessing.Pool`` hangs and ``ProcessPoolExecutor`` fails its neighbours when a worker
dies; strangers' pictures make workers die. Here one thread looks after one process with one
file in flight, and a watchdog ends processes that take too long.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from types import TracebackType

from fewshot_gui.images import memory
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.process import (
    DecodeResult,
    WorkerDiedError,
    WorkerProcess,
    describe_exit,
    worker_command,
)
from fewshot_gui.images.protocol import Settings
from fewshot_gui.images.request import Crop, DecodeRequest
from fewshot_gui.images.watchdog import JOIN_SECONDS, Phase, Watch, Watchdog

__all__ = ["Crop", "DecodePool", "DecodeRequest", "DecodeResult", "Limits", "default_workers"]

MAX_WORKERS = 16
STARTS_TRIED = 3
BROKEN_SECONDS = 10.0
LAST_OF_ALL = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory_bytes: Memory on top of what it has at the start.
        file_bytes: Largest file that is read.
        read_seconds: Time for reading one file: a slow disk is not the file's fault.
        decode_seconds: Time for decoding it once it was read.
        start_seconds: Time from starting the process to its greeting.
        files_per_worker: After so many files a worker is replaced, against slow leaks.
    """

    memory_bytes: int = 1 << 30
    file_bytes: int = 512 << 20
    read_seconds: float = 60.0
    decode_seconds: float = 10.0
    start_seconds: float = 60.0
    files_per_worker: int = 5000


def default_workers(limits: Limits | None = None) -> int:
    """As many as there are cores, and as their memory limits fit into this machine."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    total = memory.total_memory()
    budget = (limits or Limits()).memory_bytes
    fitting = MAX_WORKERS if total is None else total // 2 // budget
    return max(1, min(cores, fitting, MAX_WORKERS))


class DecodePool:
    """Decodes files in worker processes. Safe to use from any thread.

    Processes start when there is work for them and stay until ``close``.

    Args:
        workers: How many processes at most; ``default_workers()`` when None.
        limits: What each may use.
        command: The command line of a worker, for programs that bring their own.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits = Limits(),
        command: Sequence[str] | None = None,
    ) -> None:
        self.workers = default_workers(limits) if workers is None else max(1, workers)
        self.limits = limits
        self._command = tuple(command) if command is not None else tuple(worker_command())
        self._queue = _Queue()
        self._watchdog = Watchdog(limits.memory_bytes)
        self._quarantine = _Quarantine()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._broken_until = 0.0

    def submit(self, request: DecodeRequest, priority: int = 0) -> Future[DecodeResult]:
        """Have a file decoded.

        Args:
            request: What is wanted.
            priority: Lower numbers go first; equal ones in the order of submission.

        Returns:
            A future of the result. A file that cannot be decoded is a result too, with its
            ``failure`` set. The future fails with ``RuntimeError`` when no worker can be
            started, and with ``CancelledError`` when the pool is closed. Cancelled before
            its turn, the file is never opened. Its callbacks run in a thread of the pool.

        Raises:
            RuntimeError: The pool is closed.
        """
        future: Future[DecodeResult] = Future()
        needed = self._queue.put(_Task(request, future), priority)
        with self._lock:
            if needed and len(self._threads) < self.workers and not self._queue.closed:
                thread = threading.Thread(
                    target=self._serve, name=f"decode-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """End all processes and cancel what was not decoded. May be called twice."""
        for task in self._queue.close():
            if not task.future.cancel():  # it counts as running where it waits for a second try
                task.future.set_exception(CancelledError())
        self._watchdog.close()
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(JOIN_SECONDS)

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- the rest runs in the pool's threads, one per process -----------------------------

    def _serve(self) -> None:
        slot = _Slot(self._command, self.limits, self._watchdog)
        try:
            while (task := self._queue.get()) is not None:
                if task.suspect or task.future.set_running_or_notify_cancel():
                    self._settle(slot, task)
                del task  # or its result would live until the next one arrives
        finally:
            slot.dismiss()

    def _settle(self, slot: _Slot, task: _Task) -> None:
        """Give the task's future its result, whatever happens."""
        try:
            result = self._decoded(slot, task)
        except BaseException as error:  # noqa: BLE001 - the future is the one who must know
            task.future.set_exception(error)
            return
        if result is not None:
            task.future.set_result(result)

    def _decoded(self, slot: _Slot, task: _Task) -> DecodeResult | None:
        """The result, or None where the file gets a second chance later."""
        known = self._quarantine.verdict(task.request.path)
        if known is not None:
            return DecodeResult(known)
        self._ensure_started(slot)
        try:
            return slot.decode(task.request)
        except WorkerDiedError as death:
            failure = slot.dispose(death)
        if not task.suspect:
            # Perhaps the file was innocent: the machine short of memory, the disk slow. It is
            # tried again in a fresh process, after all others: they shall not wait for it.
            with contextlib.suppress(RuntimeError):
                self._queue.put(replace(task, suspect=True), LAST_OF_ALL)
                return None
            raise CancelledError  # the pool was closed meanwhile
        self._quarantine.add(task.request.path, failure)
        return DecodeResult(failure)

    def _ensure_started(self, slot: _Slot) -> None:
        """Have the slot running; gives up for a while when that fails again and again."""
        for _attempt in range(STARTS_TRIED):
            if slot.running:
                return
            if self._queue.closed:
                raise CancelledError
            if time.monotonic() < self._broken_until:
                break
            slot.start()
        if not slot.running:
            # Not for ever: what keeps processes from starting may pass.
            self._broken_until = max(self._broken_until, time.monotonic() + BROKEN_SECONDS)
            raise RuntimeError("the processes that decode pictures cannot be started")


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A file and who waits for it.

    Attributes:
        request: What is wanted.
        future: Told the result.
        suspect: A worker has died of this file already.
    """

    request: DecodeRequest
    future: Future[DecodeResult]
    suspect: bool = False


class _Quarantine:
    """Files that workers died of twice: not tried again while they stay as they are."""

    def __init__(self) -> None:
        self._verdicts: dict[str, tuple[tuple[int, int], ImageFailure]] = {}

    def verdict(self, path: str) -> ImageFailure | None:
        """Why the file is not tried, or None."""
        held = self._verdicts.get(path)
        return held[1] if held is not None and held[0] == self._state(path) else None

    def add(self, path: str, failure: ImageFailure) -> None:
        self._verdicts[path] = (self._state(path), failure)

    @staticmethod
    def _state(path: str) -> tuple[int, int]:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return (-1, -1)
        return status.st_size, status.st_mtime_ns


class _Queue:
    """Tasks by priority, then by age."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Task]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._waiting = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, task: _Task, priority: int) -> bool:
        """Add a task; returns whether more tasks wait than threads for them."""
        with self._changed:
            if self._closed:
                raise RuntimeError("the decode pool is closed")
            heapq.heappush(self._heap, (priority, next(self._numbers), task))
            self._changed.notify()
            return len(self._heap) > self._waiting

    def get(self) -> _Task | None:
        """The next task; waits for one. None when the queue was closed."""
        with self._changed:
            self._waiting += 1
            while not self._heap and not self._closed:
                self._changed.wait()
            self._waiting -= 1
            return heapq.heappop(self._heap)[2] if self._heap else None

    def close(self) -> list[_Task]:
        """Take no more tasks; returns those that nobody took."""
        with self._changed:
            self._closed = True
            left = [task for _priority, _number, task in self._heap]
            self._heap.clear()
            self._changed.notify_all()
        return left


class _Slot:
    """One thread's place for a process: starts, asks and replaces it."""

    def __init__(self, command: Sequence[str], limits: Limits, watchdog: Watchdog) -> None:
        self._command = command
        self._limits = limits
        self._watchdog = watchdog
        self._process: WorkerProcess | None = None
        self._watch = Watch()

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> bool:
        """Start a process and wait for its greeting; returns whether it came."""
        limits = self._limits
        settings = Settings(
            limits.memory_bytes, limits.file_bytes, limits.read_seconds, limits.decode_seconds
        )
        try:
            process = WorkerProcess(self._command)
        except OSError:
            return False
        self._process = process
        self._watch = self._watchdog.watch(process, limits.start_seconds, Phase.STARTING)
        try:
            process.greet(settings)
        except WorkerDiedError as death:
            self.dispose(death)
            return False
        self._watchdog.rest(self._watch)
        return True

    def decode(self, request: DecodeRequest) -> DecodeResult:
        """Have one file decoded by the running process.

        Raises:
            WorkerDiedError: Call ``dispose`` to learn why.
        """
        assert self._process is not None
        watch, limits = self._watch, self._limits
        self._watchdog.expect(watch, limits.read_seconds, Phase.READING)
        result = self._process.decode(
            request, lambda: self._watchdog.expect(watch, limits.decode_seconds, Phase.DECODING)
        )
        self._watchdog.rest(watch)
        if self._process.files >= limits.files_per_worker:
            self.dismiss()
        return result

    def dispose(self, death: WorkerDiedError) -> ImageFailure:
        """End the process after a mishap; returns what it means for the file in flight."""
        process, watch = self._process, self._watch
        assert process is not None
        self._process = None
        self._watchdog.forget(watch)
        status = process.dispose(dying=not death.nonsense)
        if watch.out_of_memory:
            return ImageFailure(FailureKind.TOO_LARGE, "needs too much memory")
        if watch.too_late and watch.phase == Phase.READING:
            seconds = f"reading took longer than {self._limits.read_seconds:g} s"
            return ImageFailure(FailureKind.UNREADABLE, seconds)
        if watch.too_late:
            seconds = f"took longer than {self._limits.decode_seconds:g} s"
            return ImageFailure(FailureKind.STOPPED, seconds)
        if death.nonsense:
            return ImageFailure(FailureKind.STOPPED, "senseless answer")
        return ImageFailure(FailureKind.STOPPED, describe_exit(status))

    def dismiss(self) -> None:
        """Let the idle process end."""
        if self._process is not None:
            self._watchdog.forget(self._watch)
            self._process.dismiss()
            self._process = None
