"""What few want otherwise: the fold “Advanced” of the page “Train a learner”."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.gui.evaluate_fields import NumberField, muted, number_grid
from fewshot_gui.gui.folder_page import row_of
from fewshot_gui.gui.train_fields import ChoiceField, titled
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.choices import SplitBy
from fewshot_gui.metatrain.training_order import LARGEST_SIDE, SMALLEST_SIDE, TrainingOrder
from fewshot_gui.texts import _

_ADVISED = -1  # the lowest value where 0 means something


class RateField(QDoubleSpinBox):
    """A learning rate; the lowest value leaves it to the program."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.setDecimals(6)
        self.setRange(0.0, 1.0)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setSpecialValueText(_("advised"))
        self.setAccessibleName(name)
        self.setAccessibleDescription(tip)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(6, 0, 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the form scrolls

    @property
    def chosen(self) -> float | None:
        """The rate, None where the program chooses."""
        return self.value() or None


class AdvancedFields(QWidget):
    """Fields that hold “advised” until the user writes a number.

    Attributes:
        classes: A file that says which class is in which part; empty to have them drawn.
        classes_button: Asks for it.
        rate, steps, patience, side: How it learns.
        validation, test: Shares of the classes, in percent.
        looked, tests: Tasks of a look and of each kind of the final test.
        compare: What it is compared with at the end.

    Signals:
        classes_asked: The user wants to choose the file.
        changed: Something is wanted otherwise.
    """

    classes_asked = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._make_classes()
        self._make_numbers()
        self.compare = ChoiceField(_("Learner to compare with"))
        self.compare.offer(
            (info.key, info.title, _("The test at the end says which of the two is better."))
            for info in all_learners()
        )
        self._lay_out()
        self._connect()

    # -- what is asked -------------------------------------------------------------------------

    def applied(self, order: TrainingOrder) -> TrainingOrder:
        """The order with what is wanted otherwise here."""
        wanted = {
            "rate": self.rate.chosen,
            "steps": self.steps.chosen,
            "patience": self.patience.chosen,
            "side": self.side.chosen if order.network_choice.from_scratch else None,
        }
        order = replace(order, **{name: v for name, v in wanted.items() if v is not None})
        order = replace(
            order,
            # The beginning with all classes at once leaves room for the tasks.
            classifying=min(order.classifying, order.steps // 2),
            watch_episodes=self.looked.value(),
            test_episodes=self.tests.value(),
            validation=self.validation.value() / 100,
            test=self.test.value() / 100,
            compare=self.compare.chosen,
        )
        file = self.classes.text().strip()
        return replace(order, split=SplitBy.FILE, classes_file=file) if file else order

    def fill(self, order: TrainingOrder) -> None:
        """Hold what is advised for another folder."""
        self.classes.clear()
        for field in (self.rate, self.steps, self.patience, self.side):
            field.setValue(field.minimum())
        self.looked.setValue(order.watch_episodes)
        self.tests.setValue(order.test_episodes)
        self.validation.setValue(round(100 * order.validation))
        self.test.setValue(round(100 * order.test))
        self.compare.choose(order.compare)

    def fit(self, from_scratch: bool) -> None:
        """Fields that mean nothing now cannot be used.

        Args:
            from_scratch: The network knows nothing at the start, so it says nothing of how
                large pictures must be.
        """
        self.side.setEnabled(from_scratch)
        for share in (self.validation, self.test):
            share.setEnabled(not self.deals)

    @property
    def deals(self) -> bool:
        """Whether a file says which class is in which part."""
        return bool(self.classes.text().strip())

    # -- parts ---------------------------------------------------------------------------------

    def _make_classes(self) -> None:
        self.classes = QLineEdit()
        self.classes.setAccessibleName(_("Table that deals out the classes"))
        self.classes.setPlaceholderText(_("none: they are drawn"))
        self.classes_button = QPushButton(_("C&hoose…"))
        self.classes_button.setAccessibleName(_("Choose the table"))
        self.classes_button.setAutoDefault(False)
        self._about_classes = muted(
            _("A CSV file: in each line a class, and training, validation or test.")
        )
        self.classes.setAccessibleDescription(self._about_classes.text())

    def _make_numbers(self) -> None:
        free = _("advised")
        self.rate = RateField(
            _("Learning rate"), _("How far each step goes; usual are 0.0001 to 0.01.")
        )
        self.steps = NumberField(
            _("Steps at most"), 0, 10_000_000, 0, _("In place of “How long”."), free
        )
        tip = _("It ends after so many looks that were no better; 0 for never.")
        self.patience = NumberField(_("Patience"), _ADVISED, 10_000, _ADVISED, tip, free)
        tip = _("Height and width of the pictures; only for networks from scratch.")
        low = SMALLEST_SIDE - 1
        self.side = NumberField(_("Pixels of a side"), low, LARGEST_SIDE, low, tip, free)
        tip = _("Classes that say after how many steps it did best.")
        self.validation = NumberField(_("Classes to watch with"), 1, 98, 15, tip)
        tip = _("Classes that it never sees before the test at the end.")
        self.test = NumberField(_("Classes to test with"), 1, 98, 20, tip)
        for share in (self.validation, self.test):
            share.setSuffix(_(" %"))
        tip = _("More of them watch more exactly, and take longer.")
        self.looked = NumberField(_("Tasks of a look"), 2, 100_000, 200, tip)
        tip = _("Of each kind; 0 leaves the test out.")
        self.tests = NumberField(_("Tasks of the test"), 0, 100_000, 600, tip)

    @property
    def _numbers(self) -> tuple[NumberField | RateField, ...]:
        learning = (self.rate, self.steps, self.patience, self.side)
        return (self.validation, self.test, *learning, self.looked, self.tests)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        name = QLabel(self.classes.accessibleName())
        name.setWordWrap(True)
        name.setBuddy(self.classes)
        layout.addWidget(name)
        layout.addLayout(row_of(self.classes, self.classes_button))
        layout.addWidget(self._about_classes)
        for field in self._numbers:
            layout.addLayout(number_grid([field]))
            layout.addWidget(muted(field.toolTip()))
        layout.addWidget(titled(self.compare.accessibleName(), self.compare))

    def _connect(self) -> None:
        self.classes_button.clicked.connect(self.classes_asked)
        self.classes.textChanged.connect(self.changed)
        for field in self._numbers:
            field.valueChanged.connect(self.changed)
        self.compare.currentIndexChanged.connect(self.changed)
