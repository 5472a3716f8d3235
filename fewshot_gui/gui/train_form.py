"""What to train, and with which pictures: the left side of the page “Train a learner”."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.evaluate_fields import (
    CheckField,
    Fold,
    NumberField,
    heading,
    muted,
    number_grid,
)
from fewshot_gui.gui.folder_page import FolderForm
from fewshot_gui.gui.train_advanced import AdvancedFields
from fewshot_gui.gui.train_fields import ChoiceField, titled
from fewshot_gui.gui.train_run import Found
from fewshot_gui.gui.train_words import (
    LENGTHS,
    advice_words,
    freedom_choices,
    length_choices,
    report_words,
    split_choices,
)
from fewshot_gui.metatrain.advice import with_algorithm, with_network
from fewshot_gui.metatrain.choices import (
    Freedom,
    SplitBy,
    all_algorithms,
    all_networks,
    network_choice,
)
from fewshot_gui.metatrain.training_order import TrainingOrder, checked
from fewshot_gui.metatrain.training_plan import Range
from fewshot_gui.texts import _


class TrainForm(FolderForm):
    """The fields. They hold what suits the folder until the user wants it otherwise.

    Attributes:
        found, advice: What the folder holds, and what is advised.
        algorithm, network, length: The first choices.
        ways, shots, turned: Tasks to learn from.
        more: Holds the fields that few need: ``freedom``, ``split``, ``targets``,
            ``episodes``, ``minutes``, ``seed``, ``vary``, ``mirror``, ``within``.
        more_still: Holds the fields that hardly anybody needs: ``advanced``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: Found | None = None
        self._refusal = ""  # why the folder cannot be used
        self._filling = False
        self._filled = ""  # the folder that the fields were filled for
        self._make_words()
        self._make_choices()
        self._make_numbers()
        self._make_boxes()
        self.advanced = AdvancedFields()
        self.setWidget(self._page())
        self._connect()
        self._fit_fields()

    # -- what is asked ---------------------------------------------------------------------

    @property
    def order(self) -> TrainingOrder | None:
        """What the fields say; None while no folder is known."""
        if self._found is None:
            return None
        advised = self._found.advice.order
        freedom = Freedom(self.freedom.chosen)
        order = advised
        if (self.network.chosen, freedom) != (advised.network, advised.freedom):
            order = with_network(order, self.network.chosen, freedom)
        order = replace(order, steps=max(1, round(order.steps * LENGTHS[self.length.chosen])))
        if self.algorithm.chosen != advised.algorithm:
            order = with_algorithm(order, self.algorithm.chosen)
        varied = self.vary.isChecked()
        order = replace(
            order,
            ways=_range(advised.ways, self.ways.value(), varied),
            shots=_range(advised.shots, self.shots.value(), varied),
            targets=(self.targets.value(), self.targets.value()),
            episodes=self.episodes.value(),
            minutes=float(self.minutes.value()),
            within_groups=self.within.isEnabled() and self.within.isChecked(),
            turned=self.turned.isEnabled() and self.turned.isChecked(),
            mirror=self.mirror.isChecked(),
            split=SplitBy(self.split.chosen),
            seed=self.seed.value(),
        )
        return self.advanced.applied(order)

    @property
    def earlier(self) -> TrainingOrder | None:
        """A training of this folder that can be gone on with."""
        return None if self._found is None else self._found.earlier

    def problem(self) -> str:
        """Why this cannot be trained; empty where it can, or nobody knows yet."""
        if self._refusal:
            return self._refusal
        order = self.order
        if order is None or self._found is None:
            return ""
        if self._found.advice.obstacle:
            return self._found.advice.obstacle
        try:
            checked(order)
        except UserError as error:
            return str(error)
        return ""

    # -- the folder ------------------------------------------------------------------------

    def show_found(self, found: Found) -> None:
        """Say what the folder holds, and choose what suits it if it is another one."""
        same = self._filled == found.report.folder
        self._found, self._refusal = found, ""
        self._show_folder(report_words(found.report), advice_words(found.advice))
        self.split.offer(split_choices(found.report.grouped))
        if not same:
            self._filled = found.report.folder
            self._fill(found.advice.order)
        self._fit_fields()
        self.changed.emit()

    def forget(self, words: str = "") -> None:
        """Nothing is known of the folder now; say why, or what to do."""
        self._found, self._refusal = None, ""
        asked = _("Choose it, write it, or drop it here. Nothing in it is changed.")
        self._show_folder(words or asked, "")
        self.changed.emit()

    def refuse(self, why: str) -> None:
        """The folder cannot be used."""
        self._found, self._refusal = None, why
        self._show_folder("", "")
        self.changed.emit()

    def _show_folder(self, found: str, advice: str) -> None:
        for label, words in ((self.found, found), (self.advice, advice)):
            label.setText(words)
            label.setVisible(bool(words))
        self.folder.setAccessibleDescription(f"{found}\n{advice}".strip())
        self.choices.setVisible(self._found is not None)

    def _fill(self, order: TrainingOrder) -> None:
        """Put an order into the fields."""
        self._filling = True
        self.algorithm.choose(order.algorithm)
        self.network.choose(order.network)
        self.freedom.offer(freedom_choices(network_choice(order.network)))
        self.freedom.choose(order.freedom)
        self.length.choose("usual")
        self.split.choose(order.split)
        for field, value in (
            (self.ways, order.ways[1]),
            (self.shots, order.shots[1]),
            (self.targets, order.targets[1]),
            (self.episodes, order.episodes),
            (self.minutes, round(order.minutes)),
        ):
            field.setValue(value)
        for box, on in (
            (self.turned, order.turned),
            (self.mirror, order.mirror),
            (self.within, order.within_groups),
            (self.vary, order.ways[0] < order.ways[1] or order.shots[0] < order.shots[1]),
        ):
            box.setChecked(on)
        self.advanced.fill(order)
        self._filling = False
        self._fit_fields()

    # -- parts -----------------------------------------------------------------------------

    def _make_words(self) -> None:
        self.found, self.advice = muted(""), muted("")

    def _make_choices(self) -> None:
        self.algorithm = ChoiceField(_("How it learns to learn"))
        self.algorithm.offer((c.key, c.title, c.explanation) for c in all_algorithms())
        self.network = ChoiceField(_("Network"))
        self.network.offer((c.key, c.title, c.explanation) for c in all_networks())
        self.length = ChoiceField(_("How long"))
        self.length.offer(length_choices())
        self.freedom = ChoiceField(_("What of the network learns"))
        self.freedom.offer(freedom_choices(network_choice(self.network.chosen)))
        self.split = ChoiceField(_("Classes held out for the test"))
        self.split.offer(split_choices(True))

    def _make_numbers(self) -> None:
        self.ways = NumberField(
            _("Classes of a task"), 2, 1000, 5, _("More of them make harder tasks")
        )
        self.shots = NumberField(
            _("Examples of each class"), 1, 100, 5, _("As many as you mean to give it later")
        )
        tip = _("Pictures of each class that a task asks for")
        self.targets = NumberField(_("Targets of each class"), 1, 1000, 10, tip)
        tip = _("More of them learn more smoothly, and more slowly")
        self.episodes = NumberField(_("Tasks in a step"), 1, 1000, 8, tip)
        tip = _("It ends after so many minutes at the latest")
        self.minutes = NumberField(_("Minutes at most"), 0, 100_000, 0, tip, _("no limit"))
        tip = _("Another number deals the classes and draws the tasks otherwise")
        self.seed = NumberField(_("Seed"), 0, 999_999_999, 0, tip)

    def _make_boxes(self) -> None:
        self.turned = CheckField(
            _("Turned pictures are further classes"),
            _("Right for characters, which are others when they are turned; wrong for photos"),
        )
        self.mirror = CheckField(
            _("Mirror half of the pictures"), _("Right for most photos, wrong for characters")
        )
        self.within = CheckField(
            _("All classes of a task from one folder"),
            _("Harder where folders hold what is alike: letters of an alphabet, kinds of fruit"),
        )
        self.vary = CheckField(
            _("Smaller tasks as well"),
            _("Tasks of fewer classes and fewer examples, too, down to what is advised"),
        )

    def _page(self) -> QWidget:
        self.more = Fold(self._further())
        self.choices = QWidget()
        inner = QVBoxLayout(self.choices)
        inner.setContentsMargins(0, 8, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(heading(_("How to train")))
        inner.addWidget(titled(_("How it learns to learn"), self.algorithm))
        inner.addWidget(titled(_("Network"), self.network))
        inner.addWidget(titled(_("How long"), self.length))
        inner.addSpacing(4)
        inner.addWidget(heading(_("Tasks to learn from")))
        inner.addLayout(number_grid([self.ways, self.shots]))
        inner.addWidget(self.turned)
        inner.addWidget(self.more)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(18, 16, 16, 12)
        layout.setSpacing(7)
        layout.addWidget(heading(_("Pictures that are sorted already")))
        layout.addLayout(self.folder_row())
        layout.addWidget(self.found)
        layout.addWidget(self.advice)
        layout.addWidget(self.choices)
        layout.addStretch()
        self.forget()
        return page

    def _further(self) -> QWidget:
        further = QWidget()
        layout = QVBoxLayout(further)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(titled(_("What of the network learns"), self.freedom))
        layout.addWidget(titled(_("Classes held out for the test"), self.split))
        layout.addLayout(number_grid([self.targets, self.episodes, self.minutes, self.seed]))
        for box in (self.vary, self.within, self.mirror):
            layout.addWidget(box)
        self.more_still = Fold(self.advanced, _("Advanced"))
        layout.addWidget(self.more_still)
        return further

    def _connect(self) -> None:
        for numbers in (
            self.ways,
            self.shots,
            self.targets,
            self.episodes,
            self.minutes,
            self.seed,
        ):
            numbers.valueChanged.connect(self._on_change)
        for box in (self.turned, self.mirror, self.within, self.vary):
            box.toggled.connect(self._on_change)
        for choice in (self.algorithm, self.network, self.length, self.freedom, self.split):
            choice.currentIndexChanged.connect(self._on_change)
        self.advanced.changed.connect(self._on_change)

    def _on_change(self) -> None:
        if self._filling:
            return
        self._fit_fields()
        self.changed.emit()

    def _fit_fields(self) -> None:
        """Fields that mean nothing now cannot be used."""
        network = network_choice(self.network.chosen)
        self.freedom.offer(freedom_choices(network))
        self.advanced.fit(network.from_scratch)
        self.split.setEnabled(not self.advanced.deals)
        self.length.setEnabled(self.advanced.steps.chosen is None)
        self.turned.setEnabled(self.freedom.chosen != Freedom.ADAPTER)
        self.within.setEnabled(self._found is not None and self._found.report.grouped)


def _range(advised: Range, most: int, varied: bool) -> Range:
    return (min(advised[0], most) if varied else most, most)
