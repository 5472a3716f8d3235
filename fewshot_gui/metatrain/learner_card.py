"""What a learner file says of itself. Imports nothing heavy.

The card names parts by a kind and plain settings; every kind has a dataclass here that says
which settings there are, and ``building`` knows how to make the part.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.plain_text import plain_texts

FORMAT = 1
OWN_HEAD = "own"  # the algorithm itself sorts by the network's features
_MOST_TEXT = 400
_MOST_CLASSES = 20_000
_MOST_SETTINGS = 100
_MOST_RESULTS = 100


@dataclass(frozen=True)
class Conv4Settings:
    """A ``Conv4``: channels (1 gray, 3 colour), side in pixels, channels of the blocks, views.

    ``views`` is 1, or 4 or 8 where the network looks at every picture turned, as ``Turned``.
    """

    channels: int
    side: int
    features: int = 64
    views: int = 1


@dataclass(frozen=True)
class ResNet12Settings:
    """A ``ResNet12``: as ``Conv4Settings``, with the channels of each of the four blocks."""

    channels: int
    side: int
    features: tuple[int, int, int, int] = (64, 160, 320, 640)
    views: int = 1


@dataclass(frozen=True)
class AdapterSettings:
    """An ``Adapter`` on the embeddings of a backbone that is kept elsewhere.

    Attributes:
        backbone: Its key in the catalogue.
        weights_sha256: Of the backbone's weights, so that no other one is taken for it.
        width: Of its embeddings.
    """

    backbone: str
    weights_sha256: str
    width: int


@dataclass(frozen=True)
class TunedSettings:
    """A ``TunedBackbone``: as ``AdapterSettings``, and how much of it learned.

    The file holds only what learned, the rest comes from the catalogue.
    """

    backbone: str
    weights_sha256: str
    width: int
    freedom: Freedom


@dataclass(frozen=True)
class PlainSettings:
    """Nothing to set: ``prototypical``, ``meta-baseline`` and ``matching``."""


@dataclass(frozen=True)
class ContextSettings:
    """``matching-contexts``: how often a target reads the examples."""

    reads: int = 5


@dataclass(frozen=True)
class MamlSettings:
    """``maml``, ``maml-first-order`` and ``anil``: steps of the inner loop."""

    inner_steps: int = 5


@dataclass(frozen=True)
class ReptileSettings:
    """``reptile``: steps in training and for an answer, and their rate."""

    inner_steps: int = 8
    answer_steps: int = 20
    rate: float = 0.1


NETWORKS: dict[str, type] = {
    "conv4": Conv4Settings,
    "resnet12": ResNet12Settings,
    "adapter": AdapterSettings,
    "tuned": TunedSettings,
}
ALGORITHMS: dict[str, type] = {
    "prototypical": PlainSettings,
    "meta-baseline": PlainSettings,
    "matching": PlainSettings,
    "matching-contexts": ContextSettings,
    "maml": MamlSettings,
    "maml-first-order": MamlSettings,
    "anil": MamlSettings,
    "reptile": ReptileSettings,
}
BY_DESCENT = frozenset({"maml", "maml-first-order", "anil", "reptile"})  # adapt to every task

NetworkSettings = Conv4Settings | ResNet12Settings | AdapterSettings | TunedSettings
AlgorithmSettings = PlainSettings | ContextSettings | MamlSettings | ReptileSettings


@dataclass(frozen=True)
class NetworkPart:
    """A network: a key of ``NETWORKS`` and the settings of that kind."""

    kind: str
    settings: NetworkSettings


@dataclass(frozen=True)
class AlgorithmPart:
    """An algorithm: a key of ``ALGORITHMS`` and the settings of that kind."""

    kind: str
    settings: AlgorithmSettings = field(default_factory=PlainSettings)

    @property
    def by_descent(self) -> bool:
        """It changes the network for every task, and so reads the examples themselves."""
        return self.kind in BY_DESCENT


@dataclass(frozen=True)
class TestResult:
    """How it did on classes that it never saw, beside another learner on the same episodes.

    Attributes:
        ways, shots, targets, episodes: What the episodes were like, and how many.
        new, old, difference: Accuracies from 0 to 1 of this learner, of the other one, and
            this one's less the other's, paired; None where there was no other one.
    """

    __test__ = False  # no test of pytest's

    ways: int
    shots: int
    targets: int
    episodes: int
    new: Estimate
    old: Estimate | None = None
    difference: Estimate | None = None


@dataclass(frozen=True)
class LearnerCard:
    """What a learner file says of itself.

    Attributes:
        title: Name on screen.
        algorithm: How it was trained, and sorts.
        network: What looks at the pictures.
        interpolation: How pictures are scaled for a network from scratch: bilinear or bicubic.
        head: What sorts best by its features: ``OWN_HEAD``, or the key of a learner.
        sharpness: The numbers of a ``SharpnessLaw`` that its own logits are multiplied by, so
            that confidences are honest; None leaves them as they were learned.
        classes: Number of pictures by class, for "training", "validation" and "test"; of very
            many classes only the first ones are listed.
        settings: How it was trained, as plain texts, numbers and truth values.
        seed: Of the training.
        validation: Accuracy on the classes that it was watched by; None where not known.
        results: Of the final test.
        compared_with: Name of the other learner of the test.
        recommended: The test says that it is better than the other one.
        licence: Of the weights, as SPDX says, or "".
        date: When it was made, ISO 8601.
        program: Version of the program that made it.
        notice: What else has to be said of it: the data it was trained on, whose they are.
    """

    title: str
    algorithm: AlgorithmPart
    network: NetworkPart
    interpolation: str = "bilinear"
    head: str = OWN_HEAD
    sharpness: tuple[float, float, float, float] | None = None
    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    validation: Estimate | None = None
    results: tuple[TestResult, ...] = ()
    compared_with: str = ""
    recommended: bool = False
    licence: str = ""
    date: str = ""
    program: str = ""
    notice: str = ""


def card_to_plain(card: LearnerCard) -> dict[str, Any]:
    """The card in plain values, for JSON, its texts as ``plain_text`` has them."""
    return {"format": FORMAT, **plain_texts(asdict(card))}


def card_from_plain(plain: Any) -> LearnerCard:
    """The inverse of ``card_to_plain``, after a way through JSON; texts are made plain here, too.

    Raises:
        NewerFormat: It is a card of a newer program.
        ValueError: It is none.
    """
    if not isinstance(plain, dict):
        raise ValueError("a card is an object")
    given = plain_texts(plain)
    version = given.pop("format", None)
    if type(version) is int and FORMAT < version < 1000:
        raise NewerFormat(f"format {version}")
    if version != FORMAT:
        raise ValueError(f"no format: {version!r:.40}")
    network = NetworkPart(*_part(given.pop("network", None), NETWORKS))
    algorithm = AlgorithmPart(*_part(given.pop("algorithm", None), ALGORITHMS))
    classes = _counts(given.pop("classes", None))
    settings = _plain_settings(given.pop("settings", None))
    facts = from_plain(_Facts, given)
    _check(facts, network)
    return LearnerCard(
        **{name: getattr(facts, name) for name in given},
        network=network,
        algorithm=algorithm,
        classes=classes,
        settings=settings,
    )


class NewerFormat(ValueError):
    """A card that only a newer program understands."""


@dataclass(frozen=True)
class _Facts:
    """Those parts of a card that are read by their kind alone."""

    title: str
    interpolation: str
    head: str
    sharpness: tuple[float, float, float, float] | None
    seed: int
    validation: Estimate | None
    results: tuple[TestResult, ...]
    compared_with: str
    recommended: bool
    licence: str
    date: str
    program: str
    notice: str


def _part(plain: Any, kinds: dict[str, type]) -> tuple[str, Any]:
    if not isinstance(plain, dict) or plain.keys() != {"kind", "settings"}:
        raise ValueError("a part has a kind and settings")
    kind = plain["kind"]
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(f"no such kind of part: {kind!r:.40}")
    return kind, _settings(kinds[kind], plain["settings"])


def _settings(kind: type, plain: Any) -> Any:
    settings = from_plain(kind, plain)
    if not _sensible(settings):
        raise ValueError(f"settings out of range: {settings!r:.200}")
    return settings


def _sensible(settings: Any) -> bool:
    """Whether a part with these settings may be built: nothing of it is too large."""
    if isinstance(settings, Conv4Settings):
        return _pictures(settings) and 1 <= settings.features <= 512
    if isinstance(settings, ResNet12Settings):
        return _pictures(settings) and all(1 <= count <= 1280 for count in settings.features)
    if isinstance(settings, AdapterSettings | TunedSettings):
        named = _is_name(settings.backbone) and _is_sha256(settings.weights_sha256)
        free = getattr(settings, "freedom", Freedom.LAST) != Freedom.ADAPTER
        return named and free and 1 <= settings.width <= 8192
    if isinstance(settings, ContextSettings):
        return 1 <= settings.reads <= 50
    if isinstance(settings, MamlSettings):
        return 1 <= settings.inner_steps <= 100
    if isinstance(settings, ReptileSettings):
        steps = min(settings.inner_steps, settings.answer_steps)
        most = max(settings.inner_steps, settings.answer_steps)
        return steps >= 1 and most <= 1000 and 0 < settings.rate <= 10
    return True


def _pictures(settings: Conv4Settings | ResNet12Settings) -> bool:
    usual = settings.channels in (1, 3) and settings.views in (1, 4, 8)
    return usual and 16 <= settings.side <= 512


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isprintable()


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _counts(plain: Any) -> dict[str, dict[str, int]]:
    if not isinstance(plain, dict) or not plain.keys() <= {"training", "validation", "test"}:
        raise ValueError("classes are those of training, validation and test")
    for counts in plain.values():
        if not isinstance(counts, dict) or len(counts) > _MOST_CLASSES:
            raise ValueError("not numbers of pictures by class")
        if not all(type(n) is int and 0 <= n < 1 << 40 for n in counts.values()):
            raise ValueError("a number of pictures is a whole one")
    return plain


def _plain_settings(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, dict) or len(plain) > _MOST_SETTINGS:
        raise ValueError("settings are an object")
    for value in plain.values():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str | int | float | bool | None) for part in parts):
            raise ValueError("a setting is a plain value, or a list of some")
    return plain


def _check(facts: _Facts, network: NetworkPart) -> None:
    texts = (facts.compared_with, facts.licence, facts.date, facts.program)
    if not 0 < len(facts.title) <= _MOST_TEXT or any(len(text) > _MOST_TEXT for text in texts):
        raise ValueError("a text is too long, or the title missing")
    if len(facts.notice) > 10 * _MOST_TEXT or len(facts.results) > _MOST_RESULTS:
        raise ValueError("the card is too long")
    if facts.interpolation not in ("bilinear", "bicubic"):
        raise ValueError("no such interpolation")
    if not _is_name(facts.head):
        raise ValueError("no head")
    if facts.sharpness is not None and max(map(abs, facts.sharpness)) > 20:
        raise ValueError("no law of sharpness")
