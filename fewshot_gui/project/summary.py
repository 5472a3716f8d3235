"""What a list of projects shows of each, read without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from fewshot_gui.project.codec import SetupReader
from fewshot_gui.project.guard import View, view
from fewshot_gui.project.loading import (
    Index,
    believing,
    read_folders,
    read_state,
    read_stored_setup,
)
from fewshot_gui.project.places import path_text
from fewshot_gui.project.problems import Holder


@dataclass(frozen=True)
class Summary:
    """A project in a few numbers.

    Attributes:
        uuid: 16 bytes that tell this project from all others.
        labels: Images with a label.
        bins: Support bins.
        folders: Target folders as they were when the file was written.
        changed: Seconds since 1970 of the last action.
        holder: Who has it open, or died while having it open.
    """

    uuid: bytes
    labels: int
    bins: int
    folders: tuple[str, ...]
    changed: float
    holder: Holder | None


def read_summary(path: str) -> Summary:
    """The summary of a file. Raises as ``guard.view`` does."""
    viewed = view(path, thorough=False)
    try:
        with believing():
            return _summary(viewed)
    finally:
        viewed.close()


def _summary(viewed: View) -> Summary:
    state = read_state(viewed.db)
    index = Index(state, {}, {}, {}, path_text(state.home))
    read_folders(viewed.db, index)
    reader = SetupReader(index.folders, lambda _image: "", state.next_id)
    setup = read_stored_setup(viewed.db, reader, state.setup_id)
    labels = viewed.db.execute("SELECT count(*) FROM label").fetchone()[0]
    folders = tuple(folder.path for folder in setup.folders)
    return Summary(
        state.uuid, labels, len(setup.bins), folders, state.changed / 1000, viewed.checked.holder
    )
