"""Where the tiles of the grid lie, against a plain list of all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect

from fewshot_gui.gui.grid_geometry import GridGeometry

CELL, TILE, STRIP = (20, 30), (16, 25), 12


@st.composite
def geometries(draw):
    """A grid and the same as a list: one rectangle for each image, and the strips."""
    columns = draw(st.integers(1, 5))
    groups = draw(st.lists(st.integers(1, 13), max_size=5))
    grouped = draw(st.booleans())
    count = sum(groups)
    starts = np.cumsum([0, *groups])[:-1] if grouped and groups else np.zeros(0, np.int64)
    rects, strips, y = [], [], 0
    for size in groups if grouped else [count]:
        if grouped:
            strips.append((len(rects), y))
            y += STRIP
        for place in range(size):
            line, column = divmod(place, columns)
            rects.append(QRect(column * CELL[0], y + line * CELL[1], *TILE))
        y += -(-size // columns) * CELL[1]
    return GridGeometry(count, columns, CELL, TILE, starts, STRIP), rects, strips, y


@settings(max_examples=150, deadline=None)
@given(geometries())
def test_tiles_and_height(made):
    grid, rects, _strips, height = made
    assert [grid.rect(position) for position in range(grid.count)] == rects
    assert grid.height == (height if grid.count else 0)


@settings(max_examples=150, deadline=None)
@given(geometries(), st.integers(-5, 120), st.integers(-5, 900))
def test_what_is_at_a_place(made, x, y):
    grid, rects, _strips, _height = made
    there = [i for i, rect in enumerate(rects) if rect.contains(QPoint(x, y))]
    assert grid.position(QPoint(x, y)) == (there[0] if there else -1)


@settings(max_examples=150, deadline=None)
@given(geometries(), st.integers(-5, 900), st.integers(1, 300))
def test_what_is_in_sight(made, top, tall):
    grid, rects, strips, _height = made
    bottom = top + tall
    seen = [i for i, rect in enumerate(rects) if rect.top() < bottom and rect.bottom() >= top]
    found = grid.between(top, bottom)
    assert set(seen) <= set(found)
    assert len(found) <= len(seen) + 2 * grid.columns
    shown = [(first, rect.top()) for first, rect in grid.strips(top, bottom)]
    assert shown == [(first, y) for first, y in strips if y < bottom and y + STRIP > top]


@settings(max_examples=150, deadline=None)
@given(
    geometries(),
    st.tuples(st.integers(-9, 110), st.integers(-9, 500)),
    st.tuples(st.integers(1, 120), st.integers(1, 400)),
)
def test_what_a_rubber_band_touches(made, corner, size):
    grid, rects, _strips, _height = made
    area = QRect(*corner, *size)
    touched = [i for i, rect in enumerate(rects) if rect.intersects(area)]
    assert grid.inside(area).tolist() == touched


@settings(max_examples=150, deadline=None)
@given(geometries(), st.data())
def test_steps_up_and_down_stay_in_the_column(made, data):
    grid, rects, _strips, _height = made
    if not grid.count:
        return
    begin = data.draw(st.integers(0, grid.count - 1))
    lines = sorted({rect.top() for rect in rects})
    by_line = [[i for i, rect in enumerate(rects) if rect.top() == top] for top in lines]
    line = next(n for n, members in enumerate(by_line) if begin in members)
    column = rects[begin].left() // CELL[0]
    for step, there in ((1, grid.below(begin)), (-1, grid.above(begin))):
        target = line + step
        if not 0 <= target < len(by_line):
            assert there in by_line[line]
            continue
        members = by_line[target]
        assert there == members[min(column, len(members) - 1)]


@pytest.mark.parametrize(("lines", "there"), [(1, 4), (2, 5), (3, 7), (6, 19), (7, 21), (50, 29)])
def test_a_page_crosses_groups_and_keeps_the_column(lines, there):
    grid = GridGeometry(30, 4, CELL, TILE, np.asarray([0, 5, 6, 20]), STRIP)
    assert grid.below(1, lines) == there


def test_a_million_need_no_more_than_ten():
    grid = GridGeometry(1_000_000, 7, CELL, TILE)
    assert grid.rect(999_999).top() == 999_999 // 7 * CELL[1]
    assert grid.position(grid.rect(999_999).center()) == 999_999
    assert len(grid.between(10_000_000 // 4, 10_000_000 // 4 + 600)) <= 7 * 22
