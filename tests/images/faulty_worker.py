"""A decode worker that misbehaves as the file's name says. Run by the tests of the pool.

``kill-1.jpg`` makes it kill itself, ``hang-1.jpg`` makes it hang, and so on; see ``FAULTS``.
Every attempt at a file leaves a mark in ``NAME.tries`` beside it, and its process id in
``NAME.pid``. With ``lock`` as its
argument it holds a lock on the file named next for as long as it lives.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from pathlib import Path

from fewshot_gui.images import protocol, worker
from fewshot_gui.images.decode import decode
from fewshot_gui.images.decoded import Decoded
from fewshot_gui.images.request import DecodeRequest


def eat_memory() -> None:
    eaten = bytearray(4 << 30)
    raise AssertionError(len(eaten))


def swell() -> None:
    """As a C library does that cannot get memory: no exception, the process is gone."""
    try:
        eat_memory()
    except MemoryError:
        os.abort()


def answer_nonsense() -> None:
    protocol.pack_result = lambda *_: [b"FSRS" + b"\xff" * 4096]


def answer_garbage() -> None:
    protocol.pack_result = lambda *_: [b"<html>not what was asked for</html>" * 50]


def print_loudly() -> None:
    print("a library that prints", flush=True)
    os.write(1, b"and writes to the descriptor\n" * 1000)


FAULTS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(3),
    "hang": threading.Event().wait,
    "memory": eat_memory,
    "swell": swell,
    "nonsense": answer_nonsense,
    "garbage": answer_garbage,
    "print": print_loudly,
}


def faulty(data: bytes, request: DecodeRequest) -> Decoded:
    path = Path(request.path)
    tries = path.with_name(path.name + ".tries")
    first = not tries.exists()
    with tries.open("ab") as marks:
        marks.write(b".")
    path.with_name(path.name + ".pid").write_text(str(os.getpid()), encoding="ascii")
    word = path.name.partition("-")[0]
    if word == "once" and first:
        os._exit(9)
    if word in FAULTS:
        FAULTS[word]()
    return decode(data, request)


def main() -> None:
    worker.decode = faulty
    if sys.argv[1:2] == ["lock"]:
        held = open(sys.argv[2], "w")  # noqa: SIM115 - held until the process is gone
        fcntl.flock(held, fcntl.LOCK_SH)
    worker.main()


if __name__ == "__main__":
    main()
