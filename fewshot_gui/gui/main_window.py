"""The window: where everything is, and which action calls which method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QMainWindow

from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.window_place import keep_place, restore_place, restore_shares
from fewshot_gui.texts import _

# Everything else is imported in `furnish`, even of Qt, whose classes take a millisecond each:
# by then the window is on the screen.
if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent

    from fewshot_gui.gui.bin_card import BinCard
    from fewshot_gui.gui.dialogs import Dialogs
    from fewshot_gui.gui.finder import Finder
    from fewshot_gui.gui.icons import Icons
    from fewshot_gui.gui.job_runner import JobRunner
    from fewshot_gui.gui.preferences import Preferences
    from fewshot_gui.gui.session import Session
    from fewshot_gui.gui.thumbnails import Thumbnails
    from fewshot_gui.images.pool import DecodePool

LOW = 700  # height of a window that has room for one message at a time


class MainWindow(QMainWindow):
    """Layout and actions; the state is in the session.

    Attributes:
        actions_by_name: All actions.
        welcome, page, panel, banners, status: The parts of the window.

    Signals:
        closed: The window is closing for good.
    """

    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._furnished = False
        self._leaving = False
        self.setWindowTitle(_("Few-Shot GUI"))
        self.setCentralWidget(_name_of_the_program())
        restore_place(self)

    def furnish(
        self,
        session: Session,
        preferences: Preferences,
        icons: Icons,
        thumbnails: Thumbnails,
        device: Callable[[], str],
        dialogs: Dialogs,
        finder: Finder,
        runner: JobRunner,
        pool: Callable[[], DecodePool],
    ) -> None:
        """Put in everything that the window consists of; to be called once."""
        from fewshot_gui.gui.actions import Actions
        from fewshot_gui.gui.backbone_open import BackbonePage
        from fewshot_gui.gui.errors_dialog import ErrorsDialog
        from fewshot_gui.gui.evaluate_open import EvaluatePage
        from fewshot_gui.gui.file_commands import FileCommands
        from fewshot_gui.gui.fine_tuning import FineTuning
        from fewshot_gui.gui.help_windows import HelpWindows
        from fewshot_gui.gui.review_commands import ReviewCommands
        from fewshot_gui.gui.train_open import TrainPage
        from fewshot_gui.gui.viewing import Viewing

        theme = self._theme
        self._session = session
        self._preferences = preferences
        self._icons = icons
        self._thumbnails = thumbnails
        self._finder = finder
        self._runner = runner
        self._pool = pool
        self._dialogs = dialogs
        self._errors = ErrorsDialog(self)
        self.actions_by_name = Actions(self, icons)
        self.setAcceptDrops(True)
        self.help = HelpWindows(self, self.actions_by_name, theme, icons)
        self._build(device)
        self.files = FileCommands(self, session, preferences, dialogs, self.banners, thumbnails)
        self.evaluation = EvaluatePage(self, runner, preferences, theme, icons, dialogs)
        self.training = TrainPage(
            self, runner, preferences, theme, icons, dialogs, pool, session.use_learner_file
        )
        self.backbones = BackbonePage(self, session, runner, dialogs)
        self.tuning = FineTuning(self, session, runner, preferences)
        self.review = ReviewCommands(
            self,
            session,
            self.page,
            self.panel,
            self.pictures,
            self.preview,
            self.reviewer,
            self.picker,
            self.banners,
            theme,
            thumbnails,
        )
        self._build_menus()
        self._connect_actions()
        self._connect_session()
        Viewing(self, session, self.actions_by_name, self.panel, self.grid, self.preview)
        restore_shares(self.splitter)
        self._furnished = True
        self.banners.fold(self.height() < LOW)
        self._on_folder()
        self._on_history()

    # -- layout ------------------------------------------------------------------------

    def _build(self, device: Callable[[], str]) -> None:
        from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

        from fewshot_gui.gui.banner import Banners
        from fewshot_gui.gui.bins_panel import BinsPanel
        from fewshot_gui.gui.class_picker import ClassPicker
        from fewshot_gui.gui.grid_page import GridPage
        from fewshot_gui.gui.image_delegate import ImageDelegate
        from fewshot_gui.gui.image_grid import ImageGrid
        from fewshot_gui.gui.image_model import ImageModel
        from fewshot_gui.gui.preview import Preview
        from fewshot_gui.gui.review_hygiene import HygieneBar
        from fewshot_gui.gui.reviewer import Reviewer
        from fewshot_gui.gui.sitting import Sitting
        from fewshot_gui.gui.status import StatusLine
        from fewshot_gui.gui.welcome import Welcome

        session, theme, icons = self._session, self._theme, self._icons
        self.model = ImageModel(session, self._thumbnails)
        delegate = ImageDelegate(theme, icons, self._thumbnails)
        self.grid = ImageGrid(session, self.model, delegate, self._thumbnails, theme)
        self.page = GridPage(
            session, self._preferences, self.model, self.grid, self._finder, theme, icons
        )
        self.panel = BinsPanel(session, theme, icons, self._thumbnails)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.preview = Preview(session, theme, icons, self._thumbnails, self._pool, self._runner)
        self.pictures = QStackedWidget()
        self.pictures.addWidget(self.page)
        self.pictures.addWidget(self.preview)
        self.picker = ClassPicker(session, theme, self)
        self.reviewer = Reviewer(session, self._runner)
        self.hygiene = HygieneBar(session, self.reviewer)
        self.sitting = Sitting()
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.pictures, 1)
        self.splitter.addWidget(self._left)
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
        self._centre = QWidget()
        layout = QVBoxLayout(self._centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.hygiene)
        layout.addWidget(self.status)
        self.setCentralWidget(self._centre)

    def _build_menus(self) -> None:
        from fewshot_gui.gui.backbone_menu import BackboneMenu
        from fewshot_gui.gui.menus import Fillers, build_menus
        from fewshot_gui.gui.window_choices import window_choices

        actions = self.actions_by_name
        choices = window_choices(
            self._session, self._preferences, self.page, self.status, self.banners
        )
        backbones = BackboneMenu(self, self._session, self.backbones.open, self._dialogs)
        fillers = Fillers(self.files.fill_recent, self.files.fill_folders, backbones.fill)
        self._menus = build_menus(self.menuBar(), actions, choices, fillers)
        for action in actions.all():
            if action is not actions["confirm"]:
                self.addAction(action)
        self.grid.addAction(actions["confirm"])
        self.preview.addAction(actions["confirm"])

    # -- connections -----------------------------------------------------------------------

    def _connect_actions(self) -> None:
        from fewshot_gui.gui.arrangement import Show
        from fewshot_gui.learners.predictions import NO_CLASS

        session = self._session
        self.actions_by_name.connect(
            open=self.files.choose_folder,
            open_project=self.files.choose_project,
            sample=self.files.open_sample,
            add_folder=self.files.add_folder,
            refresh=session.refresh,
            save_as=self.files.save_as,
            duplicate=self.files.duplicate,
            export=self.files.export_csv,
            close=self.files.close,
            quit=self.close,
            undo=session.undo,
            redo=session.redo,
            select_all=self.grid.selectAll,
            confirm=self.review.confirm,
            take_out=lambda: self.review.take_out(self.focusWidget()),
            pick=self.review.pick_class,
            none=self.review.put_in_unknown,
            accept_page=self.review.accept_page,
            preview=self.review.toggle_preview,
            next_doubt=self.review.next_doubt,
            suggest=self.review.suggest,
            similar=self.review.find_similar,
            possible_class=self.review.possible_class,
            accept_above=self.review.accept_above,
            limit=self.review.set_limit,
            enough=self.review.ask_enough,
            evaluate=self.evaluation.open,
            train=self.training.open,
            fine_tune=self.tuning.start,
            search=self._begin_search,
            search_bins=self.panel.focus_search,
            new_bin=self.panel.begin_new_bin,
            new_bin_selected=lambda: self.panel.begin_new_bin(self.review.paths(), from_grid=True),
            import_bins=self.files.choose_class_folders,
            rename=self._rename_bin,
            delete=self._delete_bin,
            larger=lambda: self.page.zoom(1),
            smaller=lambda: self.page.zoom(-1),
            cancel=session.cancel,
            resume=session.resume,
            focus_grid=self.grid.setFocus,
            focus_bins=self.panel.focus_bins,
            help=self.help.show_help,
            shortcuts=self.help.show_shortcuts,
            about=self.help.show_about,
        )
        for place, action in enumerate(self.actions_by_name.bins):
            action.triggered.connect(lambda _on=False, place=place: self.review.put_in_bin(place))
        self.welcome.open_clicked.connect(self.files.choose_folder)
        self.welcome.sample_clicked.connect(self.files.open_sample)
        self.welcome.recent_clicked.connect(self.files.open)
        self.page.open_clicked.connect(self.files.choose_folder)
        self.page.locate_clicked.connect(self.files.locate)
        self.page.shown_class.connect(
            lambda class_id: self.panel.mark_shown(None if class_id == NO_CLASS else class_id)
        )
        self.panel.show_asked.connect(self._show_class)
        self.panel.drag_ended.connect(self._on_selection)
        self.panel.made_from_grid.connect(self.review.go_on)
        self.hygiene.shown.connect(self.review.show_rows)
        self.grid.doubleClicked.connect(lambda _index: self.review.toggle_preview())
        self.status.unreadable_clicked.connect(lambda: self.page.show_only(Show.UNREADABLE))
        self.status.engine.setMenu(self._menus.learner)
        self.grid.dropped.connect(self.files.take)
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
        session.renewed.connect(self._on_renewed)
        session.watch.locate_asked.connect(self.files.locate)
        session.shown.connect(self.review.show_rows)
        session.history_changed.connect(self._on_pace)
        self.reviewer.message.connect(self.banners.show_message)
        self.reviewer.busy_changed.connect(self.status.show_question)
        self.reviewer.failed.connect(self.show_error)
        session.crashed.connect(self.show_error)
        self.evaluation.crashed.connect(self.show_error)
        self.training.crashed.connect(self.show_error)
        self.training.message.connect(self.banners.show_message)
        self.backbones.crashed.connect(self.show_error)
        self.tuning.crashed.connect(self.show_error)
        self.tuning.message.connect(self.banners.show_message)
        session.desk.moved.connect(self._tell_title)

    def open_folder(self, path: str) -> None:
        """Open a project file, or the project of a folder."""
        self.files.open(path)

    def open_sample(self) -> None:
        """Show the sample."""
        self.files.open_sample()

    # -- actions: bins ---------------------------------------------------------------------------

    def _show_class(self, class_id: int) -> None:
        from fewshot_gui.gui.arrangement import Show

        self.review.close_preview()
        self.page.show_only(Show.CLASS, class_id)

    def _begin_search(self) -> None:
        self.review.close_preview()
        self.page.begin_search()

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
        from fewshot_gui.gui.messages import Kind, Message

        card = self.panel.current_card()
        if card is None:
            text = _("Choose a bin first: click on it or press Ctrl+2.")
            self.banners.show_message(Message(Kind.INFO, text))
        return card

    def show_error(self, error: BaseException) -> None:
        """Tell of an unexpected error."""
        self._errors.show_error(error)

    # -- news ------------------------------------------------------------------------------------

    def _on_folder(self) -> None:
        collection = self._session.collection
        self.actions_by_name.enable_for_project(collection is not None)
        self._on_bins()
        self.sitting.begin(self._decided())
        self._on_pace()
        self.status.setVisible(collection is not None)
        if collection is None:
            self.setWindowTitle(_("Few-Shot GUI"))
            self.welcome.show_recent(self.files.recent())
            self.stack.setCurrentWidget(self.welcome)
            self._centre.layout().insertWidget(0, self.banners)
            self.welcome.open_button.setFocus()
            return
        self._tell_title()
        self.stack.setCurrentWidget(self.splitter)
        self._left.layout().insertWidget(0, self.banners)  # the bins keep their height
        self.grid.setFocus()

    def _tell_title(self) -> None:
        self.setWindowTitle(_("{project} – Few-Shot GUI").format(project=self._session.desk.title))

    def _on_listed(self) -> None:
        self.sitting.rebase(self._decided())  # labels of earlier sittings have found their images
        self._show_pace()
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

    def _on_renewed(self) -> None:
        self._thumbnails.forget()
        self.grid.repaint_tiles()
        self.panel.update()

    def _on_pace(self) -> None:
        self.sitting.note(self._decided())
        self._show_pace()

    def _show_pace(self) -> None:
        total = len(self._session.collection.targets) if self._session.collection else 0
        self.status.show_pace(self.sitting.words(self._decided(), total))

    def _decided(self) -> int:
        """Images of the folders with a label; examples brought along were no work here."""
        from fewshot_gui.gui.collection import NOBODY

        collection = self._session.collection
        if collection is None:
            return 0
        return int((collection.source[collection.targets] != NOBODY).sum())

    def _on_bins(self) -> None:
        bins = self._session.project.bins
        for place, action in enumerate(self.actions_by_name.bins):
            exists = place < len(bins)
            action.setVisible(exists)
            if exists:
                action.setText(bins[place].name.replace("&", "&&"))
        self._menus.put.setEnabled(bool(bins))
        for name in ("rename", "delete"):
            self.actions_by_name[name].setEnabled(bool(bins))
        self._on_selection()

    def _on_selection(self) -> None:
        collection = self._session.collection
        chosen = len(self.grid.selected_positions()) > 0 and collection is not None
        self.actions_by_name["take_out"].setEnabled(collection is not None)
        for name in ("confirm", "new_bin_selected", "pick", "none"):
            self.actions_by_name[name].setEnabled(chosen)
        for action in self.actions_by_name.bins:
            action.setEnabled(chosen)
        self.page.tell_selection()

    def _on_progress(self) -> None:
        from fewshot_gui.gui.reader import ReaderState

        reader = self._session.reader
        self.actions_by_name["cancel"].setEnabled(self._session.can_cancel)
        waiting = reader.state is ReaderState.PAUSED or self._session.listing_stopped
        self.actions_by_name["resume"].setEnabled(waiting)

    def _on_preferences(self) -> None:
        self._theme.choose(self._preferences.now.theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._furnished:
            self.banners.fold(self.height() < LOW)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        activation = event.type() is QEvent.Type.ActivationChange
        if self._furnished and activation and self.isActiveWindow():
            self._session.look_again()

    # -- drops ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        from fewshot_gui.gui.mime import dragged

        data = event.mimeData()
        if data.hasUrls() and dragged(self._session.id, data) is None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        from fewshot_gui.gui.mime import local_paths

        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files.take(local_paths(event.mimeData()))

    # -- the end -----------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._furnished:
            event.accept()
            self.closed.emit()
            return
        if not self._leaving and not (self.training.may_leave() and self.files.may_leave()):
            event.ignore()
            return
        keep_place(self, self.splitter)
        event.accept()
        self._errors.close()
        self.evaluation.close()
        self.training.close()
        self.closed.emit()

    def leave_at_once(self) -> None:
        """Close without asking: the system wants the program to end."""
        self._leaving = True
        self.close()


def _name_of_the_program() -> QLabel:
    """All that there is to see for half a second."""
    name = QLabel(_("Few-Shot GUI"))
    name.setAlignment(Qt.AlignmentFlag.AlignCenter)
    font = name.font()
    font.setPointSizeF(1.8 * font.pointSizeF())
    font.setBold(True)
    name.setFont(font)
    return name
