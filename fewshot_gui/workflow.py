"""The use cases both front ends share: embed images, sort them, tell the result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, BackboneCard, backbone_card
from fewshot_gui.backbones.isolated import IsolatedRuntime
from fewshot_gui.backbones.pipeline import EmbeddingPipeline, RowsDone
from fewshot_gui.backbones.runtime import InProcessRuntime, Runtime
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.exports.results import build_rows
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.images.scan import ScanResult, scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.finetune import HEAD, FineTune
from fewshot_gui.learners.registry import image_learners, learner_info
from fewshot_gui.learners.support import (
    Classifier,
    SupportSet,
    fit,
    support_set,
    too_few_classes,
)
from fewshot_gui.paths import cache_dir
from fewshot_gui.project.model import Project
from fewshot_gui.texts import _, ngettext

__all__ = [
    "Classifier",
    "FolderSort",
    "SupportSet",
    "Workbench",
    "fit",
    "result_rows",
    "sort_folder",
    "support_set",
    "too_few_classes",
]


class Workbench:
    """The machinery of one sitting: decode workers, backbone and embedding cache.

    Nothing is started before it is needed. The methods block, so the window calls them
    from its worker threads.

    Args:
        backbone: What ``backbone_card`` takes: a key, or a file of weights.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        isolated: Run the backbone in a process of its own, so that importing and
            running the network never holds this process up. The window wants that.
    """

    def __init__(
        self, backbone: str = DEFAULT_BACKBONE, device: str = "auto", isolated: bool = False
    ) -> None:
        self.card = backbone_card(backbone)
        self._device = device
        self.pool = DecodePool()
        self._runtime = _make_runtime(self.card, device, isolated)
        cache = EmbeddingCache(cache_dir() / "embeddings", self.card.identity, self.card.width)
        self._pipeline = EmbeddingPipeline(self.card, self.pool, self._runtime, cache)

    @property
    def device(self) -> str:
        """Where the backbone runs, ``""`` until it is loaded."""
        return self._runtime.device

    def new_table(self) -> EmbeddingTable:
        """An empty table of the backbone's width."""
        return EmbeddingTable(self.card.width)

    def warm_up(self, job: Job) -> None:
        """Load the backbone before it is needed."""
        self._runtime.start(job)

    def embed(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        job: Job,
        on_rows: RowsDone | None = None,
    ) -> None:
        """Fill the pending ones of ``rows``; see ``EmbeddingPipeline.run``."""
        self._pipeline.run(table, rows, job, on_rows)

    def fine_tuned(
        self, table: EmbeddingTable, rows: NDArray[np.int64], support: SupportSet, job: Job
    ) -> EmbeddingTable:
        """The table as a network sees it that was tuned on the examples.

        See ``FineTune.tuned_table``. Imports torch into this process.
        """
        if len(support.class_ids) < 2:
            raise too_few_classes()
        return FineTune().tuned_table(table, rows, support, self.card, self.pool, self._device, job)

    def close(self) -> None:
        """Stop all processes."""
        self._runtime.close()
        self.pool.close()


def _make_runtime(card: BackboneCard, device: str, isolated: bool) -> Runtime:
    if isolated:
        return IsolatedRuntime(card, device)
    return InProcessRuntime(card, device)


def result_rows(
    project: Project,
    table: EmbeddingTable,
    targets: NDArray[np.int64],
    learner: str,
    job: Job,
    named: str = "",
) -> list[ResultRow]:
    """The rows of the CSV, sorted by path; the same for both front ends.

    Everything is computed afresh from the table, so that it does not matter in which
    steps the predictions on the screen were made.

    Args:
        project: The examples and the user's labels.
        table: The embeddings.
        targets: int64 rows to tell of.
        learner: Key in the registry.
        job: Asked for cancellation.
        named: What the rows call the learner, where that is another name.

    Raises:
        UserError: Fewer than two classes have an example.
    """
    support = support_set(project, table)
    classifier = fit(learner, support, table, job)
    return build_rows(project, table, targets, support, classifier, named or learner, job)


@dataclass(frozen=True)
class FolderSort:
    """What ``sort_folder`` found.

    Attributes:
        rows: The CSV's rows.
        failed: How many targets could not be read.
        seconds: Time from the start of the scan to the last prediction.
        device: Where the backbone ran; ``cache`` where it was not needed.
    """

    rows: list[ResultRow]
    failed: int
    seconds: float
    device: str

    @property
    def images_per_second(self) -> float:
        return len(self.rows) / self.seconds if self.seconds > 0 else 0.0


def sort_folder(
    support: str | Path, targets: str | Path, learner: str, workbench: Workbench, job: Job
) -> FolderSort:
    """Sort a folder of targets by class folders of examples.

    Args:
        support: Folder whose sub-folders hold the examples of one class each.
        targets: Folder of images, with any sub-folders.
        learner: Key in the registry, of any kind of learner.
        workbench: Decodes and embeds.
        job: Progress, cancellation and notices.

    Raises:
        UserError: A folder is missing or holds no image, or fewer than two classes have
            an example that can be read.
    """
    started = time.monotonic()
    tunes = any(info.key == learner for info in image_learners())
    if not tunes:
        learner_info(learner)
    project, table = Project(), workbench.new_table()
    classes = find_class_folders(support, job)
    project.add_bins({c.name: [file.path for file in c.files] for c in classes})
    if len(classes) < 2:
        raise UserError(
            _("There is only one class in “{folder}”.").format(folder=support),
            _("Sorting needs at least two classes: one sub-folder with examples for each."),
        )
    examples = table.add(file for c in classes for file in c.files)
    found = scan(targets, job)
    if not found.files:
        raise _no_images(targets, found)
    _tell_about_folders(found, job)
    rows = np.asarray(table.add(found.files, as_targets=True), np.int64)
    everything = np.unique(np.concatenate([np.asarray(examples), rows]))
    workbench.embed(table, everything, job)
    _tell_about_examples(project, table, np.asarray(examples), rows, job)
    if tunes:
        table = workbench.fine_tuned(table, everything, support_set(project, table), job)
    result = result_rows(project, table, rows, HEAD if tunes else learner, job, named=learner)
    failed = table.counts(rows).failed
    device = workbench.device or "cache"
    return FolderSort(result, failed, time.monotonic() - started, device)


def _no_images(folder: str | Path, found: ScanResult) -> UserError:
    """What to say of a folder without images: links are not followed, and people use them."""
    hint = ngettext(
        "It holds {count} link to elsewhere; links are not followed.",
        "It holds {count} links to elsewhere; links are not followed.",
        found.links,
    )
    message = _("There is no image in “{folder}”.").format(folder=folder)
    return UserError(message, hint.format(count=found.links) if found.links else "")


def _tell_about_folders(found: ScanResult, job: Job) -> None:
    """Images that lie where they cannot be seen must not be missing without a word."""
    for folder in found.unreadable_folders:
        job.notice(_("The folder “{folder}” cannot be read and is left out.").format(folder=folder))


def _tell_about_examples(
    project: Project,
    table: EmbeddingTable,
    examples: NDArray[np.int64],
    targets: NDArray[np.int64],
    job: Job,
) -> None:
    """What the user should know about the examples although the sort goes on."""
    for row in examples.tolist():
        failure = table.failure(row)
        if failure is not None:
            text = _("The example “{path}” is left out: {reason}.")
            job.notice(text.format(path=table.file(row).relative, reason=failure.describe()))
    for paths in support_set(project, table).conflicts:
        text = _("The same picture is an example of two classes and is left out: {paths}.")
        job.notice(text.format(paths=", ".join(paths)))
    contents = {d.tobytes() for d in table.digests(table.ready(examples))}
    ready = table.ready(targets)
    shared = sum(d.tobytes() in contents for d in table.digests(ready))
    if shared:
        text = ngettext(
            "{count} image to sort is also an example; its row says so.",
            "{count} images to sort are also examples; their rows say so.",
            shared,
        )
        job.notice(text.format(count=shared))
