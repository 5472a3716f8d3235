"""Finding out whether there is a screen, before Qt is asked."""

from __future__ import annotations

import os
import socket

import pytest

from fewshot_gui.display import has_display

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only there a screen can be missing")


@pytest.fixture
def compositor(tmp_path):
    """Something that listens where a Wayland compositor would."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        yield {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)}


def test_a_compositor_that_listens_is_a_screen(compositor):
    assert has_display(compositor, "linux")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DISPLAY": ""},
        {"DISPLAY": ":7431"},
        {"DISPLAY": "nonsense"},
        {"DISPLAY": "127.0.0.1:59000"},
        {"WAYLAND_DISPLAY": "gone", "XDG_RUNTIME_DIR": "/nowhere"},
        {"QT_QPA_PLATFORM": "xcb"},
    ],
)
def test_variables_alone_are_no_screen(environment):
    assert not has_display(environment, "linux")


def test_other_systems_always_have_one():
    assert has_display({}, "win32")
    assert has_display({}, "darwin")


def test_what_needs_no_screen_is_let_through():
    assert has_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")
