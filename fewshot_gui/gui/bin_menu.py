"""The menu of a bin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bin_colours import hue_names, pattern_names, swatch_icon
from fewshot_gui.gui.bin_commands import BinCommands
from fewshot_gui.gui.theme import CLASS_HUES, CLASS_PATTERNS
from fewshot_gui.project.values import UNKNOWN, Bin
from fewshot_gui.texts import _, ngettext

_LISTED = 12  # other bins; more of them are searched for instead
_WIDTH = 220


class BinMenu(QMenu):
    """Everything that can be done with a bin and its chosen examples.

    It is made anew each time it opens and deletes itself when it closes.
    """

    def __init__(
        self,
        card: BinCard,
        bins: Sequence[Bin],
        marked: Sequence[int],
        commands: BinCommands,
        dark: bool,
        held: str = "",
    ) -> None:
        """``bins`` are all bins in their order, ``marked`` the ids of those that are chosen.

        ``held`` is why no entry may change anything, empty where all may.
        """
        super().__init__(card)
        self.setToolTipsVisible(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._card = card
        self._bins = bins
        self._others = [b for b in bins if b.id != card.bin.id]
        self._marked = list(marked) if card.bin.id in marked and len(marked) > 1 else []
        self._commands = commands
        self._dark = dark
        self._held = held
        self._fixed = card.bin.id == UNKNOWN
        self._add_examples()
        if not self._fixed:
            self._add_bin()
        self._add_showing()
        if not self._fixed:
            self._add_merging()
            self.addSeparator()
            self._add_deleting()

    # -- groups of entries -----------------------------------------------------------------

    def _add_examples(self) -> None:
        """What can be done with the chosen examples, where there are some."""
        card, commands = self._card, self._commands
        paths = card.chosen_examples
        if not paths:
            return
        count = len(paths)
        number = f"{count:,}"
        text = ngettext("Take {count} example out", "Take {count} examples out", count)
        self._change(text.format(count=number), lambda: commands.take_out(paths), "Del")
        text = ngettext("Move {count} example to", "Move {count} examples to", count)
        self._choose_bin(
            text.format(count=number),
            lambda class_id: commands.move_examples(paths, class_id),
            lambda: commands.ask_move_examples(paths, card.bin.id, card),
        )
        text = ngettext(
            "Split {count} example off into a new bin…",
            "Split {count} examples off into a new bin…",
            count,
        )
        self._change(text.format(count=number), lambda: commands.split(paths))
        if count == 1 and not self._fixed:
            self._add_picture(paths[0])
        self.addSeparator()

    def _add_picture(self, path: str) -> None:
        class_id, commands = self._card.bin.id, self._commands
        if path == self._card.bin.picture:
            text = _("No longer the picture of this bin")
            self._change(text, lambda: commands.set_picture(class_id, ""))
        else:
            text = _("Use as the picture of this bin")
            self._change(text, lambda: commands.set_picture(class_id, path))

    def _add_bin(self) -> None:
        card, commands = self._card, self._commands
        self._change(_("Rename"), card.start_rename, "F2")
        self._change(
            _("Describe…"), lambda: commands.ask_description(card.bin.id, card, card.head_rect())
        )
        self._add_colours()
        place = next(i for i, b in enumerate(self._bins) if b.id == card.bin.id)
        up = self._change(_("Move up"), lambda: card.move_asked.emit(card.bin.id, -1), "Alt+Up")
        down = self._change(
            _("Move down"), lambda: card.move_asked.emit(card.bin.id, 1), "Alt+Down"
        )
        up.setEnabled(place > 0 and not self._held)
        down.setEnabled(place < len(self._bins) - 1 and not self._held)
        self.addSeparator()

    def _add_colours(self) -> None:
        menu = self.addMenu(_("Colour"))
        self._hold(menu.menuAction())
        group = QActionGroup(menu)
        patterns = pattern_names()
        for pattern in range(CLASS_PATTERNS):
            part = menu.addMenu(patterns[pattern]) if pattern else menu
            for place, name in enumerate(hue_names()):
                self._add_colour(part, group, pattern * CLASS_HUES + place, name)
            if not pattern:
                menu.addSeparator()

    def _add_colour(self, menu: QMenu, group: QActionGroup, colour: int, name: str) -> None:
        class_id, commands = self._card.bin.id, self._commands
        chosen = colour == self._card.bin.colour % (CLASS_HUES * CLASS_PATTERNS)
        ratio = self._card.devicePixelRatioF()
        action = QAction(swatch_icon(colour, self._dark, ratio, checked=chosen), name, menu)
        action.setCheckable(True)
        action.setChecked(chosen)
        action.triggered.connect(lambda _on=False: commands.recolour(class_id, colour))
        group.addAction(action)
        menu.addAction(action)

    def _add_showing(self) -> None:
        card = self._card
        text = _("Show these images only") if self._fixed else _("Show only this class")
        self._entry(text, lambda: card.show_asked.emit(card.bin.id), "Return")
        shown = self._entry(
            _("Show the examples in the grid"), lambda: card.examples_asked.emit(card.bin.id)
        )
        shown.setEnabled(bool(card.examples))

    def _add_merging(self) -> None:
        card, commands = self._card, self._commands
        if self._marked:
            count = len(self._marked)
            name = self._shortened(card.bin.name)
            text = ngettext(
                "Merge the {count} chosen bin into “{name}”",
                "Merge the {count} chosen bins into “{name}”",
                count,
            )
            text = _plain(text.format(count=count, name=name))
            self._change(text, lambda: commands.merge(self._marked, card.bin.id))
        self._choose_bin(
            _("Merge into"),
            lambda into: commands.merge([card.bin.id], into),
            lambda: commands.ask_merge([card.bin.id], card),
            unknown=False,
        )

    def _add_deleting(self) -> None:
        card, commands = self._card, self._commands
        if self._marked:
            count = len(self._marked)
            text = ngettext("Delete {count} chosen bin", "Delete {count} chosen bins", count)
            self._change(text.format(count=count), lambda: commands.remove(self._marked))
        self._change(_("Delete bin"), lambda: commands.remove([card.bin.id]))

    # -- entries ---------------------------------------------------------------------------

    def _entry(self, text: str, do: Callable[[], object], key: str = "") -> QAction:
        action = self.addAction(text)
        action.triggered.connect(lambda _on=False: do())
        if key:
            # only told here: the card itself listens to the key
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcut(QKeySequence(key))
            action.setShortcutVisibleInContextMenu(True)
        return action

    def _change(self, text: str, do: Callable[[], object], key: str = "") -> QAction:
        """An entry that changes the project."""
        action = self._entry(text, do, key)
        self._hold(action)
        return action

    def _hold(self, action: QAction) -> None:
        if self._held:
            action.setEnabled(False)
            action.setToolTip(self._held)
            action.setStatusTip(self._held)

    def _choose_bin(
        self,
        title: str,
        do: Callable[[int], object],
        search: Callable[[], object],
        unknown: bool = True,
    ) -> None:
        """A list of the other bins, or a search where they are many."""
        offers_unknown = unknown and not self._fixed
        if len(self._others) > _LISTED:
            self._change(f"{title}…", search)
            return
        menu = self.addMenu(title)
        ratio = self._card.devicePixelRatioF()
        for other in self._others:
            name = _plain(self._shortened(other.name))
            action = menu.addAction(swatch_icon(other.colour, self._dark, ratio), name)
            action.triggered.connect(lambda _on=False, other=other: do(other.id))
        if offers_unknown:
            action = menu.addAction(_("Unknown"))
            action.triggered.connect(lambda _on=False: do(UNKNOWN))
        menu.setEnabled(not menu.isEmpty())
        self._hold(menu.menuAction())

    def _shortened(self, name: str) -> str:
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDTH)


def _plain(text: str) -> str:
    """A menu takes & for the mark of a key."""
    return text.replace("&", "&&")
