"""What is known of every bin, whether its card is made or not."""

from __future__ import annotations

from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bin_layout import CardLayout, Fold
from fewshot_gui.gui.bin_marks import Marks
from fewshot_gui.gui.class_picker_match import folded
from fewshot_gui.gui.session import Session
from fewshot_gui.project.values import Bin

KEYED = 9
_HEIGHTS = {fold: CardLayout(280, 0, fold).height for fold in (Fold.OPEN, Fold.CLOSED)}


class BinState:
    """Tells cards what to show.

    Attributes:
        bins: All bins by id, in their order.
        folds: How much is shown of the bins that are not simply open.
        marks: Which bins are chosen together.
        shown_class: The bin whose images alone are in the grid, None for all images.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._project = session.project
        self._keys: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self.bins: dict[int, Bin] = {}
        self.folds: dict[int, Fold] = {}
        self.marks = Marks()
        self.shown_class: int | None = None

    def refresh(self) -> bool:
        """Look at the bins again. Returns whether they are another project's."""
        project = self._session.project
        bins = project.bins
        self.bins = {b.id: b for b in bins}
        self._keys = {b.id: place + 1 for place, b in enumerate(bins[:KEYED])}
        another = project is not self._project
        if another:  # ids mean other bins now
            self._project, self.folds, self.marks = project, {}, Marks()
        self.marks.keep(tuple(self.bins))
        return another

    def count(self) -> None:
        """Count again how many images wear each class."""
        collection = self._session.collection
        self._counts = collection.sorted_counts() if collection is not None else {}

    def fold(self, class_id: int) -> Fold:
        """How much of a bin is shown."""
        return self.folds.get(class_id, Fold.OPEN)

    def show(self, card: BinCard) -> None:
        """Bring the card of a bin up to date; what has not changed is left alone."""
        class_id = card.bin.id
        support = self._session.project.support(class_id)
        card.show_bin(self.bins.get(class_id, card.bin), self._keys.get(class_id, 0), support)
        card.show_marked(class_id in self.marks)

    def show_sorted(self, card: BinCard) -> None:
        """Show on a card how many images wear its class."""
        class_id = card.bin.id
        card.show_sorted(self._counts.get(class_id, 0), class_id == self.shown_class)

    def height(self, class_id: int, width: int) -> int:
        """How tall a card of this width is."""
        fold = self.fold(class_id)
        if fold is not Fold.ALL:
            return _HEIGHTS[fold]
        count = len(self._session.project.support(class_id))
        layout = CardLayout(width, count, fold)
        return layout.height if layout.overflows else _HEIGHTS[Fold.OPEN]

    def found(self, typed: str) -> list[int]:
        """Ids of the bins that have all these words in name or description."""
        words = folded(typed).split()
        if not words:
            return list(self.bins)
        texts = ((b.id, folded(f"{b.name} {b.description}")) for b in self.bins.values())
        return [class_id for class_id, text in texts if all(word in text for word in words)]
