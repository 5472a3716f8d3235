"""What the user can do with the images that are shown: decide, accept, look closer, ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QStackedWidget, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.arrangement import Show, doubtful
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.bins_panel import BinsPanel
from fewshot_gui.gui.class_picker import ClassPicker
from fewshot_gui.gui.collection import CONFIRMED, NOBODY, Collection, Rows
from fewshot_gui.gui.grid_page import GridPage
from fewshot_gui.gui.image_grid import ImageGrid
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.preview import Preview
from fewshot_gui.gui.review_dialogs import ReviewDialogs
from fewshot_gui.gui.review_limit_news import LimitNews
from fewshot_gui.gui.reviewer import Reviewer
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _, ngettext

READ_AHEAD = 3  # images on either side of the one that is shown large
ACCEPTED = "accepted"  # key of the message whose button takes the last agreement back


class ReviewCommands(QObject):
    """Acts on the selection of the grid, or on the image that is shown large.

    Args:
        window: Parent of the class picker.
        session: The state of the window.
        page, grid, panel: Where images and bins are shown.
        stack: Holds ``page`` and ``preview``.
        preview: Shows one image large.
        reviewer: Finds images that are worth looking at.
        picker: Asks for a class by typing.
        banners: Tells the user.
        theme, thumbnails: For dialogs.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        page: GridPage,
        panel: BinsPanel,
        stack: QStackedWidget,
        preview: Preview,
        reviewer: Reviewer,
        picker: ClassPicker,
        banners: Banners,
        theme: Theme,
        thumbnails: Thumbnails,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._page = page
        self._panel = panel
        self._stack = stack
        self._preview = preview
        self._reviewer = reviewer
        self._picker = picker
        self._banners = banners
        self._dialogs = ReviewDialogs(window, session, reviewer, theme, thumbnails, self.show_rows)
        limit_news = LimitNews(session, self.set_limit)
        limit_news.message.connect(banners.show_message)
        limit_news.settled.connect(banners.settle)
        self._doubt = -1  # the image that was gone to last because it is in doubt
        preview.step_asked.connect(self._step_preview)
        preview.row_asked.connect(self.look_at)
        preview.closed.connect(self.close_preview)
        preview.take_out_asked.connect(lambda path: session.take_out([path]))
        picker.chosen.connect(self.put_in_class)
        picker.new_asked.connect(self._put_in_new)
        reviewer.chosen.connect(self.show_rows)
        panel.unknown_limit_asked.connect(self.set_limit)
        panel.show_examples_asked.connect(self.show_examples)
        session.folder_changed.connect(self.close_preview)
        session.history_changed.connect(lambda: banners.settle(ACCEPTED))  # undo means more now
        session.labels_changed.connect(lambda _rows: self._refresh_preview())
        session.predictions_changed.connect(self._refresh_preview)
        session.rows_changed.connect(lambda _rows: self._refresh_preview())
        session.bins_changed.connect(self._refresh_preview)

    # -- what is meant -------------------------------------------------------------------

    @property
    def _grid(self) -> ImageGrid:
        return self._page.grid

    @property
    def previewing(self) -> bool:
        """Whether one image is shown large."""
        return self._stack.currentWidget() is self._preview

    def rows(self) -> Rows:
        """The image that is shown large, or else those that are selected."""
        if self.previewing:
            return np.asarray([self._preview.row], np.int64)
        return self._grid.selected_rows()

    def paths(self) -> list[str]:
        """Their paths."""
        collection = self._session.collection
        return collection.paths(self.rows()) if collection is not None else []

    def step_on(self) -> None:
        """Go on to the next image, before the ones that are meant move elsewhere."""
        if not self.previewing:
            self._grid.step_on()
        elif self._grid.model().position(self._preview.row) < 0:
            self._step_preview(-1)  # back to the image that one came from
        else:
            self._step_preview(1)

    def go_on(self) -> None:
        """The images went into a new bin: on to the next one, where they were looked at."""
        self.step_on()
        (self._preview if self.previewing else self._grid).setFocus()

    # -- deciding ------------------------------------------------------------------------

    def put_in_bin(self, place: int) -> None:
        """Put the images in the bin at this place and go on to the next one.

        They may move far away in the order that is shown; a selection that is out of
        sight would take the next key.
        """
        bins = self._session.project.bins
        if place < len(bins):
            self.put_in_class(bins[place].id)

    def put_in_class(self, class_id: int) -> None:
        """Put the images in a bin, or in ``UNKNOWN``, and go on to the next one."""
        paths = self.paths()
        if paths and self._session.may_change():
            self.step_on()
            self._session.put(paths, class_id)

    def put_in_unknown(self) -> None:
        """The images belong to no bin."""
        self.put_in_class(UNKNOWN)

    def pick_class(self) -> None:
        """Ask for a class by typing."""
        count = len(self.rows())
        if not count or not self._session.may_change():
            return
        title = ngettext("Put {count} image in…", "Put {count} images in…", count)
        self._picker.ask(self._stack.currentWidget(), title.format(count=count))

    def confirm(self) -> None:
        """Agree to the class of the images and go on to the next one."""
        rows = self.rows()
        if len(rows) and self._session.may_change():
            self.step_on()  # first: confirming may move the images
            self._session.confirm(rows)

    def accept_page(self) -> None:
        """Agree to the class of all images in sight, and go on to the next page."""
        collection = self._session.collection
        if collection is None or self.previewing or not self._session.may_change():
            return
        positions = self._in_sight()
        rows = self._grid.model().rows[positions]
        rows = rows[undecided(collection, rows)]
        if len(rows):
            doubts = int(doubtful(collection, rows).sum())
            self._session.confirm(rows)
            count = int((collection.source[rows] == CONFIRMED).sum())
            if not count:
                return  # the bins that they were sorted into are gone
            self._tell_accepted(count, doubts)
        if len(positions):
            self._go_to(min(int(positions[-1]) + 1, len(self._grid.model().rows) - 1))

    def take_out(self, focused: QWidget | None) -> None:
        """Take the examples, or the images, out of their bins: what has the focus."""
        if focused is not None and self._panel.isAncestorOf(focused):
            self._session.take_out(self._panel.chosen_examples())
        elif focused is None or self._stack.isAncestorOf(focused):
            self._session.take_out(self.paths())

    # -- looking -------------------------------------------------------------------------

    def toggle_preview(self) -> None:
        """Show the current image large, or go back to the grid."""
        if self.previewing:
            self.close_preview()
            return
        row = self._grid.current_row()
        if row >= 0:
            self.look_at(row)

    def look_at(self, row: int) -> None:
        """Show an image large, also one that is not among those shown: the view stays."""
        model = self._grid.model()
        position = model.position(row)
        if position < 0:
            self._preview.show_row(row, -1, 0, ())
        else:
            self._grid.setCurrentIndex(model.index(position))
            self._preview.show_row(row, position, len(model.rows), self._around(position))
        self._stack.setCurrentWidget(self._preview)
        self._preview.setFocus()

    def close_preview(self) -> None:
        """Back to the grid, at the image that was shown."""
        if not self.previewing:
            return
        self._stack.setCurrentWidget(self._page)
        self._preview.clear()
        self._grid.setFocus()
        if self._grid.currentIndex().isValid():
            self._grid.scrollTo(self._grid.currentIndex())

    def next_doubt(self) -> None:
        """Go to the image of which the learner is least sure; again, to the next one.

        Only among the images that are shown: the view is the user's choice.
        """
        collection = self._session.collection
        if collection is None:
            return
        order = _doubts(collection, self._grid.model().rows)
        if not len(order):
            self._tell_no_doubts(collection)
            return
        current = self._preview.row if self.previewing else self._grid.current_row()
        place = np.flatnonzero(order == current)
        again = len(place) and current == self._doubt  # it was looked at and not decided
        self._doubt = int(order[(int(place[0]) + 1) % len(order)] if again else order[0])
        if self.previewing:
            self.look_at(self._doubt)
        else:
            self._go_to(self._grid.model().position(self._doubt))

    def show_rows(self, title: str, rows: Rows, notes: Mapping[int, str] | None = None) -> None:
        """Show these images in the grid, with a few words on some of them by row."""
        self.close_preview()
        self._page.show_chosen(title, rows, notes)
        self._grid.setFocus()

    def show_examples(self, class_id: int) -> None:
        """Show all examples of a bin in the grid."""
        collection = self._session.collection
        if collection is None:
            return
        project = self._session.project
        table = collection.table
        rows = [table.row(path) for path in project.support(class_id)]
        title = _("Examples of {name}").format(name=project.class_name(class_id))
        self.show_rows(title, np.asarray([row for row in rows if row is not None], np.int64))

    # -- asking --------------------------------------------------------------------------

    def suggest(self) -> None:
        """Show what to label next."""
        self._reviewer.suggest()

    def find_similar(self) -> None:
        """Show what looks like the current image."""
        row = self._preview.row if self.previewing else self._grid.current_row()
        if row >= 0:
            self._reviewer.find_similar(row)

    def accept_above(self) -> None:
        """Ask from which confidence on predictions are agreed to."""
        if not self._session.may_change():
            return
        view = self._page.view
        chosen = view.show is Show.CLASS and view.class_id
        self._dialogs.accept(view.class_id if chosen else NO_CLASS)

    def set_limit(self) -> None:
        """Ask from which unknown score on images belong to no bin."""
        if self._session.may_change():
            self._dialogs.limit()

    def ask_enough(self) -> None:
        """Find out whether enough is labelled."""
        self._dialogs.enough()

    def possible_class(self) -> None:
        """Show images that may be a class of their own."""
        self._reviewer.next_possible_class()

    # -- inside --------------------------------------------------------------------------

    def _put_in_new(self, name: str) -> None:
        if not self._session.may_change():
            return
        paths = self.paths()
        self.step_on()
        self._safely(lambda: self._session.add_bin(name, paths))

    def _safely(self, action: Callable[[], None]) -> None:
        try:
            action()
        except UserError as error:
            self._banners.show_message(Message.from_error(error))

    def _go_to(self, position: int) -> None:
        if position >= 0:
            index = self._grid.model().index(position)
            self._grid.setCurrentIndex(index)
            self._grid.scrollTo(index)
            self._grid.setFocus()

    def _in_sight(self) -> Rows:
        """Positions of the images of which at least the middle can be seen."""
        area = self._grid.viewport().rect()
        model = self._grid.model()
        return np.asarray(
            [
                position
                for position in self._grid.visible_positions()
                if area.contains(QPoint(self._grid.visualRect(model.index(position)).center()))
            ],
            np.int64,
        )

    def _around(self, position: int) -> tuple[int, ...]:
        rows = self._grid.model().rows
        near = [position + step * side for step in range(1, READ_AHEAD + 1) for side in (1, -1)]
        return tuple(int(rows[place]) for place in near if 0 <= place < len(rows))

    def _step_preview(self, step: int) -> None:
        model = self._grid.model()
        position = model.position(self._preview.row)
        if position < 0:  # looked at in between: back to the image before it, or on from there
            position = self._grid.currentIndex().row() + (step < 0)
        following = min(max(position + step, 0), len(model.rows) - 1)
        if 0 <= following < len(model.rows):
            self.look_at(int(model.rows[following]))

    def _refresh_preview(self) -> None:
        if self.previewing:
            self._preview.refresh()

    def _tell_accepted(self, count: int, doubts: int) -> None:
        """Bulk agreement that holds doubtful guesses is worth a word."""
        if not doubts:
            return
        text = ngettext("{count} picture confirmed.", "{count} pictures confirmed.", count)
        hint = ngettext(
            "{count} of them was a doubtful guess.",
            "{count} of them were doubtful guesses.",
            doubts,
        )
        message = Message(
            Kind.INFO,
            text.format(count=f"{count:,}"),
            hint.format(count=f"{doubts:,}"),
            action=_("Undo"),
            run=self._session.undo,
            key=ACCEPTED,
        )
        self._banners.show_message(message)

    def _tell_no_doubts(self, collection: Collection) -> None:
        """Say why there is no image to go to, and where there are some."""
        targets = collection.targets
        if len(_doubts(collection, targets)):
            text = _("Nothing is left to decide among the pictures that are shown.")
            action, run = _("Look at all pictures"), self._doubt_in_all
        elif (undecided(collection, targets) & collection.rejected(targets)).any():
            text = _("Nothing is left to decide but what went to Unknown by itself.")
            action, run = _("Show"), self._show_unknown
        else:
            text, action, run = _("There is nothing left to decide."), "", None
        self._banners.show_message(Message(Kind.INFO, text, action=action, run=run, key="review"))

    def _doubt_in_all(self) -> None:
        self._page.show_all()
        self.next_doubt()

    def _show_unknown(self) -> None:
        self.close_preview()
        self._page.show_class(UNKNOWN)


def undecided(collection: Collection, rows: Rows) -> np.ndarray:
    """Which of these have a prediction and no label."""
    return (collection.source[rows] == NOBODY) & (collection.best[rows] != NO_CLASS)


def _doubts(collection: Collection, rows: Rows) -> Rows:
    """Those of these images that wait for a decision, the least sure first.

    What was sent to Unknown is no doubt between bins; in the grid it comes last, too.
    """
    rows = rows[undecided(collection, rows) & ~collection.rejected(rows)]
    return rows[np.lexsort((rows, collection.confidence[rows]))]
