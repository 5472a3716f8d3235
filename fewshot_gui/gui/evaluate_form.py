"""What to find out: the left side of the page “How well does it sort?”."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fewshot_gui.backbones.catalogue import DEFAULT_BACKBONE, BackboneCard, bundled
from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import CURVE_SHOTS, Question, check_question
from fewshot_gui.gui.evaluate_fields import (
    CheckField,
    CheckList,
    Fold,
    ModeField,
    NumberField,
    heading,
    muted,
    number_grid,
)
from fewshot_gui.gui.folder_page import FolderForm
from fewshot_gui.learners.base import LearnerInfo
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.texts import _, ngettext


class EvaluateForm(FolderForm):
    """The fields. What cannot be is said below them, as soon as the folder is known.

    Attributes:
        learners, trained, backbones: What to compare.
        mode, ways, shots, targets, episodes, seed, within, curve: As in ``Question``.
        more: Holds the fields that few need.
        found: Says what the folder holds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._classes: ClassRows | None = None
        self._refusal = ""  # why the folder cannot be used
        self._make_words()
        self._make_lists()
        self._make_numbers()
        self._make_choices()
        self.setWidget(self._page())
        self._connect()
        self._fit_fields()

    # -- what is asked ---------------------------------------------------------------------

    @property
    def question(self) -> Question:
        """What the fields say."""
        return Question(
            learners=self.learners.chosen + self.trained.chosen,
            backbones=self.backbones.chosen,
            ways=self.ways.chosen,
            shots=self.shots.value(),
            targets=self.targets.chosen,
            episodes=self.episodes.chosen,
            mode=self.mode.chosen,
            within_folders=self.within.isChecked(),
            seed=self.seed.value(),
            curve=self.curve.isChecked(),
        )

    @property
    def knows_folder(self) -> bool:
        """Whether it is known what the folder holds."""
        return self._classes is not None

    def problem(self) -> str:
        """Why this cannot be found out; empty where it can, or nobody knows yet."""
        question = self.question
        if self._refusal:
            return self._refusal
        if not question.learners:
            return _("Choose at least one learner.")
        if not question.backbones:
            return _("Choose at least one backbone.")
        if self._classes is None:
            return ""
        if len(self._classes) < 2:
            return _("The pictures must lie in at least two folders, one for each class.")
        try:
            check_question(self._classes, question)
        except UserError as error:
            return str(error)
        return ""

    def show_classes(self, classes: ClassRows) -> None:
        """Say what the folder holds."""
        self._classes = classes
        count, pictures = len(classes), int(classes.sizes.sum())
        words = _("{classes}, {pictures}").format(
            classes=ngettext("{count} class", "{count} classes", count).format(count=f"{count:,}"),
            pictures=ngettext("{count} picture", "{count} pictures", pictures).format(
                count=f"{pictures:,}"
            ),
        )
        self.found.setText(words)
        self.folder.setAccessibleDescription(words)
        self._fit_fields()

    def forget_classes(self, words: str) -> None:
        """Nobody knows what the folder holds; perhaps there are words about that."""
        self._classes, self._refusal = None, ""
        words = words or _("A folder with one sub-folder for each class")
        self.found.setText(words)
        self.folder.setAccessibleDescription(words)

    def refuse_folder(self, why: str) -> None:
        """The folder cannot be used."""
        self.forget_classes("")
        self._refusal = why

    def offer_backbones(self, cards: Iterable[BackboneCard]) -> None:
        """Offer these, too."""
        self.backbones.offer([(card.key, card.title) for card in cards], ())

    def offer_learners(self, infos: Iterable[LearnerInfo]) -> None:
        """Offer these trained learners, too; none of them is chosen."""
        self.trained.offer([(info.key, info.title) for info in infos], ())
        self._about_trained.setVisible(bool(self.trained.boxes))

    # -- parts -----------------------------------------------------------------------------

    def _make_words(self) -> None:
        self.found = muted("")
        self.forget_classes("")

    def _make_lists(self) -> None:
        self.learners = CheckList(_("Learners to compare"))
        learners = [(info.key, info.title) for info in all_learners()]
        self.learners.offer(learners, [key for key, _title in learners])
        self.trained = CheckList(_("Trained learners to compare"))
        self._about_trained = muted(_("Trained, each with a network of its own"))
        self._about_trained.hide()
        self.backbones = CheckList(_("Backbones to compare"))
        self.backbones.offer([(card.key, card.title) for card in bundled()], [DEFAULT_BACKBONE])

    def _make_numbers(self) -> None:
        free = _("automatic")
        self.ways = NumberField(
            _("Classes of a task"), 1, 1000, 1, _("5 if left to the program"), free
        )
        self.shots = NumberField(
            _("Examples of each class"), 1, 1000, 5, _("What the program may learn from")
        )
        tip = _("15 if left to the program, or what most classes have")
        self.targets = NumberField(_("To sort of each class"), 0, 10_000, 0, tip, free)
        tip = _("600 if left to the program, 20 of whole folders; more of them tell more exactly")
        self.episodes = NumberField(_("Number of tasks"), 0, 100_000, 0, tip, free)
        tip = _("Another number draws other tasks; the same one draws the same")
        self.seed = NumberField(_("Seed"), 0, 999_999_999, 0, tip)

    def _make_choices(self) -> None:
        self.mode = ModeField(_("Pictures to sort"))
        shots = ", ".join(map(str, CURVE_SHOTS))
        tip = _("Tries {shots} examples of each class, on the same tasks").format(shots=shots)
        self.curve = CheckField(_("How many examples do I need?"), tip)
        self.within = CheckField(
            _("All classes of a task from one folder"),
            _("Harder where folders hold what is alike: letters of an alphabet, kinds of fruit"),
        )

    def _page(self) -> QWidget:
        more = QWidget()
        inner = QVBoxLayout(more)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.within)
        inner.addLayout(number_grid([self.seed]))
        inner.addWidget(heading(_("Backbones")))
        inner.addWidget(self.backbones)
        self.more = Fold(more)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(18, 16, 16, 12)
        layout.setSpacing(7)
        layout.addWidget(heading(_("Pictures that are sorted already")))
        layout.addLayout(self.folder_row())
        layout.addWidget(self.found)
        layout.addSpacing(8)
        layout.addWidget(heading(_("Learners")))
        layout.addWidget(self.learners)
        layout.addWidget(self._about_trained)
        layout.addWidget(self.trained)
        layout.addSpacing(8)
        layout.addWidget(heading(_("Pictures to sort")))
        layout.addWidget(self.mode)
        layout.addWidget(self.mode.words)
        layout.addSpacing(2)
        layout.addLayout(number_grid([self.ways, self.shots, self.targets, self.episodes]))
        layout.addWidget(self.curve)
        layout.addWidget(self.more)
        layout.addStretch()
        return page

    def _connect(self) -> None:
        for numbers in (self.ways, self.shots, self.targets, self.episodes, self.seed):
            numbers.valueChanged.connect(self._on_change)
        for box in (self.curve, self.within):
            box.toggled.connect(self._on_change)
        for boxes in (self.learners, self.trained, self.backbones):
            boxes.changed.connect(self._on_change)
        self.mode.currentIndexChanged.connect(self._on_change)

    def _on_change(self) -> None:
        self._fit_fields()
        self.changed.emit()

    def _fit_fields(self) -> None:
        """Fields that mean nothing now cannot be used."""
        whole = self.mode.chosen is Mode.FOLDER
        self.ways.setEnabled(not whole)
        self.targets.setEnabled(not whole)
        self.shots.setEnabled(not self.curve.isChecked())
        groups = () if self._classes is None else self._classes.group_names
        self.within.setEnabled(self._classes is None or len(groups) > 1)
