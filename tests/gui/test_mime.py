"""What travels with a drag."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QUrl

from fewshot_gui.gui.mime import (
    IDS,
    LOOKED_AT,
    brings_folder,
    dragged,
    local_paths,
    mime_of,
    split_folders,
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


def test_a_drag_looks_at_few_of_many_paths(monkeypatch):
    looked = []
    monkeypatch.setattr(Path, "is_dir", lambda path: looked.append(path) or False)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/pictures/{i}.png") for i in range(1000)])
    assert not brings_folder(data)
    assert len(looked) == LOOKED_AT


def test_folders_and_files_are_told_apart(tmp_path):
    (tmp_path / "a.png").touch()
    folder, file = str(tmp_path), str(tmp_path / "a.png")
    assert split_folders([file, folder, file]) == ((folder,), (file, file))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(file), QUrl.fromLocalFile(folder)])
    assert brings_folder(data)


def test_many_folders_are_told_apart_quickly(tmp_path):
    began = time.monotonic()
    split_folders([str(tmp_path)] * 10_000)
    assert time.monotonic() - began < 2
