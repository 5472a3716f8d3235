"""Keeps the targets in step with what lies in the project's folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.errors import UserError
from fewshot_gui.gui.collection import Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner, nothing
from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.images.scan import ScanResult
from fewshot_gui.jobs import Job
from fewshot_gui.listing import EmptiedFolder, Labelled, Listing, Pass, away, outside
from fewshot_gui.project.values import Folder

LOOK_AGAIN_MS = 5000  # a folder that went away is looked for this often


class Lister(QObject):
    """Lists the folders in a lane of its own.

    Attributes:
        results: What each folder held at the last complete listing, by folder id.
        unreachable: Why a folder cannot be listed, by folder id.
        complete: Whether the last listing came to its end.

    Signals:
        left: int64 rows of targets whose folder is no longer one of the project's.
        added: int64 rows found by the listing that goes on.
        listed: A ``Listing``, once all is found.
        stopped: The listing was cancelled.
        failed: An unexpected exception.
        reachable: A folder that was away is there again.
    """

    left = Signal(object)
    added = Signal(object)
    listed = Signal(object)
    stopped = Signal()
    failed = Signal(object)
    reachable = Signal()

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        # each of its own: one may hang in a dead disk
        self._scans = SideLanes(runner, "scan")
        self._probes = SideLanes(runner, "probe")
        self._job: Job | None = None
        self._folders: tuple[Folder, ...] = ()
        self._removed: set[Folder] = set()  # since the last complete listing
        self._filled: frozenset[int] = frozenset()
        self._believed: frozenset[int] = frozenset()  # to be empty, although they held pictures
        self.results: dict[int, ScanResult] = {}
        self.unreachable: dict[int, UserError] = {}
        self.complete = False
        self._poll = QTimer(self, interval=LOOK_AGAIN_MS)
        self._poll.timeout.connect(self._look_again)
        self._looking = False

    @property
    def busy(self) -> bool:
        """Whether a listing goes on."""
        return self._job is not None

    def list(
        self,
        collection: Collection,
        folders: Sequence[Folder],
        labelled: Labelled,
        again: bool,
        believing: bool = False,
    ) -> None:
        """List all folders.

        Args:
            collection: Whose targets they are.
            folders: Target folders.
            labelled: Images that must not get lost.
            again: The folders were listed before: nothing is shown before all is known.
            believing: A folder that held pictures and is known to be empty now is just
                that, and stays so; else it counts as unreachable, as the place of a disk
                that is away. Nobody is believed who was not told of it before.
        """
        self.stop()
        self._removed = (self._removed | set(self._folders)) - set(folders)
        removed = tuple(self._removed)
        if not again or self._folders != tuple(folders):
            self.complete = False
        self._folders = folders = tuple(folders)
        self._looking = False
        before = collection.targets
        table = collection.table
        emptied = (key for key, why in self.unreachable.items() if isinstance(why, EmptiedFolder))
        believed = self._believed | frozenset(emptied if believing else ())

        def found(job: Job, rows: Rows) -> None:
            """Called in the lane's thread."""
            self._runner.call(lambda: self._on_found(job, rows))

        def work(job: Job) -> Listing:
            tell = nothing if again else (lambda rows: found(job, rows))
            if removed:
                out = outside(table, before, removed, folders)
                self._runner.call(lambda: self._on_left(job, out))
            return Pass(table, folders, before, labelled, job, tell, believed).run()

        self._job = job = self._scans.start(
            work,
            done=lambda listing: self._on_listed(job, listing, believed),
            failed=lambda error: self._on_failed(job, error),
            cancelled=lambda: self._on_cancelled(job),
        )

    def cancel(self) -> None:
        """Stop the listing, and say so once it has stopped."""
        if self._job is not None:
            self._job.cancel()

    def stop(self) -> None:
        """Stop without a word: another listing or another project follows."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def close(self) -> None:
        """Forget the folders."""
        self.stop()
        self._poll.stop()
        self._folders, self._filled, self._believed = (), frozenset(), frozenset()
        self._removed = set()
        self._looking = False
        self.results, self.unreachable, self.complete = {}, {}, False

    def mark_unreachable(self, errors: Mapping[int, UserError]) -> None:
        """These folders went away: look for them until they are back."""
        self.unreachable.update(errors)
        if self.unreachable:
            self._poll.start()

    def probe(self, found: Callable[[dict[int, UserError]], None]) -> None:
        """Look in a lane which folders are away; ``found`` gets why, by folder id."""
        folders, filled = self._folders, self._filled
        self._probes.start(
            lambda _job: away(folders, filled), done=found, failed=lambda _error: found({})
        )

    def _look_again(self) -> None:
        if self._looking:
            return
        self._looking = True
        folders = self._folders

        def seen(errors: dict[int, UserError]) -> None:
            if folders != self._folders:
                return  # another project's
            self._looking = False
            back = set(self.unreachable) - set(errors)
            if back and not self.busy:
                for folder_id in back:
                    del self.unreachable[folder_id]
                if not self.unreachable:
                    self._poll.stop()
                self.reachable.emit()

        self.probe(seen)

    def _on_left(self, job: Job, rows: Rows) -> None:
        if job is self._job and len(rows):
            self.left.emit(rows)

    def _on_found(self, job: Job, rows: Rows) -> None:
        if job is self._job:
            self.added.emit(rows)

    def _on_listed(self, job: Job, listing: Listing, believed: frozenset[int]) -> None:
        if job is not self._job:
            return
        self._job = None
        self.complete = True
        self._removed = set()
        self.results = dict(listing.results)
        self.unreachable = dict(listing.unreachable)
        self._filled = listing.filled
        self._believed = believed & listing.results.keys() - listing.filled
        if self.unreachable:
            self._poll.start()
        else:
            self._poll.stop()
        self.listed.emit(listing)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job is self._job:
            self._job = None
            self.failed.emit(error)

    def _on_cancelled(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.stopped.emit()
