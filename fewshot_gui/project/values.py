"""What a user decides about: labels of images, bins, folders and options."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fewshot_gui.errors import UserError
from fewshot_gui.texts import _

MAX_NAME_LENGTH = 120
MAX_DESCRIPTION_LENGTH = 2000

DEFAULT_LEVEL = 0.5  # of the unknown score, once the user has shown what belongs to no bin
UNKNOWN = 0  # permanent class id of what belongs to no bin; ids of bins start at 1


class Source(Enum):
    """Where a label comes from. The value is what the CSV says."""

    SUPPORT = "support"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class Label:
    """The user's decision about one image.

    Attributes:
        class_id: Permanent id of the bin, or ``UNKNOWN``; never a position in a list.
        source: ``SUPPORT`` and ``CORRECTED`` images are examples for the learner;
            ``CONFIRMED`` ones are agreed to but teach nothing new.
    """

    class_id: int
    source: Source

    @property
    def is_support(self) -> bool:
        return self.source in (Source.SUPPORT, Source.CORRECTED)


@dataclass(frozen=True, slots=True)
class Bin:
    """A support bin: one class that the user sorts into.

    Attributes:
        id: Permanent id, never reused within a project.
        name: Shown to the user and written to the CSV.
        colour: Index into the palette of class colours.
        description: The user's own words on what belongs here.
        picture: Path of the example that stands for the class; empty for the first one.
    """

    id: int
    name: str
    colour: int
    description: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of target images.

    Attributes:
        id: Permanent id, never reused within a project.
        path: Absolute path.
    """

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class Options:
    """How the user wants this project sorted.

    Attributes:
        learner: Key in the registry; empty for the program's default.
        unknown: Images whose unknown score, from 0 to 1, is above this belong to no bin;
            1 sends none there.
        backbone: Key of the backbone, with its views; empty for the program's default.
    """

    learner: str = ""
    unknown: float = 1.0
    backbone: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """All that is not a label.

    Attributes:
        bins: All bins in the user's order.
        folders: Target folders in the order they were added.
        options: How to sort.
    """

    bins: tuple[Bin, ...] = ()
    folders: tuple[Folder, ...] = ()
    options: Options = field(default_factory=Options)


def checked_name(name: str) -> str:
    """A class name that is fit for the screen, the CSV and a folder.

    Raises:
        UserError: It is empty, longer than 120 characters or holds a control character.
    """
    name = name.strip()
    if not name:
        raise UserError(_("A bin needs a name."))
    if len(name) > MAX_NAME_LENGTH:
        raise UserError(
            _("This name is too long."),
            _("Use at most {count} characters.").format(count=MAX_NAME_LENGTH),
        )
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise UserError(_("A name cannot hold line breaks or control characters."))
    return name
