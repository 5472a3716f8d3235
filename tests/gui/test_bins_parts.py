"""The parts of the bins panel that need no window: what is chosen, where things are, colours."""

from __future__ import annotations

import itertools
import math

import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColor

from fewshot_gui.gui.bin_choice import Choice
from fewshot_gui.gui.bin_colours import hue_names, pattern_names, swatch_icon
from fewshot_gui.gui.bin_layout import MOST, CardLayout, Fold
from fewshot_gui.gui.bin_marks import Marks
from fewshot_gui.gui.bin_mime import BIN, dragged_bin, mime_of_bin
from fewshot_gui.gui.theme import (
    CLASS_HUES,
    CLASS_PATTERNS,
    DARK,
    LIGHT,
    class_colour,
    contrast,
)


@pytest.fixture
def choice():
    choice = Choice()
    choice.show(tuple("abcdef"))
    return choice


# -- choosing examples ---------------------------------------------------------------------


def test_shift_chooses_all_between(choice):
    choice.only(1)
    choice.extend(3)
    assert choice.chosen == ("b", "c", "d")
    choice.extend(0)  # from the same example as before
    assert choice.chosen == ("a", "b")


def test_ctrl_adds_and_takes_away(choice):
    choice.only(1)
    choice.toggle(4)
    assert choice.chosen == ("b", "e")
    choice.toggle(1)
    assert choice.chosen == ("e",)


def test_keys_stop_at_both_ends(choice):
    choice.only(99)
    assert choice.current == "f"
    choice.only(-3)
    assert choice.current == "a"


def test_new_examples_do_not_shift_the_choice(choice):
    choice.only(1)
    choice.extend(2)
    choice.show(("new", *"abcdef"))
    assert choice.chosen == ("b", "c")
    assert choice.current == "c"


def test_when_the_chosen_example_goes_its_place_is_chosen(choice):
    choice.only(2)
    choice.show(tuple("abdef"))
    assert choice.chosen == ("d",)
    choice.show(tuple("ab"))
    assert choice.chosen == ("b",)
    choice.show(())
    assert choice.chosen == ()
    assert choice.current is None


def test_an_empty_choice_stays_empty_when_examples_come(choice):
    choice.only(2)
    choice.toggle(2)
    choice.show(("new", *"abcdef"))
    assert choice.chosen == ()


# -- choosing bins -------------------------------------------------------------------------


def test_shift_chooses_bins_from_the_last_one_on():
    marks, order = Marks(), (7, 3, 9, 4, 1)
    marks.toggle(3)
    marks.extend(4, order)
    assert marks.among(order) == (3, 9, 4)
    marks.extend(7, order)
    assert marks.among(order) == (7, 3)


def test_bins_that_are_gone_are_not_chosen():
    marks = Marks()
    marks.toggle(3)
    marks.toggle(4)
    marks.keep([4, 5])
    assert marks.among((3, 4, 5)) == (4,)
    marks.toggle(4)
    assert 4 not in marks


# -- layout --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [220, 300, 417])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 30, MOST, 10_000])
@pytest.mark.parametrize("fold", list(Fold))
def test_everything_has_its_place_inside_the_card(width, count, fold):
    layout = CardLayout(width, count, fold)
    assert layout.capacity <= MOST
    places = [layout.thumb(i) for i in range(layout.capacity)]
    places += [r for r in (layout.more, layout.less, layout.grid_link) if r.isValid()]
    for place in places:
        assert 0 <= place.left() <= place.right() < width
        assert layout.head_height <= place.top() <= place.bottom() < layout.height
    for first, second in itertools.pairwise(places):
        assert not first.intersects(second)


def test_examples_without_room_are_counted_on_a_tile():
    layout = CardLayout(300, 10_000, Fold.OPEN)
    assert layout.capacity == layout.columns - 1
    assert layout.more.isValid()
    assert not CardLayout(300, layout.columns, Fold.OPEN).more.isValid()


def test_all_in_the_grid_is_offered_only_where_a_card_cannot_show_all():
    assert CardLayout(300, MOST + 1, Fold.ALL).grid_link.isValid()
    assert not CardLayout(300, MOST, Fold.ALL).grid_link.isValid()


# -- colours -------------------------------------------------------------------------------


def _lab(colour: QColor) -> tuple[float, float, float]:
    """OKLab, in which distances are what people see."""

    def linear(v: float) -> float:
        return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4

    r, g, b = (linear(v) for v in (colour.redF(), colour.greenF(), colour.blueF()))
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("dark", [False, True])
def test_no_two_hues_of_the_palette_look_alike(dark):
    colours = [_lab(class_colour(i, dark).hue) for i in range(CLASS_HUES)]
    assert min(math.dist(a, b) for a, b in itertools.combinations(colours, 2)) > 0.085


@pytest.mark.parametrize("tones", [LIGHT, DARK])
@pytest.mark.parametrize("index", range(CLASS_HUES * CLASS_PATTERNS))
def test_every_colour_is_seen_on_its_card(index, tones):
    colour = class_colour(index, tones.dark)
    assert contrast(colour.hue, QColor(tones.surface)) >= 3
    assert contrast(colour.solid, QColor(tones.surface)) >= 3


def test_a_hue_that_is_used_twice_has_another_pattern(qapp):
    for place in range(CLASS_HUES):
        turns = [class_colour(place + turn * CLASS_HUES, False) for turn in range(CLASS_PATTERNS)]
        assert [colour.pattern for colour in turns] == list(range(CLASS_PATTERNS))
        swatches = [
            swatch_icon(place + turn * CLASS_HUES, False).pixmap(16, 16).toImage()
            for turn in range(CLASS_PATTERNS)
        ]
        assert all(a != b for a, b in itertools.combinations(swatches, 2))


def test_every_colour_has_a_name_of_its_own():
    assert len(set(hue_names())) == CLASS_HUES
    assert len(set(pattern_names())) == CLASS_PATTERNS


# -- what a dragged bin carries -----------------------------------------------------------


def test_a_dragged_bin_is_known_in_its_own_window_only():
    data = mime_of_bin("mine", 7)
    assert dragged_bin("mine", data) == 7
    assert dragged_bin("another", data) is None


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"7", b'{"project": "mine"}', b'{"project": "mine", "bin": "7"}']
)
def test_nonsense_is_no_bin(payload):
    data = QMimeData()
    data.setData(BIN, payload)
    assert dragged_bin("mine", data) is None
