"""What the rest of the program knows about an image file, and why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fewshot_gui.texts import _


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One image file as the scan saw it.

    Attributes:
        path: Absolute path. Names that are not valid UTF-8 carry surrogate escapes
            (``os.fsdecode``), so that the bytes survive a round trip.
        relative: Path below the scanned folder, always with ``/``.
        size: Bytes.
        mtime_ns: Modification time in nanoseconds.
        inode: Inode number, 0 where the file system has none.
    """

    path: str
    relative: str
    size: int
    mtime_ns: int
    inode: int


class FailureKind(Enum):
    """Why an image could not be read. The value is what the CSV says."""

    DAMAGED = "damaged"
    UNSUPPORTED = "not supported"
    TOO_LARGE = "too large"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    STOPPED = "decoder stopped"


# Grows when the decoder learns to read more, so that remembered refusals are looked at again.
DECODER_VERSION = 1


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """An image that cannot be read: the state of that item, never a reason to stop.

    Attributes:
        kind: The class of failure, for counting and for the user's language.
        detail: Technical reason in English, one line; may be empty.
    """

    kind: FailureKind
    detail: str = ""

    def describe(self) -> str:
        """The reason in the user's language."""
        words = {
            FailureKind.DAMAGED: _("The file is damaged"),
            FailureKind.UNSUPPORTED: _("This kind of file is not supported"),
            FailureKind.TOO_LARGE: _("The picture is too large"),
            FailureKind.MISSING: _("The file is no longer there"),
            FailureKind.UNREADABLE: _("The file cannot be opened"),
            FailureKind.STOPPED: _("The decoder fails on this file"),
        }[self.kind]
        return f"{words} ({self.detail})" if self.detail else words

    def for_export(self) -> str:
        """The reason as written to files: the same in every language."""
        return f"{self.kind.value}: {self.detail}" if self.detail else self.kind.value
