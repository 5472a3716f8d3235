"""Running a bundled backbone on the processor with OpenVINO: no torch, twice as fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.openvino_lite import build
from fewshot_gui.backbones.openvino_silent import ov
from fewshot_gui.backbones.preprocessing import CROPS, FLIP, Preprocessing
from fewshot_gui.backbones.runtime import filled_up
from fewshot_gui.jobs import Job

# All batches have one size: so has every image one embedding, in whatever company it comes,
# and the network is compiled once. Of the small sizes this is the quickest.
BATCH = 4
SETTINGS = {
    # Several batches at once, each on a core of its own: two cores on one batch wait for each
    # other after every layer, which costs a third.
    "PERFORMANCE_HINT": "THROUGHPUT",
    "ENABLE_CPU_PINNING": False,  # the processes that decode want these cores too
}
PRECISION = "INFERENCE_PRECISION_HINT"
REQUESTS = "OPTIMAL_NUMBER_OF_INFER_REQUESTS"

Pixels = NDArray[np.uint8]


class OpenVinoRuntime:
    """A bundled backbone run on the processor in this process; see ``Runtime``.

    Args:
        card: One of the networks that ``openvino_lite`` can build.
        halves: Run all but the beginning in bfloat16, in two thirds of the time. Embeddings keep
            a cosine of 0.999 or more; that of a picture that is middle gray all over 0.96.
            Where the processor can when None.
    """

    device = "cpu"

    def __init__(self, card: BackboneCard, halves: bool | None = None) -> None:
        self._card = card
        self._halves = halves
        self._lanes: SimpleQueue[_Lane] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None

    def start(self, job: Job) -> None:
        """See ``Runtime.start``. Raises ``RuntimeError`` where OpenVINO does not work."""
        if self._threads is not None:
            return
        core = ov.Core()
        halves = has_bfloat16(core) if self._halves is None else self._halves
        parts: list[ov.CompiledModel] = []
        for model in build(self._card, BATCH, halves):
            job.checkpoint()
            settings = {**SETTINGS, PRECISION: "bf16" if parts else "f32"}
            parts.append(core.compile_model(model, "CPU", settings))
        count = parts[-1].get_property(REQUESTS)
        lanes = [_Lane(parts, self._card.preprocessing) for _number in range(count)]
        # The library sets itself up in the first inference, and two threads that do so at once
        # wait for each other for ever.
        lanes[0].embedded(np.zeros((BATCH, *lanes[0].image), np.uint8))
        for lane in lanes:
            self._lanes.put(lane)
        self._threads = ThreadPoolExecutor(count, "embed")

    def embed(self, pixels: Pixels, job: Job) -> NDArray[np.float32]:
        """See ``Runtime.embed``."""
        self.start(job)
        assert self._threads is not None
        vectors = np.empty((len(pixels), self._card.width), np.float32)
        starts = range(0, len(pixels), BATCH)
        batches = (pixels[start : start + BATCH] for start in starts)
        for start, found in zip(starts, self._threads.map(self._embedded, batches), strict=True):
            vectors[start : start + BATCH] = found
            job.checkpoint()
        return vectors

    def close(self) -> None:
        """Let go of the network."""
        if self._threads is not None:
            self._threads.shutdown()
        self._threads, self._lanes = None, SimpleQueue()

    def _embedded(self, batch: Pixels) -> NDArray[np.float32]:
        """Of at most ``BATCH`` images, in a lane that is free: there is one for each thread."""
        lane = self._lanes.get()
        try:
            return lane.embedded(filled_up(batch, BATCH))[: len(batch)]
        finally:
            self._lanes.put(lane)


class _Lane:
    """What runs one batch: the parts of the network, one behind the other.

    Attributes:
        image: Height, width and channels of an image.
    """

    def __init__(self, parts: Sequence[ov.CompiledModel], preprocessing: Preprocessing) -> None:
        self._preprocessing = preprocessing
        self._requests = [part.create_infer_request() for part in parts]
        for before, after in pairwise(self._requests):
            after.set_input_tensor(before.get_output_tensor())  # handed on without a copy
        self._entry: Pixels = self._requests[0].get_input_tensor().data
        self._result: NDArray[np.float32] = self._requests[-1].get_output_tensor().data
        side = preprocessing.crop.size
        self.image = (side, side, 3)

    def embedded(self, batch: Pixels) -> NDArray[np.float32]:
        """Of a whole batch; the mean direction of its views where there are any."""
        if not self._preprocessing.views:
            return self._inferred(batch).copy()
        units = [_units(self._inferred(view)) for view in _views(batch, self._preprocessing)]
        return np.mean(units, axis=0, dtype=np.float32)

    def _inferred(self, batch: Pixels) -> NDArray[np.float32]:
        """float32 ``(BATCH, width)``, valid until the next call."""
        self._entry[:] = batch
        for request in self._requests:
            request.infer()
        return self._result


def has_bfloat16(core: ov.Core) -> bool:
    """Whether this computer's processor calculates with bfloat16."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.float32(1e-12))


def _views(batch: Pixels, preprocessing: Preprocessing) -> Iterator[Pixels]:
    """The same views in the same order as in `torch_views.py`."""
    size = preprocessing.size
    places = [(0, 0)]
    if CROPS in preprocessing.views:
        ends = batch.shape[1] - size, batch.shape[2] - size
        places = [(ends[0] // 2, ends[1] // 2)]
        places += [(y, x) for y in (0, ends[0]) for x in (0, ends[1])]
    for top, left in places:
        crop = batch[:, top : top + size, left : left + size]
        yield crop
        if FLIP in preprocessing.views:
            yield crop[:, :, ::-1]
