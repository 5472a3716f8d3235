"""A decode pool that waits where a test says so, and remembers what it was asked for."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from fewshot_gui.images.pool import DecodeResult
from fewshot_gui.images.request import DecodeRequest
from tests.gui.fakes import FakePool


class SlowPool(FakePool):
    """Decodes in threads, in the order of the requests.

    Attributes:
        gate: Decoding waits until this is set.
        held: Only requests for these sides wait; all do where it is empty.
        requests: (path, side, priority) in the order in which they came.
        opened: Paths whose decoding began.
    """

    def __init__(self, threads: int = 1):
        super().__init__()
        self.close()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="slow-pool")
        self.gate = threading.Event()
        self.gate.set()
        self.held: set[int] = set()
        self.requests: list[tuple[str, int, int]] = []
        self.opened: list[str] = []

    def submit(self, request: DecodeRequest, priority: int = 0) -> Future:
        self.requests.append((request.path, request.thumbnail, priority))
        return super().submit(request, priority)

    def close(self) -> None:
        if hasattr(self, "gate"):
            self.gate.set()
        super().close()

    def _decode(self, request: DecodeRequest) -> DecodeResult:
        self.opened.append(request.path)
        if not self.held or request.thumbnail in self.held:
            self.gate.wait(120)
        return super()._decode(request)
