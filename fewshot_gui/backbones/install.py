"""Making a backbone one of those that are there: fetched from a hub, or from a file.

All of it is slow (network, disk, torch): it runs in a job, never on the window's thread.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fewshot_gui.atomic import replacing
from fewshot_gui.backbones import installed
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.download import download
from fewshot_gui.backbones.hub import HubModel, look_up
from fewshot_gui.backbones.installed import WEIGHTS_NAME, place_of
from fewshot_gui.backbones.licences import licence_name
from fewshot_gui.backbones.offers import Offer
from fewshot_gui.backbones.timm_config import TimmModel, parse_config
from fewshot_gui.backbones.weights_file import card_of_file
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

_COPIED_AT_ONCE = 1 << 20


def find_offer(offer: Offer) -> tuple[Offer, HubModel]:
    """The offer with the size and the licence that the hub states now, and where it is.

    Raises:
        UserError: There is no network or no such model.
    """
    model = look_up(offer.repository)
    licence = _described(model).licence or offer.licence
    if not licence:
        from fewshot_gui.backbones import torch_timm

        licence = torch_timm.registered(offer.name).licence
    stated = licence_name(licence) or "other"
    return replace(offer, licence=stated, megabytes=model.weights.size / 1e6), model


def install_offer(offer: Offer, model: HubModel, job: Job) -> BackboneCard:
    """Fetch a model, try it, and keep it.

    Raises:
        UserError: It cannot be fetched, or is not usable.
        Cancelled: What has come so far is kept for the next time.
    """
    from fewshot_gui.backbones import torch_timm

    described = _described(model)
    place = place_of(offer.key)
    weights = place / WEIGHTS_NAME
    download(model.weights, weights, job, offer.name)
    job.report(100, 100, _("Trying the backbone"))
    try:
        card = torch_timm.describe(weights, described, offer.key, offer.title, job)
    except UserError:  # what cannot be used does not stay on the disk
        shutil.rmtree(place, ignore_errors=True)
        raise
    return installed.keep(replace(card, source=model.source, licence=offer.licence))


def install_file(file: str, name: str, job: Job) -> BackboneCard:
    """Copy a file of weights to where backbones are kept, and keep it under a name.

    Args:
        file: ``FILE`` or ``timm:NAME=FILE``.
        name: The key it gets.
        job: Asked for cancellation.

    Raises:
        UserError: The file is not usable, the name is taken, or the disk is full.
        Cancelled: Nothing is left of it.
    """
    _check_name(name)
    card = card_of_file(file, job)
    place = place_of(name)
    place.mkdir(parents=True, exist_ok=True)
    with _nothing_left_of(place):
        with Path(card.weights).open("rb") as source, replacing(place / WEIGHTS_NAME) as target:
            while data := source.read(_COPIED_AT_ONCE):
                job.checkpoint()
                target.write(data)
        return installed.keep(replace(card, key=name))


def _check_name(name: str) -> None:
    from fewshot_gui.backbones.catalogue import all_backbones
    from fewshot_gui.backbones.offers import offer_of

    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or len(name) > 60 or name.endswith(".safetensors"):
        raise UserError(
            _("“{name}” is no name for a backbone.").format(name=name),
            _("Take letters, digits, “-”, “_” and “.”."),
        )
    if offer_of(name) or any(card.key.lower() == name.lower() for card in all_backbones()):
        raise UserError(_("There is a backbone called “{name}” already.").format(name=name))


def _described(model: HubModel) -> TimmModel:
    return parse_config(model.config, "config.json")


@contextlib.contextmanager
def _nothing_left_of(place: Path) -> Iterator[None]:
    """A copy that did not come to its end does not stay on the disk."""
    try:
        yield
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
