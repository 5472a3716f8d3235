"""Who made this, and under which licence."""

from __future__ import annotations

import platform

from PySide6.QtCore import QSize, Qt
from PySide6.QtCore import __version__ as qt_version
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from fewshot_gui import __version__
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.welcome import Picture
from fewshot_gui.texts import _


class AboutDialog(QDialog):
    """Name, version, licence and parts."""

    def __init__(self, parent: QWidget | None, theme: Theme, icons: Icons) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("About Few-Shot GUI"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(36, 28, 36, 20)
        layout.setSpacing(6)
        mark = Picture("mark", QSize(64, 64), theme, icons)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(8)
        versions = _("Python {python}, Qt {qt}").format(
            python=platform.python_version(), qt=qt_version
        )
        for words, tone in (
            (_("Few-Shot GUI {version}").format(version=__version__), "title"),
            (_("Show it a handful of pictures, and it sorts the rest."), "muted"),
            (_("Free software under the Apache License 2.0."), "muted"),
            (_("The licences of all parts are in THIRD_PARTY_NOTICES."), "muted"),
            (versions, "faint"),
        ):
            label = QLabel(words)
            label.setProperty("tone", tone)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addSpacing(12)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.setCenterButtons(True)
        buttons.rejected.connect(self.close)
        layout.addWidget(buttons)
