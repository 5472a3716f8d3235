"""Supervised decode workers: whatever a file does to one, only that file pays for it.

``multiprocessing.Pool`` hangs when a worker is killed and ``ProcessPoolExecutor`` fails
all that waits; here every worker has one file in flight, a thread that watches over it,
and is replaced when it dies.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from dataclasses import dataclass, field

from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.process import (
    DecodeResult,
    Limits,
    WorkerDied,
    WorkerProcess,
    worker_command,
)
from fewshot_gui.images.request import DecodeRequest

__all__ = ["DecodePool", "DecodeResult", "Limits"]

MOST_WORKERS = 8
_WATCH_SECONDS = 0.1
_FAILED_STARTS = 3
_LAST = 2**31


@dataclass(order=True)
class _Task:
    priority: int
    number: int
    request: DecodeRequest | None = field(compare=False, default=None)
    future: Future[DecodeResult] = field(compare=False, default_factory=Future)


class DecodePool:
    """Decodes files in worker processes.

    Args:
        workers: How many at once; as many as there are cores, up to 8, by default.
        limits: What each worker is allowed.
        command: How a worker is started; tests replace it.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._count = workers or min(MOST_WORKERS, os.cpu_count() or 1)
        self._limits = limits or Limits()
        self._command = command or worker_command()
        self._tasks: queue.PriorityQueue[_Task] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: set[WorkerProcess] = set()
        self._closed = threading.Event()
        self._broken: RuntimeError | None = None

    def submit(self, request: DecodeRequest, priority: int = 0) -> Future[DecodeResult]:
        """Have a file decoded; lower ``priority`` first, then in the order of asking.

        A future that is cancelled before its turn costs nothing. A file that cannot be
        read is a result with a ``failure``. The future raises ``RuntimeError`` only if
        no worker can be started at all.
        """
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("the decode pool is closed")
            task = _Task(priority, next(self._numbers), request)
            if self._broken:
                task.future.set_exception(self._broken)
                return task.future
            self._tasks.put(task)
            if not self._threads:
                self._start_threads()
        return task.future

    def close(self) -> None:
        """Cancel what waits and end all processes. Safe to call twice."""
        with self._lock:
            self._closed.set()
            processes = list(self._processes)
        self._drop_waiting()
        for process in processes:
            process.kill()
        for _thread in self._threads:
            self._tasks.put(_Task(_LAST, next(self._numbers)))
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _start_threads(self) -> None:
        works = [self._watch, *[self._work] * self._count]
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def _watch(self) -> None:
        """Enforce the limits of all workers."""
        while not self._closed.wait(_WATCH_SECONDS):
            with self._lock:
                processes = list(self._processes)
            for process in processes:
                process.enforce()

    def _work(self) -> None:
        """One worker after the other, and the files that they are given."""
        with contextlib.ExitStack() as stack:
            seat = stack.enter_context(contextlib.closing(_Seat(self)))
            while (task := self._tasks.get()).request is not None:
                if not task.future.set_running_or_notify_cancel():
                    continue
                try:
                    result = seat.decode(task.request)
                except WorkerDied:
                    self._finish(task.future, error=CancelledError())
                except RuntimeError as error:
                    self._finish(task.future, error=error)
                    self._give_up(error)
                else:
                    self._finish(task.future, result)

    @staticmethod
    def _finish(
        future: Future[DecodeResult],
        result: DecodeResult | None = None,
        error: Exception | None = None,
    ) -> None:
        with contextlib.suppress(InvalidStateError):
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    def _give_up(self, error: RuntimeError) -> None:
        with self._lock:
            self._broken = error
        for task in self._waiting():
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)

    def _drop_waiting(self) -> None:
        for task in self._waiting():
            task.future.cancel()
            task.future.set_running_or_notify_cancel()

    def _waiting(self) -> Iterator[_Task]:
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task.request is not None:
                    yield task


class _Seat:
    """Holds one worker at a time, and takes another when that one dies."""

    def __init__(self, pool: DecodePool) -> None:
        self._pool = pool
        self._process: WorkerProcess | None = None

    def decode(self, request: DecodeRequest) -> DecodeResult:
        """A result, whatever the file does.

        A worker that dies may have been worn or unlucky, so the file is tried once more
        in a fresh one. After a second death the file is to blame.

        Raises:
            WorkerDied: The pool is being closed.
            RuntimeError: No worker can be started.
        """
        try:
            return self._try(request)
        except WorkerDied:
            self._check_open()
        self.close()
        try:
            return self._try(request)
        except WorkerDied as death:
            self._check_open()
            kind = FailureKind.TOO_LARGE if death.out_of_memory else FailureKind.DAMAGED
            return DecodeResult(ImageFailure(kind, f"decoder: {death.reason}"))
        finally:
            # After a second try, a fresh worker goes on in any case.
            self.close()

    def close(self) -> None:
        if self._process is not None:
            with self._pool._lock:
                self._pool._processes.discard(self._process)
            self._process.kill()
            self._process = None

    def _try(self, request: DecodeRequest) -> DecodeResult:
        if self._process is None or self._process.worn:
            self.close()
            self._process = self._started()
        return self._process.decode(request)

    def _started(self) -> WorkerProcess:
        for _attempt in range(_FAILED_STARTS):
            self._check_open()
            try:
                process = WorkerProcess(self._pool._command, self._pool._limits)
            except OSError as error:
                raise RuntimeError(f"decode workers cannot be started: {error}") from error
            with self._pool._lock:
                self._pool._processes.add(process)
                closed = self._pool._closed.is_set()
            if closed:
                # Closing has already ended all the processes that it knew of.
                process.kill()
            try:
                process.wait_until_ready()
                return process
            except WorkerDied as death:
                reason = death.reason
                with self._pool._lock:
                    self._pool._processes.discard(process)
        raise RuntimeError(f"decode workers cannot be started: {reason}")

    def _check_open(self) -> None:
        if self._pool._closed.is_set():
            raise WorkerDied("closed")
