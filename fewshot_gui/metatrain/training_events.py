"""What a training tells while it runs, in plain values. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, get_args

from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.plain import from_plain


@dataclass(frozen=True)
class Preparing:
    """Something that takes long, before or after the training itself.

    Attributes:
        text: What is being done, in the user's language.
        done: Finished items.
        total: All items, or None while unknown.
        seconds_left: Estimated, or None while unknown.
    """

    text: str
    done: int
    total: int | None
    seconds_left: float | None


@dataclass(frozen=True)
class Noticed:
    """A sentence that the user should read although the work goes on."""

    text: str


@dataclass(frozen=True)
class Prepared:
    """All pictures are read, and the learning begins.

    Attributes:
        training, validation, test: The names of the classes in each part.
        pictures: Pictures that can be used.
        unreadable: Pictures that cannot be read.
        copies: Pictures left out as they are there more than once.
        device: Where it is computed.
        steps: Steps that will be made at most.
        resumed_at: The step that it goes on from; 0 for a new training.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    pictures: int
    unreadable: int
    copies: int
    device: str
    steps: int
    resumed_at: int


@dataclass(frozen=True)
class Stepped:
    """Some steps were made; told about ten times a second at most.

    Attributes:
        step: Steps made so far.
        steps: Steps that will be made at most.
        loss: Of the last step.
        accuracy: Of the last step, on classes that are learned from, 0 to 1.
        episodes_per_second: Lately.
        seconds_left: Of the learning, estimated; None while unknown.
    """

    step: int
    steps: int
    loss: float
    accuracy: float
    episodes_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class Looked:
    """How well it does by now with classes that it does not learn from.

    Attributes:
        step: Steps made so far; 0 before the first.
        loss: Mean of the steps since the last look; 0 for the first look.
        accuracy: Over the episodes of a look, 0 to 1.
        best: No look before was better.
    """

    step: int
    loss: float
    accuracy: Estimate
    best: bool


@dataclass(frozen=True)
class ShownPicture:
    """A picture of an episode.

    Attributes:
        path: Absolute path of the file.
        label: Place of its class in ``ExampleEpisode.classes``.
        answer: Place of the class that the learner gives to a target; -1 for an example.
        confidence: Probability of that answer, 0 to 1; 0 for an example.
    """

    path: str
    label: int
    answer: int = -1
    confidence: float = 0.0


@dataclass(frozen=True)
class ExampleEpisode:
    """One episode as the learner sees it, after a look; always the same one.

    Attributes:
        step: Steps made so far.
        classes: Names of its classes, none of them learned from.
        support: The examples, class after class.
        targets: The targets with the learner's answers.
    """

    step: int
    classes: tuple[str, ...]
    support: tuple[ShownPicture, ...]
    targets: tuple[ShownPicture, ...]


@dataclass(frozen=True)
class Comparison:
    """The new learner and the old one on the same episodes of classes held out.

    Attributes:
        ways, shots, targets: What the episodes are like.
        episodes: How many.
        new, old: Accuracies, 0 to 1.
        difference: New less old, episode by episode.
    """

    ways: int
    shots: int
    targets: int
    episodes: int
    new: Estimate
    old: Estimate
    difference: Estimate


@dataclass(frozen=True)
class FinalTest:
    """The final test.

    Attributes:
        comparisons: One for each kind of episode.
        old: What the new learner was compared with.
        recommended: The new one is better beyond the interval, and nowhere worse beyond it.
        verdict: The same in a sentence, in the user's language.
    """

    comparisons: tuple[Comparison, ...]
    old: str
    recommended: bool
    verdict: str


@dataclass(frozen=True)
class Done:
    """The learner file is written. The last event.

    Attributes:
        path: The file.
        steps: Steps made.
        best_step: The step whose weights are in the file.
        validation: How well they did at that look.
        head: What sorts by its features best: ``own``, or the key of a learner.
        tested: The final test; None where there was none.
        seconds: How long everything took, since it was begun or gone on with.
    """

    path: str
    steps: int
    best_step: int
    validation: Estimate
    head: str
    tested: FinalTest | None
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """It was cancelled. The last event.

    Attributes:
        checkpoint: What a later training can go on from; ``""`` where nothing was learned.
    """

    checkpoint: str


@dataclass(frozen=True)
class Failed:
    """Something that the user can put right, as in ``UserError``. The last event."""

    message: str
    hint: str


TrainingEvent = (
    Preparing
    | Noticed
    | Prepared
    | Stepped
    | Looked
    | ExampleEpisode
    | FinalTest
    | Done
    | Stopped
    | Failed
)
OnEvent = Callable[[TrainingEvent], None]


def event_to_plain(event: TrainingEvent) -> list[Any]:
    """The event in plain values, for JSON."""
    return [type(event).__name__, asdict(event)]


def event_from_plain(plain: list[Any]) -> TrainingEvent:
    """The inverse of ``event_to_plain``. Raises ``ValueError`` where it is none."""
    name, content = plain
    for kind in get_args(TrainingEvent):
        if kind.__name__ == name:
            return from_plain(kind, content)
    raise ValueError(f"{name!r:.80} is no event")
