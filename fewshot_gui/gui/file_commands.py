"""What the user can do with folders, project files and results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.dialogs import Dialogs, Leave
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.mime import Brought
from fewshot_gui.gui.opening import Opened, is_sorted_in
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.recent import Recent, recents, start_folder, start_projects
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.draft_names import SUFFIX, is_draft
from fewshot_gui.project.problems import DamagedProject, ProjectInUse
from fewshot_gui.texts import _

TRUSTED_AT_ONCE = 100  # folders; each is kept in the settings
EXPORTED_MS = 20_000  # how long the news of an export stays, unless the user does something


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
        session.desk.not_saved.connect(self._on_not_saved)
        session.desk.lost.connect(self._on_lost)
        session.desk.consent_wanted.connect(self._ask_consent)
        session.desk.moved.connect(self._on_moved)
        session.desk.state_changed.connect(self._on_state)
        session.exported.connect(self._on_exported)
        session.brought.connect(self._trust)
        session.history_changed.connect(self._on_action)
        self._exported = QTimer(self, singleShot=True, interval=EXPORTED_MS)
        self._exported.timeout.connect(self._forget_export)

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

    def take(self, paths: Iterable[str]) -> None:
        """Something was dropped on the window: a project, or folders to sort."""

        def take(brought: Brought) -> None:
            projects = [path for path in brought.others if path.endswith(SUFFIX)]
            if projects:
                self.open(projects[0])
            elif brought.folders:
                self.drop(list(brought.folders))
            else:
                self._banners.show_message(news.stray_files(self._session.collection is not None))

        self._session.tell_apart(paths, take)

    def drop(self, folders: list[str]) -> None:
        """Folders were dropped on the window: opened, or added to what is open."""
        if not folders:
            return
        if self._session.collection is None:
            self.open(folders[0])
            self._to_add = folders[1:]
            return
        if self._session.may_change():
            self._session.add_folders(folders)

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
        for action in menu.actions():
            if action.menu() is not None:
                action.menu().deleteLater()  # clearing leaves the menus below where they are
        menu.clear()
        folders = self._session.project.folders
        for folder in folders:
            inner = menu.addMenu(folder.path.replace("&", "&&"))
            locate = inner.addAction(_("&Locate…"), lambda f=folder: self.locate(f.id))
            remove = inner.addAction(
                _("&Remove from the project"), lambda f=folder: self._session.remove_folder(f.id)
            )
            remove.setEnabled(len(folders) > 1)
            if self._session.read_only:
                inner.setToolTipsVisible(True)
                for change in (locate, remove):
                    change.setEnabled(False)
                    change.setToolTip(news.viewing_only())
                    change.setStatusTip(news.viewing_only())
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
        if folders and all(f.id in self._session.watch.lister.unreachable for f in folders):
            self._banners.show_message(news.away_no_export())
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

    def _remember(self) -> None:
        """Keep what is open among the recent ones."""
        desk = self._session.desk
        folders = [folder.path for folder in desk.now.project.folders]
        if not desk.now.path:  # the sample
            return
        folder = folders[0] if desk.is_draft and folders else ""
        self._preferences.update(
            **self._preferences.now.with_recent(desk.now.path, folder),
            **self._preferences.now.with_trusted(folders[:TRUSTED_AT_ONCE]),
            **({} if desk.is_draft else self._preferences.now.with_saved(folders, desk.now.path)),
        )

    def _start(self) -> str:
        return start_folder(self._preferences.now)

    # -- leaving -----------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        """Whether nothing would be lost, or the user does not mind."""
        count = self._session.desk.at_risk
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
        self._look_for_saved()
        self._add_rest()

    def _add_rest(self) -> None:
        """Add the folders that were dropped together with the one that is open now."""
        folders, self._to_add = self._to_add, []
        if folders and self._session.may_change():
            self._session.add_folders(folders)

    def _on_moved(self, before: str, there: str) -> None:
        """A project has another file; a draft that became one is gone."""
        gone = before if is_draft(before) and before != there else ""
        self._preferences.update(**self._preferences.now.with_recent(there, gone=gone))
        self._remember()  # another project may be open by now
        self._banners.settle(news.NOT_SAVED)
        if there == self._session.desk.now.path:
            self._banners.settle(news.READ_ONLY)

    def _on_action(self) -> None:
        """What is told of a beginning or an end is old news once the user goes on."""
        for key in (news.RESUMED, news.SAVED_IN, news.EXPORTED):
            self._banners.settle(key)

    def _on_not_saved(self, error: BaseException, _path: str) -> None:
        if isinstance(error, UserError):
            self._banners.show_message(news.not_saved(error))
        else:
            self._session.crashed.emit(error)

    def _on_lost(self, title: str, count: int) -> None:
        self._banners.show_message(news.lost(title, count))

    def _look_for_saved(self) -> None:
        """Say in which file the folder of a draft is sorted, if that is there."""
        folder = next((f.path for f in self._session.project.folders), "")
        path = self._preferences.now.saved.get(folder, "")

        def found(is_there: bool) -> None:
            if is_there and self._session.desk.is_draft:
                self._banners.show_message(news.saved_in(path, lambda: self.open(path)))

        if path and self._session.desk.is_draft:
            self._session.desk.ask(lambda: is_sorted_in(path, folder), found)

    def _tell_resumed(self, opened: Opened) -> None:
        message = news.resumed(len(opened.project.bins), len(opened.project.labels))
        folders = opened.project.folders
        if folders:
            folder = folders[0].path
            message = replace(
                message,
                action=_("Start anew"),
                run=lambda: self._if_free(lambda: self._session.begin_anew(folder)),
                key=news.RESUMED,
            )
        self._banners.show_message(message)

    def _tell_read_only(self) -> None:
        message = replace(news.read_only(), action=_("Save as…"), run=self.save_as, stays=True)
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
        self._banners.settle(news.NOT_SAVED)
        text = _("Saved a copy to {path}").format(path=path)
        self._banners.show_message(Message(Kind.SUCCESS, text))

    def _on_exported(self, path: str, count: int) -> None:
        folder = QUrl.fromLocalFile(str(Path(path).parent))
        message = news.exported(path, count, lambda: QDesktopServices.openUrl(folder))
        self._banners.show_message(message)
        self._exported.start()

    def _forget_export(self) -> None:
        """Its time is over, unless the user is about to press its button."""
        for banner in self._banners.banners:
            focused = QApplication.focusWidget()
            is_used = focused is not None and banner.isAncestorOf(focused)
            if banner.message.key == news.EXPORTED and is_used:
                self._exported.start()
                return
        self._banners.settle(news.EXPORTED)
