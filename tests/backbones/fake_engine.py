"""An engine process that misbehaves on demand: ``fake_engine.py BEHAVIOUR [FILE]``.

Its embeddings are mean colours. ``FILE`` counts the starts; what is slow
waits until it says "go on".
"""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from fewshot_gui.backbones import engine, frames
from fewshot_gui.backbones.frames import Kind, Message
from fewshot_gui.children import own_pipes


class FakeService:
    def __init__(self, sink, behaviour, start, file):
        self.sink, self.behaviour, self.start, self.file = sink, behaviour, start, file

    def answer(self, request):
        if request.kind is Kind.START:
            _key, device = request.json()
            if self.behaviour == "user-error":
                reply = Message(Kind.USER_ERROR, request.ticket, frames.pack_json(["No.", "Yes."]))
            elif self.behaviour == "bug":
                raise ZeroDivisionError("an engine bug")
            else:
                if self.behaviour == "notice":
                    text = frames.pack_json("by the way")
                    frames.write(self.sink, Message(Kind.NOTICE, request.ticket, text))
                name = "cuda" if device == "auto" else device
                reply = Message(Kind.READY, request.ticket, frames.pack_json(name))
            frames.write(self.sink, reply)
            return
        pixels = frames.unpack_array(request.payload, np.uint8)
        if (self.behaviour == "die-once" and self.start == 1) or self.behaviour == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.behaviour == "slow" and pixels[0, 0, 0, 0] == 255:
            while self.file.read_text() != "go on":
                time.sleep(0.01)
        if self.behaviour == "print":
            print("a library that prints")
            os.system("echo and a child that prints")
        vectors = pixels.mean(axis=(1, 2)).astype(np.float32)
        frames.write(
            self.sink, Message(Kind.EMBEDDINGS, request.ticket, frames.pack_array(vectors))
        )


def main():
    behaviour = sys.argv[1]
    start, file = 1, None
    if len(sys.argv) > 2:
        file = Path(sys.argv[2])
        start = int(file.read_text() or 0) + 1 if file.exists() else 1
        file.write_text(str(start))
    engine._Service = lambda sink: FakeService(sink, behaviour, start, file)
    source, sink = own_pipes()
    engine.serve(source, io.BufferedWriter(sink))


main()
