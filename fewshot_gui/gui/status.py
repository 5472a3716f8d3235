"""The line at the bottom: what is there, what goes on, and on which machine."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE
from fewshot_gui.gui.plain import long_tip
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.session import Session
from fewshot_gui.images.files import FailureKind
from fewshot_gui.learners.registry import learner_info
from fewshot_gui.texts import _, ngettext

PATIENCE_MS = 600  # work that is done sooner shows no progress bar


class StatusLine(QWidget):
    """Says the truth about the open folder.

    Attributes:
        engine: Says where and with what is sorted; opens the menu it is given.

    Signals:
        unreadable_clicked: The user wants to see what cannot be read.
    """

    unreadable_clicked = Signal()

    def __init__(self, session: Session, device: Callable[[], str]) -> None:
        super().__init__(objectName="statusbar")
        self._session = session
        self._device = device
        self.facts = QPushButton()
        self.facts.setProperty("role", "quiet")
        self.facts.clicked.connect(self.unreadable_clicked)
        self.activity = QLabel()
        self.activity.setProperty("tone", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(140)
        self.bar.setAccessibleName(_("Progress"))
        self.button = QPushButton()
        self.button.setProperty("role", "link")
        self.button.clicked.connect(self._on_button)
        self.pace = QLabel()
        self.pace.setProperty("tone", "muted")
        self.saving = QLabel()
        self.question = QLabel()
        self.question.setProperty("tone", "muted")
        self.engine = QPushButton()
        self.engine.setProperty("role", "quiet")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 14, 3)
        layout.setSpacing(10)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        layout.addWidget(self.activity)
        layout.addWidget(self.bar)
        layout.addWidget(self.button)
        layout.addStretch(1)
        for widget in (self.question, self.saving, self.pace, self.engine):
            layout.addWidget(widget)
        self.setFixedHeight(36)
        for widget in (self.facts, self.activity, self.pace, self.engine):
            widget.setMinimumWidth(40)  # long sentences never make the window wide
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_progress)
        self._patient = False
        self._stopped = False
        session.desk.state_changed.connect(self._show_saving)
        session.folder_changed.connect(self._show_saving)
        session.progress_changed.connect(self.show_progress)
        session.rows_changed.connect(lambda _rows: self.show_facts())
        session.images_added.connect(lambda _rows: self.show_facts())
        session.images_listed.connect(self.show_facts)
        session.folder_changed.connect(self.show_facts)
        session.predictions_changed.connect(self.show_facts)
        session.labels_changed.connect(lambda _rows: self.show_facts())
        self.show_facts()
        self.show_progress()
        self.show_pace("")
        self.show_question("")
        self._show_saving()

    # -- facts ---------------------------------------------------------------------------

    def show_facts(self) -> None:
        """Count what is there."""
        collection = self._session.collection
        if collection is None:
            self.facts.setText("")
            self.facts.hide()
            self.engine.hide()
            return
        self.facts.show()
        self.engine.show()
        total = len(collection.targets)
        parts = [ngettext("{count} image", "{count} images", total).format(count=f"{total:,}")]
        if self._session.listing_stopped:
            parts.append(_("listing was stopped"))
        failed = collection.failed_targets()
        if len(failed):
            kinds = collection.failure_kinds(failed.tolist())
            why = ", ".join(f"{count:,} {_kind_words(kind)}" for kind, count in kinds.items())
            words = _("{count} unreadable ({why})")
            parts.append(words.format(count=f"{len(failed):,}", why=why))
        skipped = self._skipped()
        if skipped:
            parts.append(_("{count} skipped").format(count=f"{skipped:,}"))
        done = sum(collection.sorted_counts().values())
        if done:
            parts.append(_("{count} sorted").format(count=f"{done:,}"))
        self.facts.setText(" · ".join(parts))
        self.facts.setAccessibleName(self.facts.text())
        self.facts.setToolTip(self._explanation(len(failed)))
        device = {"cpu": _("CPU"), "cuda": _("GPU"), "mps": _("GPU")}.get(
            self._device().partition(":")[0], self._device()
        )
        learner = learner_info(self._session.learner).title
        backbone = self._session.backbone
        other = backbone.key if backbone.key != DEFAULT_BACKBONE else ""
        self.engine.setText(" · ".join(part for part in (device, learner, other) if part))
        why = self._session.sorter.explanation
        self.engine.setToolTip(long_tip(why))
        self.engine.setAccessibleName(self.engine.text())
        self.engine.setAccessibleDescription(why)

    def _skipped(self) -> int:
        results = self._session.scan_results
        return sum(r.hidden + len(r.unreadable_folders) + r.links for r in results)

    def _explanation(self, failed: int) -> str:
        lines = []
        if failed:
            lines.append(_("Click to see the pictures that cannot be read."))
        results = self._session.scan_results
        if self._skipped():
            closed = sum(len(result.unreadable_folders) for result in results)
            for count, words in (
                (sum(r.hidden for r in results), _("Hidden files and folders: {count}")),
                (sum(r.links for r in results), _("Links, which are not followed: {count}")),
                (closed, _("Folders that cannot be opened: {count}")),
            ):
                if count:
                    lines.append(words.format(count=f"{count:,}"))
        return "\n".join(lines)

    def show_pace(self, words: str) -> None:
        """How quickly the user gets on."""
        self.pace.setText(words)
        self.pace.setVisible(bool(words))

    def show_question(self, words: str) -> None:
        """What is being looked for at the moment."""
        self.question.setText(words)
        self.question.setVisible(bool(words))

    def _show_saving(self) -> None:
        """Nothing while all is written down; a slow disk is told, and so is a full one."""
        state = self._session.desk.state
        text = ""
        if self._session.read_only:
            text = _("Viewing only")
        elif state is not None and state.error is not None:
            text = _("Not saved")
        elif state is not None and state.pending:
            text = _("Saving…")
        self.saving.setText(text)
        self.saving.setProperty("tone", "error" if text == _("Not saved") else "muted")
        self.saving.style().unpolish(self.saving)
        self.saving.style().polish(self.saving)
        self.saving.setVisible(bool(text))

    # -- progress ------------------------------------------------------------------------

    def show_progress(self) -> None:
        """Show how far scan and reading are; what is over in a moment shows nothing."""
        reader = self._session.reader
        if self._stopped != self._session.listing_stopped:
            self._stopped = self._session.listing_stopped
            self.show_facts()
        busy = self._session.scanning or reader.state is ReaderState.READING
        if busy and not self._patient and not self._patience.isActive():
            self._patience.start()
        elif not busy:
            self._patience.stop()
            self._patient = False
        self._paint_progress(busy)

    def _show_progress(self) -> None:
        self._patient = True
        self.show_progress()

    def _paint_progress(self, busy: bool) -> None:
        reader = self._session.reader
        paused = reader.state is ReaderState.PAUSED
        stopped = not busy and self._stopped
        waiting = paused or stopped
        visible = (busy and self._patient) or waiting
        self.activity.setVisible(visible)
        self.button.setVisible(visible and (waiting or self._session.can_cancel))
        self.bar.setVisible(visible and not waiting)
        if not visible:
            return
        self.button.setText(_("Resume") if waiting else _("Cancel"))
        self.button.setAccessibleName(self.button.text())
        self.button.setToolTip("" if waiting else _("Esc"))
        if self._session.scanning:
            collection = self._session.collection
            found = len(collection.targets) if collection else 0
            self.activity.setText(_("Looking for pictures: {count}").format(count=f"{found:,}"))
            self.bar.setRange(0, 0)
            return
        if stopped and not paused:
            self.activity.setText(_("The folder was not listed to its end"))
            return
        done, total = reader.counts
        words = (
            _("Paused at {done} of {total}") if paused else _("Reading pictures {done} of {total}")
        )
        parts = [words.format(done=f"{done:,}", total=f"{total:,}")]
        if not paused and reader.rate > 0:
            rate = f"{reader.rate:,.0f}" if reader.rate >= 10 else f"{reader.rate:.1f}"
            parts.append(_("{rate} images/s").format(rate=rate))
            parts.append(time_left((total - done) / reader.rate))
        self.activity.setText(" · ".join(parts))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)

    def _on_button(self) -> None:
        reader = self._session.reader
        if self._session.scanning or reader.state is ReaderState.READING:
            self._session.cancel()
        else:
            self._session.resume()


def time_left(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 60:
        rounded = max(1, round(seconds / 5) * 5 if seconds > 10 else round(seconds))
        return _("{count} s left").format(count=rounded)
    if seconds < 3600:
        return _("{count} min left").format(count=round(seconds / 60))
    return _("{count} h left").format(count=round(seconds / 3600, 1))


def _kind_words(kind: FailureKind) -> str:
    return {
        FailureKind.DAMAGED: _("damaged"),
        FailureKind.UNSUPPORTED: _("not supported"),
        FailureKind.TOO_LARGE: _("too large"),
        FailureKind.MISSING: _("missing"),
        FailureKind.UNREADABLE: _("cannot be opened"),
        FailureKind.STOPPED: _("decoder failed"),
    }[kind]
