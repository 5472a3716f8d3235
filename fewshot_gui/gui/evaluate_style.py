"""The style of what only the page “How well does it sort?” has: numbers, boxes, tabs, a table."""

from __future__ import annotations

from string import Template

from fewshot_gui.gui.theme import Tones
from fewshot_gui.paths import resource


def evaluate_style(tones: Tones) -> str:
    """The style sheet of the page."""
    values = {name: getattr(tones, name) for name in Tones.__dataclass_fields__}
    theme = "dark" if tones.dark else "light"
    for name, file in (("down", "chevron"), ("up", "chevron-up"), ("check", "check")):
        values[name] = resource("icons", "ui", f"{file}-{theme}.svg").as_posix()
    return _SHEET.substitute(values)


_SHEET = Template("""
QWidget#form { background: $surface; }
QScrollArea#form { border-right: 1px solid $border; }
QWidget#footer { background: $surface; border-top: 1px solid $border;
    border-right: 1px solid $border; }
QAbstractSpinBox {
    background: $surface; color: $text; border: 1px solid $strong_border; border-radius: 8px;
    padding: 4px 6px 4px 9px; min-height: 18px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QAbstractSpinBox:focus { border-color: $accent; }
QAbstractSpinBox:disabled { color: $faint; border-color: $border; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; width: 22px; border: none; background: transparent;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; margin-top: 2px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 2px; }
QAbstractSpinBox::up-arrow { image: url("$up"); width: 11px; height: 11px; }
QAbstractSpinBox::down-arrow { image: url("$down"); width: 11px; height: 11px; }
QComboBox:disabled, QLineEdit:disabled { color: $faint; border-color: $border; }
QCheckBox {
    color: $text; spacing: 8px; padding: 1px 4px; border: 1px solid transparent;
    border-radius: 6px;
}
QCheckBox:focus { border-color: $accent; }
QCheckBox:disabled { color: $faint; }
QCheckBox::indicator {
    width: 14px; height: 14px; border: 1px solid $muted; border-radius: 4px; background: $surface;
}
QCheckBox::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked {
    background: $accent; border-color: $accent; image: url("$check");
}
QCheckBox::indicator:checked:disabled { background: $faint; border-color: $faint; }
QCheckBox::indicator:disabled { border-color: $border; }
QSplitter::handle { background: transparent; }
QTableView {
    background: $surface; border: 1px solid $border; border-radius: 10px; outline: none;
    selection-background-color: $accent_soft; selection-color: $text;
}
QTableView:focus { border-color: $accent; }
QTableView::item { padding: 3px 10px; border: none; }
QTableView::corner { background: transparent; border: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
    background: transparent; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 6px 10px;
}
QTabWidget::pane { border: 1px solid $border; border-radius: 10px; background: $surface; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: $muted; border: none; padding: 7px 12px;
    border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar::tab:focus { background: $accent_soft; border-radius: 6px; }
QGraphicsView { border: 1px solid transparent; }
QGraphicsView:focus { border-color: $accent; border-radius: 6px; }
""")
