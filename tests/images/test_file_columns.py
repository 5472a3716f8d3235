"""Files in columns are the files that were put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.images import scan as scan_module
from fewshot_gui.images.file_columns import FileColumns, PathIndex
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.scan import natural_key, scan
from fewshot_gui.jobs import Job

NAMES = st.text("ab/.é\udce9 ", min_size=1, max_size=8)
FILES = st.builds(
    ImageFile,
    path=NAMES.map(lambda name: f"/{name}"),
    relative=NAMES,
    size=st.integers(0, 1 << 65),
    mtime_ns=st.integers(-(1 << 65), 1 << 65),
    inode=st.integers(0, (1 << 64) - 1),
)


@given(st.lists(FILES, max_size=8), st.data())
def test_what_comes_out_is_what_went_in(files, data):
    columns = FileColumns(files)
    assert list(columns) == files
    assert columns == files
    assert columns.paths(range(len(files))) == [file.path for file in files]
    order = data.draw(st.permutations(range(len(files))))
    assert columns.reordered(order) == [files[i] for i in order]
    if files:
        place, other = data.draw(st.integers(0, len(files) - 1)), data.draw(FILES)
        columns.replace(place, other)
        assert columns == [*files[:place], other, *files[place + 1 :]]


def test_slices_and_places_from_the_end():
    files = [ImageFile(f"/p/{i}", str(i), i, i, i) for i in range(5)]
    columns = FileColumns(files)
    assert columns[1:3] == tuple(files[1:3])
    assert columns[-1] == files[-1]
    with pytest.raises(IndexError):
        columns[5]


def test_long_inode_numbers_still_tell_files_apart():
    columns = FileColumns([ImageFile("/p/a", "a", 1, 1, (1 << 100) + 7)])
    assert columns.is_same(0, ImageFile("/p/a", "a", 1, 1, (1 << 100) + 7))
    assert not columns.is_same(0, ImageFile("/p/a", "a", 1, 1, (1 << 100) + 8))


@given(st.dictionaries(NAMES, st.integers(0, 9)))
def test_paths_are_found_by_all_of_their_letters(numbers):
    index = PathIndex()
    for path, number in numbers.items():
        index.add(path, number, path.rpartition("/")[2])
    assert {path: index.get(path) for path in numbers} == numbers
    assert index.get("no such path") is None


def test_pieces_of_a_listing_are_put_in_one_order(tmp_path, monkeypatch):
    monkeypatch.setattr(scan_module, "PIECE_FILES", 7)
    rng = np.random.default_rng(0)
    for number in rng.permutation(120).tolist():
        folder = tmp_path / ("", "a", "A 1", "b/9", "b/10")[number % 5]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{'xX'[number % 2]}{number}.jpg").touch()
    found = [file.relative for file in scan(tmp_path, Job()).files]
    assert len(found) == 120
    assert found == sorted(found, key=natural_key)
