"""Keeps the targets of the open project in step with what lies in its folders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones.table import FAILED
from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.collection import NOBODY, Collection, Rows
from fewshot_gui.gui.desk import Desk
from fewshot_gui.gui.folder_pulse import REST, FolderPulse
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.lister import Lister
from fewshot_gui.gui.opening import Opened
from fewshot_gui.gui.reader import Reader, ReaderState
from fewshot_gui.gui.tracker import Tracker, is_missing
from fewshot_gui.images.files import FailureKind
from fewshot_gui.images.scan import ScanResult
from fewshot_gui.listing import EmptiedFolder, Labelled, Listing
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import is_below
from fewshot_gui.project.values import Label
from fewshot_gui.texts import _

LOOK_AGAIN_S = 60.0  # between two looks at the folders that nobody asked for
AWAY_KINDS = (FailureKind.MISSING, FailureKind.UNREADABLE)


class FolderWatch(QObject):
    """Lists the folders, again and again, and knows labelled images by their content.

    Args:
        runner: Has the lanes.
        desk: Writes down where labelled images are and what they are like.
        reader: Waits while a folder is away.

    Attributes:
        lister: Lists the folders.
        tracker: Recognises images.

    Signals:
        added: int64 rows of new targets, while a listing goes on.
        listed: The targets have their final order.
        ended: A listing is over: what is there can be read.
        relabelled: int64 rows whose labels followed them to another path.
        doubted: int64 rows of labelled images that are other pictures now.
        unlearned: Other images are doubted than before.
        retried: int64 rows that wait for their folder, although they could not be read.
        renewed: Some files are others now; what was decoded of them is no longer true.
        busy_changed: A listing began or ended.
        message: A ``Message`` for the banner.
        settled: Key of a message that is no longer true.
        shown: (title, int64 rows) of images that the user should see.
        locate_asked: Id of a folder that the user wants to point out.
        failed: An unexpected exception.
    """

    added = Signal(object)
    listed = Signal()
    ended = Signal()
    relabelled = Signal(object)
    doubted = Signal(object)
    unlearned = Signal()
    retried = Signal(object)
    renewed = Signal()
    busy_changed = Signal()
    message = Signal(object)
    settled = Signal(str)
    shown = Signal(str, object)
    locate_asked = Signal(int)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, desk: Desk, reader: Reader) -> None:
        super().__init__()
        self._desk = desk
        self._reader = reader
        self._project = Project()
        self._collection: Collection | None = None
        self._listed_at = 0.0  # when the folders were listed last; 0 for never
        self._probing = False
        self._told_changed = np.empty(0, np.int64)
        self._held_up = False  # reading waits for a folder that is away
        self._folders_differ = False  # from those of the listing before
        self._happened = False  # something did since the folders were listed
        self._rest_until = 0.0  # before that, nobody looks who was not asked to
        self._begun_at = 0.0
        self._pulse = FolderPulse(runner)
        self._pulse.felt.connect(self._on_felt)
        self.lister = Lister(runner)
        self.tracker = Tracker()
        self.lister.left.connect(self._on_left)
        self.lister.added.connect(self._on_added)
        self.lister.listed.connect(self._on_listed)
        self.lister.stopped.connect(self._on_stopped)
        self.lister.failed.connect(self.failed)
        self.lister.reachable.connect(self._on_reachable)
        self.tracker.moved.connect(self._on_moved)
        self.tracker.changed.connect(self._on_changed)
        self.tracker.learned.connect(desk.note)

    def open(self, opened: Opened, collection: Collection | None) -> None:
        """Take another project; nothing is listed yet."""
        self._held_up = self._probing = False
        self._told_changed = np.empty(0, np.int64)
        self._listed_at = self._rest_until = 0.0
        self._folders_differ = self._happened = False
        self._pulse.stop()
        self._project = opened.project
        self._project.doubt(())
        self._collection = collection
        self.lister.close()
        self.tracker.open(collection, opened.project, opened.known)

    def list(self, again: bool, believing: bool = False) -> None:
        """See what lies in the folders; the arguments are ``Lister.list``'s."""
        assert self._collection is not None
        labelled = Labelled(self.tracker.labelled())
        self._begun_at = time.monotonic()
        self.lister.list(self._collection, self._project.folders, labelled, again, believing)
        self.busy_changed.emit()

    def look(self, believing: bool = False) -> None:
        """Look again, unless that is being done in the same way."""
        free = not self.lister.busy or (believing and self.lister.complete)
        if self._collection is not None and free:
            self.list(again=True, believing=believing)

    def look_if_late(self) -> None:
        """Look again if the last time was a while ago."""
        if self.lister.complete and time.monotonic() - self._listed_at > LOOK_AGAIN_S:
            self.look()

    @property
    def is_listing_new(self) -> bool:
        """Whether folders are listed for the first time; another look cannot be cancelled."""
        return self.lister.busy and not self.lister.complete

    @property
    def results(self) -> tuple[ScanResult, ...]:
        """What the last complete listing found, one for each folder."""
        return tuple(self.lister.results.values())

    def on_read(self, rows: Rows) -> None:
        """Images were read, or could not be."""
        self.tracker.on_read(rows)
        self._tell_changed()
        self._look_for_folders(rows)

    def on_labelled(self, rows: Rows, seen: bool) -> None:
        """The user decided on images."""
        self.tracker.on_labelled(rows, seen)
        if self._collection is not None and not self._collection.wanted(rows).all():
            self._reader.leave_out()
        self._tell_changed()

    def _on_felt(self, happened: bool) -> None:
        """Look again where entries came or went, but leave a slow disk its rest."""
        self._happened |= happened
        free = self.lister.complete and not self.lister.busy
        if self._happened and free and time.monotonic() >= self._rest_until:
            self._happened = False
            self.look()

    def _on_left(self, rows: Rows) -> None:
        """A folder was taken out of the project, and so were its images."""
        collection = self._collection
        if collection is None:
            return
        collection.set_targets(collection.targets[~np.isin(collection.targets, rows)])
        self._folders_differ = True
        self._reader.leave_out()
        self.listed.emit()

    def _on_added(self, rows: Rows) -> None:
        collection = self._collection
        if collection is None:
            return
        new = collection.append(rows)
        self._label_rows(new)
        if len(new):
            self.added.emit(new)

    def _on_listed(self, listing: Listing) -> None:
        collection = self._collection
        if collection is None:
            return
        is_told = bool(self._listed_at) and not self._folders_differ
        self._folders_differ = False
        self._listed_at = time.monotonic()
        self._rest_until = self._listed_at + REST * (self._listed_at - self._begun_at)
        roots = [f.path for f in self._project.folders if f.id in listing.results]
        self._pulse.follow(roots, listing.places)
        if is_told and not listing.is_news and np.array_equal(listing.rows, collection.targets):
            self._tell_away(listing.unreachable)
            self.ended.emit()
            self._read_on()
            return
        new = collection.set_targets(listing.rows)
        self._reader.leave_out()
        collection.forget_predictions(listing.changed)
        if len(listing.changed) or len(listing.returned):
            self.renewed.emit()
        if listing.renamed:
            self._on_moved(listing.renamed)
        self._label_rows(new)
        self.tracker.note_lost()
        self._tell_listing(listing)
        self._tell_changed()
        self.listed.emit()
        self.ended.emit()
        self._read_on()

    def _read_on(self) -> None:
        """No folder is away any more: go on reading where that had to wait."""
        if self._held_up and not self.lister.unreachable:
            self._held_up = False
            self._reader.resume()

    def _on_stopped(self) -> None:
        self.listed.emit()
        self.ended.emit()

    def _label_rows(self, rows: Rows) -> None:
        """Give images that were just found the labels they have in the project."""
        assert self._collection is not None
        known = self._project.labels
        if known and len(rows):
            paths = self._collection.paths(rows)
            self._collection.set_labels({path: known[path] for path in paths if path in known})

    def _tell_listing(self, listing: Listing) -> None:
        """Say which folders are away and which images are gone or others now."""
        assert self._collection is not None
        self._tell_away(listing.unreachable)
        table = self._collection.table
        failed = self._collection.failed_targets().tolist()
        gone = np.asarray([r for r in failed if is_missing(table.failure(r))], np.int64)
        if len(gone):
            labelled = bool((self._collection.source[gone] != NOBODY).any())

            def show() -> None:
                self.shown.emit(_("No longer there"), gone)

            self.message.emit(news.vanished(len(gone), labelled, show))
        else:
            self.settled.emit(news.VANISHED)

    def _tell_away(self, errors: Mapping[int, UserError]) -> None:
        for folder in self._project.folders:
            if (error := errors.get(folder.id)) is not None:
                told = news.emptied if isinstance(error, EmptiedFolder) else news.away
                locate = partial(self.locate_asked.emit, folder.id)
                self.message.emit(told(folder.path, locate))
                return
        self.settled.emit(news.AWAY)

    def _on_moved(self, found: Mapping[str, str]) -> None:
        """Labelled images have other paths now."""
        collection = self._collection
        if collection is None:
            return
        # an image that was given a label since it was found there is one of its own
        paths = {
            old: new
            for old, new in found.items()
            if new in found or self._project.label(new) is None
        }
        if not paths:
            return
        self._project.renamed(paths)
        self.tracker.renamed(paths)
        self._desk.renamed(paths)
        labels: dict[str, Label | None] = dict.fromkeys(paths)
        labels.update({new: self._project.label(new) for new in paths.values()})
        rows, _unknown = collection.set_labels(labels)
        gone = [collection.table.row(old) for old in paths.keys() - set(paths.values())]
        left = np.asarray([row for row in gone if row is not None], np.int64)
        collection.changed[left] = False
        collection.set_targets(collection.targets[~np.isin(collection.targets, left)])
        self.message.emit(news.renamed(len(paths)))
        self.relabelled.emit(rows)
        self.listed.emit()

    def _on_changed(self, rows: Rows) -> None:
        self.doubted.emit(rows)

    def _tell_changed(self) -> None:
        """Say how many labelled images are others now, when there are more, or none."""
        if self._collection is None:
            return
        rows = np.flatnonzero(self._collection.changed & (self._collection.source != NOBODY))
        told, self._told_changed = self._told_changed, rows
        if self._project.doubt(self._collection.paths(rows)):
            self.unlearned.emit()

        def show() -> None:
            self.shown.emit(_("Changed files"), rows)

        if not np.isin(rows, told).all():
            self.message.emit(news.changed(len(rows), show))
        elif len(told) and not len(rows):
            self.settled.emit(news.CHANGED)

    def _look_for_folders(self, rows: Rows) -> None:
        """Where files could not be found, see whether their folder is away altogether."""
        collection = self._collection
        if collection is None or self._probing or not self._suspects(collection, rows):
            return
        self._probing = True

        def seen(errors: dict[int, UserError]) -> None:
            self._probing = False
            if collection is self._collection and errors:
                self._wait_for_folders(collection, errors)

        self.lister.probe(seen)

    def _wait_for_folders(self, collection: Collection, errors: Mapping[int, UserError]) -> None:
        """Nothing is known of the images while their folder is away."""
        table = collection.table
        roots = [f.path for f in self._project.folders if f.id in errors]
        suspects = self._suspects(collection, collection.failed_targets())
        waiting = [
            row
            for row, path in zip(suspects, table.paths(suspects), strict=True)
            if any(is_below(path, root) for root in roots)
        ]
        table.retry(waiting)
        if self._reader.state is ReaderState.READING:
            self._reader.pause()
            self._held_up = True
        self.lister.mark_unreachable(errors)
        self._tell_away(errors)
        self.retried.emit(np.asarray(waiting, np.int64))

    def _suspects(self, collection: Collection, rows: Rows) -> list[int]:
        """Images that failed in a way that a folder that is away explains."""
        failed = rows[collection.table.state[rows] == FAILED]
        return [
            row
            for row in failed.tolist()
            if (failure := collection.table.failure(row)) is not None and failure.kind in AWAY_KINDS
        ]

    def _on_reachable(self) -> None:
        """A folder is back: see what it holds; reading goes on after that."""
        self.look()
