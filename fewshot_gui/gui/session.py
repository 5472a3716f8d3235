"""The state of the window, and one method for each thing the user can do.

Knows no widgets. Lives in the window's thread; long work goes to the runner's lanes.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from fewshot_gui import workflow
from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.gui.collection import CONFIRMED, NOBODY, Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.reader import Reader
from fewshot_gui.gui.sorter import Sorter
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.scan import ScanResult, image_file, scan
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners
from fewshot_gui.paths import resource
from fewshot_gui.project.model import Edit, Label, Project
from fewshot_gui.texts import _, ngettext
from fewshot_gui.workflow import Workbench

CONFLICTS_NAMED = 3


def sample_folder() -> str:
    """Where the pictures lie that come with the program."""
    return os.path.realpath(resource("sample", "targets"))


class Session(QObject):
    """Owns the project, the open folder and the work that goes on with them.

    Attributes:
        id: Marks drags that started in this window.
        project: The user's decisions.
        collection: The open folder, None on the welcome page.
        reader: Embeds images.
        sorter: Predicts them.
        learner: Key of the learner in use.
        scan_result: What the last complete scan found.
        listed: Whether the open folder was listed to its end.
        unsaved: Whether the user decided something since the last export.

    Signals:
        folder_changed: Another folder is open now, or none.
        images_added: int64 rows found by the scan that goes on.
        images_listed: The scan has ended; the targets have their final order.
        rows_changed: int64 rows that became ready or failed.
        predictions_changed: The learner says something else now, or is busy.
        labels_changed: int64 rows whose label is another.
        bins_changed: Bins were added, renamed or deleted.
        history_changed: Undo and redo mean something else now.
        progress_changed: Scan or reading came further, started or ended.
        message: A ``Message`` for the banner.
        settled: Key of a message that is no longer true.
        exported: (path, number of rows) of a file that was written.
        crashed: An unexpected exception.
    """

    folder_changed = Signal()
    images_added = Signal(object)
    images_listed = Signal()
    rows_changed = Signal(object)
    predictions_changed = Signal()
    labels_changed = Signal(object)
    bins_changed = Signal()
    history_changed = Signal()
    progress_changed = Signal()
    message = Signal(object)
    settled = Signal(str)
    exported = Signal(str, int)
    crashed = Signal(object)

    def __init__(self, workbench: Workbench, runner: JobRunner, learner: str = "") -> None:
        super().__init__()
        self.id = uuid.uuid4().hex
        self.project = Project()
        self.collection: Collection | None = None
        known = {info.key for info in all_learners()}  # the settings may be another version's
        self.learner = learner if learner in known else DEFAULT_LEARNER
        self.scan_result: ScanResult | None = None
        self.listed = False
        self.unsaved = False
        self._workbench = workbench
        self._runner = runner
        self._scan: Job | None = None
        self.reader = Reader(workbench, runner, self._on_notice)
        self.reader.changed.connect(self.progress_changed)
        self.reader.rows_done.connect(self._on_rows_done)
        self.reader.finished.connect(self._on_read)
        self.reader.stopped.connect(self._on_failed)
        self.sorter = Sorter(runner, self._on_notice)
        self.sorter.changed.connect(self.predictions_changed)
        self.sorter.conflicts.connect(self._on_conflicts)
        self.sorter.failed.connect(self._on_failed)

    # -- the folder --------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Show another folder. The bins and their examples come along."""
        folder = os.path.realpath(folder)  # as the scan sees it
        self._leave()
        kept = len(self.project.filled_bins)
        self.collection = collection = Collection(folder, self._workbench.new_table())
        self.scan_result = None
        self.reader.open(collection)
        self.sorter.open(collection)
        self._start_scan(collection)
        self.folder_changed.emit()
        self.progress_changed.emit()
        self._take_labels_along()
        if kept:
            text = ngettext("Your bin came along.", "Your {count} bins came along.", kept)
            self.message.emit(
                Message(
                    Kind.INFO,
                    text.format(count=kept),
                    action=_("Start without bins"),
                    run=self.remove_all_bins,
                    key="kept",
                )
            )

    def open_sample(self) -> None:
        """Show the pictures that come with the program, with bins that hold examples."""
        self.project = Project()
        self.unsaved = False
        self.open_folder(sample_folder())
        self.bins_changed.emit()
        self.history_changed.emit()
        self._import_class_folders((str(resource("sample", "examples")),), touches=False)

    def close_folder(self) -> None:
        """Back to the welcome page, with no bins."""
        self._leave()
        self.collection = None
        self.scan_result = None
        self.listed = False
        self.sorter.open(None)
        self.project = Project()
        self.unsaved = False
        self.bins_changed.emit()
        self.history_changed.emit()
        self.folder_changed.emit()
        self.progress_changed.emit()

    @property
    def scanning(self) -> bool:
        """Whether the folder is still being listed."""
        return self._scan is not None

    @property
    def listing_stopped(self) -> bool:
        """Whether the listing ended before it was complete: images may be missing."""
        return self.collection is not None and not self.listed and not self.scanning

    def cancel(self) -> None:
        """Stop the scan or the reading, whichever goes on."""
        if self._scan is not None:
            self._scan.cancel()
        else:
            self.reader.pause()

    def resume(self) -> None:
        """Go on with what was stopped: listing, reading or both."""
        if self.collection is not None and self.listing_stopped:
            self._start_scan(self.collection)
            self.progress_changed.emit()
        self.reader.resume()

    # -- bins --------------------------------------------------------------------------

    def add_bin(self, name: str, paths: Iterable[str] = ()) -> None:
        """Make a bin with its first examples. Raises ``UserError`` for a bad name."""
        inside, outside = self._known(paths)
        self._did(self.project.add_bin(name, inside))
        made = self.project.bin_named(name)
        if outside and made is not None:
            self.put_files(outside, made.id)

    def rename_bin(self, class_id: int, name: str) -> None:
        """Give a bin another name. Raises ``UserError`` for a bad one."""
        self._did(self.project.rename_bin(class_id, name))

    def remove_bin(self, class_id: int) -> None:
        """Delete a bin; its images go back to being unlabelled."""
        self._did(self.project.remove_bin(class_id))

    def remove_all_bins(self) -> None:
        """Delete all bins, as one action."""
        self._did(self.project.remove_bins([b.id for b in self.project.bins]), touches=False)

    def import_class_folders(self, folders: Iterable[str]) -> None:
        """One bin for each sub-folder that holds images, with those images as examples."""
        self._import_class_folders(tuple(folders), touches=True)

    # -- labels ------------------------------------------------------------------------

    def put(self, paths: Iterable[str], class_id: int) -> None:
        """Put images of this session into a bin."""
        paths = list(paths)
        self._did(self.project.put(paths, class_id, self._worn(paths)))

    def put_files(self, paths: Iterable[str], class_id: int) -> None:
        """Put any files, or all images of a folder, into a bin."""
        inside, outside = self._known(paths)
        if not outside:
            self.put(inside, class_id)
            return

        def arrived(paths: list[str]) -> None:
            if any(b.id == class_id for b in self.project.bins):
                self.put([*inside, *paths], class_id)

        self._gather(outside, arrived)

    def take_out(self, paths: Iterable[str]) -> None:
        """Take images out of their bins, or take confirmations back."""
        self._did(self.project.clear(paths))

    def confirm(self, rows: Rows) -> None:
        """Agree to what the learner says of these images."""
        collection = self.collection
        if collection is None:
            return
        known = {b.id for b in self.project.bins}
        rows = rows[collection.best[rows] != NO_CLASS]
        classes = dict(zip(collection.paths(rows), collection.best[rows].tolist(), strict=True))
        self._did(self.project.confirm({p: c for p, c in classes.items() if c in known}))

    def undo(self) -> None:
        """Take the last action back."""
        self._did(self.project.undo())

    def redo(self) -> None:
        """Do again what was taken back."""
        self._did(self.project.redo())

    # -- result ------------------------------------------------------------------------

    def set_learner(self, key: str) -> None:
        """Sort with another learner."""
        if key != self.learner:
            self.learner = key
            self._refit()

    def export_csv(self, path: str, anyway: bool = False) -> None:
        """Write the result. Asks first where images are not listed or not read yet."""
        collection = self.collection
        if collection is None:
            return
        missing = [] if anyway else self._missing(collection)
        if missing:
            self.message.emit(
                Message(
                    Kind.WARNING,
                    " ".join(missing),
                    action=_("Export anyway"),
                    run=lambda: self.export_csv(path, anyway=True),
                    key="export",
                )
            )
            return
        project = self.project.snapshot()
        table, targets, learner = collection.table, collection.targets, self.learner
        source = self.project

        def work(job: Job) -> int:
            rows = workflow.result_rows(project, table, targets, learner, job)
            write_csv(Path(path), rows)
            return len(rows)

        def done(count: int) -> None:
            if source is self.project and project.edits == source.edits:
                self.unsaved = False
            self.settled.emit("export")
            self.exported.emit(path, count)

        self._runner.start(
            "learner", work, done=done, failed=self._on_failed, notice=self._on_notice
        )

    def _missing(self, collection: Collection) -> list[str]:
        """What a result written now would lack, in sentences."""
        sentences = []
        if not self.listed:
            sentences.append(_("The folder was not listed to its end."))
            sentences.append(_("Pictures that were not found would have no row."))
        waiting = len(collection.pending_targets())
        if waiting:
            text = ngettext(
                "{count} picture has not been read yet.",
                "{count} pictures have not been read yet.",
                waiting,
            )
            sentences.append(text.format(count=f"{waiting:,}"))
            sentences.append(_("Their rows would have no result."))
        return sentences

    # -- inside: labels ------------------------------------------------------------------

    def _did(self, edit: Edit | None, touches: bool = True) -> None:
        """Tell everybody what an edit changed, and sort again where it matters."""
        if edit is None:
            return
        self.unsaved = self.unsaved or touches
        rows = np.empty(0, np.int64)
        if self.collection is not None:
            after = {path: label for path, (_before, label) in edit.labels.items()}
            rows, unknown = self.collection.set_labels(after)
            # taken back from before another folder was opened; only examples are needed here
            examples = [path for path in unknown if _is_example(after[path])]
            if examples:
                self._take_labels_along(examples)
            if edit.changes_learning:
                self._read_examples(rows)
                self._refit()  # first: who hears of the change sees that a run is under way
        if edit.changes_bins:
            self.bins_changed.emit()
        if edit.labels:
            self.labels_changed.emit(rows)
        self.history_changed.emit()

    def _refit(self) -> None:
        self.sorter.refit(self.project, self.learner)

    def _read_examples(self, rows: Rows) -> None:
        """Have examples read before everything else; while scanning they go at once."""
        assert self.collection is not None
        examples = rows[self.collection.is_support(rows)]
        if len(self.collection.table.ready(examples)) < len(examples):
            self.reader.read(examples)

    def _worn(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Class that each image wears, examples left out: those are the user's own."""
        collection = self.collection
        if collection is None:
            return {}
        worn = {}
        for path in paths:
            row = collection.table.row(path)
            if row is None or row >= len(collection.source):
                continue
            if collection.source[row] == CONFIRMED:
                worn[path] = int(collection.label[row])
            elif collection.source[row] == NOBODY and collection.best[row] != NO_CLASS:
                worn[path] = int(collection.best[row])
        return worn

    def _known(self, paths: Iterable[str]) -> tuple[list[str], list[str]]:
        """Paths as (in the table, elsewhere)."""
        inside: list[str] = []
        outside: list[str] = []
        table = self.collection.table if self.collection is not None else None
        for path in paths:
            if table is not None and table.row(path) is None:
                path = os.path.realpath(path)  # the scan's paths have no links in them
            known = table is not None and table.row(path) is not None
            (inside if known else outside).append(path)
        return inside, outside

    def _take_labels_along(self, paths: Iterable[str] | None = None) -> None:
        """Bring the files of examples into the table of the open folder.

        Confirmed images teach nothing: they get their labels where the scan finds them.
        """
        if paths is None:
            paths = [p for b in self.project.bins for p in self.project.support(b.id)]
        paths = list(paths)
        if paths:
            self._gather(paths, lambda paths: self._adopt_labels(paths))

    def _adopt_labels(self, paths: Iterable[str]) -> None:
        if self.collection is None:
            return
        labels = {path: self.project.label(path) for path in paths}
        rows, _unknown = self.collection.set_labels(labels)
        self._read_examples(rows)
        self._refit()
        self.labels_changed.emit(rows)

    # -- inside: files from elsewhere ------------------------------------------------------

    def _gather(self, paths: Iterable[str], arrived: Callable[[list[str]], None]) -> None:
        """Look at files and folders in a lane, add them to the table, then go on."""
        collection, paths = self.collection, tuple(paths)
        if collection is None:
            return

        def work(job: Job) -> tuple[list[ImageFile], list[UserError]]:
            files: list[ImageFile] = []
            errors: list[UserError] = []
            for path in paths:
                job.checkpoint()
                try:
                    if os.path.isdir(path):
                        files.extend(scan(path, job).files)
                    else:
                        files.append(image_file(path))
                except UserError as error:
                    errors.append(error)
            return files, errors

        def done(result: tuple[list[ImageFile], list[UserError]]) -> None:
            files, errors = result
            if collection is not self.collection:
                return
            collection.table.add(files)
            collection.ensure()
            for error in errors[:CONFLICTS_NAMED]:
                self.message.emit(Message.from_error(error))
            if files:
                arrived([file.path for file in files])

        self._runner.start("files", work, done=done, failed=self._on_failed)

    def _import_class_folders(self, folders: tuple[str, ...], touches: bool) -> None:
        collection = self.collection
        if collection is None:
            return

        def work(job: Job) -> dict[str, list[ImageFile]]:
            found: dict[str, list[ImageFile]] = {}
            for folder in folders:
                for class_folder in find_class_folders(folder, job):
                    found.setdefault(class_folder.name, []).extend(class_folder.files)
            return found

        def done(found: dict[str, list[ImageFile]]) -> None:
            if collection is not self.collection:
                return
            if not found:
                name = Path(folders[0]).name
                text = _("No pictures were found in “{name}”.").format(name=name)
                hint = _("Every sub-folder that holds pictures becomes a bin.")
                self.message.emit(Message(Kind.WARNING, text, hint))
                return
            for files in found.values():
                collection.table.add(files)
            collection.ensure()
            try:
                examples = {name: [f.path for f in files] for name, files in found.items()}
                self._did(self.project.add_bins(examples), touches)
            except UserError as error:
                self.message.emit(Message.from_error(error))

        self._runner.start("files", work, done=done, failed=self._on_failed)

    # -- inside: the scan --------------------------------------------------------------------

    def _leave(self) -> None:
        if self._scan is not None:
            self._scan.cancel()
            self._scan = None
        self.reader.close()

    def _start_scan(self, collection: Collection) -> None:
        """List the folder; images that an earlier listing has found stay where they are."""
        self.listed = False
        table = collection.table

        def look(job: Job) -> tuple[ScanResult, Rows]:
            found = scan(collection.folder, job, lambda f: self._on_batch(collection, job, f))
            return found, np.asarray(table.add(found.files, as_targets=True), np.int64)

        self._scan = job = self._runner.start(
            "scan",
            look,
            done=lambda result: self._on_scanned(job, *result),
            failed=lambda error: self._on_scan_failed(job, error),
            cancelled=lambda: self._on_listed(job),
        )

    def _on_batch(self, collection: Collection, job: Job, files: list[ImageFile]) -> None:
        """Called in the scan's thread."""
        rows = np.asarray(collection.table.add(files, as_targets=True), np.int64)

        def add() -> None:
            if job is not self._scan:
                return
            new = rows[~np.isin(rows, collection.targets)]
            collection.append(new)
            known = self.project.labels
            collection.set_labels({f.path: known[f.path] for f in files if f.path in known})
            if len(new):
                self.images_added.emit(new)

        self._runner.call(add)

    def _on_scanned(self, job: Job, result: ScanResult, rows: Rows) -> None:
        if job is not self._scan or self.collection is None:
            return
        self.scan_result = result
        self.listed = True
        self.collection.set_targets(rows)
        self._on_listed(job)

    def _on_listed(self, job: Job) -> None:
        if job is not self._scan or self.collection is None:
            return
        self._scan = None
        self.images_listed.emit()
        self.reader.read(np.flatnonzero(self.collection.is_support(slice(None))))
        self.sorter.predict_new()
        self.progress_changed.emit()

    def _on_scan_failed(self, job: Job, error: BaseException) -> None:
        if job is not self._scan:
            return
        self._on_failed(error)
        if self.collection is not None and len(self.collection.targets):
            self._on_listed(job)
            return
        self._scan = None
        self.close_folder()

    # -- inside: news --------------------------------------------------------------------------

    def _on_rows_done(self, rows: Rows) -> None:
        collection = self.collection
        if collection is None:
            return
        collection.ensure()
        self.rows_changed.emit(rows)
        if collection.is_support(rows).any():
            self._refit()
        else:
            self.sorter.predict_new()

    def _on_read(self) -> None:
        """Everything is read; if that went wrong because the folder has gone, say so."""
        collection = self.collection
        if collection is None or not len(collection.failed_targets()):
            return
        folder = collection.folder

        def tell(there: bool) -> None:
            if not there:
                text = _("The folder “{name}” is no longer there.").format(name=Path(folder).name)
                self.message.emit(Message(Kind.ERROR, text, key="folder"))

        self._runner.start(
            "files", lambda _job: os.path.isdir(folder), done=tell, failed=self._on_failed
        )

    def _on_conflicts(self, conflicts: tuple[tuple[str, ...], ...]) -> None:
        if not conflicts:
            self.settled.emit("conflicts")
            return
        groups = [" = ".join(Path(p).name for p in group) for group in conflicts[:CONFLICTS_NAMED]]
        more = len(conflicts) - len(groups)
        names = ", ".join(groups) + (_(" and {count} more").format(count=more) if more else "")
        text = ngettext(
            "The same picture is in two bins: {names}.",
            "The same pictures are in two bins: {names}.",
            len(conflicts),
        )
        hint = _("They are left out until each is in one bin only.")
        self.message.emit(Message(Kind.WARNING, text.format(names=names), hint, key="conflicts"))

    def _on_notice(self, text: str) -> None:
        self.message.emit(Message(Kind.INFO, text))

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self.message.emit(Message.from_error(error))
        else:
            self.crashed.emit(error)


def _is_example(label: Label | None) -> bool:
    return label is not None and label.is_support
