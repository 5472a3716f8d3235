"""What was open before, in words for the user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fewshot_gui.project.draft_names import SUFFIX, draft_number, is_draft
from fewshot_gui.settings import Settings
from fewshot_gui.texts import _


@dataclass(frozen=True)
class Recent:
    """One entry.

    Attributes:
        path: What is opened: a project file, a draft or a folder.
        name: A short title.
        place: The whole path of the folder or file that the user knows.
    """

    path: str
    name: str
    place: str


def recents(settings: Settings) -> tuple[Recent, ...]:
    """What was open before, the newest first; asks no disk but for the place of drafts."""
    return tuple(_recent(path, settings) for path in settings.recent)


def start_folder(settings: Settings) -> str:
    """Where a dialog for folders begins: at the one that was open last."""
    for path in settings.recent:
        folder = settings.draft_folders.get(path, "")
        if folder:
            return folder
        if not is_draft(path):
            return str(Path(path).parent) if path.endswith(SUFFIX) else path
    return str(Path.home())


def start_projects(settings: Settings) -> str:
    """Where a dialog for project files begins: where the user keeps them."""
    for path in settings.recent:
        if path.endswith(SUFFIX) and not is_draft(path):
            return str(Path(path).parent)
    return str(Path.home())


def _recent(path: str, settings: Settings) -> Recent:
    place = settings.draft_folders.get(path, path)
    name = Path(place).name.removesuffix(SUFFIX) or place
    number = draft_number(path)
    if number > 1:  # begun anew: the same folder, other decisions
        name = _("{name} ({number})").format(name=name, number=number)
        place = _("{name} ({number})").format(name=place, number=number)
    return Recent(path, name, place)
