"""What hiding the examples showed, in plain words and one bar a class."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.image_model import percent
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.reviewer import Verdict
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.project.values import Bin
from fewshot_gui.review.enough import FEWEST_TESTED, ClassEnough, Enough, Outlook
from fewshot_gui.review.wilson import Rate
from fewshot_gui.texts import _, ngettext

NAME_WIDTH = 150
DOT = 10


class RateBar(QWidget):
    """A share as a bar, with a line for what it may be; a dashed frame where nothing is known."""

    def __init__(self, rate: Rate, colour: int, theme: Theme, name: str) -> None:
        super().__init__()
        self._rate, self._colour, self._theme = rate, colour, theme
        self.setFixedHeight(20)
        self.setMinimumWidth(90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(name))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tones = self._theme.tones
        area = QRectF(self.rect()).adjusted(1, 5, -1, -5)
        if self._rate.share is None:
            painter.setPen(QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tones.sunken))
        painter.drawRoundedRect(area, 5, 5)
        bar = QRectF(area)
        bar.setWidth(area.width() * self._rate.share)
        painter.setBrush(class_colour(self._colour, tones.dark).hue)
        painter.drawRoundedRect(bar, min(5.0, bar.width() / 2), 5)
        low, high = (area.left() + area.width() * end for end in self._rate.interval)
        # a seam in the colour of the ground keeps the line readable on every hue
        for colour, width in ((tones.window, 3.5), (tones.text, 1.5)):
            painter.setPen(QPen(QColor(colour), width))
            middle = area.center().y()
            painter.drawLine(QPointF(low, middle), QPointF(high, middle))
            for end in (low, high):
                painter.drawLine(QPointF(end, middle - 4), QPointF(end, middle + 4))


class ClassDot(QWidget):
    """The colour of a class."""

    def __init__(self, colour: int, theme: Theme) -> None:
        super().__init__()
        self._colour, self._theme = colour, theme
        self.setFixedSize(DOT, DOT)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(class_colour(self._colour, self._theme.tones.dark).hue)
        painter.drawEllipse(self.rect())


class VerdictView(QWidget):
    """A verdict in words, and a line for each class.

    Attributes:
        headline: The verdict in one sentence.
        words: What else there is to say.
        confirmed: Says that confirmed images are no examples; hidden where there are none.
        table: One line a class, those first that want most; scrolls.
    """

    def __init__(self, verdict: Verdict, theme: Theme) -> None:
        super().__init__()
        self._verdict, self._theme = verdict, theme
        first, *others = sentences(verdict)
        self.headline = _label(first, "strong", wrap=True)
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.headline.setFont(font)
        self.words = _label("\n".join(others), "muted", wrap=True)
        count = len(verdict.project.confirmed)
        self.confirmed = _label(confirmed_words(count), "muted", wrap=True)
        self.confirmed.setVisible(count > 0)
        self.table = self._table(verdict.enough)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.headline)
        layout.addWidget(self.words)
        layout.addWidget(self.confirmed)
        layout.addSpacing(8)
        layout.addWidget(self.table, 1)

    def _table(self, result: Enough) -> QScrollArea:
        sheet = QWidget()
        grid = QGridLayout(sheet)
        grid.setContentsMargins(2, 0, 14, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        heads = (_("Class"), _("Examples"), _("Put back rightly when hidden"), "", _("Advice"))
        for column, head in zip((0, 1, 2, 3, 4), heads, strict=True):
            if head:
                grid.addWidget(_label(head, "muted"), 0, column)
        ordered = sorted(
            result.classes,
            key=lambda c: (c.class_id != result.neediest, -c.wanted, c.rate.share or 0.0),
        )
        for line, one in enumerate(ordered, 1):
            self._add_line(grid, line, one)
        grid.setRowStretch(len(ordered) + 1, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that the arrow keys scroll
        area.setAccessibleName(_("Expected accuracy of each class"))
        sheet.setAutoFillBackground(False)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(sheet)
        # never cut off: there is no bar to scroll sideways with
        area.setMinimumWidth(sheet.minimumSizeHint().width() + area.verticalScrollBar().width())
        return area

    def _add_line(self, grid: QGridLayout, line: int, one: ClassEnough) -> None:
        known = self._verdict.project.bin(one.class_id)
        words = rate_words(one.rate)
        count = _label(f"{one.examples:,}", "")
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bar = RateBar(one.rate, known.colour, self._theme, f"{known.name}: {words}")
        grid.addWidget(self._name(known), line, 0)
        grid.addWidget(count, line, 1)
        grid.addWidget(bar, line, 2)
        grid.addWidget(_label(words, ""), line, 3)
        grid.addWidget(_label(advice_words(one), "muted"), line, 4)

    def _name(self, known: Bin) -> QWidget:
        label = _label("", "")
        metrics = label.fontMetrics()
        label.setText(metrics.elidedText(known.name, Qt.TextElideMode.ElideRight, NAME_WIDTH))
        label.setAccessibleName(known.name)
        label.setToolTip(plain_tip(known.name))
        cell = QWidget()
        row = QHBoxLayout(cell)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(ClassDot(known.colour, self._theme))
        row.addWidget(label, 1)
        return cell


def sentences(verdict: Verdict) -> list[str]:
    """The verdict in plain words; the first sentence alone is the answer."""
    result, project = verdict.enough, verdict.project
    if not result.can_tell:
        return _too_few(result)
    told = []
    if result.neediest is None:
        told.append(_answer(result))
    else:
        one = next(c for c in result.classes if c.class_id == result.neediest)
        text = ngettext(
            "Not quite: give “{name}” about {count} more example.",
            "Not quite: give “{name}” about {count} more examples.",
            one.wanted,
        )
        told.append(text.format(name=project.class_name(one.class_id), count=one.wanted))
    low, high = result.overall.interval
    text = _(
        "About {share} of pictures like your examples are expected to be right "
        "(between {low} and {high})."
    )
    share = result.overall.share or 0.0
    told.append(text.format(share=percent(share), low=percent(low), high=percent(high)))
    if result.outlook is not None and result.outlook.undecided:
        told.append(_outlook_words(result.outlook))
        if result.outlook.many_strange:
            told.append(_("Give their kinds bins of their own, or set a limit for Unknown."))
    if result.mixed is not None:
        first, second = (project.class_name(c) for c in result.mixed.class_ids)
        text = _("“{first}” and “{second}” are mixed up most.")
        told.append(text.format(first=first, second=second))
    return told


def _answer(result: Enough) -> str:
    """The answer where no bin wants examples; never a yes that the examples do not prove."""
    if result.outlook is not None and result.outlook.many_strange:
        return _("Your bins do well, but many pictures seem to belong to none of them.")
    if not result.proven:
        return _("So far every bin does well, but so few examples prove little.")
    return _("Yes: every bin does well with its examples.")


def _outlook_words(outlook: Outlook) -> str:
    """What is to be expected of the pictures at hand."""
    wrong, strange = round(outlook.wrong), round(outlook.strange)
    text = ngettext(
        "Of the {count} picture that is sorted but not decided, about {wrong} may be wrong",
        "Of the {count} pictures that are sorted but not decided, about {wrong} may be wrong",
        outlook.undecided,
    ).format(count=f"{outlook.undecided:,}", wrong=f"{wrong:,}")
    if not strange:
        return _("{text}.").format(text=text)
    more = ngettext(
        "{count} of them because it belongs to no bin",
        "{count} of them because they belong to no bin",
        min(strange, wrong),
    ).format(count=f"{min(strange, wrong):,}")
    return _("{text}, {more}.").format(text=text, more=more)


def rate_words(rate: Rate) -> str:
    """“7 of 8”."""
    if not rate.tested:
        return _("not known")
    return _("{right} of {tested}").format(right=rate.right, tested=rate.tested)


def advice_words(one: ClassEnough) -> str:
    """What this class wants, if anything."""
    if not one.wanted:
        return _("does well")
    text = ngettext("about {count} more example", "about {count} more examples", one.wanted)
    return text.format(count=one.wanted)


def confirmed_words(count: int) -> str:
    """What the user may wonder about who confirmed many pictures and sees few examples."""
    text = ngettext(
        "{count} picture that you confirmed is no example: confirming settles a picture, but "
        "teaches nothing. As an example it would be tried out here as well.",
        "{count} pictures that you confirmed are no examples: confirming settles a picture, but "
        "teaches nothing. As examples they would be tried out here as well.",
        count,
    )
    return text.format(count=f"{count:,}")


def _too_few(result: Enough) -> list[str]:
    text = _(
        "Each example is hidden once and put back by what the others teach; the only example "
        "of a bin cannot be hidden. That needs {wanted} examples in bins of two and more: "
        "there are {count}."
    )
    return [
        _("There are too few examples to tell."),
        text.format(wanted=FEWEST_TESTED, count=result.overall.tested),
    ]


def _label(text: str, tone: str, wrap: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if tone:
        label.setProperty("tone", tone)
    return label
