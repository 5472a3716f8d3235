"""Colours of the window, light and dark, and the one style sheet made from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from fewshot_gui.paths import resource

RADIUS = 10


@dataclass(frozen=True)
class Tones:
    """Every colour the window uses, besides those of the classes.

    Attributes:
        dark: Whether this is the dark set.
        window: Behind everything.
        surface: Panels, cards and menus.
        sunken: Fields, empty picture frames.
        hover: A surface under the pointer.
        border: Lines that part surfaces.
        strong_border: Lines around controls.
        text: Main text.
        muted: Secondary text.
        faint: Placeholders, disabled text.
        accent: The one accent colour.
        on_accent: Text on it.
        accent_soft: Tint behind selected things.
        info, success, warning, error: Colours of messages.
    """

    dark: bool
    window: str
    surface: str
    sunken: str
    hover: str
    border: str
    strong_border: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    accent_soft: str
    info: str
    success: str
    warning: str
    error: str


LIGHT = Tones(
    dark=False,
    window="#f5f6f8",
    surface="#ffffff",
    sunken="#eceef2",
    hover="#f0f2f6",
    border="#e2e5ea",
    strong_border="#cdd2da",
    text="#1c2024",
    muted="#5b636e",
    faint="#9aa1ac",
    accent="#3d63dd",
    on_accent="#ffffff",
    accent_soft="#e6ecfc",
    info="#3d63dd",
    success="#1b7a50",
    warning="#ad5700",
    error="#ce2c31",
)

DARK = Tones(
    dark=True,
    window="#15171b",
    surface="#1d2025",
    sunken="#282c33",
    hover="#282c34",
    border="#2d3139",
    strong_border="#434955",
    text="#edeef0",
    muted="#a4abb6",
    faint="#6b7380",
    accent="#7d97f5",
    on_accent="#10141f",
    accent_soft="#28324f",
    info="#7d97f5",
    success="#4cc38a",
    warning="#f1a10d",
    error="#ff6a6e",
)

# (light, dark). Far apart in OKLab from each other, at least 3:1 against the cards of their
# theme; the names that people read are in bin_colours.py, in the same order.
_CLASS_HUES = (
    ("#0b7bea", "#3b9dff"),
    ("#f06000", "#ff8133"),
    ("#2c9f4b", "#46b968"),
    ("#d6409f", "#e85bb5"),
    ("#b98200", "#e8b931"),
    ("#7450dc", "#9a80f5"),
    ("#0a9389", "#22bfae"),
    ("#dd2f38", "#f2555a"),
    ("#91583c", "#b37d47"),
    ("#09678e", "#85d8fa"),
    ("#980f9b", "#ba36dd"),
    ("#3e6a22", "#a5d93b"),
    ("#c77d9b", "#e49ab1"),
    ("#353e48", "#6c8399"),
    ("#7e0f3f", "#b05276"),
    ("#172e95", "#2364fd"),
)
CLASS_HUES = len(_CLASS_HUES)
CLASS_PATTERNS = 4  # plain, striped, dotted, crossed: the hues once again with each


@dataclass(frozen=True)
class ClassColour:
    """How one class is painted.

    Attributes:
        hue: The colour itself: bars, dots and lines.
        solid: The same, as dark as the text on it needs.
        on_solid: Text on ``solid``.
        tint: Quiet background.
        on_tint: Text of the same hue on the quiet background.
        pattern: Painted over ``solid`` where there is room, so that a hue that is in use
            twice can be told apart: 0 for none, else below ``CLASS_PATTERNS``.
    """

    hue: QColor
    solid: QColor
    on_solid: QColor
    tint: QColor
    on_tint: QColor
    pattern: int = 0


def luminance(colour: QColor) -> float:
    """Relative luminance after WCAG 2."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(c) for c in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio after WCAG 2, from 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """``share`` of the second colour in the first one."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * share,
        first.greenF() + (second.greenF() - first.greenF()) * share,
        first.blueF() + (second.blueF() - first.blueF()) * share,
    )


@lru_cache(maxsize=512)
def class_colour(index: int, dark: bool) -> ClassColour:
    """The colours of the class with this palette index; any index has some."""
    tones = DARK if dark else LIGHT
    turn, place = divmod(index, CLASS_HUES)
    pattern = turn % CLASS_PATTERNS
    # another shade as well, for what is too small for a pattern: away from the background
    away = QColor("white" if dark else "black")
    hue = mix(QColor(_CLASS_HUES[place][1 if dark else 0]), away, 0.13 * pattern)
    solid = hue
    white, ink = QColor("#ffffff"), QColor("#16181d")
    if contrast(solid, white) >= 2.9:  # dark enough that a little more lets white be read
        on_solid = white
        while contrast(solid, white) < 4.5:
            solid = solid.darker(104)
    else:
        on_solid = ink
    tint = mix(QColor(tones.surface), hue, 0.26 if dark else 0.15)
    towards = QColor("white" if dark else "black")
    on_tint = hue
    for step in range(1, 20):
        if contrast(on_tint, tint) >= 4.6:
            break
        on_tint = mix(hue, towards, step / 20)
    return ClassColour(hue, solid, on_solid, tint, on_tint, pattern)


class Theme(QObject):
    """Dresses the application, and does so again when the system changes its mind.

    Attributes:
        tones: The colours in use.

    Signals:
        changed: ``tones`` are others now.
    """

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        self.tones = LIGHT
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._refresh)
        self.choose(choice)

    def choose(self, choice: str) -> None:
        """Follow the system (``system``), or be ``light`` or ``dark`` whatever it says."""
        self._choice = choice
        scheme = {
            "light": Qt.ColorScheme.Light,
            "dark": Qt.ColorScheme.Dark,
        }.get(choice, Qt.ColorScheme.Unknown)
        self._app.styleHints().setColorScheme(scheme)  # so that title bars follow as well
        self._refresh()

    def _refresh(self, *_scheme: object) -> None:
        if self._choice == "system":
            dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._choice == "dark"
        tones = DARK if dark else LIGHT
        if tones is self.tones and self._app.styleSheet():
            return
        self.tones = tones
        self._app.setPalette(_palette(tones))
        self._app.setStyleSheet(style_sheet(tones))
        self.changed.emit()


def _palette(tones: Tones) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, tones.window),
        (role.WindowText, tones.text),
        (role.Base, tones.surface),
        (role.AlternateBase, tones.sunken),
        (role.Text, tones.text),
        (role.Button, tones.surface),
        (role.ButtonText, tones.text),
        (role.BrightText, tones.error),
        (role.ToolTipBase, tones.surface),
        (role.ToolTipText, tones.text),
        (role.PlaceholderText, tones.faint),
        (role.Highlight, tones.accent),
        (role.HighlightedText, tones.on_accent),
        (role.Link, tones.accent),
        (role.LinkVisited, tones.accent),
        (role.Accent, tones.accent),
        (role.Mid, tones.border),
        (role.Light, tones.hover),
        (role.Dark, tones.strong_border),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(tones.faint))
    return palette


def style_sheet(tones: Tones) -> str:
    """The style sheet of the whole application."""
    values = {name: getattr(tones, name) for name in Tones.__dataclass_fields__}
    values["accent_hover"] = QColor(tones.accent).lighter(112).name()
    values["accent_down"] = QColor(tones.accent).darker(112).name()
    # a style sheet takes pictures from files only, so there is one for each theme
    chevron = resource("icons", "ui", f"chevron-{'dark' if tones.dark else 'light'}.svg")
    values["chevron"] = chevron.as_posix()
    return _SHEET.substitute(values, radius=f"{RADIUS}px")


_SHEET = Template("""
QMainWindow, QDialog { background: $window; }
QToolTip {
    background: $surface; color: $text; border: 1px solid $strong_border; padding: 6px 8px;
}
QMenuBar { background: $window; padding: 3px 6px; }
QMenuBar::item { padding: 5px 10px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: $accent_soft; color: $text; }
QMenu {
    background: $surface; border: 1px solid $strong_border; padding: 6px; color: $text;
}
QMenu::item { padding: 6px 28px 6px 28px; border-radius: 6px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: 6px 8px; }
QMenu::icon { padding-left: 8px; }
QMenu QLabel#menuNote { color: $muted; padding: 4px 14px 8px 28px; }

QPushButton {
    background: $surface; color: $text; border: 1px solid $strong_border;
    border-radius: 8px; padding: 6px 14px; min-height: 18px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $sunken; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; border-color: $border; }
QPushButton[role="primary"] {
    background: $accent; color: $on_accent; border-color: $accent; font-weight: 600;
}
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:pressed { background: $accent_down; border-color: $accent_down; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 5px 13px; }
QPushButton[role="primary"]:disabled { background: $sunken; border-color: $sunken; color: $faint; }
QPushButton[size="large"] { padding: 10px 22px; min-height: 22px; }
QPushButton[role="link"] {
    background: transparent; border: 1px solid transparent; color: $accent; padding: 3px 6px;
    min-height: 16px;
}
QPushButton[role="link"]:hover { background: $accent_soft; }
QPushButton[role="link"]:focus { border-color: $accent; }
QPushButton[role="quiet"] {
    background: transparent; border: 1px solid transparent; color: $muted; padding: 3px 6px;
    min-height: 16px;
}
QPushButton[role="quiet"]:hover { background: $hover; color: $text; }
QPushButton[role="quiet"]::menu-indicator { image: none; }
QPushButton[role="quiet"]:focus { border-color: $accent; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 8px;
    padding: 5px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $sunken; }
QToolButton:focus { border-color: $accent; }

QLineEdit {
    background: $surface; color: $text; border: 1px solid $strong_border; border-radius: 8px;
    padding: 5px 9px; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus { border-color: $accent; }
QComboBox {
    background: $surface; color: $text; border: 1px solid $strong_border; border-radius: 8px;
    padding: 5px 8px 5px 10px; min-height: 18px;
}
QComboBox:hover { background: $hover; }
QComboBox:focus { border-color: $accent; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$chevron"); width: 14px; height: 14px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QComboBox QAbstractItemView {
    background: $surface; border: 1px solid $strong_border; padding: 4px; outline: none;
    selection-background-color: $accent_soft; selection-color: $text;
}
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $strong_border; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
    background: $surface; border: 2px solid $accent;
}
QProgressBar { background: $sunken; border: none; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $strong_border; border-radius: 4px; }
QScrollBar::handle:vertical { min-height: 36px; }
QScrollBar::handle:horizontal { min-width: 36px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $border; }
QSplitter::handle:hover { background: $accent; }
QListView#grid { background: $window; border: none; outline: none; }
QScrollArea { background: transparent; border: none; }
QTextBrowser, QPlainTextEdit {
    background: $surface; color: $text; border: 1px solid $border; border-radius: $radius;
    padding: 8px; selection-background-color: $accent; selection-color: $on_accent;
}
QFrame#panel, QWidget#panel { background: $surface; }
QWidget#toolbar { background: $window; border-bottom: 1px solid $border; }
QWidget#statusbar { background: $surface; border-top: 1px solid $border; }
QFrame#card { background: $surface; border: 1px solid $border; border-radius: 14px; }
QFrame#newbin { background: $surface; border: 1px solid $accent; border-radius: $radius; }
QFrame#banner { background: $surface; border: 1px solid $border; border-radius: $radius; }
QLabel[tone="title"] { font-weight: 700; }
QLabel[tone="strong"] { font-weight: 600; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="faint"] { color: $faint; }
QLabel[tone="error"] { color: $error; }
""")
