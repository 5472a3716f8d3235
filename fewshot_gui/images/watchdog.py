"""Ends processes that take too long, or too much memory where the kernel does not mind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import Enum

from fewshot_gui.images import memory
from fewshot_gui.images.process import WorkerProcess

MEMORY_CHECKS_PER_SECOND = 10
JOIN_SECONDS = 5.0


class Phase(Enum):
    """What a process is at."""

    STARTING = "starting"
    READING = "reading"
    DECODING = "decoding"


@dataclass(slots=True, eq=False)
class Watch:
    """What the watchdog knows of one process.

    Attributes:
        process: None before there is one.
        deadline: When it must be done with the phase, as ``time.monotonic`` says; None at rest.
        phase: What it is at.
        too_late: It was ended because the deadline had passed.
        out_of_memory: It was ended because it took too much.
    """

    process: WorkerProcess | None = None
    deadline: float | None = None
    phase: Phase = Phase.STARTING
    too_late: bool = False
    out_of_memory: bool = False


class Watchdog:
    """A thread that watches all processes of a pool.

    Deadlines change twice per file; the thread is woken only for one that comes earlier
    than it sleeps, which with constant limits is hardly ever.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._thread: threading.Thread | None = None
        self._wakes_at = 0.0
        self._closed = False

    def watch(self, process: WorkerProcess, seconds: float, phase: Phase) -> Watch:
        """Look after a new process; see ``expect``. After ``close`` it is ended at once."""
        watch = Watch(process)
        with self._changed:
            self._watches.add(watch)
            if self._closed:
                process.kill()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="decode-dog", daemon=True)
                self._thread.start()
        self.expect(watch, seconds, phase)
        return watch

    def expect(self, watch: Watch, seconds: float, phase: Phase) -> None:
        """The process must be done with this phase in so many seconds."""
        with self._changed:
            watch.phase = phase
            watch.deadline = time.monotonic() + seconds
            if watch.deadline < self._wakes_at:
                self._changed.notify()

    def rest(self, watch: Watch) -> None:
        """The process is idle and may be so for ever."""
        with self._changed:
            watch.deadline = None

    def forget(self, watch: Watch) -> None:
        """The process is looked after no more: it has ended, or is about to."""
        with self._changed:
            self._watches.discard(watch)

    def close(self) -> None:
        """End all processes, and those still to come."""
        with self._changed:
            self._closed = True
            for watch in self._watches:
                if watch.process is not None:
                    watch.process.kill()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                self._wakes_at = self._look()
                self._changed.wait(max(0.0, self._wakes_at - time.monotonic()))

    def _look(self) -> float:
        """End what must be ended; returns when to look again."""
        now = time.monotonic()
        next_look = now + 3600.0
        for watch in self._watches:
            if watch.deadline is None or watch.process is None:
                continue
            if watch.deadline <= now:
                watch.too_late, watch.deadline = True, None
                watch.process.kill()
                continue
            next_look = min(next_look, watch.deadline)
            if not memory.KERNEL_LIMITS:
                next_look = min(next_look, now + 1 / MEMORY_CHECKS_PER_SECOND)
                self._check_memory(watch)
        return next_look

    def _check_memory(self, watch: Watch) -> None:
        assert watch.process is not None
        used = memory.resident_bytes(watch.process.pid)
        if used is not None and used > self._memory_bytes:
            watch.out_of_memory = True
            watch.process.kill()
