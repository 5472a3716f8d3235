"""The trained learners that have a name: those that come with the program, and kept ones.

Everything here imports nothing heavy. What the registry of learners and the catalogue of
backbones want to know of learner files, they ask here.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fewshot_gui.atomic import replacing
from fewshot_gui.backbones.catalogue import BackboneCard, Speed, all_backbones, known_card
from fewshot_gui.backbones.preprocessing import Preprocessing
from fewshot_gui.errors import UserError
from fewshot_gui.images.request import Crop
from fewshot_gui.learners.base import LearnerInfo
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.learner_card import (
    OWN_HEAD,
    AdapterSettings,
    Conv4Settings,
    LearnerCard,
    ResNet12Settings,
    TunedSettings,
)
from fewshot_gui.metatrain.learner_format import ENDING, claims_to_be_learner, read_learner_bytes
from fewshot_gui.paths import data_dir, resource
from fewshot_gui.texts import _

_LOADER = "fewshot_gui.metatrain.learner_backbone:load"
_ADAPTER = "fewshot_gui.metatrain.adapter_runtime:AdapterRuntime"
_OWN_HEAD = "fewshot_gui.metatrain.own_head:OwnHead"
_ADAPTING = "fewshot_gui.metatrain.adapting:Adapting"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_REMEMBERED = 64


@dataclass(frozen=True)
class Trained:
    """A learner file that is sound.

    Attributes:
        key: Its name on the shelf, or the file as the user wrote it.
        path: Where it lies.
        card: What it says of itself.
        checksum: Its identity.
        megabytes: Its size.
    """

    key: str
    path: Path
    card: LearnerCard
    checksum: str
    megabytes: float


def learners_folder() -> Path:
    """Where kept learners lie."""
    return data_dir() / "learners"


def on_shelf() -> tuple[Trained, ...]:
    """All with a name, those of the program first; damaged ones are left out."""
    found: dict[str, Trained] = {}
    for folder in (resource("learners"), learners_folder()):
        for path in sorted(folder.glob(f"*{ENDING}")):
            with contextlib.suppress(UserError):
                found.setdefault(path.stem, _trained(path.stem, path))
    return tuple(found.values())


def trained(key: str) -> Trained | None:
    """The learner of this name or in this file; None where the key means something else.

    Args:
        key: A name on the shelf, or a file that ends in ``.safetensors``.

    Raises:
        UserError: It means a learner file, and that is missing or damaged.
    """
    path = _path(key)
    return None if path is None else _trained(key, path)


def plain_name(text: str) -> str:
    """A name for a learner that says much of a text; "" where nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:60]


def keep_learner(path: str | Path, name: str = "") -> str:
    """Copy a learner file to where learners are kept, and so give it a name.

    A project that uses it then names it by that, wherever the file went.

    Args:
        path: The file.
        name: How to call it; "" for the file's name.

    Returns:
        Its key: for ``--learner``, and for a project's learner and backbone.

    Raises:
        UserError: The file is not sound, the name cannot be had, or the disk is full.
    """
    path = Path(path)
    found = read_learner_bytes(path)
    name = name or plain_name(path.stem)
    place = learners_folder() / f"{name}{ENDING}"
    if not _NAME.fullmatch(name):
        raise UserError(
            _("“{name}” is no name for a learner.").format(name=name),
            _("Take letters, digits, “-”, “_” and “.”."),
        )
    if any(name == info.key for info in (*all_learners(), *all_backbones())) or (
        resource("learners", place.name).exists()
    ):
        raise UserError(
            _("“{name}” is the name of something that comes with the program.").format(name=name),
            _("Give the file another name."),
        )
    learners_folder().mkdir(parents=True, exist_ok=True)
    if not place.exists() or read_learner_bytes(place).checksum != found.checksum:
        whole = path.read_bytes()
        with replacing(place, len(whole)) as stream:
            stream.write(whole)
        if read_learner_bytes(place).checksum != found.checksum:
            raise UserError(_("“{file}” changed while it was copied.").format(file=path.name))
    return name


def learner_info_of(key: str) -> LearnerInfo | None:
    """The entry of the registry for a trained learner; None where it is none of those."""
    found = trained(key)
    if found is None:
        return None
    card = found.card
    if card.algorithm.by_descent:
        return LearnerInfo(
            key, card.title, _ADAPTING, reads="images", backbone=key, file=str(found.path)
        )
    other = next((info for info in all_learners() if info.key == card.head), None)
    if card.head == OWN_HEAD or other is None:
        return LearnerInfo(key, card.title, _OWN_HEAD, backbone=key, file=str(found.path))
    return LearnerInfo(key, card.title, other.factory, "features", other.transductive, key)


def trained_infos() -> tuple[LearnerInfo, ...]:
    """The entries of all with a name."""
    return tuple(info for t in on_shelf() if (info := learner_info_of(t.key)) is not None)


def backbone_card_of(key: str) -> BackboneCard | None:
    """The network of a trained learner as a backbone; None where the key is none's.

    Raises:
        UserError: Its file is damaged, or it goes on from a backbone that is not here.
    """
    path = _path(key)
    if path is None or not path.exists():
        return None  # what is not there may as well be meant for the weights of a backbone
    return _backbone(_trained(key, path))


def trained_backbones() -> tuple[BackboneCard, ...]:
    """The networks of all with a name that can be used here."""
    cards = []
    for found in on_shelf():
        with contextlib.suppress(UserError):
            cards.append(_backbone(found))
    return tuple(cards)


def _path(key: str) -> Path | None:
    if key.endswith(ENDING):
        path = Path(key).expanduser()
        return path if not path.exists() or claims_to_be_learner(path) else None
    if not _NAME.fullmatch(key):
        return None
    places = (resource("learners", key + ENDING), learners_folder() / (key + ENDING))
    return next((path for path in places if path.is_file()), None)


def _trained(key: str, path: Path) -> Trained:
    try:
        facts = path.stat()
    except OSError:
        read_learner_bytes(path)  # says why
        raise
    card, checksum = _known(str(path.absolute()), facts.st_mtime_ns, facts.st_size)
    return Trained(key, path.absolute(), card, checksum, facts.st_size / 1e6)


@lru_cache(_REMEMBERED)
def _known(path: str, _changed: int, _size: int) -> tuple[LearnerCard, str]:
    """Card and checksum of a file as long as it stays the same."""
    found = read_learner_bytes(Path(path))
    return found.card, found.checksum


def _backbone(found: Trained) -> BackboneCard:
    settings = found.card.network.settings
    if isinstance(settings, AdapterSettings | TunedSettings):
        base = named_backbone(settings)
        preprocessing, width, speed = base.preprocessing, base.width, base.speed
    else:
        preprocessing, width = _plain_pictures(settings, found.card.interpolation)
        speed = Speed.FAST
    return BackboneCard(
        key=found.key,
        title=found.card.title,
        width=width,
        preprocessing=preprocessing,
        licence=found.card.licence,
        source=found.card.notice,
        weights_sha256=found.checksum,
        factory=_LOADER,
        architecture=f"learner-{found.card.network.kind}",
        weights=str(found.path),
        megabytes=found.megabytes,
        speed=speed,
        runtime=_ADAPTER if isinstance(settings, AdapterSettings) else "",
    )


def named_backbone(settings: AdapterSettings | TunedSettings) -> BackboneCard:
    """The backbone that a learner goes on from.

    Raises:
        UserError: It is not on this computer, or is another one of the same name.
    """
    card = known_card(settings.backbone, all_backbones())
    if card is None:
        raise UserError(
            _("This learner goes on from the backbone “{key}”, which is not here.").format(
                key=settings.backbone
            ),
            _("Fetch it with “fewshot-gui backbones download {key}”.").format(
                key=settings.backbone
            ),
        )
    if (card.weights_sha256, card.width) != (settings.weights_sha256, settings.width):
        raise UserError(
            _("This learner goes on from another “{key}” than the one that is here.").format(
                key=settings.backbone
            ),
            _("Fetch that backbone anew, or train the learner anew."),
        )
    return card


def _plain_pictures(
    settings: Conv4Settings | ResNet12Settings, interpolation: str
) -> tuple[Preprocessing, int]:
    """How pictures come to a network from scratch, as from 0 to 1; and its width."""
    crop = Crop(settings.side, settings.side, interpolation)
    if isinstance(settings, Conv4Settings):
        width = settings.features * (settings.side // 16) ** 2
    else:
        width = settings.features[-1]
    plain = Preprocessing(crop, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    return plain, settings.views * width
