"""What the user can do with folders, project files and results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.desk import Opened
from fewshot_gui.gui.dialogs import Dialogs, Leave
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.session import Session, sample_folder
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.drafts import SUFFIX
from fewshot_gui.project.problems import DamagedProject, ProjectInUse
from fewshot_gui.texts import _, ngettext

TRUSTED_AT_ONCE = 100  # folders; each is kept in the settings


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
        session.desk.opened.connect(self._on_opened)
        session.desk.failed.connect(self._on_failed)
        session.desk.consent_wanted.connect(self._ask_consent)
        session.desk.moved.connect(self._remember)
        session.desk.state_changed.connect(self._on_state)
        session.exported.connect(self._on_exported)
        session.brought.connect(self._trust_all)

    # -- opening -------------------------------------------------------------------------

    def choose_folder(self) -> None:
        """Ask for a folder and open it."""
        folder = self._dialogs.folder(self._window, _("Open a folder of pictures"), self._start())
        if folder:
            self.open(folder)

    def choose_project(self) -> None:
        """Ask for a project file and open it."""
        path = self._dialogs.open_project(self._window, _("Open a project"), self._start())
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Open a project file, or the project of a folder."""
        if not self._may_leave():
            return
        if path.endswith(SUFFIX):
            self._session.open_project(path)
        else:
            self._trust(path)
            self._session.open_folder(path)

    def open_sample(self) -> None:
        """Show the sample."""
        if self._may_leave():
            self._session.open_sample()

    def close(self) -> None:
        """Back to the welcome page."""
        if self._session.collection is not None and self._may_leave():
            self._session.close_folder()

    def drop(self, folders: list[str]) -> None:
        """Folders were dropped on the window: opened, or added to what is open."""
        if not folders:
            return
        if self._session.collection is None:
            self.open(folders[0])
            folders = folders[1:]
        for folder in folders:
            self._trust(folder)
            self._session.add_folder(folder)

    # -- folders of the project ------------------------------------------------------------

    def add_folder(self) -> None:
        """Ask for one more folder to sort."""
        title = _("Add a folder of pictures to this project")
        folder = self._dialogs.folder(self._window, title, self._start())
        if folder:
            self._trust(folder)
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
        away = list(self._session.lister.unreachable)
        folders = self._session.project.folders
        if folder_id is None:
            folder_id = away[0] if away else (folders[0].id if folders else None)
        known = next((f for f in folders if f.id == folder_id), None)
        if known is None:
            return
        title = _("Where is “{name}” now?").format(name=Path(known.path).name)
        folder = self._dialogs.folder(self._window, title, str(Path(known.path).parent))
        if folder:
            self._trust(folder)
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

    def fill_recent(self, menu: QMenu) -> None:
        """Offer what was open before."""
        menu.clear()
        for path in self._preferences.now.recent:
            menu.addAction(path.replace("&", "&&"), lambda path=path: self.open(path))
        if menu.isEmpty():
            menu.addAction(_("None yet")).setEnabled(False)

    def trusted(self) -> tuple[str, ...]:
        """Folders that this user has opened before."""
        return self._preferences.now.trusted

    def _trust(self, folder: str) -> None:
        self._preferences.update(**self._preferences.now.with_trusted(folder))

    def _trust_all(self, folders: tuple[str, ...]) -> None:
        for folder in folders[:TRUSTED_AT_ONCE]:
            self._trust(folder)

    def _remember(self) -> None:
        desk = self._session.desk
        folders = desk.now.project.folders
        path = folders[0].path if desk.is_draft and folders else desk.now.path
        if path and path != sample_folder():
            self._preferences.update(**self._preferences.now.with_recent(path))
        for folder in folders:
            self._trust(folder.path)

    def _start(self) -> str:
        recent = self._preferences.now.recent
        first = next(iter(recent), str(Path.home()))
        return str(Path(first).parent) if first.endswith(SUFFIX) else first

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

    def _on_opened(self, opened: Opened | None) -> None:
        if opened is None:
            return
        self._banners.clear()
        self._thumbnails.forget()
        if not opened.project.folders:
            return
        self._remember()
        if opened.read_only:
            self._tell_read_only()
        elif opened.resumed and self._session.desk.is_draft and opened.project.bins:
            self._tell_resumed(opened)

    def _tell_resumed(self, opened: Opened) -> None:
        bins, labels = len(opened.project.bins), len(opened.project.labels)
        text = _("Going on where you left off: {bins}, {labels}.").format(
            bins=ngettext("{count} bin", "{count} bins", bins).format(count=bins),
            labels=ngettext("{count} label", "{count} labels", labels).format(count=f"{labels:,}"),
        )
        folder = opened.project.folders[0].path
        self._banners.show_message(
            Message(
                Kind.INFO,
                text,
                action=_("Start anew"),
                run=lambda: self._session.begin_anew(folder),
                key="resumed",
            )
        )

    def _tell_read_only(self) -> None:
        message = replace(news.read_only(), action=_("Save as…"), run=self.save_as)
        self._banners.show_message(message)

    def _on_failed(self, error: BaseException, path: str) -> None:
        """Offer the way out that goes with the error; the sentence itself is told already."""
        offer = self._way_out(error, path)
        if offer is not None and isinstance(error, UserError):
            action, run = offer
            self._banners.show_message(
                Message(
                    Kind.ERROR, error.message, error.hint, action=action, run=run, key=error.message
                )
            )

    def _way_out(self, error: BaseException, path: str) -> tuple[str, Callable[[], None]] | None:
        if isinstance(error, ProjectInUse):
            return _("Open for viewing"), lambda: self._session.open_project(path, read_only=True)
        if isinstance(error, DamagedProject) and error.backups:
            backup = error.backups[0]
            return (
                _("Restore the backup"),
                lambda: self._session.desk.restore(path, backup, self._on_restored),
            )
        return None

    def _on_restored(self, kept: str) -> None:
        text = _("The backup was restored. The damaged file is kept as “{name}”.")
        self._tell(Kind.SUCCESS, text.format(name=Path(kept).name))

    def _ask_consent(self, folders: tuple[str, ...], proceed: Callable[[], None]) -> None:
        if self._dialogs.consent(self._window, folders):
            for folder in folders:
                self._trust(folder)
            proceed()

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
