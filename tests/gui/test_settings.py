"""Settings survive, and damaged ones are no drama."""

from __future__ import annotations

import json

import pytest

from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.settings import MAX_RECENT, Settings, load_settings, save_settings, settings_file


def test_they_survive(tmp_path):
    settings = Settings("dark", 200, "matching", "cpu", ("/a", "/b"))
    save_settings(settings, tmp_path / "deep" / "settings.json")
    assert load_settings(tmp_path / "deep" / "settings.json") == settings
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["settings.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"theme": 3}', b"null"])
def test_a_damaged_file_means_defaults(tmp_path, content):
    (tmp_path / "s.json").write_bytes(content)
    assert load_settings(tmp_path / "s.json") == Settings()


def test_a_damaged_value_means_its_default(tmp_path):
    stored = {"theme": "pink", "tile": 100_000, "recent": ["/a", 3], "learner": None, "new": 1}
    (tmp_path / "s.json").write_text(json.dumps(stored))
    assert load_settings(tmp_path / "s.json") == Settings(tile=320, recent=("/a",))


def test_recent_folders_are_few_and_the_newest_is_first():
    settings = Settings()
    for i in range(MAX_RECENT + 3):
        settings = Settings(**settings.with_recent(f"/{i}"))
    settings = Settings(**settings.with_recent("/5"))
    assert settings.recent[0] == "/5"
    assert len(settings.recent) == len(set(settings.recent)) == MAX_RECENT


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "file").write_text("in the way")
    save_settings(Settings(), tmp_path / "file" / "settings.json")


def test_preferences_tell_of_changes_and_keep_them(qapp, qtbot):
    preferences = Preferences()
    with qtbot.waitSignal(preferences.changed):
        preferences.update(theme="dark")
    with qtbot.assertNotEmitted(preferences.changed):
        preferences.update(theme="dark")
    assert load_settings().theme == "dark"
    assert settings_file().exists()


def test_the_folder_of_a_recent_draft_is_kept_as_long_as_the_draft(tmp_path):
    settings = Settings(**Settings().with_recent("/d/a-1.fewshot", "/photos"))
    save_settings(settings, tmp_path / "s.json")
    assert load_settings(tmp_path / "s.json") == settings
    settings = Settings(**settings.with_recent("/mine.fewshot", gone="/d/a-1.fewshot"))
    assert settings == Settings(recent=("/mine.fewshot",))


def test_folders_of_drafts_that_make_no_sense_count_as_absent(tmp_path):
    stored = {"draft_folders": {"/a": 5, "/b": "/photos"}}
    (tmp_path / "s.json").write_text(json.dumps(stored))
    assert load_settings(tmp_path / "s.json") == Settings(draft_folders={"/b": "/photos"})
    (tmp_path / "s.json").write_text(json.dumps({"draft_folders": ["/a"]}))
    assert load_settings(tmp_path / "s.json") == Settings()
