"""How a training goes: the right side of the page “Train a learner”."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.evaluate_fields import explained, heading, muted
from fewshot_gui.gui.evaluate_files import ResultFiles
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.train_gallery import EpisodeGallery
from fewshot_gui.gui.train_verdict import Verdict
from fewshot_gui.gui.train_words import looked_words, prepared_words, preparing_words, step_words
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.metatrain.training_events import (
    Done,
    ExampleEpisode,
    FinalTest,
    Looked,
    Noticed,
    Prepared,
    Preparing,
    Stepped,
    TrainingEvent,
)
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.gui.train_charts import AccuracyOverSteps, LossOverSteps

_DRAW_MS = 250  # charts are drawn so often at most
_MOST_POINTS = 2000  # losses that are kept; with more, every other one goes


class TrainProgress(QStackedWidget):
    """Explains the page until something is trained; then shows all events of the training.

    Attributes:
        headline, facts: How it goes, in words.
        tabs: The charts and the gallery.
        accuracy, loss: The charts; None until there was something to draw.
        gallery: One episode.
        verdict: The final test, and what to do with the learner.
        save_button: Saves the charts.
        looks: What was seen of the training so far.
    """

    def __init__(
        self,
        theme: Theme,
        icons: Icons,
        pool: Callable[[], DecodePool],
        runner: JobRunner,
        files: ResultFiles,
        verdict: Verdict,
    ) -> None:
        super().__init__()
        self._theme, self._files = theme, files
        self.accuracy: AccuracyOverSteps | None = None
        self.loss: LossOverSteps | None = None
        self.looks: list[Looked] = []
        self._losses: list[tuple[int, float]] = []
        self._stride, self._skipped = 1, 0
        self._steps = 1
        self._notices: list[str] = []
        self._facts = ""
        self.verdict = verdict
        self.headline, self.facts = heading(""), muted("")
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.headline.setFont(font)
        self.gallery = EpisodeGallery(theme, icons, pool, runner)
        self._make_tabs()
        self._make_menu()
        self._drawing = QTimer(self, singleShot=True, interval=_DRAW_MS)
        self._drawing.timeout.connect(self._draw)
        self.addWidget(_welcome())
        self.addWidget(self._page())

    # -- what happens ------------------------------------------------------------------------

    def begin(self) -> None:
        """Another training begins."""
        self.looks.clear()
        self._losses.clear()
        self._notices.clear()
        self._stride, self._skipped, self._steps, self._facts = 1, 0, 1, ""
        self.headline.setText(_("Getting ready"))
        self.facts.setText("")
        self.verdict.hide()
        self.gallery.forget()
        self.setCurrentIndex(1)
        self._draw()

    def show_event(self, event: TrainingEvent) -> str:
        """Show what was told; returns a line for below the buttons, empty where nothing is new."""
        match event:
            case Preparing():
                return preparing_words(event)
            case Noticed():
                self._notices.append(event.text)
            case Prepared():
                self._facts, self._steps = prepared_words(event), event.steps
                self.headline.setText(_("It learns"))
                self._tell()
                return _("Seeing how well it does before it learns")
            case Stepped():
                self._note(event)
                self._soon()
                return step_words(event)
            case Looked():
                self.looks.append(event)
                self.headline.setText(looked_words(self.looks))
                self._soon()
            case ExampleEpisode():
                self.gallery.show_episode(event)
            case FinalTest():
                self.verdict.show_test(event)
            case Done():
                self._end(event)
        self._tell()
        return ""

    def _tell(self) -> None:
        self.facts.setText(" ".join((self._facts, *self._notices)).strip())

    def end(self, words: str) -> None:
        """It ended without a learner."""
        self.headline.setText(words)
        self._draw()

    def _end(self, done: Done) -> None:
        self.verdict.show_done(done)
        self.headline.setText(_("The learner is ready"))
        self._steps = max(1, done.steps)
        self._draw()

    def _note(self, event: Stepped) -> None:
        self._steps = event.steps
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self._losses.append((event.step, event.loss))
        if len(self._losses) > _MOST_POINTS:
            self._losses = self._losses[::2]
            self._stride *= 2

    # -- charts --------------------------------------------------------------------------------

    def _soon(self) -> None:
        if not self._drawing.isActive():
            self._drawing.start()

    def _draw(self) -> None:
        if not self.looks and not self._losses and self.accuracy is None:
            return
        self._drawing.stop()
        self._add_charts()
        self.accuracy.show_looks(self.looks, self._steps)
        self.loss.show_losses(self._losses, self._steps)
        self.save_button.setEnabled(bool(self.looks or self._losses))

    def _add_charts(self) -> None:
        if self.accuracy is None:
            # not before: this imports pyqtgraph
            from fewshot_gui.gui.train_charts import AccuracyOverSteps, LossOverSteps

            self.accuracy, self.loss = AccuracyOverSteps(self._theme), LossOverSteps(self._theme)
            self._charts.addWidget(self.accuracy, 3)
            self._charts.addWidget(self.loss, 2)

    # -- layout --------------------------------------------------------------------------------

    def _make_tabs(self) -> None:
        page = QWidget()
        self._charts = QVBoxLayout(page)
        self._charts.setContentsMargins(8, 8, 8, 8)
        self._charts.setSpacing(2)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(_("How it goes"))
        self.tabs.tabBar().setExpanding(False)
        self.tabs.tabBar().setAccessibleName(_("What is shown of it"))
        self.tabs.addTab(page, _("Learning"))
        self.tabs.addTab(self.gallery, _("One task"))

    def _make_menu(self) -> None:
        self.save_button = QPushButton(_("Save c&harts"))
        self.save_button.setAccessibleName(_("Save a chart"))
        self.save_button.setAutoDefault(False)
        self.save_button.setEnabled(False)
        menu = QMenu(self.save_button)
        self.chart_actions = tuple(
            menu.addAction(title, lambda which=which, svg=svg: self._save(which, svg))
            for title, which, svg in (
                (_("&Accuracy as PNG…"), "accuracy", False),
                (_("A&ccuracy as SVG…"), "accuracy", True),
                (_("&Loss as PNG…"), "loss", False),
                (_("L&oss as SVG…"), "loss", True),
            )
        )
        self.save_button.setMenu(menu)
        self.tabs.setCornerWidget(self.save_button)

    def _save(self, which: str, svg: bool) -> None:
        chart = self.accuracy if which == "accuracy" else self.loss
        if chart is None:
            return
        if svg:
            self._files.save_svg(chart.as_svg())
        else:
            self._files.save_png(chart.as_png())

    def _page(self) -> QWidget:
        page = QWidget(objectName="scrolled")
        top = QVBoxLayout()
        top.setSpacing(3)
        top.addWidget(self.headline)
        top.addWidget(self.facts)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tabs, 1)
        self.verdict.hide()
        area = QScrollArea(objectName="scrolled")
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        return area


def _welcome() -> QWidget:
    """What this page is for."""
    steps = (
        _(
            "Choose a folder with many classes of pictures, one sub-folder for each: the more "
            "classes, the better. Nothing in it is changed."
        ),
        _(
            "The program plays many thousand small tasks with them: a few examples, some "
            "targets. With each it learns a little better how to learn from few examples."
        ),
        _(
            "At the end it is tested with classes that it has never seen, against the learner "
            "that you have now. You see which is better, and use it if you like."
        ),
    )
    return explained(_("Train a learner"), steps)
