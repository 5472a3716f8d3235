"""Sorts what a project file says, without a window: nothing in the file is changed."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fewshot_gui import workflow
from fewshot_gui.backbones.catalogue import (
    DEFAULT_BACKBONE,
    all_backbones,
    key_with_views,
    known_card,
    trained_backbones,
)
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.files import FailureKind, ImageFile
from fewshot_gui.images.scan import image_file
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import sorts_table
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners, trained_learners
from fewshot_gui.listing import Labelled, Pass
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage, by_content, swapped
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _, ngettext
from fewshot_gui.workflow import FolderSort, Workbench

Rows = NDArray[np.int64]


def sort_project(
    path: str,
    workbench: Workbench,
    job: Job,
    learner: str = "",
    trusted: Collection[str] | None = (),
) -> FolderSort:
    """Sort the folders of a project by its examples, as the window does.

    Images that were renamed or changed places keep their labels; labels that were given to
    another picture teach nothing. The file may be open in a window.

    Args:
        path: The project file.
        workbench: Decodes and embeds.
        job: Progress, cancellation and notices.
        learner: Key of the learner where the project names none that is known.
        trusted: Folders that may be read besides those beside the file; None for all.

    Raises:
        UserError: The file cannot be opened, names a folder that is away or not trusted, or
            fewer than two of its bins have an example that can be read.
    """
    started = time.monotonic()
    project, known = _opened(path, trusted)
    _use_backbone(project, workbench)
    table = workbench.new_table()
    targets, known = _listed(project, known, table, job)
    examples = _add_examples(project, table, job)
    everything = np.unique(np.concatenate([targets, examples]))
    workbench.embed(table, everything, job)
    targets = _recognised(project, known, table, targets)
    key = _learner(project, learner, workbench.card.key)
    rows, explanation = workflow.sort_table(project, table, targets, key, job)
    return FolderSort(
        rows,
        table.counts(targets).failed,
        time.monotonic() - started,
        workbench.device or "cache",
        explanation,
        key,
        workbench.card.key,
    )


def _opened(path: str, trusted: Collection[str] | None) -> tuple[Project, dict[str, KnownImage]]:
    file = ProjectFile.open(os.path.realpath(path), read_only=True)
    try:
        project, known = file.load(), file.known()
        outside = file.folders_outside(trusted) if trusted is not None else ()
    finally:
        file.close()
    if outside:
        raise UserError(
            _("The project names a folder that lies elsewhere: {folder}.").format(
                folder=outside[0]
            ),
            _("Open it in the window once and agree to that, or add --trust."),
        )
    if not project.folders:
        raise UserError(_("The project has no folder."), _("Open it in the window and add one."))
    return project, known


def _use_backbone(project: Project, workbench: Workbench) -> None:
    """A project names backbones that are kept here, never a file."""
    key = project.options.backbone or DEFAULT_BACKBONE
    if key == workbench.card.key:
        return
    card = known_card(key, all_backbones() + trained_backbones())
    if card is None:
        raise UserError(
            _("The backbone “{key}” of this project is not on this computer.").format(key=key),
            _("“fewshot-gui backbones” lists what there is, and fetches more."),
        )
    workbench.use(card)()


def _listed(
    project: Project, known: Mapping[str, KnownImage], table: EmbeddingTable, job: Job
) -> tuple[Rows, dict[str, KnownImage]]:
    """Find the targets; labels follow files that only have another name."""
    labelled = Labelled({path: known.get(path) for path in project.labels})
    nobody = np.empty(0, np.int64)
    listing = Pass(table, project.folders, nobody, labelled, job, lambda _rows: None, ()).run()
    for folder in project.folders:
        if folder.id in listing.unreachable:
            raise UserError(
                _("The folder “{folder}” is not there, or empty.").format(folder=folder.path),
                _("Connect its disk, or open the project in the window and locate the folder."),
            )
    project.renamed(listing.renamed)
    renamed = listing.renamed
    return listing.rows, {renamed.get(path, path): fact for path, fact in known.items()}


def _add_examples(project: Project, table: EmbeddingTable, job: Job) -> Rows:
    """Rows of all examples; those from elsewhere get one, if they are there."""
    classes = [UNKNOWN, *(b.id for b in project.bins)]
    paths = [path for class_id in classes for path in project.support(class_id)]
    files: list[ImageFile] = []
    away: list[str] = []
    for path in paths:
        if table.row(path) is None:
            try:
                files.append(image_file(path))
            except UserError:
                away.append(path)
    table.add(files)
    if away:
        text = ngettext(
            "{count} example cannot be found and is left out: {name}.",
            "{count} examples cannot be found and are left out, among them {name}.",
            len(away),
        )
        job.notice(text.format(count=len(away), name=min(away)))
    rows = table.rows(paths)
    return rows[rows >= 0]


def _recognised(
    project: Project, known: Mapping[str, KnownImage], table: EmbeddingTable, targets: Rows
) -> Rows:
    """Let labels follow the pictures they were given to; returns the targets that are left."""
    labelled = table.rows(project.labels)
    ready = table.ready(labelled[labelled >= 0])
    contents = _contents(table, ready)
    changed = {
        path: digest
        for path, digest in contents.items()
        if path in known and known[path].digest not in (b"", digest)
    }
    rings = swapped(changed, known)
    lost = by_content({p: known[p] for p in _missing(project, table, targets) if p in known})
    moved = _found(lost, project, table, targets)
    project.renamed({**moved, **rings})
    project.doubt(changed.keys() - rings.keys())
    gone = table.rows(moved)
    return targets[~np.isin(targets, gone)]


def _contents(table: EmbeddingTable, ready: Rows) -> dict[str, bytes]:
    digests = (digest.tobytes() for digest in table.digests(ready))
    return dict(zip(table.paths(ready), digests, strict=True))


def _missing(project: Project, table: EmbeddingTable, targets: Rows) -> Sequence[str]:
    """Labelled targets whose file is not there."""
    failures = ((table.path(row), table.failure(row)) for row in targets.tolist())
    return [
        path
        for path, failure in failures
        if failure is not None
        and failure.kind is FailureKind.MISSING
        and project.label(path) is not None
    ]


def _found(
    lost: Mapping[bytes, str], project: Project, table: EmbeddingTable, targets: Rows
) -> dict[str, str]:
    """Old path -> new path of missing images whose content lies under another name."""
    left, moved = dict(lost), {}
    for path, digest in _contents(table, table.ready(targets)).items():
        if digest in left and project.label(path) is None:
            moved[left.pop(digest)] = path
    return moved


def _learner(project: Project, default: str, backbone: str) -> str:
    """The project's learner; another version's program may know others.

    A trained one is known by its name, never by a file, and goes with its own backbone alone.
    """
    known = {info.key for info in all_learners()}
    looked_at = key_with_views(backbone)[0]
    known |= {info.key for info in trained_learners() if sorts_table(info, looked_at)}
    wanted = (project.options.learner, default)
    return next((key for key in wanted if key in known), DEFAULT_LEARNER)
