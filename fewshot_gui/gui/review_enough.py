"""“Have I labelled enough?” in plain words and one bar a class."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.image_model import percent
from fewshot_gui.gui.reviewer import Verdict
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.review.enough import ClassEnough, Enough
from fewshot_gui.review.wilson import Rate
from fewshot_gui.texts import _, ngettext

GOOD = 0.9
FAIR = 0.75


class RateBar(QWidget):
    """A share as a bar, with a line for what it may be."""

    def __init__(self, rate: Rate, colour: QColor, theme: Theme, name: str) -> None:
        super().__init__()
        self._rate, self._colour, self._theme = rate, colour, theme
        self.setFixedHeight(18)
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def sizeHint(self) -> QSize:
        return QSize(220, 18)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 5, -1, -5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tones.sunken))
        painter.drawRoundedRect(area, 4, 4)
        if self._rate.share is None:
            return
        bar = QRectF(area)
        bar.setWidth(area.width() * self._rate.share)
        painter.setBrush(self._colour)
        painter.drawRoundedRect(bar, 4, 4)
        low, high = (area.left() + area.width() * end for end in self._rate.interval)
        painter.setPen(QPen(QColor(self._theme.tones.text), 1.4))
        middle = area.center().y()
        painter.drawLine(int(low), int(middle), int(high), int(middle))
        for end in (low, high):
            painter.drawLine(int(end), int(middle) - 4, int(end), int(middle) + 4)


class EnoughDialog(QDialog):
    """Shows a verdict.

    Attributes:
        words: The verdict in a few sentences.

    Signals:
        shown: (title, int64 rows) of images that the user wants to see.
    """

    shown = Signal(str, object)

    def __init__(self, parent: QWidget, verdict: Verdict, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Have I labelled enough?"))
        self._verdict, self._theme = verdict, theme
        result = verdict.enough
        self.words = QLabel("\n".join(sentences(verdict)))
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.show_button = QPushButton(_("&Show the mixed-up ones"))
        self.show_button.setVisible(result.mixed is not None)
        self.show_button.clicked.connect(self._show_mixed)
        close = QPushButton(_("Close"))
        close.setDefault(True)
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self.words)
        layout.addWidget(self._table(result), 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addStretch()
        buttons.addWidget(close)
        layout.addLayout(buttons)
        self.resize(620, 520)

    def _table(self, result: Enough) -> QScrollArea:
        sheet = QWidget()
        grid = QGridLayout(sheet)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, one in enumerate(result.classes):
            self._add_line(grid, line, one)
        grid.setRowStretch(len(result.classes), 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAccessibleName(_("Expected accuracy of each class"))
        area.setWidget(sheet)
        return area

    def _add_line(self, grid: QGridLayout, line: int, one: ClassEnough) -> None:
        known = self._verdict.project.bin(one.class_id)
        name = QLabel(known.name)
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setMaximumWidth(180)
        hue = class_colour(known.colour, self._theme.tones.dark).hue
        bar = RateBar(one.rate, hue, self._theme, f"{known.name}: {rate_words(one.rate)}")
        advice = QLabel(advice_words(one))
        advice.setProperty("tone", "muted")
        for column, widget in enumerate((name, bar, QLabel(rate_words(one.rate)), advice)):
            grid.addWidget(widget, line, column)

    def _show_mixed(self) -> None:
        mixed = self._verdict.enough.mixed
        if mixed is not None:
            first, second = (self._verdict.project.class_name(c) for c in mixed.class_ids)
            title = _("{first} and {second} mixed up").format(first=first, second=second)
            self.shown.emit(title, np.asarray(mixed.rows, np.int64))


def sentences(verdict: Verdict) -> list[str]:
    """The verdict in plain words."""
    result, project = verdict.enough, verdict.project
    if not result.can_tell:
        return [
            _("There are too few examples to tell."),
            _("Give most bins two examples or more, then ask again."),
        ]
    low, high = result.overall.interval
    text = _("About {share} of new pictures are expected to be right (between {low} and {high}).")
    share = result.overall.share or 0.0
    told = [text.format(share=percent(share), low=percent(low), high=percent(high))]
    if result.neediest is None:
        told.append(_("Every bin does well: this is enough."))
    else:
        text = _("“{name}” would gain most from more examples.")
        told.append(text.format(name=project.class_name(result.neediest)))
    if result.mixed is not None:
        first, second = (project.class_name(c) for c in result.mixed.class_ids)
        text = _("“{first}” and “{second}” are mixed up most.")
        told.append(text.format(first=first, second=second))
    return told


def rate_words(rate: Rate) -> str:
    """“7 of 8 right”."""
    if not rate.tested:
        return _("cannot be tested")
    return _("{right} of {tested} right").format(right=rate.right, tested=rate.tested)


def advice_words(one: ClassEnough) -> str:
    """What this class wants, if anything."""
    if not one.wanted:
        return ""
    text = ngettext("about {count} more example", "about {count} more examples", one.wanted)
    return text.format(count=one.wanted)
