"""How readily images are sent to *Unknown*, with the cost shown before it is paid."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.collection import NOBODY, Rows
from fewshot_gui.gui.review_plot import CostPlot, Curve
from fewshot_gui.gui.review_strip import PictureStrip
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.review.cost import STEPS, unknown_curve
from fewshot_gui.texts import _, ngettext

NEAREST = 12  # pictures shown on either side of the limit
LEAST_TOP = 0.02  # of the scale of mistakes: where there are hardly any, the curve lies low


class UnknownDialog(QDialog):
    """Sets the limit of the unknown score. Nothing is applied while the slider moves.

    Attributes:
        slider: From few to many images sent away.
        words: What that costs.
        plot: The same for every place of the slider.
        gone, kept: Pictures on either side of the limit, the nearest first.
        suggested_button, off_button, use_button: What can be done.

    Signals:
        applied: The level that the user chose, from 0 to 1; 1 sends none away.
    """

    applied = Signal(float)

    def __init__(
        self, parent: QWidget, session: Session, theme: Theme, thumbnails: Thumbnails
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Limit for Unknown"))
        self._session = session
        none = np.empty(0, np.float32)
        self._by_score: Rows = np.empty(0, np.int64)  # the strangest first
        self._curve = unknown_curve(none, none)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("tone", "strong")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(_("How readily pictures go to Unknown"))
        self.slider.valueChanged.connect(self._on_slider)
        self.plot = CostPlot(theme, _("Images sent to Unknown and expected mistakes"))
        self.gone = PictureStrip(theme, thumbnails, _("Would just go to Unknown"))
        self.kept = PictureStrip(theme, thumbnails, _("Would just stay"))
        self._lay_out()
        self.resize(640, 570)
        session.predictions_changed.connect(self._look)
        session.labels_changed.connect(self._on_labels)
        session.folder_changed.connect(self.close)
        self._look()
        level = session.project.options.unknown
        self.level = self._curve.suggested if level >= 1 else level
        self.slider.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(8)
        layout.addWidget(self.words)
        layout.addSpacing(10)
        layout.addWidget(self.plot)
        layout.addWidget(self.slider)
        ends = QHBoxLayout()
        ends.addWidget(_muted(_("← Few go to Unknown")))
        ends.addStretch()
        ends.addWidget(_muted(_("Many go to Unknown →")))
        layout.addLayout(ends)
        for strip in (self.gone, self.kept):
            layout.addSpacing(6)
            layout.addWidget(_muted(strip.accessibleName()))
            layout.addWidget(strip)
        layout.addStretch()
        layout.addSpacing(8)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self.suggested_button = QPushButton(_("&Suggested"))
        self.suggested_button.setToolTip(_("Move the slider to a limit that is a fair start"))
        self.suggested_button.clicked.connect(self._suggest)
        self.off_button = QPushButton(_("&Off"))
        self.off_button.setToolTip(_("Send no picture to Unknown"))
        self.off_button.clicked.connect(self._switch_off)
        self.use_button = QPushButton(_("&Use this limit"))
        self.use_button.setProperty("role", "primary")
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(self._use)
        row = QHBoxLayout()
        row.addWidget(self.suggested_button)
        row.addWidget(self.off_button)
        row.addStretch()
        row.addWidget(self.use_button)
        for button in (self.suggested_button, self.off_button, self.use_button):
            button.setAccessibleName(button.text().replace("&", ""))
        return row

    @property
    def level(self) -> float:
        """The level that the slider stands for: far to the right sends many away."""
        return float(self._curve.levels[self._place])

    @level.setter
    def level(self, level: float) -> None:
        self.slider.setValue(STEPS - round(level * STEPS))

    @property
    def _place(self) -> int:
        """Of the level in the curve."""
        return STEPS - self.slider.value()

    def _look(self) -> None:
        """Take over what the learner says now."""
        collection = self._session.collection
        if collection is None:
            return
        targets = collection.targets
        undecided = (collection.source[targets] == NOBODY) & (collection.best[targets] != NO_CLASS)
        rows = targets[undecided]
        unknown = collection.unknown[rows]
        left_out = self._session.sorter.left_out_unknown
        self._curve = unknown_curve(unknown, collection.confidence[rows], left_out)
        self._by_score = rows[np.argsort(-unknown, kind="stable")]
        self.plot.show_curves(self._curves(), STEPS - round(collection.level * STEPS))
        self.use_button.setEnabled(len(rows) > 0)
        self._on_slider()

    def _curves(self) -> tuple[Curve, Curve]:
        """Both as the slider goes: from level 1 on the left to level 0 on the right."""
        sent, error = self._curve.sent[::-1], self._curve.error[::-1]
        top = max(LEAST_TOP, float(error.max()))
        left = sent < len(self._by_score)
        return (
            Curve(
                _("Images that go to Unknown"),
                "accent",
                sent / max(1, len(self._by_score)),
                [f"{count:,}" for count in sent.tolist()],
            ),
            Curve(
                _("Expected to be wrong among the others"),
                "warning",
                np.where(left, error / top, np.nan),
                [
                    _("{share} %").format(share=f"{100 * share:.1f}") if some else _("none left")
                    for share, some in zip(error.tolist(), left.tolist(), strict=True)
                ],
            ),
        )

    def _on_slider(self) -> None:
        self.plot.mark(self.slider.value())
        text = self._sentence(self._place)
        self.words.setText(text)
        self.slider.setAccessibleDescription(text)
        collection = self._session.collection
        if collection is not None:
            sent = int(self._curve.sent[self._place])
            just_gone = self._by_score[max(0, sent - NEAREST) : sent][::-1]
            self.gone.show_paths(collection.paths(just_gone))
            self.kept.show_paths(collection.paths(self._by_score[sent : sent + NEAREST]))

    def _sentence(self, place: int) -> str:
        total = len(self._by_score)
        if not total:
            return _("Once two bins hold an example each, this says what a limit would cost.")
        sent = int(self._curve.sent[place])
        if sent == total:
            text = ngettext(
                "{sent} of {total} image goes to Unknown; none is left.",
                "{sent} of {total} images go to Unknown; none is left.",
                total,
            )
            return text.format(sent=f"{sent:,}", total=f"{total:,}")
        text = ngettext(
            "{sent} of {total} image goes to Unknown; "
            "about {error} % of the rest are expected to be wrong (now {now} %).",
            "{sent} of {total} images go to Unknown; "
            "about {error} % of the rest are expected to be wrong (now {now} %).",
            total,
        )
        used = round(self._session.project.options.unknown * STEPS)
        error, now = (f"{100 * float(self._curve.error[at]):.1f}" for at in (place, used))
        return text.format(sent=f"{sent:,}", total=f"{total:,}", error=error, now=now)

    def _suggest(self) -> None:
        self.level = self._curve.suggested
        self.slider.setFocus()

    def _switch_off(self) -> None:
        self._apply(1.0)

    def _use(self) -> None:
        self._apply(self.level)

    def _apply(self, level: float) -> None:
        self.close()
        self.applied.emit(level)

    def _on_labels(self, _rows: object) -> None:
        self._look()


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("tone", "muted")
    return label
