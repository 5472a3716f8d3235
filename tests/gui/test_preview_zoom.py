"""Fitting, zooming and moving, in numbers."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF

from fewshot_gui.gui.preview_zoom import MAX_GROWTH, MAX_SCALE, STEP, Look, Room

ROOM = Room(QSizeF(1000, 500), QSizeF(420, 420), margin=10)


def under(room: Room, look: Look, at: QPointF) -> tuple[float, float]:
    """The point of the picture that lies there, from 0 to 1."""
    frame = room.frame(look)
    across = (at.x() - frame.left()) / frame.width()
    return across, (at.y() - frame.top()) / frame.height()


def test_the_whole_picture_is_seen_in_the_middle():
    assert ROOM.fit == 0.4
    assert ROOM.frame(Look()) == QRectF(10, 110, 400, 200)


def test_a_tiny_picture_grows_but_not_without_end():
    room = Room(QSizeF(10, 10), QSizeF(1000, 1000))
    assert room.frame(Look()).width() == 10 * MAX_GROWTH


def test_zooming_keeps_what_is_under_the_pointer():
    look, at = Look(), QPointF(250, 200)
    for _ in range(6):
        before = under(ROOM, look, at)
        look = ROOM.zoomed(look, STEP, at)
        if ROOM.picture.height() * look.scale > ROOM.space.height():  # free to move
            assert under(ROOM, look, at) == pytest.approx(before, abs=0.005)
    assert look.scale == pytest.approx(0.4 * STEP**6)


def test_zooming_out_ends_at_the_fit_and_in_at_a_limit():
    look = Look(1.0)
    for _ in range(20):
        look = ROOM.zoomed(look, 1 / STEP, QPointF(0, 0))
    assert look == Look()
    for _ in range(60):
        look = ROOM.zoomed(look, STEP, QPointF(0, 0))
    assert look.scale == MAX_SCALE


def test_a_large_step_does_not_jump_over_the_fit():
    assert ROOM.zoomed(Look(1.0), 0.01, QPointF(0, 0)) == Look()


def test_a_tiny_picture_can_be_seen_at_its_own_size():
    room = Room(QSizeF(10, 10), QSizeF(200, 200))
    assert room.fit == 8
    look = room.toggled(Look(), QPointF(100, 100))
    assert room.frame(look) == QRectF(95, 95, 10, 10)
    assert room.zoomed(look, 100, QPointF(100, 100)) == Look()


def test_toggling_goes_to_the_point_and_back():
    look = ROOM.toggled(Look(), QPointF(10, 110))
    assert look.scale == 1.0
    assert ROOM.frame(look).topLeft() == QPointF(0, 0)  # nothing is left empty beside it
    assert ROOM.toggled(look, QPointF(0, 0)) == Look()


def test_toggling_does_something_where_the_fit_is_one_hundred_percent():
    room = Room(QSizeF(300, 300), QSizeF(300, 300))
    assert room.toggled(Look(), QPointF(0, 0)).scale == 2.0


def test_moving_stops_at_the_edges():
    look = ROOM.moved(Look(1.0), -100, 0)
    assert ROOM.frame(look).left() == ROOM.frame(Look(1.0)).left() - 100
    for _ in range(20):
        look = ROOM.moved(look, -100, -100)
    frame = ROOM.frame(look)
    assert (frame.right(), frame.bottom()) == (420, 420)


def test_a_fitted_picture_does_not_move():
    assert ROOM.moved(Look(), 50, 50) == Look()
