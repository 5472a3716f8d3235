"""Where the keyboard goes among the bins: arrows, Tab, and when a bin goes away."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.bin_list import BinList
from fewshot_gui.gui.bin_unknown import UnknownCard
from fewshot_gui.project.values import UNKNOWN

_OTHER = Qt.FocusReason.OtherFocusReason


class BinFocus(QObject):
    """Moves the keyboard between the cards of the list and the one below it.

    Signals:
        hidden: A search hides the bin that shall have the keyboard.
    """

    hidden = Signal()

    def __init__(self, cards: BinList, last: UnknownCard, otherwise: QWidget) -> None:
        """``otherwise`` has the keyboard where there are no bins."""
        super().__init__(cards)
        self._list = cards
        self._last = last
        self._otherwise = otherwise
        self._current = UNKNOWN  # the bin that had the keyboard last
        cards.entered.connect(self._enter)
        cards.focus_lost.connect(self._go_near)

    def go(self, class_id: int, reason: Qt.FocusReason = _OTHER) -> None:
        """Give the keyboard to a bin, or to what belongs to none."""
        if class_id == UNKNOWN:
            self._last.setFocus(reason)
            return
        if self._list.place(class_id) is None:
            self.hidden.emit()
        self._list.reveal(class_id)
        self._list.card(class_id).setFocus(reason)

    def go_back(self) -> None:
        """Give it to the bin that had it last, else to the first one."""
        order = self._list.order
        if self._list.place(self._current) is not None:
            self.go(self._current)
        elif order:
            self.go(order[0])
        else:
            self._otherwise.setFocus()

    def neighbour(self, class_id: int, step: int) -> int | None:
        """The bin shown before or after one; what belongs to no bin comes last."""
        order = self._list.order
        place = len(order) if class_id == UNKNOWN else self._list.place(class_id)
        if place is None or not 0 <= place + step <= len(order):
            return None
        return order[place + step] if place + step < len(order) else UNKNOWN

    def on_focused(self, class_id: int) -> None:
        """A card has got it. Only one has chosen examples: keys never mean what is far away."""
        if class_id != UNKNOWN:
            self._current = class_id
        for card in (*self._list.cards, self._last):
            if card.bin.id != class_id:
                card.choose_no_example()

    def on_tab(self, class_id: int, forward: bool) -> bool:
        """Go from a card to the next one by Tab; returns whether there was somewhere to go."""
        following = self.neighbour(class_id, 1 if forward else -1)
        if following is None or UNKNOWN in (class_id, following):
            return class_id != UNKNOWN and self._list.leave(forward)
        reason = Qt.FocusReason
        self.go(following, reason.TabFocusReason if forward else reason.BacktabFocusReason)
        return True

    def _enter(self, forward: bool) -> None:
        if self._list.order:
            self.go_back()
        else:
            self._list.leave(forward)

    def _go_near(self, place: int) -> None:
        """The bin with the keyboard has gone: the one that took its place has it now."""
        order = self._list.order
        if order:
            self.go(order[min(place, len(order) - 1)])
        else:
            self._otherwise.setFocus()
