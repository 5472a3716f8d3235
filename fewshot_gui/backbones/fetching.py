"""Fetching and adding backbones by way of a process of its own, which may load torch."""

from __future__ import annotations

from dataclasses import dataclass

from fewshot_gui.backbones.licences import licence_warning
from fewshot_gui.errands import run_errand
from fewshot_gui.jobs import Job


@dataclass(frozen=True)
class Found:
    """What a hub says of a backbone.

    Attributes:
        key: Its name here.
        name: timm's name of it.
        licence: SPDX identifier.
        megabytes: Size of its weights.
        source: Where it comes from.
    """

    key: str
    name: str
    licence: str
    megabytes: float
    source: str

    @property
    def warning(self) -> str:
        """What the licence forbids or asks; ``""`` where it is free."""
        return licence_warning(self.licence)


def find(key: str, job: Job) -> Found:
    """Ask the hub about a backbone.

    Args:
        key: Of an offer, or ``timm:NAME``.
        job: Asked for cancellation.

    Raises:
        UserError: There is no network or no such model.
    """
    return Found(key, *_asked({"do": "find", "key": key}, job))


def fetch(found: Found, job: Job) -> str:
    """Fetch a backbone, try it and keep it; returns its key.

    What has come before a cancellation is kept for the next time.

    Raises:
        UserError: It cannot be fetched, is not usable, or has another licence by now.
    """
    return _asked({"do": "fetch", "key": found.key, "licence": found.licence}, job)


def add(file: str, key: str, job: Job) -> str:
    """Copy a file of weights to where backbones are kept; returns its key.

    Raises:
        UserError: The file is not usable, the name is taken, or the disk is full.
    """
    return _asked({"do": "add", "file": file, "key": key}, job)


def _asked(request: dict[str, str], job: Job):
    return run_errand("fewshot_gui.backbones.fetcher", "--fetcher", request, job)
