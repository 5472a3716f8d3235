"""The learner that changes the backbone: it reads the examples' pixels, not their embeddings.

It takes minutes where others take milliseconds, so it is a job: a tuned network comes out,
all images are looked at once more, and an ordinary learner goes on from there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.pool import DecodePool, DecodeResult
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.texts import _, ngettext

HEAD = "logistic"  # what sorts by the tuned embeddings
MOST_EXAMPLES = 2000  # pixels of more do not fit into memory beside the network
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class FineTune:
    """Fine-tunes a backbone on the examples of a support set.

    Attributes:
        steps: Steps at most; how many are good is found out on examples held back.
        seed: Of everything random in it.
    """

    steps: int = 20
    seed: int = 0

    def tuned_table(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        support: SupportSet,
        card: BackboneCard,
        pool: DecodePool,
        device: str,
        job: Job,
    ) -> EmbeddingTable:
        """The same images, seen by a network that was tuned on the examples.

        Args:
            table: Embeddings by the network as it is.
            rows: int64, those that are looked at again; the examples among them.
            support: The examples, with two classes at least.
            card: The backbone.
            pool: Decodes.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            job: Progress, notices and cancellation.

        Returns:
            A table with the same rows; ``table`` itself where tuning did not help.

        Raises:
            UserError: There are too many examples, or the device is not there.
            Cancelled: The job was cancelled.
        """
        from fewshot_gui.backbones.torch_finetune import TuningPlan, tune_anywhere
        from fewshot_gui.backbones.torch_runtime import TorchRuntime

        pixels, labels = example_pixels(table, support, card, pool, job)
        plan = TuningPlan(steps=self.steps, seed=self.seed)
        tuned = tune_anywhere(card, pixels, labels, device, plan, job)
        job.notice(_explained(tuned.steps, len(tuned.losses)))
        if not tuned.steps:
            return table
        runtime = TorchRuntime(card, device, load=lambda _card: tuned.network)
        fresh = EmbeddingTable(card.width)
        fresh.add((table.file(row) for row in range(len(table))), as_targets=True)
        with tempfile.TemporaryDirectory() as folder:  # these embeddings are of no later use
            cache = EmbeddingCache(Path(folder), "tuned", card.width)
            EmbeddingPipeline(card, pool, runtime, cache).run(fresh, rows, job)
        return fresh


def _explained(steps: int, looks: int) -> str:
    if steps:
        return ngettext(
            "The network was fine-tuned by {count} step.",
            "The network was fine-tuned by {count} steps.",
            steps,
        ).format(count=steps)
    if looks:
        return _("Fine-tuning did not help with examples held back; the network stays as it is.")
    return _("Fine-tuning needs two examples of a class at least; the network stays as it is.")


def example_pixels(
    table: EmbeddingTable, support: SupportSet, card: BackboneCard, pool: DecodePool, job: Job
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels, uint8 ``(n, h, w, 3)``, and labels of the examples that can still be read.

    The labels are int64 ``(n,)``, from 0 without a gap.

    Raises:
        UserError: There are too many.
        Cancelled: The job was cancelled.
    """
    paths = [table.path(row) for row in support.rows.tolist()]
    return decoded_examples(paths, support.labels, card, pool, job)


def decoded_examples(
    paths: Sequence[str],
    labels: NDArray[np.int64],
    card: BackboneCard,
    pool: DecodePool,
    job: Job,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """As ``example_pixels``, of files; ``labels`` are any numbers, int64 ``(n,)``.

    Raises:
        UserError: There are too many, or none of them can be read.
        Cancelled: The job was cancelled.
    """
    if len(paths) > MOST_EXAMPLES:
        raise UserError(
            _("Fine-tuning takes {most} examples at most.").format(most=MOST_EXAMPLES),
            _("Choose another learner; with so many examples it is as good."),
        )
    crop = card.preprocessing.crop
    waiting = [pool.submit(DecodeRequest(path, crop=crop)) for path in paths]
    try:
        results = [_wait(future, job) for future in waiting]
    finally:
        for future in waiting:
            future.cancel()
    usable = [i for i, result in enumerate(results) if result.failure is None]
    if not usable:
        raise UserError(_("None of the examples can be read."))
    _numbers, found = np.unique(np.asarray(labels)[usable], return_inverse=True)
    return np.stack([results[i].crop for i in usable]), found.astype(np.int64)


def _wait(future: Future[DecodeResult], job: Job) -> DecodeResult:
    while True:
        job.checkpoint()
        try:
            return future.result(timeout=_POLL_SECONDS)
        except FutureTimeout:
            continue
