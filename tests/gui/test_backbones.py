"""Looking at a project with another backbone, and fetching more of them."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from fewshot_gui.backbones.catalogue import bundled, card_to_plain
from fewshot_gui.backbones.fetching import Found
from fewshot_gui.backbones.installed import place_of
from fewshot_gui.errors import UserError
from fewshot_gui.gui.backbone_fetcher import Sources
from fewshot_gui.gui.backbone_open import BackbonePage
from tests.gui.conftest import sum_sorted

FREE = Found("dinov2-s", "vit_small", "Apache-2.0", 88.2, "a hub")
BINDING = Found("dinov3-s", "vit_small3", "dinov3-license", 86.4, "a hub")


def keep_one(key="mine"):
    """A backbone on the disk whose weights are never loaded."""
    place = place_of(key)
    place.mkdir(parents=True)
    plain = card_to_plain(bundled()[0]) | {"key": key, "title": f"{key}, added"}
    del plain["factory"], plain["weights"]
    (place / "weights.safetensors").write_bytes(b"x")
    (place / "card.json").write_text(json.dumps({"format": 1, "card": plain}))


@pytest.fixture
def menu(sorted_window, qtbot):
    """The menu as it opens; its entries by their text."""
    found = [m for m in sorted_window.menuBar().findChildren(QMenu) if m.title() == "&Backbone"]

    def entry(text):
        found[0].aboutToShow.emit()
        return next(a for a in found[0].actions() if text in a.text())

    return entry


def settled(session, qtbot):
    qtbot.waitUntil(lambda: not session.scanning and sum_sorted(session) == 24)


def test_choosing_another_one_looks_at_all_images_again(
    sorted_window, session, workbench, menu, qtbot
):
    assert menu("Lite0").isChecked()
    read = len(workbench.embedded)
    menu("Lite2").trigger()
    settled(session, qtbot)
    assert workbench.card.key == "lite2"
    assert len(workbench.embedded) == read + 24
    assert menu("Lite2").isChecked()
    assert "lite2" in sorted_window.status.engine.text()
    qtbot.waitUntil(lambda: set(workbench.ended) == {"lite0"})
    assert [b.name for b in session.project.bins] == ["Red", "Blue"]


def test_it_can_be_undone_and_is_kept_with_the_project(
    saved, session, workbench, menu, another_window, sorted_window, qtbot
):
    menu("Lite2").trigger()
    settled(session, qtbot)
    assert "backbone" in session.project.undo_text
    session.undo()
    settled(session, qtbot)
    assert workbench.card.key == "lite0"
    session.redo()
    settled(session, qtbot)
    assert workbench.card.key == "lite2"
    session.close_folder()
    assert workbench.card.key == "lite0"
    other = another_window()
    other.session.open_project(str(saved))
    qtbot.waitUntil(lambda: other.session.collection is not None)
    settled(other.session, qtbot)
    assert other.session.backbone.key == "lite2"


def test_views_are_added_and_taken_away(session, workbench, menu, qtbot):
    menu("mirror").trigger()
    settled(session, qtbot)
    assert workbench.card.key == "lite0+flip"
    assert menu("mirror").isChecked()
    menu("corners").trigger()
    settled(session, qtbot)
    assert workbench.card.key == "lite0+flip+crops"
    menu("Lite2").trigger()
    settled(session, qtbot)
    assert workbench.card.key == "lite2+flip+crops"
    menu("mirror").trigger()
    settled(session, qtbot)
    assert workbench.card.key == "lite2+crops"


def test_one_that_is_not_here_is_told_and_the_default_takes_its_place(
    sorted_window, session, workbench, qtbot
):
    session.set_backbone("mine")
    settled(session, qtbot)
    assert workbench.card.key == "lite0"
    qtbot.waitUntil(lambda: any("“mine”" in m.text for m in sorted_window.banners.messages))
    keep_one()
    session.backbones.look()
    qtbot.waitUntil(lambda: workbench.card.key == "mine")
    settled(session, qtbot)
    assert not any("“mine”" in m.text for m in sorted_window.banners.messages)


def test_a_project_that_names_a_file_has_none_read(sorted_window, session, workbench, tmp_path):
    session.set_backbone(str(tmp_path / "weights.safetensors"))
    assert workbench.card.key == "lite0"


def test_who_may_only_look_cannot_choose(saved, menu, sorted_window, session, qtbot):
    session.open_project(str(saved), read_only=True)
    session.close_folder()
    session.open_project(str(saved), read_only=True)
    qtbot.waitUntil(lambda: session.read_only)
    assert not menu("Lite2").isEnabled()
    assert "viewing" in menu("Lite2").toolTip()
    assert menu("Fetch").isEnabled()


class Hub:
    """Answers like the process that fetches, at once or when it is let."""

    def __init__(self):
        self.answer = FREE
        self.error = None
        self.fetched = []
        self.removed = []
        self.added = []
        self.waits = False

    def sources(self):
        return Sources(self.find, self.fetch, self.add, self.removed.append)

    def find(self, key, job):
        self.asked = key
        if self.error is not None:
            raise self.error
        return self.answer

    def fetch(self, found, job):
        job.report(30, 100, "30 of 100 MB")
        while self.waits:
            job.checkpoint()
        self.fetched.append(found.key)
        keep_one(found.key)
        return found.key

    def add(self, file, key, job):
        self.added.append((file, key))
        keep_one(key)
        return key


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def dialog(sorted_window, session, parts, dialogs, hub, qtbot):
    page = BackbonePage(sorted_window, session, parts.runner, dialogs, hub.sources())
    page.open()
    qtbot.waitExposed(page.dialog)
    yield page.dialog
    page.dialog.close()


def choose(dialog, text):
    for place in range(dialog.table.topLevelItemCount()):
        item = dialog.table.topLevelItem(place)
        if text in item.text(0):
            dialog.table.setCurrentItem(item)
            return item
    raise AssertionError(text)


def click(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_what_is_there_and_what_can_be_fetched_is_listed(dialog):
    assert choose(dialog, "Lite0").text(4) == "in use"
    assert not dialog.use_button.isEnabled()
    assert not dialog.fetch_button.isEnabled()
    assert choose(dialog, "Lite2").text(4) == "built in"
    assert dialog.use_button.isEnabled()
    assert not dialog.delete_button.isEnabled()
    line = choose(dialog, "DINOv3")
    assert [line.text(c) for c in (1, 2, 4)] == ["86 MB", "slow", "can be fetched"]
    assert "military" in dialog.words.text()
    assert dialog.fetch_button.isEnabled()


def test_one_is_fetched_used_and_deleted(dialog, hub, session, workbench, qtbot):
    choose(dialog, "DINOv2")
    click(qtbot, dialog.fetch_button)
    qtbot.waitUntil(lambda: hub.fetched == ["dinov2-s"])
    qtbot.waitUntil(lambda: dialog.table.currentItem().text(4) == "on this computer")
    assert not dialog.fetch_button.isEnabled()
    click(qtbot, dialog.use_button)
    settled(session, qtbot)
    assert workbench.card.key == "dinov2-s"
    assert not dialog.delete_button.isEnabled()
    session.undo()
    settled(session, qtbot)
    choose(dialog, "dinov2-s")
    click(qtbot, dialog.delete_button)
    qtbot.waitUntil(lambda: hub.removed == ["dinov2-s"])


def test_enter_uses_the_one_that_is_chosen(dialog, session, workbench, qtbot):
    choose(dialog, "Lite2")
    qtbot.keyClick(dialog.table, Qt.Key.Key_Return)
    settled(session, qtbot)
    assert workbench.card.key == "lite2"


@pytest.mark.parametrize("agrees", [True, False])
def test_a_licence_that_binds_is_asked_for(dialog, dialogs, hub, qtbot, agrees):
    hub.answer, dialogs.consent_answer = BINDING, agrees
    choose(dialog, "DINOv3")
    click(qtbot, dialog.fetch_button)
    qtbot.waitUntil(lambda: any("licence vit_small3" in text for text in dialogs.asked))
    if agrees:
        qtbot.waitUntil(lambda: hub.fetched == ["dinov3-s"])
    else:
        qtbot.waitUntil(dialog.fetch_button.isEnabled)
        assert hub.fetched == []


def test_any_model_can_be_named(dialog, hub, qtbot):
    qtbot.keyClicks(dialog.name, "resnet18.a1_in1k")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: hub.fetched != [])
    assert hub.asked == "timm:resnet18.a1_in1k"


def test_why_one_cannot_be_fetched_is_said(dialog, hub, qtbot):
    hub.error = UserError("The hub cannot be reached.", "Connect to the network.")
    choose(dialog, "DINOv2")
    click(qtbot, dialog.fetch_button)
    qtbot.waitUntil(lambda: "cannot be reached. Connect" in dialog.words.text())
    assert dialog.fetch_button.isEnabled()


def test_fetching_shows_how_far_it_is_and_can_be_stopped(dialog, hub, qtbot):
    hub.waits = True
    choose(dialog, "DINOv2")
    click(qtbot, dialog.fetch_button)
    qtbot.waitUntil(lambda: dialog.bar.value() == 300)
    assert "30 of 100 MB" in dialog.words.text()
    assert not dialog.fetch_button.isEnabled()
    click(qtbot, dialog.stop_button)
    qtbot.waitUntil(dialog.fetch_button.isEnabled)
    assert hub.fetched == []
    assert not dialog.stop_button.isVisible()


def test_a_file_is_added_under_a_name_of_its_own(dialog, session, hub, dialogs, qtbot):
    keep_one("my-net")
    dialogs.save_answer = "/somewhere/my net.safetensors"
    session.backbones.look()
    qtbot.waitUntil(lambda: "my-net" in [card.key for card in session.backbones.cards])
    click(qtbot, dialog.add_button)
    qtbot.waitUntil(lambda: hub.added == [("/somewhere/my net.safetensors", "my-net-2")])
    qtbot.waitUntil(dialog.add_button.isEnabled)
    dialog.name.setText("timm:resnet18.a1_in1k")
    click(qtbot, dialog.add_button)
    qtbot.waitUntil(lambda: len(hub.added) == 2)
    assert hub.added[1][0] == "timm:resnet18.a1_in1k=/somewhere/my net.safetensors"
