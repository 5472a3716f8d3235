"""Backbones that can be fetched from a model hub."""

from __future__ import annotations

from dataclasses import dataclass

from fewshot_gui.backbones.catalogue import TIMM, Speed
from fewshot_gui.backbones.licences import licence_warning
from fewshot_gui.backbones.timm_config import NAME
from fewshot_gui.texts import _


@dataclass(frozen=True)
class Offer:
    """A model on the hub.

    Attributes:
        key: Name on the command line once it is here.
        title: Name on screen.
        name: timm's name of it, with the tag of its weights.
        licence: SPDX identifier, or ``""`` while only the hub knows.
        megabytes: Size of the weights, 0 while only the hub knows.
        speed: Roughly; None while unknown.
    """

    key: str
    title: str
    name: str
    licence: str = ""
    megabytes: float = 0.0
    speed: Speed | None = None

    @property
    def repository(self) -> str:
        """Where timm keeps it on the hub."""
        return f"timm/{self.name}"

    @property
    def warning(self) -> str:
        """What the licence forbids or asks; ``""`` where it is free or not known yet."""
        return licence_warning(self.licence) if self.licence else ""


def all_offers() -> tuple[Offer, ...]:
    """What is recommended for fetching, the best first."""
    return (
        Offer(
            "dinov2-s",
            _("DINOv2 ViT-S (slow without a graphics card)"),
            "vit_small_patch14_reg4_dinov2.lvd142m",
            licence="Apache-2.0",
            megabytes=88.2,
            speed=Speed.SLOW,
        ),
        Offer(
            "dinov3-s",
            _("DINOv3 ViT-S (slow without a graphics card; its licence binds)"),
            "vit_small_patch16_dinov3.lvd1689m",
            licence="dinov3-license",
            megabytes=86.4,
            speed=Speed.SLOW,
        ),
        Offer(
            "mobilenetv4-s",
            _("MobileNetV4 small"),
            "mobilenetv4_conv_small.e2400_r224_in1k",
            licence="Apache-2.0",
            megabytes=15.2,
            speed=Speed.FAST,
        ),
    )


def offer_of(key: str) -> Offer | None:
    """The offer with this key, or any timm model as ``timm:NAME``; None for other keys."""
    for offer in all_offers():
        if key in (offer.key, TIMM + offer.name):
            return offer
    name = key.removeprefix(TIMM)
    if key == name or not NAME.fullmatch(name):
        return None
    return Offer(key, name, name)
