"""What travels with a drag."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QUrl

from fewshot_gui.gui.mime import (
    IDS,
    dragged,
    local_paths,
    mime_of,
    told_apart,
)

# what os.fsdecode can return: any text, and bytes that are not UTF-8 as surrogates
_CHARACTERS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
_ODD = st.sampled_from(["\udc80", "\udce9", "%", "#", "?", " ", "é", "\n"])
NAMES = st.text(st.one_of(_CHARACTERS, _ODD), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_paths_come_back_as_they_were(names):
    paths = [f"/pictures/{name}" for name in names]
    data = mime_of("me", paths, from_bin=3)
    back = dragged("me", data)
    assert back.paths == tuple(paths)
    assert back.from_bin == 3


def test_files_for_other_programs():
    paths = ("/a b/ü.png", "/x/100%.png", "/x/caf\udce9.png", "/x/#1?.png")
    assert local_paths(mime_of("me", paths)) == paths


def test_another_window_is_a_stranger():
    data = mime_of("other", ["/a.png"])
    assert dragged("me", data) is None
    assert local_paths(data) == ("/a.png",)


def test_nonsense_is_nothing():
    for payload in (b"", b"{", b"[]", b'{"project": "me"}', b'{"project": "me", "ids": 3}'):
        data = QMimeData()
        data.setData(IDS, payload)
        assert dragged("me", data) is None


def test_web_addresses_are_no_files():
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.png"), QUrl.fromLocalFile("/b.png")])
    assert local_paths(data) == ("/b.png",)


def test_what_is_brought_is_told_apart(tmp_path):
    (tmp_path / "shots").mkdir()
    names = ["a.png", "b.txt", "README", "scan", "shots", "gone.jpg"]
    brought = told_apart([str(tmp_path / name) for name in names])
    assert [os.path.basename(p) for p in brought.folders] == ["shots"]
    assert [os.path.basename(p) for p in brought.pictures] == ["a.png", "scan", "gone.jpg"]
    assert [os.path.basename(p) for p in brought.others] == ["b.txt", "README"]
