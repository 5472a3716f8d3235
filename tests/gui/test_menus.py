"""The menus as a whole."""

from __future__ import annotations

import re
from collections import Counter

from PySide6.QtWidgets import QMenu


def letters(menu: QMenu) -> list[str]:
    texts = [action.text().replace("&&", "") for action in menu.actions()]
    return [found[1].casefold() for text in texts if (found := re.search("&(.)", text))]


def test_no_letter_stands_for_two_entries_of_a_menu(sorted_window):
    bar = sorted_window.menuBar()
    menus = {"the menu bar": bar, **{menu.title(): menu for menu in bar.findChildren(QMenu)}}
    twice = {}
    for title, menu in menus.items():
        found = [letter for letter, count in Counter(letters(menu)).items() if count > 1]
        if found:
            twice[title] = found
    assert len(menus) > 8
    assert twice == {}
