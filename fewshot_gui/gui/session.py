"""The state of the window, and one method for each thing the user can do.

Knows no widgets. Lives in the window's thread; long work goes to the runner's lanes.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Container
from itertools import compress

import numpy as np
from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, BackboneCard, key_with_views
from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.backbones import Backbones
from fewshot_gui.gui.collection import CONFIRMED, NOBODY, Collection, Rows
from fewshot_gui.gui.desk import Desk
from fewshot_gui.gui.exporter import Exporter
from fewshot_gui.gui.folder_watch import FolderWatch
from fewshot_gui.gui.gatherer import Gatherer
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.mime import Brought, told_apart
from fewshot_gui.gui.opening import Opened, checked_roots, joining, overlap
from fewshot_gui.gui.reader import Reader, ReaderState
from fewshot_gui.gui.sorter import Sorter
from fewshot_gui.images.scan import ScanResult
from fewshot_gui.learners.base import sorts_table
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners
from fewshot_gui.paths import resource
from fewshot_gui.project.changes import Changes
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN, Label
from fewshot_gui.workflow import Workbench


def sample_folder() -> str:
    """Where the pictures lie that come with the program."""
    return os.path.realpath(resource("sample", "targets"))


class Session(QObject):
    """Owns the open project and the work that goes on with it.

    Attributes:
        id: Marks drags that started in this window.
        project: The user's decisions.
        collection: The images of the open project, None on the welcome page.
        desk: The project's file.
        backbones: What its images can be looked at with.
        watch: Keeps the targets in step with the project's folders.
        reader: Embeds images.
        sorter: Predicts them.
        exporter: Writes results.

    Signals:
        folder_changed: Another project is open now, or none.
        images_added: int64 rows found by the listing that goes on.
        images_listed: A listing has ended; the targets have their final order.
        rows_changed: int64 rows that became ready or failed.
        predictions_changed: The learner says something else now, or is busy.
        labels_changed: int64 rows whose label is another.
        bins_changed: Bins were added, changed, moved or deleted.
        history_changed: Undo and redo mean something else now.
        progress_changed: Listing or reading came further, started or ended.
        message: A ``Message`` for the banner.
        settled: Key of a message that is no longer true.
        shown: (title, int64 rows) of images that the user should see.
        exported: (path, number of rows) of a file that was written.
        brought: Folders of images that the user brought from elsewhere.
        renewed: Some files are others now; what was decoded of them is no longer true.
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
    shown = Signal(str, object)
    exported = Signal(str, int)
    brought = Signal(object)
    renewed = Signal()
    crashed = Signal(object)

    def __init__(
        self,
        workbench: Workbench,
        runner: JobRunner,
        learner: str = "",
        trusted: Callable[[], Container[str]] = tuple,
    ) -> None:
        super().__init__()
        self.id = uuid.uuid4().hex
        self.project = Project()
        self.collection: Collection | None = None
        self._default_learner = learner
        self._workbench = workbench
        self._runner = runner
        self.desk = Desk(runner, trusted)
        self.backbones = Backbones(runner)
        self.gatherer = Gatherer(runner)
        self.exporter = Exporter(runner)
        self.reader = Reader(workbench, runner, self._on_notice)
        self.watch = FolderWatch(runner, self.desk, self.reader)
        self.sorter = Sorter(runner, self._on_notice, self._at_rest)
        self._connect()

    def _connect(self) -> None:
        self.desk.opened.connect(self._on_opened)
        self.desk.already_open.connect(self._on_already_open)
        self.desk.busy_changed.connect(self.progress_changed)
        self.desk.failed.connect(self._on_not_opened)
        self.watch.added.connect(self.images_added)
        self.watch.listed.connect(self.images_listed)
        self.watch.ended.connect(self._go_on)
        self.watch.relabelled.connect(self._on_relabelled)
        self.watch.doubted.connect(self.labels_changed)
        self.watch.unlearned.connect(self._refit)
        self.watch.retried.connect(self.rows_changed)
        self.watch.renewed.connect(self.renewed)
        self.watch.busy_changed.connect(self.progress_changed)
        self.watch.message.connect(self.message)
        self.watch.settled.connect(self.settled)
        self.watch.shown.connect(self.shown)
        self.watch.failed.connect(self._on_failed)
        self.backbones.found.connect(self._on_backbone_found)
        self.backbones.message.connect(self.message)
        self.backbones.settled.connect(self.settled)
        self.backbones.failed.connect(self._on_failed)
        self.gatherer.message.connect(self.message)
        self.gatherer.settled.connect(self.settled)
        self.gatherer.due.connect(self._take_examples_along)
        self.gatherer.failed.connect(self._on_failed)
        self.exporter.exported.connect(self.exported)
        self.exporter.message.connect(self.message)
        self.exporter.settled.connect(self.settled)
        self.exporter.failed.connect(self._on_failed)
        self.reader.changed.connect(self.progress_changed)
        self.reader.changed.connect(self._on_reader)
        self.reader.rows_done.connect(self._on_rows_done)
        self.reader.stopped.connect(self._on_failed)
        self.sorter.changed.connect(self.predictions_changed)
        self.sorter.conflicts.connect(self._on_conflicts)
        self.sorter.failed.connect(self._on_failed)

    # -- projects and folders ------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Go on with the project of a folder, or begin one."""
        self.desk.open_folder(folder)

    def begin_anew(self, folder: str) -> None:
        """Begin another project for a folder; the one before is kept."""
        self.desk.open_folder(folder, anew=True)

    def open_project(self, path: str, read_only: bool = False) -> None:
        """Open a project file."""
        self.desk.open_file(path, read_only)

    def open_sample(self) -> None:
        """Show the pictures that come with the program, with bins that hold examples."""
        project = Project()
        project.add_folder(sample_folder())
        self.desk.open_memory(Project(project.setup))
        self.import_class_folders((str(resource("sample", "examples")),))

    def close_folder(self) -> None:
        """Back to the welcome page. Nothing is lost: all is in the project's file."""
        self.desk.close()

    def add_folder(self, folder: str) -> None:
        """Sort the images of one more folder."""
        if self.collection is None:
            self.open_folder(folder)
        else:
            self.add_folders([folder])

    def add_folders(self, folders: Sequence[str]) -> None:
        """Sort the images of more folders, as one action."""

        def checked(found: tuple[list[str], list[UserError]]) -> None:
            roots, errors = found
            taken, refusals = joining(self.project.folders, roots)
            for error in errors:
                self._on_failed(error)
            for refusal in refusals:
                self._inform(refusal)
            if taken and self.may_change():
                self.brought.emit(tuple(taken))
                self.act(lambda: self.project.add_folders(taken))

        self.desk.ask(lambda: checked_roots(folders), checked)

    def remove_folder(self, folder_id: int) -> None:
        """Sort the images of a folder no longer."""
        self.act(lambda: self.project.remove_folder(folder_id))

    def locate_folder(self, folder_id: int, path: str) -> None:
        """A folder of the project lies somewhere else now."""
        if not self.may_change():
            return

        def checked(real: str) -> None:
            others = [folder for folder in self.project.folders if folder.id != folder_id]
            refusal = overlap(others, real)
            if refusal:
                self._inform(refusal)
                return
            self.brought.emit((real,))
            self._on_opened(self.desk.relocate(folder_id, real))

        self.desk.check_folder(path, checked, self._on_failed)

    def refresh(self) -> None:
        """Look again what lies in the folders, and believe it: the user asks."""
        self.watch.look(believing=True)

    def look_again(self) -> None:
        """The user comes back to the window: see what changed meanwhile, but not too often."""
        self.watch.look_if_late()

    @property
    def scanning(self) -> bool:
        """Whether a project is being opened or its folders are being listed."""
        return self.watch.lister.busy or self.desk.busy

    @property
    def listed(self) -> bool:
        """Whether the folders were listed to their end."""
        return self.watch.lister.complete

    @property
    def listing_stopped(self) -> bool:
        """Whether the listing ended before it was complete: images may be missing."""
        return self.collection is not None and not self.listed and not self.scanning

    @property
    def scan_results(self) -> tuple[ScanResult, ...]:
        """What the last complete listing found, one for each folder."""
        return self.watch.results

    @property
    def read_only(self) -> bool:
        """Whether the project can only be looked at."""
        return self.desk.now.read_only

    def may_change(self) -> bool:
        """Whether the project can be changed; says why not where it cannot."""
        if self.read_only:
            self.message.emit(news.read_only())
        return not self.read_only

    @property
    def can_cancel(self) -> bool:
        """Whether something goes on that ``cancel`` stops."""
        reading = self.reader.state is ReaderState.READING
        return self.desk.busy or self.watch.is_listing_new or reading

    def cancel(self) -> None:
        """Stop the opening, the listing or the reading, whichever goes on."""
        if self.desk.busy:
            self.desk.cancel()
        elif self.watch.is_listing_new:
            self.watch.lister.cancel()
        else:
            self.reader.pause()

    def resume(self) -> None:
        """Go on with what was stopped: listing, reading or both."""
        if self.listing_stopped:
            self.watch.list(again=False)
        self.reader.resume()

    # -- bins --------------------------------------------------------------------------

    def add_bin(self, name: str, paths: Iterable[str] = ()) -> None:
        """Make a bin with its first examples, which may be those of other bins.

        Raises:
            UserError: The name is no good.
        """
        inside, outside = self.gatherer.split(paths)
        self.act(lambda: self.project.add_bin(name, inside), seen=True)
        made = self.project.bin_named(name)
        if outside and made is not None:
            self.put_files(outside, made.id)

    def rename_bin(self, class_id: int, name: str) -> None:
        """Give a bin another name. Raises ``UserError`` for a bad one."""
        self.act(lambda: self.project.rename_bin(class_id, name))

    def describe_bin(self, class_id: int, text: str) -> None:
        """Say in words what belongs into a bin. Raises ``UserError`` if that is too long."""
        self.act(lambda: self.project.describe_bin(class_id, text))

    def recolour_bin(self, class_id: int, colour: int) -> None:
        """Give a bin another colour of the palette."""
        self.act(lambda: self.project.recolour_bin(class_id, colour))

    def set_picture(self, class_id: int, path: str) -> None:
        """Let one of its examples stand for a bin."""
        self.act(lambda: self.project.set_picture(class_id, path))

    def move_bin(self, class_id: int, place: int) -> None:
        """Move a bin to another place in the order."""
        self.act(lambda: self.project.move_bin(class_id, place))

    def sort_bins(self) -> None:
        """Bring the bins into the order of their names."""
        self.act(self.project.sort_bins)

    def merge_bins(self, class_ids: Iterable[int], into: int) -> None:
        """Give all images of some bins to another one."""
        self.act(lambda: self.project.merge_bins(class_ids, into))

    def remove_bin(self, class_id: int) -> None:
        """Delete a bin; its images go back to being unlabelled."""
        self.remove_bins([class_id])

    def remove_bins(self, class_ids: Iterable[int]) -> None:
        """Delete bins as one action."""
        self.act(lambda: self.project.remove_bins(class_ids))

    def import_class_folders(self, folders: Iterable[str]) -> None:
        """One bin for each sub-folder that holds images, with those images as examples."""
        if self.may_change():
            self.gatherer.class_folders(tuple(folders), self._add_bins)

    def tell_apart(self, paths: Iterable[str], done: Callable[[Brought], None]) -> None:
        """Find out what was dragged here; the disk may be slow."""
        paths = tuple(paths)
        self.desk.ask(lambda: told_apart(paths), done)

    # -- labels ------------------------------------------------------------------------

    def put(self, paths: Iterable[str], class_id: int) -> None:
        """Put images of this project into a bin, or into ``UNKNOWN``."""
        paths = list(paths)
        rows = self.collection.table.rows(paths) if self.collection is not None else None
        worn = {} if rows is None else self._worn(paths, rows)
        self.act(lambda: self.project.put(paths, class_id, worn), rows, seen=True)
        self._stand_by(paths, class_id)

    def put_files(self, paths: Iterable[str], class_id: int) -> None:
        """Put any files, or all images of a folder, into a bin."""
        inside, outside = self.gatherer.split(paths)
        if not outside:
            self.put(inside, class_id)
            return

        def arrived(paths: list[str], along: list[str]) -> None:
            if self.project.has_class(class_id):
                self.brought.emit(tuple({os.path.dirname(path) for path in paths}))
                self.put([*along, *paths], class_id)

        if self.may_change():
            self.gatherer.gather(outside, arrived, along=inside)

    def take_out(self, paths: Iterable[str]) -> None:
        """Take images out of their bins, or take confirmations back."""
        self.act(lambda: self.project.clear(paths), seen=True)

    def confirm(self, rows: Rows) -> None:
        """Agree to what the learner says of these images."""
        collection = self.collection
        if collection is None:
            return
        free = collection.source[rows] == NOBODY
        rows = rows[free & (collection.best[rows] != NO_CLASS)]
        classes = collection.predicted(rows)
        known = [UNKNOWN, *(b.id for b in self.project.bins)]
        usable = np.isin(classes, known)
        rows = rows[usable]
        chosen = dict(zip(collection.paths(rows), classes[usable].tolist(), strict=True))
        self.act(lambda: self.project.confirm(chosen), rows, seen=True)

    def teach_confirmed(self) -> None:
        """Learn from the confirmed images as well: they become examples."""
        self.act(self.project.teach_confirmed)

    def set_unknown(self, level: float) -> None:
        """Send images whose unknown score is above this to *Unknown*."""
        self.act(lambda: self.project.set_unknown(level))

    def undo(self) -> None:
        """Take the last action back."""
        self.act(self.project.undo)

    def redo(self) -> None:
        """Do again what was taken back."""
        self.act(self.project.redo)

    # -- learner and result ------------------------------------------------------------

    @property
    def learner(self) -> str:
        """Key of the learner in use."""
        known = {info.key for info in all_learners()}  # a file may be another version's
        looked_at = key_with_views(self.backbone.key)[0]
        known |= {i.key for i in self.backbones.learners if sorts_table(i, looked_at)}
        wanted = (self.project.options.learner, self._default_learner)
        return next((key for key in wanted if key in known), DEFAULT_LEARNER)

    def set_learner(self, key: str) -> bool:
        """Sort with another learner, in this project and in new ones; returns whether it may be."""
        if self.collection is not None:
            if not self.may_change():
                return False
            self.act(lambda: self.project.set_learner(key))
        self._default_learner = key
        return True

    def use_trained(self, key: str) -> None:
        """Look at the images with the network of a trained learner, and let it sort them.

        Args:
            key: Its name, as in ``backbones.learners``.
        """
        self.act(lambda: self.project.use_trained(key))

    def use_learner_file(self, file: str) -> None:
        """Keep the learner in a file, and use it in this project.

        A file that is missing, damaged or something else is told by a message.
        """
        if self.may_change():
            self.backbones.keep(file, self.use_trained)

    @property
    def backbone(self) -> BackboneCard:
        """What the images are looked at with."""
        return self._workbench.card

    def set_backbone(self, key: str) -> None:
        """Look at the images of this project with another backbone, which takes a while."""
        key = "" if key == DEFAULT_BACKBONE else key
        self.act(lambda: self.project.set_backbone(key))

    def export_csv(self, path: str) -> None:
        """Write the result. Asks first where images are not listed or not read yet."""
        if self.collection is not None:
            self.exporter.csv(path, self.project, self.collection, self.learner, self.listed)

    # -- inside: edits -----------------------------------------------------------------

    def act(
        self, action: Callable[[], Edit | None], rows: Rows | None = None, seen: bool = False
    ) -> None:
        """Let the project change, unless it may only be looked at, and tell everybody.

        Args:
            action: Changes the project.
            rows: Of the images that it shall label, in their order, where they are known.
            seen: Whether the user labels these very images, as they are now.
        """
        if self.may_change():
            self._did(action(), rows, seen)

    def _did(self, edit: Edit | None, given: Rows | None, seen: bool) -> None:
        """Tell everybody what an edit changed, and sort again where it matters."""
        if edit is None:
            return
        rows = np.empty(0, np.int64)
        if self.collection is not None:
            self.collection.level = self.project.options.unknown
            rows = self._take_labels(edit.labels, given)
            self.watch.on_labelled(rows, seen)
            if edit.changes_learning:
                self._read_examples(rows)
                self._refit()  # first: who hears of the change sees that a run is under way
        if edit.changes_bins:
            self.bins_changed.emit()
        if edit.labels:
            self.labels_changed.emit(rows)
        if edit.changes_folders:
            self.watch.list(again=True)
        if edit.before.options != edit.after.options:
            self.predictions_changed.emit()
        self.history_changed.emit()
        if edit.changes_backbone:
            self._on_opened(self.desk.again())

    def _stand_by(self, paths: Iterable[str], class_id: int) -> None:
        """Changed pictures that are in this bin stay in it: the user put them there again."""
        doubted = self.project.doubted & set(paths) if self.project.doubted else ()
        labels = ((path, self.project.label(path)) for path in doubted)
        again = [path for path, label in labels if label and label.class_id == class_id]
        if again and self.collection is not None and not self.read_only:
            rows = self.collection.table.rows(again)
            self.watch.on_labelled(rows, seen=True)
            self.labels_changed.emit(rows)

    def _take_labels(self, changes: Changes, given: Rows | None) -> Rows:
        assert self.collection is not None
        if given is not None and len(given) != len(changes):  # some had their label already
            given = None
        rows, unknown = self.collection.take_changes(changes, given)
        # brought back by an undo from an earlier sitting; only examples are needed here
        if any(_is_example(changes[path][1]) for path in unknown):
            self._take_examples_along()
        return rows

    def _add_bins(self, examples: Mapping[str, list[str]]) -> None:
        folders = {os.path.dirname(path) for paths in examples.values() for path in paths}
        self.brought.emit(tuple(folders))
        try:
            self.act(lambda: self.project.add_bins(examples), seen=True)
        except UserError as error:
            self.message.emit(Message.from_error(error))

    def _refit(self) -> None:
        self.sorter.refit(self.project, self.learner)

    def _read_examples(self, rows: Rows) -> None:
        """Have examples read before everything else; while listing they go at once."""
        assert self.collection is not None
        examples = rows[self.collection.is_support(rows)]
        if len(self.collection.table.ready(examples)) < len(examples):
            self.reader.read(examples)

    def _worn(self, paths: Sequence[str], rows: Rows) -> Mapping[str, int]:
        """Class that each image wears, examples left out: those are the user's own."""
        collection = self.collection
        assert collection is not None
        worn = np.full(len(rows), NO_CLASS)
        inside = np.flatnonzero(rows >= 0)
        source = collection.source[rows[inside]]
        told = inside[(source == CONFIRMED) | (source == NOBODY)]
        worn[told] = collection.shown(rows[told])
        named = zip(paths, worn.tolist(), strict=True)
        return dict(compress(named, (worn != NO_CLASS).tolist()))

    def _take_examples_along(self) -> None:
        """Bring the files of all examples into the table that are not there yet.

        Confirmed images teach nothing: they get their labels where the listing finds them.
        """
        classes = [UNKNOWN, *(b.id for b in self.project.bins)]
        examples = [path for c in classes for path in self.project.support(c)]
        _inside, outside = self.gatherer.split(examples)
        folders = [folder.path for folder in self.project.folders]
        self.gatherer.gather_examples(outside, folders, self._adopt_labels)

    def _adopt_labels(self, paths: Iterable[str]) -> None:
        if self.collection is None:
            return
        rows, _unknown = self.collection.set_labels({p: self.project.label(p) for p in paths})
        self._read_examples(rows)
        self._refit()
        self.labels_changed.emit(rows)

    # -- inside: opening ---------------------------------------------------------------

    def _on_already_open(self, folder: str) -> None:
        """What was asked for is open; its folder may have been taken out of the project."""
        if folder and not overlap(self.project.folders, folder):
            self.act(lambda: self.project.add_folder(folder))
        else:
            self.watch.look()

    def _on_opened(self, opened: Opened) -> None:
        self.reader.close()
        self.project = opened.project
        self._choose_backbone()
        collection = None
        if self.project.folders or opened.path:
            collection = Collection(self._workbench.new_table())
            collection.level = self.project.options.unknown
        self.collection = collection
        self.gatherer.open(collection, self.project)
        self.watch.open(opened, collection)
        self.sorter.open(collection)
        if collection is not None:
            self.reader.open(collection)
            self.watch.list(again=False)
        self.bins_changed.emit()
        self.history_changed.emit()
        self.folder_changed.emit()
        self.progress_changed.emit()
        if collection is not None:
            self._take_examples_along()
        for notice in opened.notices:
            self._inform(notice)

    def _choose_backbone(self) -> None:
        """Use what the project wants; where that is not known (yet), the default."""
        card = self.backbones.choose(self.project.options.backbone) or self.backbones.default
        if card.key != self.backbone.key:
            self.reader.change_backbone(card)

    def _on_backbone_found(self, card: BackboneCard) -> None:
        if card.key != self.backbone.key:
            self._on_opened(self.desk.again())

    def _on_not_opened(self, error: BaseException, _path: str) -> None:
        self._on_failed(error)

    # -- inside: folders -----------------------------------------------------------------

    def _go_on(self) -> None:
        """After a listing: read and predict what is left to be."""
        if self.collection is None:
            return
        self.reader.read(np.flatnonzero(self.collection.is_support(slice(None))))
        self.sorter.go_on()
        self.progress_changed.emit()

    def _on_relabelled(self, rows: Rows) -> None:
        """Labels followed images that lie elsewhere now."""
        self._read_examples(rows)
        self._refit()
        self.labels_changed.emit(rows)

    def _on_rows_done(self, rows: Rows) -> None:
        collection = self.collection
        if collection is None:
            return
        collection.ensure()
        self.watch.on_read(rows)
        self.rows_changed.emit(rows)
        if collection.is_support(rows).any():
            self._refit()
        else:
            self.sorter.go_on()

    def _on_reader(self) -> None:
        if self._at_rest():
            self.sorter.go_on()

    def _at_rest(self) -> bool:
        """Whether there is nothing more to come for now: no listing and no reading."""
        return not self.scanning and self.reader.state is not ReaderState.READING

    # -- inside: news ------------------------------------------------------------------------

    def _on_conflicts(self, conflicts: tuple[tuple[str, ...], ...]) -> None:
        if conflicts:
            self.message.emit(news.conflicts(conflicts))
        else:
            self.settled.emit(news.CONFLICTS)

    def _inform(self, text: str) -> None:
        self.message.emit(Message(Kind.INFO, text))

    def _on_notice(self, text: str) -> None:
        self._inform(text)

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self.message.emit(Message.from_error(error))
        else:
            self.crashed.emit(error)


def _is_example(label: Label | None) -> bool:
    return label is not None and label.is_support
