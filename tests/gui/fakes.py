"""Stand-ins for the slow parts: pictures are embedded by their mean colours, at once."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from fewshot_gui.backbones.catalogue import bundled
from fewshot_gui.backbones.table import PENDING, EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.gui.dialogs import Leave, StillTraining
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.pool import DecodeResult
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job

BATCH = 8


class FakePool:
    """Decodes in threads."""

    def __init__(self):
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="fake-pool")
        self.asked: list[str] = []

    def submit(self, request: DecodeRequest, priority: int = 0) -> Future:
        self.asked.append(request.path)
        return self._threads.submit(self._decode, request)

    def _decode(self, request: DecodeRequest) -> DecodeResult:
        try:
            with Image.open(request.path) as image:
                size = image.size
                image = image.convert("RGB")
                image.thumbnail((request.thumbnail, request.thumbnail))
                return DecodeResult(
                    None, thumbnail=np.asarray(image).copy(), width=size[0], height=size[1]
                )
        except FileNotFoundError:
            return DecodeResult(failure=ImageFailure(FailureKind.MISSING))
        except OSError:
            return DecodeResult(failure=ImageFailure(FailureKind.DAMAGED, "no picture"))

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


class FakeWorkbench:
    """Embeds a picture as the mean colours of its four quarters.

    Attributes:
        gate: Reading waits before each batch until this is set.
        error: Raised by ``embed`` where it is not None.
        embedded: Paths in the order in which they were read.
        closed: Whether it was closed.
        card: What it says that it embeds with.
        ended: Keys of the backbones before, which were ended.
    """

    device = "cpu"

    def __init__(self):
        self.pool = FakePool()
        self.card = bundled()[0]
        self.ended: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.embedded: list[str] = []
        self.closed = False

    def new_table(self) -> EmbeddingTable:
        return EmbeddingTable(12)

    def use(self, card):
        before, self.card = self.card, card
        return lambda: self.ended.append(before.key)

    def warm_up(self, job: Job) -> None:
        job.checkpoint()

    def embed(self, table, rows, job, on_rows=None) -> None:
        rows = rows[table.state[rows] == PENDING]
        for start in range(0, len(rows), BATCH):
            while not self.gate.wait(0.01):
                job.checkpoint()
            job.checkpoint()
            if self.error is not None:
                raise self.error
            batch = rows[start : start + BATCH]
            for row in batch.tolist():
                self._read(table, row)
            if on_rows is not None:
                on_rows(batch)
            job.report(start + len(batch), len(rows))

    def close(self) -> None:
        self.closed = True
        self.pool.close()

    def _read(self, table: EmbeddingTable, row: int) -> None:
        path = table.file(row).path
        self.embedded.append(path)
        try:
            content = Path(path).read_bytes()
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB").resize((2, 2), Image.Resampling.BOX))
        except FileNotFoundError:
            table.fail(row, ImageFailure(FailureKind.MISSING))
            return
        except OSError:
            table.fail(row, ImageFailure(FailureKind.DAMAGED, "no picture"))
            return
        digest = np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.uint8)
        vector = (pixels.reshape(1, 12) / 128.0 - 1.0).astype(np.float16)
        table.store_units(np.asarray([row]), to_units(vector), digest[None])


class FakeDialogs:
    """Answers at once.

    Attributes:
        folder_answer, save_answer, leave_answer, consent_answer, training_answer: What it
            answers.
        asked: Which questions were asked.
    """

    def __init__(self):
        self.folder_answer = ""
        self.save_answer = ""
        self.leave_answer = Leave.DISCARD
        self.consent_answer = True
        self.training_answer = StillTraining.GO_ON
        self.asked: list[str] = []

    def folder(self, _parent, _title, _start) -> str:
        self.asked.append("folder")
        return self.folder_answer

    def save(self, _parent, _title, start) -> str:
        self.asked.append(start)
        return self.save_answer

    def save_as(self, _parent, _title, start, _kind) -> str:
        self.asked.append(start)
        return self.save_answer

    def open_file(self, _parent, _title, _start, kind) -> str:
        self.asked.append(kind)
        return self.save_answer

    def open_project(self, _parent, _title, _start) -> str:
        self.asked.append("project")
        return self.save_answer

    def save_project(self, _parent, _title, start) -> str:
        self.asked.append(start)
        return self.save_answer

    def open_weights(self, _parent, _title, _start) -> str:
        self.asked.append("weights")
        return self.save_answer

    def licence(self, _parent, name, _warning) -> bool:
        self.asked.append(f"licence {name}")
        return self.consent_answer

    def consent(self, _parent, folders) -> bool:
        self.asked.append(f"consent {folders}")
        return self.consent_answer

    def still_training(self, _parent, leaving) -> StillTraining:
        self.asked.append("leave training" if leaving else "close training")
        return self.training_answer

    def leave(self, _parent, count) -> Leave:
        self.asked.append(f"leave {count}")
        return self.leave_answer
