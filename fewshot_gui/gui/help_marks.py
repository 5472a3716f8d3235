"""What the marks on pictures and bins mean, for those who see them."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument

from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, NOBODY, SUPPORT
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _

GLYPHS = {SUPPORT: "star", CORRECTED: "pencil", CONFIRMED: "check"}
_SIDE = 16


def mark_words(source: int, unsure: bool) -> str:
    """The mark on a picture and what it means; see ``Collection.source``."""
    if source == NOBODY:
        if unsure:
            return _("Dashed label: a guess of the program, less than 60 % sure")
        return _("Tinted label: a guess of the program")
    return {
        SUPPORT: _("Star: your example, the program learns from it"),
        CORRECTED: _("Pencil: corrected by you, the program learns from it"),
        CONFIRMED: _("Check mark: confirmed by you; settled, but no example"),
    }[source]


def marks_page() -> str:
    """A table of all marks; its icons are those of ``add_marks``."""
    marked = [(GLYPHS[source], mark_words(source, False)) for source in GLYPHS]
    marked.append(("warning", _("Warning sign: the file cannot be read; the reason is beside it")))
    plain = [
        mark_words(NOBODY, False),
        mark_words(NOBODY, True),
        _("Coloured words below a picture: why it is suggested"),
        _("Number or N on a bin: the key that puts the selected pictures there"),
        _("Number at the right of a bin: how many pictures are sorted into it"),
    ]
    cell = "<tr><td style='padding:4px 12px 4px 0'>{mark}</td><td>{words}</td></tr>"
    image = f"<img src='mark:{{}}' width='{_SIDE}' height='{_SIDE}'>"
    rows = [cell.format(mark=image.format(icon), words=escape(words)) for icon, words in marked]
    rows += [cell.format(mark="", words=escape(words)) for words in plain]
    return f"<h3>{escape(_('Marks on pictures and bins'))}</h3><table>{''.join(rows)}</table>"


def add_marks(document: QTextDocument, icons: Icons, theme: Theme) -> None:
    """Give a document the icons that ``marks_page`` shows."""
    for name in (*GLYPHS.values(), "warning"):
        picture = icons.pixmap(name, theme.tones.text, _SIDE, ratio=2.0)
        kind = QTextDocument.ResourceType.ImageResource
        document.addResource(kind, QUrl(f"mark:{name}"), picture)
