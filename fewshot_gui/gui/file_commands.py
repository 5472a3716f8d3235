"""What the user can do with folders, project files and results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.dialogs import Dialogs, Leave
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.opening import Opened
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.recent import Recent, recents, start_folder, start_projects
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.drafts import SUFFIX, is_draft
from fewshot_gui.project.problems import DamagedProject, ProjectInUse
from fewshot_gui.texts import _, ngettext

TRUSTED_AT_ONCE = 100  # folders; each is kept in the settings
RESUMED = "resumed"  # key of the message that work goes on


class FileCommands(QObject):
    """Opens and leaves projects, and takes results out.

    Args:
        window: Parent of the dialogs.
        session: The state of the window.
        preferences: Where the recent projects are kept.
        dialogs: Asks the user.
        banners: Tells the user.
        thumbnails: Forgets its pictures when another project opens.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        preferences: Preferences,
        dialogs: Dialogs,
        banners: Banners,
        thumbnails: Thumbnails,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._preferences = preferences
        self._dialogs = dialogs
        self._banners = banners
        self._thumbnails = thumbnails
        self._to_add: list[str] = []  # folders that were dropped together with the first one
        session.desk.left.connect(self._on_left)
        session.desk.opened.connect(self._on_opened)
        session.desk.already_open.connect(self._add_rest)
        session.desk.failed.connect(self._on_failed)
        session.desk.lost.connect(self._on_lost)
        session.desk.consent_wanted.connect(self._ask_consent)
        session.desk.moved.connect(self._on_moved)
        session.desk.state_changed.connect(self._on_state)
        session.exported.connect(self._on_exported)
        session.brought.connect(self._trust)
        session.history_changed.connect(lambda: banners.settle(RESUMED))

    # -- opening -------------------------------------------------------------------------

    def choose_folder(self) -> None:
        """Ask for a folder and open it."""
        folder = self._dialogs.folder(self._window, _("Open a folder of pictures"), self._start())
        if folder:
            self.open(folder)

    def choose_project(self) -> None:
        """Ask for a project file and open it."""
        start = start_projects(self._preferences.now)
        path = self._dialogs.open_project(self._window, _("Open a project"), start)
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Open a project file, or the project of a folder."""
        if not self._may_leave():
            return
        self._to_add.clear()
        if path.endswith(SUFFIX):
            self._session.open_project(path)
        else:
            self._session.open_folder(path)

    def open_sample(self) -> None:
        """Show the sample."""
        if self._may_leave():
            self._to_add.clear()
            self._session.open_sample()

    def close(self) -> None:
        """Back to the welcome page."""
        if self._session.collection is not None and self._may_leave():
            self._to_add.clear()
            self._session.close_folder()

    def drop(self, folders: list[str]) -> None:
        """Folders were dropped on the window: opened, or added to what is open."""
        if not folders:
            return
        if self._session.collection is None:
            self.open(folders[0])
            self._to_add = folders[1:]
            return
        for folder in folders:
            self._session.add_folder(folder)

    # -- folders of the project ------------------------------------------------------------

    def add_folder(self) -> None:
        """Ask for one more folder to sort."""
        title = _("Add a folder of pictures to this project")
        folder = self._dialogs.folder(self._window, title, self._start())
        if folder:
            self._session.add_folder(folder)

    def choose_class_folders(self) -> None:
        """Ask for a folder whose sub-folders become bins."""
        title = _("A folder with one sub-folder for each class")
        folder = self._dialogs.folder(self._window, title, self._start())
        if folder:
            self._session.import_class_folders([folder])

    def fill_folders(self, menu: QMenu) -> None:
        """Offer to locate or remove each folder of the project."""
        menu.clear()
        folders = self._session.project.folders
        for folder in folders:
            inner = menu.addMenu(folder.path.replace("&", "&&"))
            inner.addAction(_("&Locate…"), lambda f=folder: self.locate(f.id))
            remove = inner.addAction(
                _("&Remove from the project"), lambda f=folder: self._session.remove_folder(f.id)
            )
            remove.setEnabled(len(folders) > 1)
        if menu.isEmpty():
            menu.addAction(_("None yet")).setEnabled(False)

    def locate(self, folder_id: int | None = None) -> None:
        """Ask where a folder of the project lies now; the first that is away by default."""
        away = list(self._session.watch.lister.unreachable)
        folders = self._session.project.folders
        if folder_id is None:
            folder_id = away[0] if away else (folders[0].id if folders else None)
        known = next((f for f in folders if f.id == folder_id), None)
        if known is None:
            return
        title = _("Where is “{name}” now?").format(name=Path(known.path).name)
        folder = self._dialogs.folder(self._window, title, str(Path(known.path).parent))
        if folder:
            self._session.locate_folder(known.id, folder)

    # -- files -----------------------------------------------------------------------------

    def save_as(self) -> None:
        """Ask for a project file and go on in it."""
        path = self._project_name(_("Save the project as"))
        if path:
            self._session.desk.save_as(path)

    def duplicate(self) -> None:
        """Ask for a file for a copy of the project, and go on in this one."""
        path = self._project_name(_("Save a copy of the project"))
        if path:
            self._session.desk.duplicate(path, self._on_duplicated)

    def export_csv(self) -> None:
        """Ask for a file name and write the result."""
        folders = self._session.project.folders
        if self._session.collection is None:
            return
        start = str(Path(folders[0].path if folders else Path.home()) / "labels.csv")
        name = self._dialogs.save(self._window, _("Export CSV"), start)
        if name:
            self._session.export_csv(name if Path(name).suffix else f"{name}.csv")

    def _project_name(self, title: str) -> str:
        desk = self._session.desk
        if self._session.collection is None:
            return ""
        folder = Path.home() if desk.is_draft else Path(desk.now.path).parent
        name = f"{desk.title or _('Project')}{SUFFIX}"
        path = self._dialogs.save_project(self._window, title, str(folder / name))
        return path if not path or path.endswith(SUFFIX) else path + SUFFIX

    # -- recent ------------------------------------------------------------------------------

    def recent(self) -> tuple[Recent, ...]:
        """What was open before, the newest first."""
        return recents(self._preferences.now)

    def fill_recent(self, menu: QMenu) -> None:
        """Offer what was open before."""
        menu.clear()
        for entry in self.recent():
            place = entry.place.replace("&", "&&")
            menu.addAction(place, lambda path=entry.path: self.open(path))
        if menu.isEmpty():
            menu.addAction(_("None yet")).setEnabled(False)

    def trusted(self) -> tuple[str, ...]:
        """Folders that this user has opened before."""
        return self._preferences.now.trusted

    def _trust(self, folders: Iterable[str]) -> None:
        """Folders that the user has chosen here; project files may name them from now on."""
        chosen = list(folders)[:TRUSTED_AT_ONCE]
        self._preferences.update(**self._preferences.now.with_trusted(chosen))

    def _remember(self, before: str = "") -> None:
        """Keep what is open among the recent ones; a draft that became a file is gone."""
        desk = self._session.desk
        folders = [folder.path for folder in desk.now.project.folders]
        if not desk.now.path:  # the sample
            return
        folder = folders[0] if desk.is_draft and folders else ""
        gone = before if is_draft(before) else ""
        self._preferences.update(
            **self._preferences.now.with_recent(desk.now.path, folder, gone),
            **self._preferences.now.with_trusted(folders[:TRUSTED_AT_ONCE]),
        )

    def _start(self) -> str:
        return start_folder(self._preferences.now)

    # -- leaving -----------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        """Whether nothing would be lost, or the user does not mind."""
        count = self._session.desk.unwritten
        if not count:
            return True
        answer = self._dialogs.leave(self._window, count)
        if answer is Leave.SAVE:
            self.save_as()
        return answer is Leave.DISCARD

    def may_leave(self) -> bool:
        """Whether the window may close now."""
        return self._may_leave()

    # -- news --------------------------------------------------------------------------------

    def _on_left(self) -> None:
        """What was said of the project before; before anything is said of the next one."""
        self._banners.clear()
        self._thumbnails.forget()

    def _on_opened(self, opened: Opened) -> None:
        if not opened.path and not opened.project.folders:
            return
        self._remember()
        if opened.read_only:
            self._tell_read_only()
        elif opened.resumed and self._session.desk.is_draft and opened.project.bins:
            self._tell_resumed(opened)
        self._add_rest()

    def _add_rest(self) -> None:
        """Add the folders that were dropped together with the one that is open now."""
        folders, self._to_add = self._to_add, []
        for folder in folders:
            self._session.add_folder(folder)

    def _on_moved(self, before: str) -> None:
        self._remember(before)
        self._banners.settle(news.READ_ONLY)

    def _on_lost(self, title: str, count: int) -> None:
        """A project that was left could not be written to its end."""
        text = ngettext(
            "Your last action in “{name}” was not saved.",
            "Your last {count} actions in “{name}” were not saved.",
            count,
        )
        self._tell(Kind.ERROR, text.format(name=title, count=f"{count:,}"))

    def _tell_resumed(self, opened: Opened) -> None:
        bins, labels = len(opened.project.bins), len(opened.project.labels)
        text = _("Going on where you left off: {bins}, {labels}.").format(
            bins=ngettext("{count} bin", "{count} bins", bins).format(count=bins),
            labels=ngettext("{count} label", "{count} labels", labels).format(count=f"{labels:,}"),
        )
        folders = opened.project.folders
        if not folders:
            self._tell(Kind.INFO, text)
            return
        folder = folders[0].path
        self._banners.show_message(
            Message(
                Kind.INFO,
                text,
                action=_("Start anew"),
                run=lambda: self._if_free(lambda: self._session.begin_anew(folder)),
                key=RESUMED,
            )
        )

    def _tell_read_only(self) -> None:
        message = replace(news.read_only(), action=_("Save as…"), run=self.save_as)
        self._banners.show_message(message)

    def _on_failed(self, error: BaseException, _path: str) -> None:
        """Offer the way out that goes with the error; the sentence itself is told already."""
        self._to_add.clear()
        offer = self._way_out(error)
        if offer is not None and isinstance(error, UserError):
            action, run = offer
            self._banners.show_message(
                Message(
                    Kind.ERROR,
                    error.message,
                    error.hint,
                    action=action,
                    run=lambda: self._if_free(run),
                    key=error.message,
                )
            )

    def _way_out(self, error: BaseException) -> tuple[str, Callable[[], None]] | None:
        """What to offer, for the project file that the error speaks of."""
        if isinstance(error, ProjectInUse):
            path = error.path
            return _("Open for viewing"), lambda: self._session.open_project(path, read_only=True)
        if isinstance(error, DamagedProject) and error.backups:
            path, backup = error.path, error.backups[0]
            return _("Restore the backup"), lambda: self._session.desk.restore(path, backup)
        return None

    def _if_free(self, run: Callable[[], None]) -> None:
        """Do what leaves the open project, unless the user minds."""
        if self._may_leave():
            run()

    def _ask_consent(self, folders: tuple[str, ...], proceed: Callable[[], None]) -> None:
        if self._dialogs.consent(self._window, folders):
            self._trust(folders)
            self._if_free(proceed)

    def _on_state(self) -> None:
        state = self._session.desk.state
        if state is None:
            return
        error = state.error
        if error is None:
            if not state.pending:
                self._banners.settle("saving")
            return
        self._banners.show_message(
            Message(
                Kind.ERROR,
                error.message,
                error.hint,
                action=_("Save as…"),
                run=self.save_as,
                key="saving",
            )
        )

    def _on_duplicated(self, path: str) -> None:
        self._tell(Kind.SUCCESS, _("Saved a copy to {path}").format(path=path))

    def _on_exported(self, path: str, count: int) -> None:
        words = ngettext("Saved {count} row to {path}", "Saved {count} rows to {path}", count)
        folder = QUrl.fromLocalFile(str(Path(path).parent))
        self._banners.show_message(
            Message(
                Kind.SUCCESS,
                words.format(count=f"{count:,}", path=path),
                action=_("Show folder"),
                run=lambda: QDesktopServices.openUrl(folder),
                key="exported",
            )
        )

    def _tell(self, kind: Kind, text: str) -> None:
        self._banners.show_message(Message(kind, text))
