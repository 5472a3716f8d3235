"""The use cases both front ends share: embed images, sort them, tell the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import (
    DEFAULT_BACKBONE,
    WEIGHTS_ENDING,
    BackboneCard,
    backbone_card,
    key_with_views,
)
from fewshot_gui.backbones.isolated import IsolatedRuntime
from fewshot_gui.backbones.pipeline import EmbeddingPipeline, RowsDone
from fewshot_gui.backbones.runtime import InProcessRuntime, Runtime
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.exports.results import UNKNOWN_NAME, build_rows
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.images.scan import ScanResult, scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import Learner
from fewshot_gui.learners.finetune import HEAD, FineTune
from fewshot_gui.learners.registry import image_learners, learner_info, make_learner
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
    "backbone_for",
    "fit",
    "named_learner",
    "result_rows",
    "sort_folder",
    "sort_table",
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
        self._device = device
        self._isolated = isolated
        self.pool = DecodePool()
        self._take(backbone_card(backbone))

    def _take(self, card: BackboneCard) -> None:
        self.card = card
        self._runtime = _make_runtime(card, self._device, self._isolated)
        cache = EmbeddingCache(cache_dir() / "embeddings", card.identity, card.width)
        self._pipeline = EmbeddingPipeline(card, self.pool, self._runtime, cache)

    def use(self, card: BackboneCard) -> Callable[[], None]:
        """Embed with another backbone from now on; returns what ends the one before.

        That may take a moment, and what still goes on with it should have been cancelled.
        Tables of the one before are of no use with this one.
        """
        before = self._runtime
        self._take(card)
        return before.close

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

    def adapted(
        self,
        learner: str,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        support: SupportSet,
        job: Job,
    ) -> tuple[EmbeddingTable, str | Learner]:
        """What a learner that reads images makes of them, and what sorts from there on.

        Args:
            learner: Its key or file: ``finetune``, or one that was trained to adapt.
            table: The images, embedded.
            rows: int64, those to look at; the examples among them.
            support: The examples.
            job: Progress, notices and cancellation. Torch is imported into this process.

        Raises:
            UserError: There are fewer than two classes, or too many examples.
            Cancelled: The job was cancelled.
        """
        if learner in {info.key for info in image_learners()}:
            return self.fine_tuned(table, rows, support, job), HEAD
        if len(support.class_ids) < 2:
            raise too_few_classes()
        way = (table, rows, support, self.card, self.pool, self._device, job)
        return make_learner(learner).adapted(*way)

    def close(self) -> None:
        """Stop all processes."""
        self._runtime.close()
        self.pool.close()


def backbone_for(learner: str, wanted: str | None) -> str:
    """The backbone to look at images with: a trained learner brings its own.

    Args:
        learner: Key of a learner, or a learner file.
        wanted: Key of the backbone that was asked for; None where none was.

    Raises:
        UserError: There is no such learner, or it does not work with that backbone.
    """
    if any(info.key == learner for info in image_learners()):
        return wanted or DEFAULT_BACKBONE
    own = learner_info(learner).backbone
    if own and wanted is not None and key_with_views(wanted)[0] != own:
        raise UserError(
            _("The learner “{learner}” looks at images with a network of its own.").format(
                learner=named_learner(learner)
            ),
            _("Leave the backbone out."),
        )
    return wanted or own or DEFAULT_BACKBONE


def reads_images(learner: str) -> bool:
    """Whether it changes the network for every task. Raises ``UserError`` for no learner."""
    if any(info.key == learner for info in image_learners()):
        return True
    return learner_info(learner).reads == "images"


def named_learner(key: str) -> str:
    """What results call a learner: its key, or the name of its file without the folders."""
    return Path(key).name if key.endswith(WEIGHTS_ENDING) else key


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
    return sort_table(project, table, targets, learner, job, named)[0]


def sort_table(
    project: Project,
    table: EmbeddingTable,
    targets: NDArray[np.int64],
    learner: str | Learner,
    job: Job,
    named: str = "",
) -> tuple[list[ResultRow], str]:
    """``result_rows``, and what the learner says of its choice.

    A learner that is no key of the registry has to be named.
    """
    support = support_set(project, table)
    classifier = fit(learner, support, table, job, targets)
    rows = build_rows(project, table, targets, support, classifier, named or learner, job)
    return rows, classifier.explanation


@dataclass(frozen=True)
class FolderSort:
    """What sorting a folder or a project found.

    Attributes:
        rows: The CSV's rows.
        failed: How many targets could not be read.
        seconds: Time from the start of the scan to the last prediction.
        device: Where the backbone ran; ``cache`` where it was not needed.
        explanation: What the learner chose and why; "" where it had no choice.
        learner: Its key.
        backbone: Key of the backbone.
    """

    rows: list[ResultRow]
    failed: int
    seconds: float
    device: str
    explanation: str
    learner: str
    backbone: str

    def summary(self) -> dict[str, object]:
        """What a program wants to know of it; see ``fewshot-gui classify --json``."""
        count = len(self.rows)
        return {
            "images": count,
            "classified": count - self.failed,
            "unknown": sum(row.label == UNKNOWN_NAME for row in self.rows),
            "errors": self.failed,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(count / self.seconds if self.seconds > 0 else 0.0, 2),
            "device": self.device,
            "backbone": self.backbone,
            "learner": self.learner,
            "explanation": self.explanation,
        }


def sort_folder(
    support: str | Path,
    targets: str | Path,
    learner: str,
    workbench: Workbench,
    job: Job,
    unknown: float = 1.0,
) -> FolderSort:
    """Sort a folder of targets by class folders of examples.

    Args:
        support: Folder whose sub-folders hold the examples of one class each.
        targets: Folder of images, with any sub-folders.
        learner: Key in the registry, of any kind of learner.
        workbench: Decodes and embeds, with the backbone that ``backbone_for`` says.
        job: Progress, cancellation and notices.
        unknown: Images whose unknown score, from 0 to 1, is above this belong to no class.

    Raises:
        UserError: A folder is missing or holds no image, or fewer than two classes have
            an example that can be read.
    """
    started = time.monotonic()
    adapts = reads_images(learner)
    project, table = Project(), workbench.new_table()
    project.set_unknown(unknown)
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
    head: str | Learner = learner
    if adapts:
        examples_of = support_set(project, table)
        table, head = workbench.adapted(learner, table, everything, examples_of, job)
    result, explanation = sort_table(project, table, rows, head, job, named=named_learner(learner))
    failed = table.counts(rows).failed
    device = workbench.device or "cache"
    seconds = time.monotonic() - started
    used = workbench.card.key
    return FolderSort(
        result, failed, seconds, device, explanation, named_learner(learner), named_learner(used)
    )


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
