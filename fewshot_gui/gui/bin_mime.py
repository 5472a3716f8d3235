"""What travels with the drag of a whole bin: its id, and nothing for other programs."""

from __future__ import annotations

import json

from PySide6.QtCore import QMimeData

BIN = "application/x-fewshot-bin+json"


def mime_of_bin(session_id: str, class_id: int) -> QMimeData:
    """A bin that is being moved to another place in the list."""
    data = QMimeData()
    data.setData(BIN, json.dumps({"project": session_id, "bin": class_id}).encode("ascii"))
    return data


def dragged_bin(session_id: str, data: QMimeData) -> int | None:
    """The bin of a drag that started in this window, else None."""
    if not data.hasFormat(BIN):
        return None
    try:
        payload = json.loads(bytes(data.data(BIN).data()))
        if payload["project"] != session_id:
            return None
        class_id = payload["bin"]
    except (ValueError, KeyError, TypeError):
        return None
    return class_id if isinstance(class_id, int) else None
