"""The support bins beside the grid, and the place where new ones are made."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from fewshot_gui.gui import news
from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bin_commands import BinCommands
from fewshot_gui.gui.bin_focus import BinFocus
from fewshot_gui.gui.bin_head import PanelHead
from fewshot_gui.gui.bin_layout import THUMB, Fold
from fewshot_gui.gui.bin_list import BinList
from fewshot_gui.gui.bin_menu import BinMenu
from fewshot_gui.gui.bin_new import DropHint, NewBinPlace
from fewshot_gui.gui.bin_painter import BINS
from fewshot_gui.gui.bin_state import BinState
from fewshot_gui.gui.bin_unknown import Foot, UnknownCard
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.mime import Brought, dragged, local_paths
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _


class BinsPanel(QWidget):
    """All bins, one card each; only the cards in sight are made.

    Attributes:
        unknown_card: The card of what belongs to no bin.
        commands: What can be done with bins.

    Signals:
        show_asked: Class id whose images the user wants to see; may be ``UNKNOWN``.
        show_examples_asked: Class id whose examples the user wants to see, all of them.
        unknown_limit_asked: The user wants to set what is sent to *Unknown*.
        drag_ended: The user let go of an example.
        made_from_grid: A new bin took what was selected in the grid.
    """

    show_asked = Signal(int)
    show_examples_asked = Signal(int)
    unknown_limit_asked = Signal()
    drag_ended = Signal()
    made_from_grid = Signal()

    def __init__(
        self, session: Session, theme: Theme, icons: Icons, thumbnails: Thumbnails
    ) -> None:
        super().__init__(objectName="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._state = BinState(session)
        self._menu_open = False
        self._held = ""  # why nothing can be changed, empty where all can
        self.commands = BinCommands(session, theme, self)
        self.commands.split_asked.connect(self.begin_new_bin)
        self.commands.name_refused.connect(self._mend_name)
        # many images change at once while the learner speaks: counting can wait for a moment
        self._counter = QTimer(self, singleShot=True, interval=0)
        self._counter.timeout.connect(self._count)
        self.setAcceptDrops(True)
        self.setMinimumWidth(250)
        self._build()
        session.bins_changed.connect(self.show_bins)
        session.labels_changed.connect(lambda _rows: self.show_bins())
        session.predictions_changed.connect(self.show_counts)
        session.images_listed.connect(self.show_counts)
        session.folder_changed.connect(self.show_bins)
        thumbnails.ready.connect(self._on_thumbnail)
        theme.changed.connect(self._repaint)
        self.show_bins()

    def _build(self) -> None:
        self._head = head = PanelHead(self._theme, self._icons)
        head.new_button.clicked.connect(lambda: self.begin_new_bin())
        head.sort_asked.connect(self.commands.sort)
        head.close_asked.connect(self.collapse_all)
        head.open_asked.connect(self.expand_all)
        head.search.textChanged.connect(lambda _text: self._on_search())
        head.search.went_down.connect(self._enter_found)
        head.search.left.connect(self._leave_search)

        self._hint = QLabel()
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setWordWrap(True)
        self._hint.setProperty("tone", "muted")
        self._hint.setContentsMargins(14, 0, 14, 8)

        # above the list, where it is in sight however long the list is
        self._from_grid = False  # whether the new bin takes what is selected in the grid
        self._asker: QWidget | None = None  # had the keyboard before the name was asked for
        self._maker = NewBinPlace(self._session)
        self._maker.changed.connect(self._explain)
        self._maker.ended.connect(self._give_back)
        self._maker.made.connect(self._on_made)

        self._drop_hint = DropHint(self._theme, self._icons)
        self._drop_hint.clicked.connect(lambda: self.begin_new_bin())
        self._list = BinList(
            self._session.id, self._theme, self._drop_hint, self._make_card, self._state.height
        )
        self._list.moved.connect(self._drop_bin)
        self._list.shown_changed.connect(self._keep_pictures)
        self.unknown_card = UnknownCard(self._session.id, self._theme, self._thumbnails)
        self.unknown_card.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.unknown_card.limit_asked.connect(self.unknown_limit_asked)
        self._focus = BinFocus(self._list, self.unknown_card, head.new_button)
        self._focus.hidden.connect(head.search.clear)
        self._connect(self.unknown_card)
        self._foot = Foot(self.unknown_card, self._theme)
        self._list.resized.connect(self._foot.fit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self._hint)
        layout.addWidget(self._maker)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._foot)

    # -- what there is -----------------------------------------------------------------

    @property
    def search(self) -> QLineEdit:
        """Filters the bins; hidden where there are few, see ``focus_search``."""
        return self._head.search

    @property
    def cards(self) -> tuple[BinCard, ...]:
        """The cards that are made, in the order of the bins; all of them where they are few."""
        return self._list.cards

    def card(self, class_id: int) -> BinCard:
        """The card of a bin, or of ``UNKNOWN``. Raises ``KeyError`` for one not shown."""
        return self.unknown_card if class_id == UNKNOWN else self._list.card(class_id)

    @property
    def marked(self) -> tuple[int, ...]:
        """Ids of the bins that are chosen together, in the order of the bins."""
        return self._state.marks.among(tuple(self._state.bins))

    def current_card(self) -> BinCard | None:
        """The card of the bin that has the focus; that of ``UNKNOWN`` is no bin's."""
        return next((card for card in self.cards if card.hasFocus()), None)

    def chosen_examples(self) -> tuple[str, ...]:
        """The examples that are chosen in the card that has the focus."""
        card = self.unknown_card if self.unknown_card.hasFocus() else self.current_card()
        return card.chosen_examples if card is not None else ()

    # -- showing -----------------------------------------------------------------------

    def show_bins(self) -> None:
        """Show the bins as they are now; what has not changed is left alone."""
        state = self._state
        if state.refresh():
            self.search.clear()
        self._list.show_order(state.found(self.search.text()))
        for card in (*self.cards, self.unknown_card):
            state.show(card)
        self._foot.setVisible(bool(state.bins or self.unknown_card.examples))
        if Fold.ALL in state.folds.values():
            self._list.lay_out()
        self._show_found()
        self.show_counts()
        self._keep_pictures()

    def _show_found(self) -> None:
        self._head.show_counts(len(self._state.bins), len(self._list.order))
        self._explain()

    def show_counts(self) -> None:
        """Show how many images are sorted into each bin, as soon as there is time."""
        self._counter.start()

    def mark_shown(self, class_id: int | None) -> None:
        """Mark the bin whose images alone are in the grid."""
        self._state.shown_class = class_id
        self._show_sorted()

    def _count(self) -> None:
        self._state.count()
        self._show_sorted()

    def _show_sorted(self) -> None:
        for card in (*self.cards, self.unknown_card):
            self._state.show_sorted(card)

    def _make_card(self, class_id: int) -> BinCard:
        state = self._state
        bin, fold = state.bins[class_id], state.fold(class_id)
        card = BinCard(self._session.id, bin, self._theme, self._thumbnails, fold)
        state.show(card)
        state.show_sorted(card)
        card.hold(self._held)
        self._connect(card)
        card.renamed.connect(self.commands.rename)
        card.mark_asked.connect(self._mark)
        card.move_asked.connect(self._move_bin)
        return card

    def _connect(self, card: BinCard) -> None:
        session, class_id = self._session, card.bin.id
        card.dropped.connect(lambda class_id, paths: session.put(paths, class_id))
        card.files_dropped.connect(lambda class_id, paths: session.put_files(paths, class_id))
        card.taken_out.connect(session.take_out)
        card.show_asked.connect(self.show_asked)
        card.examples_asked.connect(self.show_examples_asked)
        card.menu_asked.connect(lambda place: self._open_menu(class_id, place))
        card.focus_asked.connect(lambda step, mark: self._move_focus(class_id, step, mark))
        card.fold_changed.connect(lambda: self._on_fold(class_id))
        card.example_chosen.connect(lambda place: self._reveal_example(class_id, place))
        card.focused.connect(lambda: self._focus.on_focused(class_id))
        card.drag_over.connect(self._list.drag_over)
        card.drag_ended.connect(self.drag_ended)
        card.refused.connect(self._refuse)
        card.handle_tab(lambda forward: self._focus.on_tab(class_id, forward))

    def _explain(self) -> None:
        project = self._session.project
        filled = len(project.filled_bins)
        hint = ""
        if self._held:
            self._drop_hint.say(_("Viewing only"), _("Bins cannot be changed here."))
        elif not project.bins and self._maker.card is None:
            self._drop_hint.say(
                _("Drop pictures here to make your first bin"),
                _(
                    "A bin holds a few examples of one class. A folder with sub-folders "
                    "makes one bin for each of them."
                ),
            )
        else:
            self._drop_hint.say(_("New bin"), _("Drop pictures here, or click"))
            if self.search.text() and not self._list.order:
                hint = _("No bin has these words in its name or description.")
            elif filled == 0:
                hint = _("Drag a few pictures into each bin. Three to five are plenty.")
            elif filled == 1:
                hint = _("One more bin with a picture and sorting starts by itself.")
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def _on_thumbnail(self, path: str) -> None:
        for card in (*self.cards, self.unknown_card):
            if path in card.pictures():
                card.update()

    def _keep_pictures(self) -> None:
        cards = (*self.cards, self.unknown_card)
        self._thumbnails.keep_only(BINS, [path for card in cards for path in card.pictures()])

    def _repaint(self) -> None:
        self._drop_hint.update()
        for card in (*self.cards, self.unknown_card):
            card.update()

    # -- folding -----------------------------------------------------------------------

    def collapse_all(self) -> None:
        """Show one line of each bin."""
        self._fold_all(dict.fromkeys(self._state.bins, Fold.CLOSED), Fold.CLOSED)

    def expand_all(self) -> None:
        """Show a line of examples of each bin again."""
        self._fold_all({}, Fold.OPEN)

    def _fold_all(self, folds: dict[int, Fold], fold: Fold) -> None:
        self._state.folds = folds
        for card in self.cards:
            with QSignalBlocker(card):  # laid out once, when all of them are folded
                card.set_fold(fold)
        self._list.lay_out()
        self._keep_pictures()

    def _on_fold(self, class_id: int) -> None:
        if class_id != UNKNOWN:
            self._state.folds[class_id] = self._list.card(class_id).fold
            self._list.lay_out()
        self._keep_pictures()

    # -- viewing only ------------------------------------------------------------------

    def hold(self, reason: str) -> None:
        """Let nothing be changed for a reason; an empty one lets it go again."""
        self._held = reason
        for part in (self._head, self._maker, self._drop_hint, *self.cards, self.unknown_card):
            part.hold(reason)
        self._list.take_bins(not reason)
        self.setAcceptDrops(not reason)
        self._explain()

    def _refuse(self) -> None:
        self._session.message.emit(news.read_only())

    # -- finding -----------------------------------------------------------------------

    def focus_search(self) -> None:
        """Give the keyboard to the search."""
        self._head.begin_search()

    def _on_search(self) -> None:
        self._list.show_order(self._state.found(self.search.text()))
        self._list.verticalScrollBar().setValue(0)
        self._show_found()
        self._keep_pictures()

    def _enter_found(self) -> None:
        if self._list.order:
            self._focus.go(self._list.order[0])

    def _leave_search(self) -> None:
        self.focus_bins()
        self._head.show_counts(len(self._state.bins), len(self._list.order))

    # -- moving about ------------------------------------------------------------------

    def focus_bins(self) -> None:
        """Give the keyboard to the bin that had it last, or to the first one."""
        self._focus.go_back()

    def _move_focus(self, class_id: int, step: int, mark: bool) -> None:
        following = self._focus.neighbour(class_id, step)
        if following is None:
            return
        if not mark:
            self._state.marks.clear()
        elif UNKNOWN not in (class_id, following):
            self._state.marks.walk(class_id, following)
        self._show_marks()
        self._focus.go(following)

    def _reveal_example(self, class_id: int, place: QPoint) -> None:
        if class_id != UNKNOWN:
            self._list.reveal(class_id, place, THUMB)

    # -- choosing several bins -----------------------------------------------------------

    def _mark(self, class_id: int, how: str) -> None:
        if how == "toggle":
            self._state.marks.toggle(class_id)
        elif how == "extend":
            self._state.marks.extend(class_id, self._list.order)
        else:
            self._state.marks.clear()
        self._show_marks()

    def _show_marks(self) -> None:
        for card in self.cards:
            card.show_marked(card.bin.id in self._state.marks)

    # -- order and menu ------------------------------------------------------------------

    def _move_bin(self, class_id: int, step: int) -> None:
        """Move a bin past its neighbour; past the next one in sight where some are hidden."""
        neighbour = self._focus.neighbour(class_id, step)
        if neighbour is None or neighbour == UNKNOWN:
            return
        order = list(self._state.bins)
        self.commands.move(class_id, order.index(neighbour))
        self._focus.go(class_id)

    def _drop_bin(self, class_id: int, place: int) -> None:
        """Put a dragged bin before the bin that is shown at a place."""
        shown, order = self._list.order, list(self._state.bins)
        if class_id not in self._state.bins:
            return
        target = order.index(shown[place]) if place < len(shown) else order.index(shown[-1]) + 1
        if order.index(class_id) < target:
            target -= 1  # the bin itself no longer takes up a place
        self.commands.move(class_id, target)
        self._focus.go(class_id)

    def _open_menu(self, class_id: int, place: QPoint) -> None:
        if self._menu_open:  # some systems tell of the Menu key twice
            return
        card = self.card(class_id)
        bins = self._session.project.bins
        dark = self._theme.tones.dark
        menu = BinMenu(card, bins, self.marked, self.commands, dark, self._held)
        menu.aboutToHide.connect(self._on_menu_closed)
        self._menu_open = True
        menu.popup(place)
        menu.setActiveAction(menu.actions()[0])

    def _on_menu_closed(self) -> None:
        self._menu_open = False

    def rename(self, card: BinCard) -> None:
        """Edit the name of a bin in its card."""
        if card.bin.id != UNKNOWN:
            self._list.reveal(card.bin.id)
        card.start_rename()

    def _mend_name(self, class_id: int, name: str) -> None:
        """Let the user go on with a name that was refused, unless they went elsewhere."""
        card = self.current_card()
        if card is not None and card.bin.id == class_id and card.hasFocus():
            card.start_rename(name)

    # -- making ------------------------------------------------------------------------

    def begin_new_bin(self, paths: Iterable[str] = (), from_grid: bool = False) -> None:
        """Ask for the name of a new bin in a card of its own.

        Args:
            paths: Its first examples.
            from_grid: They are what is selected in the grid, where the user goes on after.
        """
        if self._held:
            self._refuse()
            return
        if self._maker.card is None:
            self._asker = QApplication.focusWidget()
        self._from_grid = from_grid
        self._maker.begin(paths)

    def _give_back(self) -> None:
        """The name is no longer asked for: the keyboard goes back to where it was."""
        asker, self._asker = self._asker, None
        there = asker is not None and isValid(asker) and asker.isVisible()
        (asker if there else self._head.new_button).setFocus()

    def _on_made(self, class_id: int) -> None:
        """Bring a new bin into sight; a search that hides it is over.

        The keyboard goes there, too, unless the user goes on in the grid.
        """
        if not self._from_grid:
            self._focus.go(class_id)
            return
        self.made_from_grid.emit()
        if self._list.place(class_id) is None:
            self.search.clear()
        if self._list.place(class_id) is not None:
            self._list.reveal(class_id)

    # -- drops on what is no card ----------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        own = dragged(self._session.id, event.mimeData())
        if own is None and not event.mimeData().hasUrls():
            event.ignore()
            return
        self._drop_hint.set_hot(True)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._list.drag_over(self.mapToGlobal(event.position().toPoint()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._drop_hint.set_hot(False)
        self._list.end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.set_hot(False)
        self._list.end_drag()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        own = dragged(self._session.id, event.mimeData())
        if own is not None:
            self.begin_new_bin(own.paths)
            return
        self._session.tell_apart(local_paths(event.mimeData()), self._take)

    def _take(self, brought: Brought) -> None:
        """Class folders become bins; pictures the first examples of one."""
        if brought.others:
            self._session.message.emit(news.no_pictures(brought.others))
        if brought.folders:
            self._session.import_class_folders(brought.folders)
        if brought.pictures:
            self.begin_new_bin(brought.pictures)
