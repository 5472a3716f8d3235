"""The process that runs the backbone for the window: ``python -m fewshot_gui.backbones.engine``.

Importing a library for networks and running it hold the interpreter lock for hundreds of
milliseconds at times; in a process of its own that never reaches the window.
"""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any, BinaryIO

import numpy as np

from fewshot_gui.backbones import frames
from fewshot_gui.backbones.frames import Kind, Message
from fewshot_gui.children import lower_priority, own_pipes
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job


def main() -> int:
    """Serve until the other side closes the pipe."""
    source, sink = own_pipes()
    lower_priority()
    serve(source, io.BufferedWriter(sink))
    return 0


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests one after the other."""
    service = _Service(sink)
    while (request := frames.read(source)) is not None:
        try:
            service.answer(request)
        except UserError as error:
            text = frames.pack_json([error.message, error.hint])
            frames.write(sink, Message(Kind.USER_ERROR, request.ticket, text))
        except Exception:
            text = frames.pack_json(traceback.format_exc())
            frames.write(sink, Message(Kind.BUG, request.ticket, text))


class _Service:
    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._runtime = None

    def answer(self, request: Message) -> None:
        job = Job(on_notice=lambda text: self._notice(request.ticket, text))
        if request.kind is Kind.START:
            self._start(*request.json(), job)
            device = frames.pack_json(self._runtime.device)
            frames.write(self._sink, Message(Kind.READY, request.ticket, device))
            return
        pixels = frames.unpack_array(request.payload, np.uint8)
        vectors = frames.pack_array(self._runtime.embed(pixels, job))
        frames.write(self._sink, Message(Kind.EMBEDDINGS, request.ticket, vectors))

    def _start(self, card: dict[str, Any], device: str, job: Job) -> None:
        from fewshot_gui.backbones.catalogue import card_from_plain
        from fewshot_gui.backbones.local_runtime import started_runtime

        if self._runtime is None:  # asked again after a cancelled start, it is there
            self._runtime = started_runtime(card_from_plain(card), device, job)

    def _notice(self, ticket: int, text: str) -> None:
        frames.write(self._sink, Message(Kind.NOTICE, ticket, frames.pack_json(text)))


if __name__ == "__main__":
    sys.exit(main())
