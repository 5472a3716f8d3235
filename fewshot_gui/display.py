"""Whether there is a screen, found out without Qt: Qt ends the program where there is none."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_PATIENCE_SECONDS = 2.0


def has_display(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a window can be shown. Only Linux and its kin may be without a display.

    Variables alone do not tell: they outlive the session that set them.
    """
    if platform in ("win32", "darwin"):
        return True
    if environment.get("QT_QPA_PLATFORM", "xcb").partition(":")[0] not in ("xcb", "wayland"):
        # Offscreen and the like: whoever asks for it by name gets it.
        return True
    return _wayland_answers(environment) or _x11_answers(environment.get("DISPLAY", ""))


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY")
    if not name:
        return False
    return _answers(Path(environment.get("XDG_RUNTIME_DIR", "/"), name))


def _x11_answers(display: str) -> bool:
    host, _colon, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdigit():
        return False
    if host in ("", "unix"):
        # Servers listen under a path, or under the same name in Linux's abstract space.
        place = f"/tmp/.X11-unix/X{number}"
        return _answers(Path(place)) or _answers(f"\0{place}")
    try:
        with socket.create_connection((host, 6000 + int(number)), _PATIENCE_SECONDS):
            return True
    except OSError:
        return False


def _answers(place: Path | str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(_PATIENCE_SECONDS)
            knock.connect(str(place))
            return True
    except OSError:
        return False
