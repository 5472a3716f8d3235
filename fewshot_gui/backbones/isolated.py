"""A runtime in another process, used exactly like one in this process."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones import frames
from fewshot_gui.backbones.catalogue import BackboneCard, card_to_plain
from fewshot_gui.backbones.frames import Kind, Message
from fewshot_gui.children import child_command, child_environment, creation_flags
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

T = TypeVar("T")
_POLL_SECONDS = 0.05


class EngineDied(Exception):
    """The process ended without an answer."""


class IsolatedRuntime:
    """A backbone that runs in a process of its own; see ``Runtime`` for the methods.

    If that process dies (a driver that crashes, memory taken away by the system), it is
    started again once, on the CPU.

    Args:
        card: What to load; the process is told all of it, so that both mean the same file.
        device: As for ``TorchRuntime``.
        command: How to start the process; tests replace it.
    """

    def __init__(
        self, card: BackboneCard, device: str = "auto", command: tuple[str, ...] | None = None
    ) -> None:
        self._card = card
        self._wanted = device
        self._command = command or child_command("fewshot_gui.backbones.engine", "--engine")
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[Message | None] = queue.Queue()
        self._ticket = 0
        self._device = ""
        self._lock = threading.Lock()
        self._starting = threading.Lock()

    @property
    def device(self) -> str:
        return self._device

    def start(self, job: Job) -> None:
        """See ``Runtime.start``."""
        with self._lock:
            self._with_second_try(self._start, job)

    def embed(self, pixels: NDArray[np.uint8], job: Job) -> NDArray[np.float32]:
        """See ``Runtime.embed``."""

        def work(job: Job) -> NDArray[np.float32]:
            self._start(job)
            answer = self._ask(Kind.EMBED, frames.pack_array(pixels), job)
            return frames.unpack_array(answer.payload, np.float32)

        with self._lock:
            return self._with_second_try(work, job)

    def close(self) -> None:
        """End the process. Safe to call twice, and while a request is under way."""
        with self._starting:
            process, self._process = self._process, None
        self._device = ""
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            # A pipe that still holds an unsent message complains about its dead reader.
            with contextlib.suppress(OSError):
                pipe.close()

    def _with_second_try(self, work: Callable[[Job], T], job: Job) -> T:
        try:
            return work(job)
        except EngineDied:
            self.close()
        # Closing the window ends the engine as well, and that is no reason to start another.
        job.checkpoint()
        self._wanted = "cpu"
        job.notice(_("The recognition engine stopped and was started again on the processor."))
        try:
            return work(job)
        except EngineDied as error:
            self.close()
            raise UserError(
                _("The recognition engine stops again and again."),
                _("Close other programs to free memory, or install the program again."),
            ) from error

    def _start(self, job: Job) -> None:
        if self._device:
            return
        if self._process is None:
            self._spawn(job)
        request = frames.pack_json([card_to_plain(self._card), self._wanted])
        answer = self._ask(Kind.START, request, job)
        self._device = answer.json()

    def _spawn(self, job: Job) -> None:
        self._answers = queue.Queue()
        # Whoever closes has cancelled the job: either nothing is started any more, or what was
        # started is there to be ended.
        with self._starting:
            job.checkpoint()
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=child_environment(),
                creationflags=creation_flags(),
            )
        reader = threading.Thread(target=_pump, args=(process.stdout, self._answers), daemon=True)
        reader.start()

    def _ask(self, kind: Kind, payload: bytes, job: Job) -> Message:
        """Send a request and wait for its answer, looking after ``job`` meanwhile."""
        self._ticket += 1
        process = self._process
        if process is None:
            raise EngineDied
        try:
            frames.write(process.stdin, Message(kind, self._ticket, payload))
        except (OSError, ValueError) as error:
            raise EngineDied from error
        while True:
            job.checkpoint()
            try:
                answer = self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if answer is None:
                raise EngineDied
            if answer.kind is Kind.NOTICE:
                job.notice(answer.json())
            elif answer.ticket == self._ticket:
                return _checked(answer)
            # Anything else answers a request that was cancelled meanwhile.


def _pump(stream: BinaryIO, answers: queue.Queue[Message | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while (message := frames.read(stream)) is not None:
            answers.put(message)
    answers.put(None)


def _checked(answer: Message) -> Message:
    if answer.kind is Kind.USER_ERROR:
        raise UserError(*answer.json())
    if answer.kind is Kind.BUG:
        raise RuntimeError(answer.json())
    return answer
