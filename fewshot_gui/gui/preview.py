"""One picture, large: what is known of it, and why it wears its class."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.evidence import Evidence, EvidenceFinder, EvidenceLane, Finder
from fewshot_gui.gui.evidence_strip import LARGE, MARGIN, MEDIUM, SMALL, EvidenceStrip
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.large_pictures import LargePictures
from fewshot_gui.gui.preview_canvas import PREVIEW, Canvas
from fewshot_gui.gui.preview_facts import Facts, facts_of
from fewshot_gui.gui.preview_parts import ClassPill, ElidedLine, KeyButton
from fewshot_gui.gui.preview_zoom import STEP
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.texts import _

AHEAD = 4  # as many pictures are read ahead
NARROW = 720  # below this width the facts take two lines
LOW, HIGH = 640, 1100  # heights from which on the evidence is larger
PAN = 60  # of a key

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
}
_PANS = {
    Qt.Key.Key_Left: (PAN, 0),
    Qt.Key.Key_Up: (0, PAN),
    Qt.Key.Key_Right: (-PAN, 0),
    Qt.Key.Key_Down: (0, -PAN),
}
_ZOOMS = {Qt.Key.Key_Plus: STEP, Qt.Key.Key_Equal: STEP, Qt.Key.Key_Minus: 1 / STEP}


class Preview(QWidget):
    """Shows one image of the open folder large. Knows no order: it asks for the next one.

    Attributes:
        canvas, pill, strip: The picture, its class and the evidence for it.
        name, position, notes, measures: Lines of text.
        previous_button, next_button, zoom_out_button, zoom_button, zoom_in_button,
        close_button: What the keys do as well.

    Signals:
        step_asked: +1 or -1, the next or previous image.
        row_asked: Row of the table of another image to show. It may be an example from
            elsewhere, which has no place among the targets.
        closed: The user goes back.
        take_out_asked: Path of an example that the user wants out of its bin.
    """

    step_asked = Signal(int)
    row_asked = Signal(int)
    closed = Signal()
    take_out_asked = Signal(str)

    def __init__(
        self,
        session: Session,
        theme: Theme,
        icons: Icons,
        thumbnails: Thumbnails,
        pool: Callable[[], DecodePool],
        runner: JobRunner,
        finder: Finder | None = None,
    ) -> None:
        """``finder`` looks for evidence; it is called in a lane of its own."""
        super().__init__()
        self._session = session
        self._thumbnails = thumbnails
        self._collection: Collection | None = None
        self._row = -1
        self._position, self._count = -1, 0
        self._facts = Facts()
        self._ahead: tuple[str, ...] = ()
        self._large = LargePictures(pool, runner, self)
        self._lane = EvidenceLane(runner, finder or EvidenceFinder(), self)
        self.canvas = Canvas(theme, icons, thumbnails, self._large)
        self.strip = EvidenceStrip(session, theme, icons, thumbnails)
        self._build(theme, icons)
        self.setFocusProxy(self.canvas)
        QWidget.setTabOrder(self.canvas, self.previous_button)
        self.canvas.look_changed.connect(self._tell_scale)
        self.canvas.arrived.connect(self._tell_facts)
        self.strip.row_asked.connect(self.row_asked)
        self.strip.take_out_asked.connect(self.take_out_asked)
        self.strip.left.connect(self.canvas.setFocus)
        self._lane.found.connect(self._on_evidence)
        self._lane.failed.connect(session.crashed)
        session.folder_changed.connect(self.clear)
        self._tell_scale()

    # -- what it shows -------------------------------------------------------------------

    @property
    def row(self) -> int:
        """Row of the image shown, -1 for none."""
        return self._row

    @property
    def facts(self) -> Facts:
        """What is written beside the picture."""
        return self._facts

    @property
    def waiting(self) -> bool:
        """Whether a picture or evidence is still on its way."""
        return bool(self._large.waiting) or self._lane.busy

    def show_row(self, row: int, position: int, count: int, around: tuple[int, ...]) -> None:
        """Show an image.

        Args:
            row: Of the table of the open folder.
            position: Its place among the images shown, from 0; -1 where it is not there.
            count: How many images are shown.
            around: Rows to read ahead, the likeliest first.
        """
        collection = self._session.collection
        if collection is None or not 0 <= row < len(collection.table):
            self.clear()
            return
        another = (row, collection) != (self._row, self._collection)
        self._row, self._collection = row, collection
        self._position, self._count = position, count
        table = collection.table
        ahead = [table.file(r).path for r in around[:AHEAD] if 0 <= r < len(table)]
        self._ahead = tuple(ahead)
        failure = table.failure(row)
        reason = failure.describe() if failure else ""
        self.canvas.show_picture(table.file(row).path, reason, self._ahead)
        self._tell_facts()
        if another:
            if any(tile.hasFocus() for tile in self.strip.shown):
                self.canvas.setFocus()
            self._lane.forget()
            self.strip.wait(self._facts)
        self._ask_evidence()
        self._keep_thumbnails()

    def refresh(self) -> None:
        """Labels or predictions are others now: tell them anew."""
        if self._collection is None or self._collection is not self._session.collection:
            return
        before = self._facts
        self._tell_facts()
        if self.strip.evidence is not None:
            self.strip.show_evidence(self.strip.evidence, self._facts)
        elif (before.read, before.reason) != (self._facts.read, self._facts.reason):
            self.strip.wait(self._facts)
        self._ask_evidence()

    def clear(self) -> None:
        """Show nothing, and forget all pictures."""
        self._row, self._collection = -1, None
        self._facts, self._ahead = Facts(), ()
        self._lane.forget()
        self._large.forget()
        self._thumbnails.keep_only(PREVIEW, ())
        self.canvas.show_picture("", "", ())
        self._write()
        self.strip.wait(self._facts)

    def _ask_evidence(self) -> None:
        if self._collection is not None and self._facts.read and not self._facts.reason:
            project = self._session.project
            self._lane.ask(self._collection, project, self._row, self._facts.cause)

    def _on_evidence(self, evidence: Evidence) -> None:
        current = self._collection is self._session.collection
        if current and self._collection is not None and evidence.row == self._row:
            self.strip.show_evidence(evidence, self._facts)
            self._keep_thumbnails()

    def _keep_thumbnails(self) -> None:
        tiles = [tile.path for tile in self.strip.shown if tile.path]
        self._thumbnails.keep_only(PREVIEW, [self.canvas.path, *self._ahead, *tiles])

    # -- layout --------------------------------------------------------------------------

    def _build(self, theme: Theme, icons: Icons) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._head(theme, icons))
        layout.addWidget(self.canvas, 1)
        below = QWidget(objectName="panel")
        below.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        under = QVBoxLayout(below)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(0)
        under.addWidget(self._facts_row(theme, icons))
        under.addWidget(self.strip)
        layout.addWidget(below)

    def _head(self, theme: Theme, icons: Icons) -> QWidget:
        middle = Qt.TextElideMode.ElideMiddle
        self.name = ElidedLine(theme, bold=True, elide=middle)
        self.position = ElidedLine(theme, tone="muted", keep=True)
        self.previous_button = KeyButton(_("Previous picture"), _("Previous picture (←)"))
        self.next_button = KeyButton(_("Next picture"), _("Next picture (→)"))
        self.zoom_out_button = KeyButton(_("Zoom out"), _("Zoom out (−)"))
        self.zoom_button = KeyButton(_("Zoom"))
        self.zoom_in_button = KeyButton(_("Zoom in"), _("Zoom in (+)"))
        self.close_button = KeyButton(_("Close the large picture"), _("Back to all pictures (Esc)"))
        buttons = (
            (self.previous_button, "previous", lambda: self.step_asked.emit(-1)),
            (self.next_button, "next", lambda: self.step_asked.emit(1)),
            (self.zoom_out_button, "minus", lambda: self.canvas.zoom(1 / STEP)),
            (self.zoom_button, "", lambda: self.canvas.toggle()),
            (self.zoom_in_button, "plus", lambda: self.canvas.zoom(STEP)),
            (self.close_button, "close", self.closed.emit),
        )
        head = QWidget(objectName="toolbar")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(head)
        row.setContentsMargins(MARGIN, 7, 8, 7)
        row.setSpacing(2)
        row.addWidget(self.name, 0)
        row.addSpacing(10)
        row.addWidget(self.position, 0)
        row.addStretch(1)
        for button, icon, slot in buttons:
            if icon:
                icons.bind(button.setIcon, icon, "text")
            if button in (self.zoom_out_button, self.close_button):
                row.addSpacing(10)
            button.clicked.connect(slot)
            row.addWidget(button)
        self.zoom_button.setMinimumWidth(60)
        return head

    def _facts_row(self, theme: Theme, icons: Icons) -> QWidget:
        self.pill = ClassPill(theme, icons)
        self.notes = ElidedLine(theme, tone="muted")
        self.measures = ElidedLine(theme, tone="muted")
        rows = QWidget()
        self._grid = QGridLayout(rows)
        self._grid.setContentsMargins(MARGIN, 12, MARGIN, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)
        self._grid.addWidget(self.pill, 0, 0)
        self._grid.addWidget(self.notes, 0, 1)
        self._grid.addWidget(self.measures, 0, 3)
        return rows

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        self._grid.removeWidget(self.measures)
        if narrow:
            self._grid.addWidget(self.measures, 1, 0, 1, 4)
        else:
            self._grid.addWidget(self.measures, 0, 3)
        height = self.height()
        self.strip.set_side(SMALL if height < LOW else MEDIUM if height < HIGH else LARGE)

    # -- words ---------------------------------------------------------------------------

    def _tell_facts(self) -> None:
        if self._collection is None or self._collection is not self._session.collection:
            return
        self._facts = facts_of(
            self._session, self._row, self._position, self._count, self.canvas.dimensions
        )
        self._write()

    def _write(self) -> None:
        facts = self._facts
        self.name.say(facts.name, facts.place)
        self.position.say(facts.position)
        confidence = 0.0
        if self._collection is not None and self._row < len(self._collection.confidence):
            confidence = float(self._collection.confidence[self._row])
        self.pill.show_class(facts.worn, facts.sure, confidence)
        self.pill.setVisible(bool(facts.worn.name) or not facts.reason)
        self.notes.say(" · ".join(facts.notes))
        self.measures.say(" · ".join(facts.measures))
        self.canvas.setAccessibleDescription(facts.spoken)

    def _tell_scale(self) -> None:
        scale = self.canvas.scale
        self.zoom_button.setText(percent_of_size(scale) if scale else "–")
        tip = _("Show at 100 % (Z)") if self.canvas.fitted else _("Fit into the window (Z)")
        self.zoom_button.setToolTip(tip)
        for button in (self.zoom_out_button, self.zoom_button, self.zoom_in_button):
            button.setEnabled(scale > 0)

    # -- keys ----------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # the window has actions on some of these keys; here they mean something else
        own = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if own and self._action(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._action(event)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def _action(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does here, None where it is none of ours."""
        key = event.key()
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        shift = modifiers == Qt.KeyboardModifier.ShiftModifier
        if modifiers and not shift:
            return None
        if key in _ZOOMS:  # on many keyboards there is no plus without shift
            return lambda: self.canvas.zoom(_ZOOMS[key])
        if shift:
            return (lambda: self.canvas.move_by(*_PANS[key])) if key in _PANS else None
        if key in _STEPS:
            return lambda: self.step_asked.emit(_STEPS[key])
        return {
            Qt.Key.Key_Z: self.canvas.toggle,
            Qt.Key.Key_E: self.strip.take_focus,
            Qt.Key.Key_Escape: self.closed.emit,
        }.get(key)


def percent_of_size(scale: float) -> str:
    """A scale as the user reads it: 1 is 100 %."""
    value = scale * 100
    return _("{value} %").format(value=round(value) if value >= 1 else f"{value:.1f}")
