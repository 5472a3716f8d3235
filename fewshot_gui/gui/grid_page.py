"""The grid with its controls: what is shown, in which order, how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.arrangement import Chosen, Order, Show, View, arrange
from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.empty_page import EmptyPage
from fewshot_gui.gui.finder import Finder
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.image_grid import ImageGrid
from fewshot_gui.gui.image_model import ImageModel
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.search_edit import SearchEdit
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.settings import MAX_TILE, MIN_TILE
from fewshot_gui.texts import _, ngettext

TILE_STEP = 24
COMBO = 120  # least width of a combo: a small window shortens their words
PACE_MS = 150  # between two additions while a folder is listed
TYPING_MS = 200  # after the last letter the search begins


class GridPage(QWidget):
    """Controls above, grid below.

    Signals:
        open_clicked: The user wants to choose another folder.
        locate_clicked: The user wants to point out where the project's folder lies now.
        shown_class: Class id that alone is shown, or ``NO_CLASS``.
    """

    open_clicked = Signal()
    locate_clicked = Signal()
    shown_class = Signal(int)

    def __init__(
        self,
        session: Session,
        preferences: Preferences,
        model: ImageModel,
        grid: ImageGrid,
        finder: Finder,
        theme: Theme,
        icons: Icons,
    ) -> None:
        super().__init__()
        self._session = session
        self._preferences = preferences
        self._finder = finder
        self._model = model
        self.grid = grid
        self._theme = theme
        self._icons = icons
        self._view = View()
        self._late = False  # an arrangement waits for the end of a drag
        self._found: list[Rows] = []
        self._pace = QTimer(self, singleShot=True, interval=PACE_MS)
        self._pace.timeout.connect(self._show_found)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(lambda: self._search(self.search.text()))
        self._build()
        self._to_found = False  # the user wants to go to what the search finds
        finder.found.connect(self._on_found)
        grid.zoomed.connect(self.zoom)
        grid.drag_ended.connect(self._catch_up)
        session.folder_changed.connect(self._on_folder)
        session.images_added.connect(self._on_added)
        session.images_listed.connect(self._on_listed)
        session.rows_changed.connect(self._on_rows)
        session.predictions_changed.connect(self.refresh)
        session.labels_changed.connect(lambda _rows: self._on_labels())
        session.bins_changed.connect(self._on_bins)
        theme.changed.connect(self._fill_filter)
        self.grid.set_tile(preferences.now.tile, headed=False)
        self._fill_filter()

    def _build(self) -> None:
        self.filter = QComboBox()
        self.filter.setAccessibleName(_("Show"))
        self.filter.setToolTip(_("Which pictures are shown"))
        self.filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.filter.setMinimumWidth(COMBO)
        self.filter.setMaximumWidth(260)
        self.filter.setMaxVisibleItems(24)
        self.filter.activated.connect(self._on_filter)
        self.order = QComboBox()
        self.order.setMinimumWidth(COMBO)
        self.order.setAccessibleName(_("Order"))
        self.order.setToolTip(_("In which order"))
        for order, words in order_words().items():
            self.order.addItem(words, order)
        self.order.activated.connect(lambda place: self.set_order(self.order.itemData(place)))
        self.search = SearchEdit(_("Search file names"), _("Search file names"))
        self.search.setMinimumWidth(90)
        self.search.setMaximumWidth(200)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.went_down.connect(self._search_now)
        self.search.left.connect(self._leave_search)
        self.count = QLabel()
        self.count.setProperty("tone", "muted")
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(MIN_TILE, MAX_TILE)
        self.slider.setValue(self._preferences.now.tile)
        self.slider.setMinimumWidth(70)
        self.slider.setMaximumWidth(120)
        self.slider.setAccessibleName(_("Size of the pictures"))
        self.slider.setToolTip(_("Size of the pictures (Ctrl+wheel)"))
        self.slider.valueChanged.connect(self._on_size)
        bar = QWidget(objectName="toolbar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(bar)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(8)
        row.addWidget(self.filter)
        row.addWidget(self.order)
        row.addWidget(self.search, 1)
        row.addSpacing(6)
        row.addWidget(self.count, 1)
        for name in ("small", "large"):
            label = QLabel()
            self._icons.bind(
                lambda icon, label=label: label.setPixmap(icon.pixmap(QSize(16, 16))), name
            )
            row.addWidget(label)
            if name == "small":
                row.addWidget(self.slider)
        self.empty = EmptyPage(self._theme, self._icons)
        self.empty.clicked.connect(self._on_empty_button)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(bar)
        layout.addWidget(self.stack, 1)

    # -- what the user asks for -------------------------------------------------------------

    @property
    def view(self) -> View:
        """What is shown now."""
        return self._view

    def set_order(self, order: Order) -> None:
        """Show the images in another order."""
        self._set_view(replace(self._view, order=order))

    def show_only(self, show: Show, class_id: int = NO_CLASS) -> None:
        """Show some of the images; asking again for the same class shows all."""
        if show is Show.CLASS and self._view.class_id == class_id:
            show, class_id = Show.ALL, NO_CLASS
        self._set_view(self._filtered(show, class_id))

    def show_class(self, class_id: int) -> None:
        """Show the images of one class, also where they are shown already."""
        self._set_view(self._filtered(Show.CLASS, class_id))

    def show_all(self) -> None:
        """Show all images, whatever was searched for."""
        self._clear_search()
        self._set_view(self._filtered(Show.ALL))

    def show_chosen(self, title: str, rows: Rows, notes: Mapping[int, str] | None = None) -> None:
        """Show these images, in this order, with a few words on some of them by row."""
        chosen = Chosen(title, rows, notes or {})
        self._clear_search()
        self._set_view(View(Show.CHOSEN, NO_CLASS, Order.GIVEN, chosen))
        self.grid.go_to_first()

    def begin_search(self) -> None:
        """Let the user type words to search for."""
        self.search.setFocus()
        self.search.selectAll()

    def _filtered(self, show: Show, class_id: int = NO_CLASS) -> View:
        order = Order.FOLDER if self._view.order is Order.GIVEN else self._view.order
        return replace(self._view, show=show, class_id=class_id, order=order, chosen=None)

    def _search(self, text: str) -> None:
        self._view = replace(self._view, text=text.strip())
        self._finder.search(self._view.text)

    def _search_now(self) -> None:
        self._typing.stop()
        self._to_found = self._view.text != self.search.text().strip()
        if self._to_found:
            self._search(self.search.text())
        else:
            self.grid.select_one()
        self.grid.setFocus()

    def _leave_search(self) -> None:
        self.stack.currentWidget().setFocus()

    def _clear_search(self) -> None:
        self.search.clear()
        self._typing.stop()
        self._search("")

    def zoom(self, step: int) -> None:
        """Make the pictures larger (+1) or smaller (-1)."""
        self.slider.setValue(self.slider.value() + step * TILE_STEP)

    def _set_view(self, view: View) -> None:
        if view == self._view:
            return
        doubts_first = view.order is Order.LEAST_SURE and self._view.order is not view.order
        regrouped = (view.order is Order.GROUPED) != (self._view.order is Order.GROUPED)
        self._view = view
        self._model.note_reasons(view.chosen.notes if view.chosen else {})
        self._finder.want(view.order)
        if regrouped:
            self.grid.set_tile(self.slider.value(), headed=view.order is Order.GROUPED)
        self._late = False
        self._rearrange()
        if doubts_first:
            self.grid.go_to_first()
        else:
            self.grid.show_from_start()
        self._fill_filter()
        self.shown_class.emit(view.class_id)

    # -- news ----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Labels, predictions or states are others now: show them."""
        self._model.note_states()
        if self._session.scanning or self.grid.dragging:
            self._late = True
            self.grid.repaint_tiles()
        else:
            self._rearrange()
        self._tell_count()

    def _rearrange(self) -> None:
        collection = self._session.collection
        if collection is None:
            return
        order = [b.id for b in self._session.project.bins]
        arrangement = arrange(collection, self._view, order, self._finder.keys)
        if self._model.shows_same(arrangement):
            self.grid.repaint_tiles()
        else:
            self.grid.show_arrangement(arrangement, self._view.order is Order.GROUPED)
        self._tell_count()
        self._choose_page()

    def _on_found(self) -> None:
        self._rearrange()
        if self._to_found:
            self._to_found = False
            self.grid.select_one()

    def _catch_up(self) -> None:
        if self._late and not self._session.scanning:
            self._late = False
            self.refresh()

    def _on_listed(self) -> None:
        self._finder.forget()
        self._finder.want(self._view.order)
        self.refresh()

    def _on_folder(self) -> None:
        order = Order.FOLDER if self._view.order is Order.GIVEN else self._view.order
        self._view = View(order=order)
        self._model.note_reasons({})
        self._finder.open(self._session.collection)
        self.search.clear()
        self._found = []
        self._pace.stop()
        self._select_in_combos()
        self._model.note_bins()
        self._clear()
        self.shown_class.emit(NO_CLASS)

    def _clear(self) -> None:
        collection = self._session.collection
        if collection is None:
            self._view = View()
            return
        self.grid.show_arrangement(
            arrange(collection, View(), []), self._view.order is Order.GROUPED
        )
        self._tell_count()
        self._choose_page()

    def _on_added(self, rows: Rows) -> None:
        if self._view.show is not Show.ALL or self._finder.text:
            return
        self._found.append(rows)
        if not self._pace.isActive():
            self._show_found()

    def _show_found(self) -> None:
        """Append what the scan found; not for each batch, as every time costs a layout."""
        found, self._found = self._found, []
        if found and self._session.scanning:
            self.grid.append(np.concatenate(found))
            self._tell_count()
            self._choose_page()
            self._pace.start()

    def _on_rows(self, _rows: Rows) -> None:
        self._model.note_states()
        if self._view.show is Show.UNREADABLE or self._view.order is not Order.FOLDER:
            self.refresh()
        else:
            self.grid.repaint_tiles()

    def _on_labels(self) -> None:
        if self._session.sorter.busy:
            self.grid.repaint_tiles()  # new predictions come in a moment; once is enough
        else:
            self.refresh()

    def _on_bins(self) -> None:
        self._model.note_bins()
        shown = self._view.class_id
        if self._view.show is Show.CLASS and not self._session.project.has_class(shown):
            self.show_only(Show.ALL)
        self._fill_filter()
        self._on_labels()

    # -- combos, count, empty page ---------------------------------------------------------------

    def _fill_filter(self) -> None:
        self.filter.clear()
        if self._view.chosen is not None:
            self.filter.addItem(self._view.chosen.title, self._view)
            self.filter.insertSeparator(self.filter.count())
        self._offer_given_order()
        for show, words in show_words().items():
            self.filter.addItem(words, View(show))
        self.filter.insertSeparator(self.filter.count())
        for bin in self._session.project.bins:
            view = View(Show.CLASS, bin.id)
            self.filter.addItem(_dot(bin.colour, self._theme.tones.dark), bin.name, view)
        self.filter.addItem(_("Unknown"), View(Show.CLASS, UNKNOWN))
        self._select_in_combos()

    def _offer_given_order(self) -> None:
        """The order that chosen images come in; other images have none."""
        place = self.order.findData(Order.GIVEN)
        wanted = self._view.chosen is not None
        if wanted and place < 0:
            self.order.insertItem(0, _("Best first"), Order.GIVEN)
        elif not wanted and place >= 0:
            self.order.removeItem(place)

    def _select_in_combos(self) -> None:
        for place in range(self.filter.count()):
            view = self.filter.itemData(place)
            if isinstance(view, View) and (view.show, view.class_id) == (
                self._view.show,
                self._view.class_id,
            ):
                self.filter.setCurrentIndex(place)
        self.order.setCurrentIndex(self.order.findData(self._view.order))

    def _on_filter(self, place: int) -> None:
        view = self.filter.itemData(place)
        if isinstance(view, View):
            chosen = view.show is Show.CHOSEN
            self._set_view(view if chosen else self._filtered(view.show, view.class_id))

    def _on_size(self, size: int) -> None:
        self.grid.set_tile(size)
        self._preferences.update(tile=size)

    def _tell_count(self) -> None:
        collection = self._session.collection
        shown, total = len(self._model.rows), len(collection.targets) if collection else 0
        if shown == total:
            text = ngettext("{count} image", "{count} images", total).format(count=f"{total:,}")
        else:
            text = _("{shown} of {total}").format(shown=f"{shown:,}", total=f"{total:,}")
        selected = len(self.grid.selected_positions())
        if selected > 1:
            text += " · " + _("{count} selected").format(count=f"{selected:,}")
        self.count.setText(text)

    def tell_selection(self) -> None:
        """Other images are selected: say how many."""
        self._tell_count()

    def _choose_page(self) -> None:
        collection = self._session.collection
        if collection is None or len(self._model.rows):
            self.stack.setCurrentWidget(self.grid)
            return
        if self._session.scanning:
            self.empty.say(_("Looking for pictures…"), "")
        elif self._session.listing_stopped and not len(collection.targets):
            self.empty.say(_("No pictures were found before the listing was stopped"), "")
        elif not len(collection.targets) and self._session.watch.lister.unreachable:
            self.empty.say(
                _("The folder of this project cannot be reached"),
                _("Your work is not lost. Connect its disk, or say where the folder lies now."),
                _("Locate folder…"),
            )
        elif not len(collection.targets):
            self.empty.say(
                _("No pictures in this folder"),
                _(
                    "Sub-folders were searched as well. JPEG, PNG, WebP, TIFF, BMP, GIF and "
                    "AVIF files count as pictures."
                ),
                _("Open folder…"),
            )
        elif self._view.text:
            self.empty.say(
                _("Nothing to show here"),
                _("No picture shown here has “{text}” in its name.").format(text=self._view.text),
                _("Show all"),
            )
        else:
            self.empty.say(
                _("Nothing to show here"),
                _("No picture goes with “{filter}”.").format(filter=self.filter.currentText()),
                _("Show all"),
            )
        self.stack.setCurrentWidget(self.empty)

    def _on_empty_button(self) -> None:
        collection = self._session.collection
        if collection is not None and len(collection.targets):
            self.show_all()
        elif collection is not None and self._session.watch.lister.unreachable:
            self.locate_clicked.emit()
        else:
            self.open_clicked.emit()


def order_words() -> dict[Order, str]:
    """The orders as the user reads them."""
    return {
        Order.FOLDER: _("Folder order"),
        Order.NAME: _("By file name"),
        Order.DATE: _("Newest first"),
        Order.LEAST_SURE: _("Least sure first"),
        Order.MOST_SURE: _("Most sure first"),
        Order.GROUPED: _("Grouped by class"),
    }


def show_words() -> dict[Show, str]:
    """The filters besides the classes, as the user reads them."""
    return {
        Show.ALL: _("All images"),
        Show.UNLABELLED: _("Not labelled by you"),
        Show.UNSURE: _("Least sure (below 60 %)"),
        Show.EXAMPLES: _("Your examples"),
        Show.CORRECTED: _("Corrected by you"),
        Show.CONFIRMED: _("Confirmed by you"),
        Show.CHANGED: _("Changed files"),
        Show.UNREADABLE: _("Unreadable"),
    }


@lru_cache(maxsize=512)
def _dot(colour: int, dark: bool) -> QIcon:
    pixmap = QPixmap(32, 32)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(class_colour(colour, dark).hue)
    painter.drawEllipse(7, 7, 18, 18)
    painter.end()
    return QIcon(pixmap)
