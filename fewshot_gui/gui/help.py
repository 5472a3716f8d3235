"""Help inside the program: how to sort, and all shortcuts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from fewshot_gui.texts import _

Section = tuple[str, list[str]]  # title and lines


class HelpDialog(QDialog):
    """Shows a page of our own text; non-modal, so that it can be read while working."""

    def __init__(self, parent: QWidget | None, title: str, page: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.browser = QTextBrowser()
        self.browser.setAccessibleName(title)
        self.browser.setHtml(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 14)
        layout.addWidget(self.browser)
        layout.addWidget(buttons)
        self.resize(640, 620)


def help_page() -> str:
    """How to sort pictures."""
    return "".join(
        f"<h3>{escape(title)}</h3><ul>"
        + "".join(f"<li style='margin-bottom:6px'>{escape(line)}</li>" for line in lines)
        + "</ul>"
        for title, lines in (
            _sorting(),
            _bins(),
            _result(),
            _review(),
            _unknown(),
            _examples(),
            _projects(),
            _files(),
        )
    )


def _sorting() -> Section:
    return _("Sorting in three steps"), [
        _("Open a folder. All pictures in it and in its sub-folders are shown."),
        _(
            "Drag a few pictures of each class into a bin. As soon as two bins hold a picture, "
            "everything is sorted, and again after each change."
        ),
        _("Look through the result, correct what is wrong, and export the list as CSV."),
    ]


def _bins() -> Section:
    return _("Bins"), [
        _("Drop pictures on the empty area to make a bin, or press Ctrl+B."),
        _("Drop a folder there whose sub-folders hold pictures: each becomes a bin."),
        _(
            "Pictures may come from the grid, from the file manager and from other bins. Drag "
            "one back to the grid to take it out."
        ),
        _("Keys 1 to 9 put the selected pictures into the first nine bins, 0 takes them out."),
    ]


def _result() -> Section:
    return _("Reading the result"), [
        _(
            "A tinted label is the program's guess, with how sure it is. A dashed one is a "
            "guess below 60 %."
        ),
        _(
            "A star marks your examples, a pencil your corrections, a check mark what you "
            "confirmed."
        ),
        _(
            "Order by “Least sure first” to find the mistakes quickly, and “Grouped by "
            "class” to look each class over."
        ),
        _(
            "Enter or Space confirms the guess and goes on to the next picture; that settles "
            "the picture and teaches nothing. Putting a picture into the right bin corrects "
            "it and teaches the program."
        ),
    ]


def _review() -> Section:
    return _("Looking through the result"), [
        _("F shows a picture large, with the examples that caused its class. F or Esc goes back."),
        _(
            "D goes to the picture the program is least sure of among those shown, and then to "
            "the next one."
        ),
        _(
            "A confirms all pictures in sight and goes on to the next page; Shift+A confirms all "
            "above a confidence, and says before how many of them may be wrong."
        ),
        _("C asks for a class by its first letters: for more bins than there are number keys."),
        _("M shows what looks most like a picture, P pictures that may be a class of their own."),
    ]


def _unknown() -> Section:
    return _("Unknown: pictures that belong to no bin"), [
        _(
            "N, or dragging to “Unknown”, shows the program what belongs to no bin; "
            "pictures like these go there, too. In the CSV they are called “unknown”."
        ),
        _(
            "L sets how readily: it shows how many pictures would go to Unknown and how many "
            "mistakes are expected among the rest."
        ),
    ]


def _projects() -> Section:
    return _("Your work is kept"), [
        _(
            "Everything you do is saved at once. Opening the same folder again goes on where "
            "you left off; undo reaches back to earlier days."
        ),
        _("“Save as” gives a project a file of its own, “Duplicate” makes a copy of it."),
        _(
            "Renamed pictures are recognised. When a folder has moved, choose “Folders of this "
            "project” in the menu “File” and tell where it is."
        ),
    ]


def _examples() -> Section:
    return _("How many examples?"), [
        _(
            "One is enough to start, three to five are good. Choose ones that differ, and "
            "add those it gets wrong."
        ),
        _(
            "“Have I labelled enough?” (H) tries each of your examples as if it were new, and "
            "says how often it would be right and which bin wants more."
        ),
        _(
            "“How well does it sort?” (Ctrl+Shift+E) tries all learners on pictures that are in "
            "class folders already, and shows how many examples are worth the work."
        ),
        _(
            "“Train a learner” (Ctrl+Shift+T) learns from many classes of pictures that are in "
            "folders already how to sort classes it has never seen, and says whether that is "
            "better than what there is."
        ),
        _(
            "“What to label next” (S) shows the pictures that would teach the program most, "
            "and says below each why."
        ),
    ]


def _files() -> Section:
    return _("Your files"), [
        _(
            "Pictures are never changed or moved. Damaged and unsupported files are shown "
            "with their reason and do not stop anything."
        ),
    ]


def shortcuts_page(actions: Iterable[QAction]) -> str:
    """All actions that have a shortcut, and what the mouse does."""
    native = QKeySequence.SequenceFormat.NativeText
    lines = []
    for action in actions:
        if action.objectName().startswith("bin"):
            continue  # one line for all nine below
        keys = [key.toString(native) for key in action.shortcuts()]
        if keys:
            text = action.text().partition(": ")[0]  # without the name of what is undone
            lines.append((text.replace("&", ""), " · ".join(keys)))
    lines += [
        (_("Put the selected pictures in a bin"), "1 … 9"),
        (_("Larger or smaller pictures"), _("Ctrl+wheel")),
        (_("Choose an example in the bin that has the focus"), "← →"),
        (_("All examples of the bin that has the focus, or one line"), "+ −"),
        (_("Next or previous bin"), "↑ ↓"),
        (_("Take the chosen example out of its bin"), _("Del")),
    ]
    rows = "".join(
        f"<tr><td style='padding:4px 28px 4px 0'>{escape(text)}</td><td style='padding:4px 0'>"
        f"<b>{escape(keys)}</b></td>"
        "</tr>"
        for text, keys in lines
    )
    return f"<h3>{escape(_('Keyboard shortcuts'))}</h3><table>{rows}</table>"
