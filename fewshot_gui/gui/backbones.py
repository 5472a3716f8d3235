"""Which backbone the open project is looked at with, and which ones there are."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones.catalogue import (
    DEFAULT_BACKBONE,
    BackboneCard,
    all_backbones,
    bundled,
    known_card,
    trained_backbones,
)
from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import LearnerInfo
from fewshot_gui.learners.registry import learner_info, trained_learners
from fewshot_gui.metatrain.shelf import keep_learner
from fewshot_gui.texts import _

_LANE = "backbones"
_Found = tuple[tuple[BackboneCard, ...], tuple[LearnerInfo, ...]]


class Backbones(QObject):
    """Knows the backbones on this computer.

    Attributes:
        cards: All that can be used, the default first; those that come with the program
            until the others were found. Networks of trained learners are among them.
        learners: The trained learners that have a name and sort by embeddings; none until
            they were looked for.
        wanted: Key of what the project shall be looked at with, with its views.

    Signals:
        changed: ``cards`` or ``wanted`` is another.
        found: The card of what is wanted, which was not known before.
        message: A ``Message`` for the banner.
        settled: Key of a message that is no longer true.
        failed: An unexpected exception.
    """

    changed = Signal()
    found = Signal(object)
    message = Signal(object)
    settled = Signal(str)
    failed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self.cards = bundled()
        self.learners: tuple[LearnerInfo, ...] = ()
        self.wanted = DEFAULT_BACKBONE

    def choose(self, key: str) -> BackboneCard | None:
        """The card of a backbone that is wanted now; empty for the default.

        Where it is not known, None: ``found`` follows if it is on this computer all the same,
        and a message if it is not.
        """
        self.wanted = key or DEFAULT_BACKBONE
        card = known_card(self.wanted, self.cards)
        if card is None:
            self.look()
        else:
            self.settled.emit(news.BACKBONE)
        self.changed.emit()
        return card

    @property
    def default(self) -> BackboneCard:
        """What is used where nothing else is wanted, or it is not here."""
        return self.cards[0]

    def look(self) -> None:
        """Find out which there are; others may have been fetched or deleted meanwhile."""
        self._runner.start(
            _LANE, lambda _job: _all_there_are(), done=self._take, failed=self.failed.emit
        )

    def keep(self, file: str, then: Callable[[str], None]) -> None:
        """Keep the learner in a file, so that projects can name it.

        Args:
            file: The learner file; where it is none, or damaged, or learns every task
                anew, ``failed`` says so.
            then: Told its key once it is among ``learners``.
        """

        def work(_job: Job) -> tuple[str, _Found]:
            key = keep_learner(file)
            if learner_info(key).reads == "images":
                raise _too_slow(key)
            return key, _all_there_are()

        def done(kept: tuple[str, _Found]) -> None:
            key, found = kept
            self._take(found)
            then(key)

        self._runner.start(_LANE, work, done=done, failed=self.failed.emit)

    def _take(self, found: _Found) -> None:
        cards, self.learners = found
        missing = known_card(self.wanted, self.cards) is None
        others, self.cards = cards != self.cards, cards
        card = known_card(self.wanted, cards)
        if card is None:
            self.message.emit(news.no_backbone(self.wanted, self.default.title))
        elif missing:
            self.settled.emit(news.BACKBONE)
            self.found.emit(card)
        if others:
            self.changed.emit()


def _all_there_are() -> _Found:
    learners = (info for info in trained_learners() if info.reads == "features")
    return all_backbones() + trained_backbones(), tuple(learners)


def _too_slow(key: str) -> UserError:
    return UserError(
        _("“{name}” learns every task anew, which the window cannot do.").format(name=key),
        _("On the command line: fewshot-gui classify --learner {name}").format(name=key),
    )
