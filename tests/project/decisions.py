"""What the tests of the project file share."""

from __future__ import annotations

import os

from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.model import Project


def decisions(project):
    """All that a user decided, to be compared."""
    support = {b.id: project.support(b.id) for b in project.bins}
    return (
        project.setup,
        dict(project.labels),
        {**support, 0: project.support(0)},
        project.history,
        project.next_id,
    )


def sample(folder):
    """A project with a bit of everything, some of it undone."""
    project = Project()
    pictures = os.path.join(folder, "pictures")
    project.add_folder(pictures)
    project.add_bins({"Lemon": [f"{pictures}/{i}.jpg" for i in range(4)], "Lime": []})
    lemon, lime = (b.id for b in project.bins)
    project.put([f"{pictures}/sub/x.jpg", "/elsewhere/y.jpg"], lime, {"/elsewhere/y.jpg": lemon})
    project.confirm({f"{pictures}/{i}.jpg": lemon for i in range(4, 9)})
    project.put([f"{pictures}/9.jpg"], 0)
    project.set_picture(lemon, f"{pictures}/2.jpg")
    project.describe_bin(lime, "Green.\nSour.")
    project.recolour_bin(lime, 7)
    project.set_learner("centred")
    project.merge_bins([lemon], lime)
    project.rename_bin(lime, "Citrus")
    for _ in range(3):
        project.undo()
    return project


def made(folder, project=None, name="a.fewshot"):
    """A closed project file; returns its path."""
    path = os.path.join(folder, name)
    ProjectFile.create(path, project or sample(folder)).close()
    return path


def loaded(path):
    """The decisions in a file."""
    file = ProjectFile.open(path)
    try:
        return decisions(file.load())
    finally:
        file.close()


def kept(path):
    """An open file and its project, which is journalled into it."""
    file = ProjectFile.open(path)
    project = file.load()
    project.journal = file
    return file, project
