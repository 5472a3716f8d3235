"""Light and dark, and colours that can be read."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from fewshot_gui.gui.theme import DARK, LIGHT, class_colour, contrast


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("index", range(48))
def test_words_on_class_colours_can_be_read(index, dark):
    colour = class_colour(index, dark)
    assert contrast(colour.solid, colour.on_solid) >= 4.5
    assert contrast(colour.tint, colour.on_tint) >= 4.5


@pytest.mark.parametrize("tones", [LIGHT, DARK])
def test_words_on_surfaces_can_be_read(tones):
    for surface in (tones.window, tones.surface):
        for ink in (tones.text, tones.muted, tones.error, tones.warning, tones.success):
            assert contrast(QColor(surface), QColor(ink)) >= 4.5
    assert contrast(QColor(tones.accent), QColor(tones.on_accent)) >= 4.5


def test_the_first_48_bins_differ():
    assert len({class_colour(i, False).hue.name() for i in range(48)}) == 48


def test_the_theme_changes_while_the_window_is_open(sorted_window, parts, qtbot):
    parts.preferences.update(theme="dark")
    assert parts.theme.tones is DARK
    image = sorted_window.grab().toImage()
    assert image.pixelColor(5, 300).lightness() < 60
    parts.preferences.update(theme="light")
    assert parts.theme.tones is LIGHT
    assert sorted_window.grab().toImage().pixelColor(5, 300).lightness() > 200
