"""How readily images are sent to *Unknown*, with the cost shown before it is paid."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.collection import NOBODY, Rows
from fewshot_gui.gui.review_strip import PictureStrip
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.review.cost import STEPS, UnknownCurve, unknown_curve
from fewshot_gui.texts import _, ngettext

NEAREST = 12  # pictures shown on either side of the limit


class CostPlot(QWidget):
    """Images sent away, and expected mistakes among the rest, over the limit."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._curve: UnknownCurve | None = None
        self._total = 1
        self._place = 0
        self.setFixedHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Images sent to Unknown and expected mistakes"))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(420, 120)

    def show_curve(self, curve: UnknownCurve, total: int) -> None:
        """Show other numbers."""
        self._curve, self._total = curve, max(1, total)
        self.update()

    def mark(self, place: int) -> None:
        """Mark one of the levels."""
        self._place = place
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._curve is None:
            return
        tones = self._theme.tones
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(8, 8, -8, -8)
        painter.setPen(QPen(QColor(tones.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        x = area.left() + area.width() * self._place / STEPS
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        top = max(0.02, float(self._curve.error.max()))
        for values, colour in (
            (self._curve.sent / self._total, tones.accent),
            (self._curve.error / top, tones.warning),
        ):
            line = QPolygonF(
                [
                    QPointF(
                        area.left() + area.width() * place / STEPS,
                        area.bottom() - area.height() * float(value),
                    )
                    for place, value in enumerate(values)
                ]
            )
            painter.setPen(QPen(QColor(colour), 2))
            painter.drawPolyline(line)
            painter.setBrush(QColor(colour))
            painter.drawEllipse(line[self._place], 4, 4)


class UnknownDialog(QDialog):
    """Sets the limit of the unknown score.

    Attributes:
        slider: From few to many images sent away.
        words: What that costs.

    Signals:
        applied: The level that the user chose, from 0 to 1.
    """

    applied = Signal(float)

    def __init__(
        self, parent: QWidget, session: Session, theme: Theme, thumbnails: Thumbnails
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Pictures that belong to no bin"))
        self._session = session
        self._rows: Rows = np.empty(0, np.int64)
        self._by_score: Rows = np.empty(0, np.int64)
        self._scores = np.empty(0, np.float32)
        self._curve = unknown_curve(np.empty(0, np.float32), np.empty(0, np.float32))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(_("How readily pictures go to Unknown"))
        self.slider.valueChanged.connect(self._on_slider)
        self.plot = CostPlot(theme)
        self.gone = PictureStrip(theme, thumbnails, _("Would just go to Unknown"))
        self.kept = PictureStrip(theme, thumbnails, _("Would just stay"))
        self._lay_out()
        self.resize(620, 520)
        session.predictions_changed.connect(self._look)
        session.labels_changed.connect(lambda _rows: self._look())
        self._look()
        level = session.project.options.unknown
        self.level = self._curve.suggested if level >= 1 else level

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self.words)
        layout.addWidget(self.plot)
        row = QHBoxLayout()
        row.addWidget(_muted(_("Few")))
        row.addWidget(self.slider, 1)
        row.addWidget(_muted(_("Many")))
        layout.addLayout(row)
        for strip in (self.gone, self.kept):
            layout.addWidget(_muted(strip.accessibleName()))
            layout.addWidget(strip)
        layout.addStretch()
        buttons = QHBoxLayout()
        self.suggested_button = QPushButton(_("&Suggested"))
        self.suggested_button.clicked.connect(self._suggest)
        self.off_button = QPushButton(_("Send &none there"))
        self.off_button.clicked.connect(lambda: self._apply(1.0))
        self.use_button = QPushButton(_("&Use this limit"))
        self.use_button.setProperty("role", "primary")
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(lambda: self._apply(self.level))
        buttons.addWidget(self.suggested_button)
        buttons.addWidget(self.off_button)
        buttons.addStretch()
        buttons.addWidget(self.use_button)
        layout.addLayout(buttons)

    @property
    def level(self) -> float:
        """The level that the slider stands for: far to the right sends many away."""
        return float(self._curve.levels[self._place])

    @level.setter
    def level(self, level: float) -> None:
        self.slider.setValue(STEPS - round(level * STEPS))
        self._on_slider()

    @property
    def _place(self) -> int:
        return STEPS - self.slider.value()

    def _look(self) -> None:
        """Take over what the learner says now."""
        collection = self._session.collection
        if collection is None:
            self.close()
            return
        targets = collection.targets
        open_rows = (collection.source[targets] == NOBODY) & (collection.best[targets] != NO_CLASS)
        self._rows = targets[open_rows]
        unknown = collection.unknown[self._rows]
        self._curve = unknown_curve(unknown, collection.confidence[self._rows])
        order = np.argsort(-unknown, kind="stable")
        self._by_score, self._scores = self._rows[order], unknown[order]
        self.plot.show_curve(self._curve, len(self._rows))
        self.use_button.setEnabled(bool(len(self._rows)))
        self._on_slider()

    def _on_slider(self) -> None:
        place = self._place
        self.plot.mark(place)
        self.words.setText(self._sentence(place))
        sent = int(self._curve.sent[place])
        collection = self._session.collection
        if collection is not None:
            just_gone = self._by_score[max(0, sent - NEAREST) : sent][::-1]
            self.gone.show_paths(collection.paths(just_gone))
            self.kept.show_paths(collection.paths(self._by_score[sent : sent + NEAREST]))

    def _sentence(self, place: int) -> str:
        total = len(self._rows)
        if not total:
            return _("Once two bins hold an example each, this says what a limit would cost.")
        sent = int(self._curve.sent[place])
        first = ngettext(
            "{sent} of {total} image goes to Unknown.",
            "{sent} of {total} images go to Unknown.",
            total,
        ).format(sent=f"{sent:,}", total=f"{total:,}")
        second = _("Of the others about {error} % are expected to be wrong (of all: {now} %).")
        error, now = 100 * self._curve.error[place], 100 * self._curve.error[-1]
        return f"{first} {second.format(error=f'{error:.1f}', now=f'{now:.1f}')}"

    def _suggest(self) -> None:
        self.level = self._curve.suggested

    def _apply(self, level: float) -> None:
        self.applied.emit(level)
        self.close()


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("tone", "muted")
    return label
