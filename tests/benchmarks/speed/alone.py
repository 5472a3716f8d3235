"""CPU seconds of decoding alone and of embedding alone: ``python alone.py FOLDER COUNT``.

In one process, on one core where the system allows to choose it: so no thread's waiting for
another is counted. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, backbone_card
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.images.decode import decode, load_decoders
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job

BATCH = 32
WARM_UP = 2  # pictures, and batches


def main(folder: Path, count: int) -> None:
    """Measure and print."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    card = backbone_card(DEFAULT_BACKBONE)
    crop, side = card.preprocessing.crop, card.preprocessing.crop.size
    files = list(islice(sorted(folder.rglob("*.jpg")), count))
    load_decoders()

    def decoded(file: Path) -> np.ndarray:
        found = decode(file.read_bytes(), DecodeRequest(str(file), crop=crop))
        return np.frombuffer(found.crop, np.uint8).reshape(side, side, 3)

    for file in files[:WARM_UP]:
        decoded(file)
    begun = time.process_time()
    crops = np.stack([decoded(file) for file in files])
    decoding = (time.process_time() - begun) / len(files)

    runtime, job = InProcessRuntime(card, "cpu"), Job()
    for _batch in range(WARM_UP):
        runtime.embed(crops[:BATCH], job)
    begun = time.process_time()
    for start in range(0, len(crops), BATCH):
        runtime.embed(crops[start : start + BATCH], job)
    embedding = (time.process_time() - begun) / len(crops)
    print(json.dumps({"decode": decoding, "embed": embedding}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
