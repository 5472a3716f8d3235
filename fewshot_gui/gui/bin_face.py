"""What the card of a bin looks like and how tall it is; what it does is in bin_card.py."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.bin_buttons import FoldButton, MoreButton
from fewshot_gui.gui.bin_choice import Choice
from fewshot_gui.gui.bin_layout import BUTTON, CardLayout, Fold
from fewshot_gui.gui.bin_painter import CardPainter, Look, Thumb, bold_font, small_font
from fewshot_gui.gui.theme import ClassColour, Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.values import Bin
from fewshot_gui.texts import _, ngettext


class CardFace(QWidget):
    """Shows a bin.

    Attributes:
        bin: The bin shown.
        examples: Paths of its examples, the newest first.
        fold: How much of the bin is shown.
        bare: Whether there is no line for examples while there are none.

    Signals:
        fold_changed: The card wants another height.
    """

    fold_changed = Signal()

    bare = False

    def __init__(self, bin: Bin, theme: Theme, thumbnails: Thumbnails, fold: Fold) -> None:
        super().__init__()
        self._theme = theme
        self._thumbnails = thumbnails
        self._painter = CardPainter(thumbnails)
        self.bin = bin
        self.examples: tuple[str, ...] = ()
        self.fold = fold
        self._layout = CardLayout(280, 0, fold)
        self._choice = Choice()
        self._key = 0
        self._sorted = 0
        self._shown_only = False
        self._marked = False
        self._hot = False
        self._first = 0  # the example painted first
        self._more = MoreButton(theme, self)
        self._folder = FoldButton(theme, self)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._lay_out()
        self._describe()

    # -- what it shows -------------------------------------------------------------------

    def show_bin(self, bin: Bin, key: int, examples: tuple[str, ...]) -> None:
        """Show the bin as it is now; ``key`` is 1 to 9, or 0 for none."""
        newest_first = examples[::-1]
        if (bin, key) == (self.bin, self._key) and newest_first == self.examples:
            return
        self.bin, self._key, self.examples = bin, key, newest_first
        self._choice.show(newest_first)
        self._lay_out()
        self._describe()

    def show_sorted(self, count: int, shown_only: bool) -> None:
        """Show how many images wear this class, and whether only they are in the grid."""
        if (count, shown_only) != (self._sorted, self._shown_only):
            self._sorted, self._shown_only = count, shown_only
            self._describe()
            self.update()

    def show_marked(self, marked: bool) -> None:
        """Show whether the bin is chosen together with others."""
        if marked != self._marked:
            self._marked = marked
            self._describe()
            self.update()

    def set_fold(self, fold: Fold) -> None:
        """Show more or less of the bin."""
        if fold is self.fold:
            return
        if fold is Fold.CLOSED:
            self._choice.clear()
        self.fold = fold
        self._lay_out()
        self._describe()
        self.fold_changed.emit()

    def visible_examples(self) -> tuple[str, ...]:
        """The examples that are painted."""
        return self.examples[self._first : self._first + self._layout.capacity]

    def pictures(self) -> tuple[str, ...]:
        """All pictures that are painted: examples, or what stands for a closed bin."""
        return self.visible_examples() or ((self._stand_in(),) if self._stand_in() else ())

    @property
    def chosen_examples(self) -> tuple[str, ...]:
        """All chosen examples, in the order shown."""
        return self._choice.chosen

    def choose_no_example(self) -> None:
        """Forget which examples are chosen."""
        if len(self._choice) or self._choice.cursor >= 0:
            self._choice.clear()
            self._describe()
            self.update()

    def _describe(self) -> None:
        name = self.bin.name
        self.setAccessibleName(name)
        self._more.setAccessibleName(_("Actions of “{name}”").format(name=name))
        words = _("Open “{name}”") if self.fold is Fold.CLOSED else _("Close “{name}”")
        self._folder.setAccessibleName(words.format(name=name))
        parts = [self._examples_text(), self._sorted_text()]
        if self._badge():
            parts.insert(0, _("Key {key}").format(key=self._badge()))
        if self.bin.description:
            parts.append(self.bin.description)
        if self._marked:
            parts.append(_("chosen"))
        if self._choice.current is not None:
            parts.insert(0, self._example_text(self._choice.current))
        self.setAccessibleDescription(", ".join(parts))

    def _examples_text(self) -> str:
        count = len(self.examples)
        if not count:
            return _("No examples yet")
        return ngettext("{count} example", "{count} examples", count).format(count=f"{count:,}")

    def _sorted_text(self) -> str:
        return _("{count} sorted here").format(count=f"{self._sorted:,}")

    def _example_text(self, path: str) -> str:
        """The example under the cursor, in words."""
        text = _("example {place} of {count}: {name}")
        name = path.replace("\\", "/").rpartition("/")[2]
        return text.format(place=self._choice.cursor + 1, count=len(self.examples), name=name)

    def _line_text(self) -> str:
        """What the second line says."""
        description = " ".join(self.bin.description.split())
        return (
            f"{self._examples_text()}  ·  {description}" if description else self._examples_text()
        )

    def _badge(self) -> str:
        """The key that puts images here, empty for none."""
        return str(self._key) if self._key else ""

    def _empty_text(self) -> str:
        return _("Drop pictures here")

    def _stand_in(self) -> str:
        """The picture that stands for the bin; empty where it holds none."""
        if self.bin.picture and self.bin.picture in self.examples:
            return self.bin.picture
        return self.examples[-1] if self.examples else ""

    def _colour(self) -> ClassColour:
        return class_colour(self.bin.colour, self._theme.tones.dark)

    # -- geometry ----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Give everything its place, after anything that decides it has changed."""
        layout = CardLayout(self.width(), len(self.examples), self.fold, self.bare)
        if self.fold is Fold.ALL and not layout.overflows:
            self.fold = Fold.OPEN
            layout = CardLayout(self.width(), len(self.examples), self.fold, self.bare)
        self._layout = layout
        if self.minimumHeight() != layout.height:
            self.setFixedHeight(layout.height)
        self._folder.setGeometry(layout.fold_button)
        self._folder.closed = self.fold is Fold.CLOSED
        self._more.setGeometry(layout.more_button)
        self._show_current()
        self.update()

    def _sorted_rect(self) -> QRect:
        metrics = QFontMetrics(small_font(self.font()))
        return self._layout.pill(metrics.horizontalAdvance(self._pill_text()))

    def _pill_text(self) -> str:
        """The words where the name leaves room for them, else the number alone."""
        small, bold = (QFontMetrics(f(self.font())) for f in (small_font, bold_font))
        words = self._sorted_text()
        room = self._layout.name(self._layout.pill(small.horizontalAdvance(words))).width()
        if self.fold is Fold.CLOSED:
            room -= BUTTON + 10
        fits = bold.horizontalAdvance(self.bin.name) <= room
        return words if fits else f"{self._sorted:,}"

    def _name_rect(self) -> QRect:
        return self._layout.name(self._sorted_rect())

    def head_rect(self) -> QRect:
        """The head line and the one below it."""
        return QRect(0, 0, self.width(), self._layout.head_height)

    def _line_rect(self) -> QRect:
        return self._layout.line

    def _example_at(self, position: QPoint) -> int:
        for place in range(len(self.visible_examples())):
            if self._layout.thumb(place).contains(position):
                return self._first + place
        return -1

    def _show_current(self) -> None:
        """Move on by whole lines until the example under the cursor is painted."""
        columns, capacity = self._layout.columns, self._layout.capacity
        cursor = self._choice.cursor
        if self.fold is not Fold.ALL:
            self._first = 0
            if cursor >= capacity:
                self._choice.clear()  # keys never mean an example that nobody sees
            return
        if cursor < 0:
            self._first = 0
        elif cursor < self._first:
            self._first = cursor // columns * columns
        elif cursor >= self._first + capacity:
            self._first = -(-(cursor - capacity + 1) // columns) * columns
        last = max(0, len(self.examples) - capacity)
        self._first = min(self._first, -(-last // columns) * columns)

    def sizeHint(self) -> QSize:
        return QSize(280, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._painter.paint(QPainter(self), self._look(), self._theme.tones, self.font())

    def _look(self) -> Look:
        pill = self._sorted_rect()
        shown = self.visible_examples()
        current = self._choice.current
        stands = self.bin.picture
        return Look(
            layout=self._layout,
            colour=self._colour(),
            name=self.bin.name,
            badge=self._badge(),
            line=self._line_text(),
            line_room=self._line_rect(),
            pill=self._pill_text(),
            pill_room=pill,
            name_room=self._layout.name(pill),
            empty=self._empty_text(),
            picture=self._stand_in() if self.fold is Fold.CLOSED else "",
            thumbs=[Thumb(p, p in self._choice, p == current, p == stands) for p in shown],
            thumb_rects=[self._layout.thumb(place) for place in range(len(shown))],
            focused=self.hasFocus(),
            hot=self._hot,
            marked=self._marked,
            shown_only=self._shown_only,
            pill_hovered=pill.contains(self.mapFromGlobal(self.cursor().pos())),
        )
