"""Which project files the user gave no name, by their paths alone."""

from __future__ import annotations

import functools
import os
import re

from fewshot_gui.paths import data_dir

SUFFIX = ".fewshot"


def drafts_folder() -> str:
    """Where drafts are kept."""
    return str(data_dir() / "projects")


def is_draft(path: str) -> bool:
    """Whether a project file is one that the user gave no name.

    Asks no disk about the path: it may lie on one that is dead.
    """
    folder = drafts_folder()
    return os.path.dirname(os.path.normpath(path)) in (folder, _without_links(folder))


def draft_number(path: str) -> int:
    """How many drafts were begun for the same folder up to this one; 1 for any other file."""
    match = re.search(r"-(\d+)" + re.escape(SUFFIX) + "$", path) if is_draft(path) else None
    return int(match[1]) if match else 1


def spoken(path: str, of_file: str, of_draft: str) -> str:
    """A sentence about a project file; the name of a draft would mean nothing to its user.

    Args:
        path: The file.
        of_file: The sentence with ``{name}`` in it, where the user named the file.
        of_draft: The sentence where the program did.
    """
    return of_draft if is_draft(path) else of_file.format(name=os.path.basename(path))


@functools.cache
def _without_links(folder: str) -> str:
    return os.path.realpath(folder)
