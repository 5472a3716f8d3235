"""The window: where everything is, and which action calls which method."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
)
from PySide6.QtWidgets import QMainWindow, QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from fewshot_gui.gui.about import AboutDialog
from fewshot_gui.gui.actions import Actions
from fewshot_gui.gui.arrangement import Show
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bins_panel import BinsPanel
from fewshot_gui.gui.dialogs import Dialogs, Leave
from fewshot_gui.gui.errors_dialog import ErrorsDialog
from fewshot_gui.gui.grid_page import GridPage, order_words, show_words
from fewshot_gui.gui.help import HelpDialog, help_page, shortcuts_page
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.image_delegate import ImageDelegate
from fewshot_gui.gui.image_grid import ImageGrid
from fewshot_gui.gui.image_model import ImageModel
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.mime import brings_folder, local_paths, split_folders
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.session import Session, sample_folder
from fewshot_gui.gui.status import StatusLine
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.gui.welcome import Welcome
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.paths import config_dir
from fewshot_gui.texts import _, ngettext


class MainWindow(QMainWindow):
    """Layout and actions; the state is in the session.

    Attributes:
        actions_by_name: All actions.
        welcome, page, panel, banners, status: The parts of the window.

    Signals:
        closed: The window is closing for good.
    """

    closed = Signal()

    def __init__(
        self,
        session: Session,
        preferences: Preferences,
        theme: Theme,
        icons: Icons,
        thumbnails: Thumbnails,
        device: Callable[[], str],
        dialogs: Dialogs,
    ) -> None:
        super().__init__()
        self._session = session
        self._preferences = preferences
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._dialogs = dialogs
        self._errors = ErrorsDialog(self)
        self._leaving = False
        self.actions_by_name = Actions(self, icons)
        self.setWindowTitle(_("Few-Shot GUI"))
        self.setAcceptDrops(True)
        self._build(device)
        self._build_menus()
        self._connect_actions()
        self._connect_session()
        self._restore_geometry()
        self._on_folder()
        self._on_history()

    # -- layout ------------------------------------------------------------------------

    def _build(self, device: Callable[[], str]) -> None:
        session, theme, icons = self._session, self._theme, self._icons
        self.model = ImageModel(session, self._thumbnails)
        delegate = ImageDelegate(theme, icons, self._thumbnails)
        self.grid = ImageGrid(session, self.model, delegate, self._thumbnails, theme)
        self.page = GridPage(session, self._preferences, self.model, self.grid, theme, icons)
        self.panel = BinsPanel(session, theme, icons, self._thumbnails)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.page)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setCollapsible(0, False)
        self.splitter.setCollapsible(1, False)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([900, 330])
        self.welcome = Welcome(theme, icons)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(self.splitter)
        self.banners = Banners(theme, icons)
        self.status = StatusLine(session, device)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(centre)

    def _build_menus(self) -> None:
        actions = self.actions_by_name
        bar = self.menuBar()
        file = bar.addMenu(_("&File"))
        file.addAction(actions["open"])
        self._recent = file.addMenu(_("Open &recent"))
        self._recent.aboutToShow.connect(self._fill_recent)
        file.addAction(actions["sample"])
        _add(file, actions, None, "export", None, "close", "quit")
        edit = bar.addMenu(_("&Edit"))
        _add(edit, actions, "undo", "redo", None, "select_all", None, "confirm", "take_out")
        bins = bar.addMenu(_("&Bins"))
        _add(bins, actions, "new_bin", "new_bin_selected", "import_bins", None, "rename", "delete")
        bins.addSeparator()
        self._put_menu = bins.addMenu(_("&Put the selection in"))
        for action in actions.bins:
            self._put_menu.addAction(action)
        sort = bar.addMenu(_("&Sort"))
        self._add_choices(
            sort.addMenu(_("&Learner")),
            [(info.key, info.title) for info in all_learners()],
            lambda: self._session.learner,
            self._choose_learner,
        )
        self._add_choices(
            sort.addMenu(_("Compute &on")),
            device_words(),
            lambda: self._preferences.now.device,
            self._choose_device,
        )
        _add(sort, actions, None, "cancel", "resume")
        view = bar.addMenu(_("&View"))
        self._add_choices(
            view.addMenu(_("&Order")),
            list(order_words().items()),
            lambda: self.page.view.order,
            self.page.set_order,
        )
        self._add_choices(
            view.addMenu(_("S&how")),
            list(show_words().items()),
            lambda: self.page.view.show,
            self.page.show_only,
        )
        _add(view, actions, None, "larger", "smaller", None, "focus_grid", "focus_bins", None)
        self._add_choices(
            view.addMenu(_("&Theme")),
            [("system", _("&System")), ("light", _("&Light")), ("dark", _("&Dark"))],
            lambda: self._preferences.now.theme,
            lambda theme: self._preferences.update(theme=theme),
        )
        help_menu = bar.addMenu(_("&Help"))
        _add(help_menu, actions, "help", "shortcuts", None, "about")
        for action in actions.all():
            if action is not actions["confirm"]:
                self.addAction(action)
        self.grid.addAction(actions["confirm"])

    def _add_choices(
        self,
        menu: QMenu,
        choices: Sequence[tuple[object, str]],
        current: Callable[[], object],
        choose: Callable[[object], None],
    ) -> None:
        """A menu of which one entry is chosen."""
        group = QActionGroup(menu)
        for value, text in choices:
            action = QAction(text, menu)
            action.setCheckable(True)
            action.setData(value)
            action.triggered.connect(lambda _on=False, value=value: choose(value))
            group.addAction(action)
            menu.addAction(action)

        def check() -> None:
            for action in group.actions():
                action.setChecked(action.data() == current())

        menu.aboutToShow.connect(check)

    # -- connections -----------------------------------------------------------------------

    def _connect_actions(self) -> None:
        session = self._session
        self.actions_by_name.connect(
            open=self.choose_folder,
            sample=self.open_sample,
            export=self.export_csv,
            close=self.close_folder,
            quit=self.close,
            undo=session.undo,
            redo=session.redo,
            select_all=self.grid.selectAll,
            confirm=self.confirm,
            take_out=self.take_out,
            new_bin=self.panel.begin_new_bin,
            new_bin_selected=lambda: self.panel.begin_new_bin(self.grid.selected_paths()),
            import_bins=self.choose_class_folders,
            rename=self._rename_bin,
            delete=self._delete_bin,
            larger=lambda: self.page.zoom(1),
            smaller=lambda: self.page.zoom(-1),
            cancel=session.cancel,
            resume=session.resume,
            focus_grid=self.grid.setFocus,
            focus_bins=self._focus_bins,
            help=self.show_help,
            shortcuts=self.show_shortcuts,
            about=self.show_about,
        )
        for place, action in enumerate(self.actions_by_name.bins):
            action.triggered.connect(lambda _on=False, place=place: self.put_in_bin(place))
        self.welcome.open_clicked.connect(self.choose_folder)
        self.welcome.sample_clicked.connect(self.open_sample)
        self.welcome.recent_clicked.connect(self.open_folder)
        self.page.open_clicked.connect(self.choose_folder)
        self.page.shown_class.connect(
            lambda class_id: self.panel.mark_shown(None if class_id == NO_CLASS else class_id)
        )
        self.panel.show_asked.connect(lambda class_id: self.page.show_only(Show.CLASS, class_id))
        self.panel.drag_ended.connect(self._on_selection)
        self.status.unreadable_clicked.connect(lambda: self.page.show_only(Show.UNREADABLE))
        self.grid.folder_dropped.connect(self.open_folder)
        self.grid.files_dropped.connect(self._on_stray_files)
        self.grid.taken_out.connect(session.take_out)
        self.grid.selection_changed.connect(self._on_selection)
        self._preferences.changed.connect(self._on_preferences)

    def _connect_session(self) -> None:
        session = self._session
        session.folder_changed.connect(self._on_folder)
        session.images_listed.connect(self._on_listed)
        session.history_changed.connect(self._on_history)
        session.bins_changed.connect(self._on_bins)
        session.predictions_changed.connect(self._on_selection)
        session.labels_changed.connect(lambda _rows: self._on_selection())
        session.progress_changed.connect(self._on_progress)
        session.message.connect(self.banners.show_message)
        session.settled.connect(self.banners.settle)
        session.exported.connect(self._on_exported)
        session.crashed.connect(self.show_error)

    # -- actions: folders and files ------------------------------------------------------------

    def choose_folder(self) -> None:
        """Ask for a folder and open it."""
        start = next(iter(self._preferences.now.recent), str(Path.home()))
        folder = self._dialogs.folder(self, _("Open a folder of pictures"), start)
        if folder:
            self.open_folder(folder)

    def open_folder(self, folder: str) -> None:
        """Show the pictures of a folder."""
        self.banners.clear()
        self._thumbnails.forget()
        self._session.open_folder(folder)

    def open_sample(self) -> None:
        """Show the sample, unless there is work that would be lost."""
        if not self._may_leave():
            return
        self.banners.clear()
        self._thumbnails.forget()
        self._session.open_sample()

    def close_folder(self) -> None:
        """Back to the welcome page."""
        if self._session.collection is not None and self._may_leave():
            self.banners.clear()
            self._session.close_folder()
            self._thumbnails.forget()

    def choose_class_folders(self) -> None:
        """Ask for a folder whose sub-folders become bins."""
        start = next(iter(self._preferences.now.recent), str(Path.home()))
        folder = self._dialogs.folder(self, _("A folder with one sub-folder for each class"), start)
        if folder:
            self._session.import_class_folders([folder])

    def export_csv(self) -> None:
        """Ask for a file name and write the result."""
        collection = self._session.collection
        if collection is None:
            return
        name = self._dialogs.save(
            self, _("Export CSV"), str(Path(collection.folder) / "labels.csv")
        )
        if name:
            self._session.export_csv(name if Path(name).suffix else f"{name}.csv")

    # -- actions: sorting ------------------------------------------------------------------------

    def put_in_bin(self, place: int) -> None:
        """Put the selected images in the bin at this place and go on to the next one.

        The images may move far away in the order that is shown; a selection that is out of
        sight would take the next key.
        """
        bins = self._session.project.bins
        paths = self.grid.selected_paths()
        if place < len(bins) and paths:
            self.grid.step_on()
            self._session.put(paths, bins[place].id)

    def confirm(self) -> None:
        """Agree to the class of the selected images and go on to the next one."""
        rows = self.grid.selected_rows()
        if len(rows):
            self.grid.step_on()  # first: confirming may move the images
            self._session.confirm(rows)

    def take_out(self) -> None:
        """Take the example, or the selected images, out of their bins: what has the focus."""
        card = self.panel.current_card()
        if card is not None:
            self._session.take_out([card.chosen_example] if card.chosen_example else [])
        elif self.page.isAncestorOf(self.focusWidget() or self):
            self._session.take_out(self.grid.selected_paths())

    def _delete_bin(self) -> None:
        card = self._chosen_card()
        if card is not None:
            self._session.remove_bin(card.bin.id)

    def _rename_bin(self) -> None:
        card = self._chosen_card()
        if card is not None:
            self.panel.rename(card)

    def _chosen_card(self) -> BinCard | None:
        """The bin that has the focus; says how to choose one where none has."""
        card = self.panel.current_card()
        if card is None:
            text = _("Choose a bin first: click on it or press Ctrl+2.")
            self.banners.show_message(Message(Kind.INFO, text))
        return card

    def _focus_bins(self) -> None:
        cards = self.panel.cards
        if cards:
            cards[0].setFocus()

    def _choose_learner(self, key: object) -> None:
        self._session.set_learner(str(key))
        self._preferences.update(learner=str(key))
        self.status.show_facts()

    def _choose_device(self, key: object) -> None:
        if key != self._preferences.now.device:
            self._preferences.update(device=str(key))
            text = _("This takes effect when the program is started the next time.")
            self.banners.show_message(Message(Kind.INFO, text))

    # -- actions: help -----------------------------------------------------------------------------

    def show_help(self) -> None:
        """How to sort pictures."""
        HelpDialog(self, _("Help"), help_page()).show()

    def show_shortcuts(self) -> None:
        """All shortcuts."""
        page = shortcuts_page(self.actions_by_name.all())
        HelpDialog(self, _("Keyboard shortcuts"), page).show()

    def show_about(self) -> None:
        """Version and licence."""
        AboutDialog(self, self._theme, self._icons).show()

    def show_error(self, error: BaseException) -> None:
        """Tell of an unexpected error."""
        self._errors.show_error(error)

    # -- news ------------------------------------------------------------------------------------

    def _on_folder(self) -> None:
        collection = self._session.collection
        actions = self.actions_by_name
        for name in (
            "export",
            "close",
            "select_all",
            "new_bin",
            "import_bins",
            "focus_grid",
            "focus_bins",
        ):
            actions[name].setEnabled(collection is not None)
        self._on_bins()
        self.status.setVisible(collection is not None)
        if collection is None:
            self.setWindowTitle(_("Few-Shot GUI"))
            self.welcome.show_recent(self._preferences.now.recent)
            self.stack.setCurrentWidget(self.welcome)
            self.welcome.open_button.setFocus()
            return
        name = Path(collection.folder).name or collection.folder
        self.setWindowTitle(_("{folder} – Few-Shot GUI").format(folder=name))
        self.stack.setCurrentWidget(self.splitter)
        self.grid.setFocus()

    def _on_listed(self) -> None:
        collection = self._session.collection
        if collection is not None and collection.folder != sample_folder():
            # Only now is it known to be a folder that can be opened again.
            self._preferences.update(**self._preferences.now.with_recent(collection.folder))
        focused = self.focusWidget()
        if focused is None or not self.panel.isAncestorOf(focused):
            # While there was nothing to show the grid was hidden and could not have it.
            self.grid.setFocus()
        if not self.grid.currentIndex().isValid() and len(self.model.rows):
            index = self.model.index(0)
            flags = self.grid.selectionModel().SelectionFlag
            self.grid.selectionModel().setCurrentIndex(index, flags.NoUpdate)

    def _on_history(self) -> None:
        project = self._session.project
        for name, label, text in (
            ("undo", _("&Undo"), project.undo_text),
            ("redo", _("&Redo"), project.redo_text),
        ):
            action = self.actions_by_name[name]
            action.setEnabled(bool(text))
            action.setText(f"{label}: {text.replace('&', '&&')}" if text else label)

    def _on_bins(self) -> None:
        bins = self._session.project.bins
        for place, action in enumerate(self.actions_by_name.bins):
            exists = place < len(bins)
            action.setVisible(exists)
            if exists:
                action.setText(bins[place].name.replace("&", "&&"))
        self._put_menu.setEnabled(bool(bins))
        for name in ("rename", "delete"):
            self.actions_by_name[name].setEnabled(bool(bins))
        self._on_selection()

    def _on_selection(self) -> None:
        collection = self._session.collection
        chosen = len(self.grid.selected_positions()) > 0 and collection is not None
        self.actions_by_name["take_out"].setEnabled(collection is not None)
        for name in ("confirm", "new_bin_selected"):
            self.actions_by_name[name].setEnabled(chosen)
        for action in self.actions_by_name.bins:
            action.setEnabled(chosen)
        self.page.tell_selection()

    def _on_progress(self) -> None:
        reader = self._session.reader
        busy = self._session.scanning or reader.state is ReaderState.READING
        self.actions_by_name["cancel"].setEnabled(busy)
        waiting = reader.state is ReaderState.PAUSED or self._session.listing_stopped
        self.actions_by_name["resume"].setEnabled(waiting)

    def _on_preferences(self) -> None:
        self._theme.choose(self._preferences.now.theme)

    def _on_stray_files(self, _paths: list[str]) -> None:
        text = _("Drop pictures on a bin to use them as examples, or a folder here to sort it.")
        self.banners.show_message(Message(Kind.INFO, text))

    def _on_exported(self, path: str, count: int) -> None:
        words = ngettext("Saved {count} row to {path}", "Saved {count} rows to {path}", count)
        folder = QUrl.fromLocalFile(str(Path(path).parent))
        self.banners.show_message(
            Message(
                Kind.SUCCESS,
                words.format(count=f"{count:,}", path=path),
                action=_("Show folder"),
                run=lambda: QDesktopServices.openUrl(folder),
                key="exported",
            )
        )

    def _fill_recent(self) -> None:
        self._recent.clear()
        for folder in self._preferences.now.recent:
            text = folder.replace("&", "&&")
            self._recent.addAction(text, lambda folder=folder: self.open_folder(folder))
        if self._recent.isEmpty():
            self._recent.addAction(_("None yet")).setEnabled(False)

    # -- drops ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if brings_folder(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        folders, _files = split_folders(local_paths(event.mimeData()))
        if folders:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.open_folder(folders[0])

    # -- the end -----------------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        """Whether nothing would be lost, or the user does not mind."""
        if not self._session.unsaved:
            return True
        answer = self._dialogs.leave(self)
        if answer is Leave.EXPORT:
            self.export_csv()
        return answer is Leave.DISCARD

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._leaving and not self._may_leave():
            event.ignore()
            return
        settings = _window_state()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("splitter", self.splitter.saveState())
        settings.sync()
        event.accept()
        self._errors.close()
        self.closed.emit()

    def leave_at_once(self) -> None:
        """Close without asking: the system wants the program to end."""
        self._leaving = True
        self.close()

    def _restore_geometry(self) -> None:
        settings = _window_state()
        geometry, splitter = settings.value("geometry"), settings.value("splitter")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(1280, 820)
        if splitter is not None:
            self.splitter.restoreState(splitter)


def device_words() -> list[tuple[str, str]]:
    """Where the network can run on this kind of machine, as (setting, text)."""
    graphics = "mps" if sys.platform == "darwin" else "cuda"
    return [
        ("auto", _("&Automatic")),
        ("cpu", _("&Processor (CPU)")),
        (graphics, _("&Graphics card (GPU)")),
    ]


def _window_state() -> QSettings:
    return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)


def _add(menu: QMenu, actions: Actions, *names: str | None) -> None:
    for name in names:
        if name is None:
            menu.addSeparator()
        else:
            menu.addAction(actions[name])
