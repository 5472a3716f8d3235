"""What a training says, in plain sentences: also for those who cannot see charts."""

from __future__ import annotations

from collections.abc import Sequence

from fewshot_gui.gui.evaluate_words import share_words, shortened
from fewshot_gui.gui.status import time_left
from fewshot_gui.metatrain.advice import Advice
from fewshot_gui.metatrain.choices import Freedom, NetworkChoice, SplitBy
from fewshot_gui.metatrain.folder_report import FolderReport
from fewshot_gui.metatrain.training_events import (
    Comparison,
    Done,
    ExampleEpisode,
    Looked,
    Prepared,
    Preparing,
    ShownPicture,
    Stepped,
)
from fewshot_gui.texts import _, ngettext

_LETTERS = 60  # of a class in a sentence
LENGTHS = {"short": 0.25, "usual": 1.0, "long": 4.0}  # how often the advised steps
Choices = tuple[tuple[str, str, str], ...]


def length_choices() -> Choices:
    """How long to train, as (key, title, sentence)."""
    return (
        ("usual", _("Usual"), _("It ends earlier when it gets no better.")),
        ("short", _("A quick try"), _("A quarter of that: shows whether it is worth more.")),
        ("long", _("Thorough"), _("Four times that, for as long as it still gets better.")),
    )


def freedom_choices(network: NetworkChoice) -> Choices:
    """How much of a network can learn."""
    words = {
        Freedom.ADAPTER: (
            _("A small layer on top"),
            _("Quick, and safe with few classes: each picture goes through the network once."),
        ),
        Freedom.LAST: (
            _("Its last layers as well"),
            _("Slower; wants 200 classes or more and a graphics card."),
        ),
        Freedom.WHOLE: (
            _("All of it"),
            _("Everything is learned: needed from scratch; else wants very many classes."),
        ),
    }
    return tuple((freedom.value, *words[freedom]) for freedom in network.freedoms)


def split_choices(grouped: bool) -> Choices:
    """What classes are dealt out by."""
    single = (
        SplitBy.CLASS.value,
        _("Some classes, drawn"),
        _("It is tested with classes that it has never seen."),
    )
    if not grouped:
        return (single,)
    return (
        single,
        (
            SplitBy.GROUP.value,
            _("Whole folders of classes"),
            _("Harder: it is tested with whole folders, alphabets say, that it has never seen."),
        ),
    )


def report_words(report: FolderReport) -> str:
    """What a folder holds."""
    return "\n".join(f"{line}." for line in report.lines())


def advice_words(advice: Advice) -> str:
    """What suits it; an obstacle is said elsewhere."""
    return " ".join((*advice.warnings, *advice.reasons))


def preparing_words(event: Preparing) -> str:
    """What takes long, and for how long still."""
    parts = [event.text]
    if event.total:
        text = _("{done} of {total}")
        parts.append(text.format(done=f"{event.done:,}", total=f"{event.total:,}"))
    if event.seconds_left is not None and event.seconds_left >= 1:
        parts.append(time_left(event.seconds_left))
    return " · ".join(part for part in parts if part)


def prepared_words(event: Prepared) -> str:
    """What it learns from."""
    return _(
        "Learns from {training} classes, is watched with {validation} and tested with {test} "
        "others. {pictures} pictures, computed on {device}."
    ).format(
        training=len(event.training),
        validation=len(event.validation),
        test=len(event.test),
        pictures=f"{event.pictures:,}",
        device=event.device,
    )


def step_words(event: Stepped) -> str:
    """How far it is."""
    parts = [_("Step {step} of {steps}").format(step=f"{event.step:,}", steps=f"{event.steps:,}")]
    if event.episodes_per_second > 0:
        rate = event.episodes_per_second
        parts.append(
            _("{rate} episodes/s").format(rate=f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}")
        )
    if event.seconds_left is not None and event.seconds_left >= 1:
        parts.append(time_left(event.seconds_left))
    return " · ".join(parts)


def looked_words(looks: Sequence[Looked]) -> str:
    """How well it does by now."""
    if not looks:
        return ""
    now, best = looks[-1], best_look(looks)
    text = _("{share} right with classes that it does not learn from")
    words = text.format(share=share_words(now.accuracy))
    if best.step == now.step:
        return words
    return _("{words}; best so far {best} at step {step}").format(
        words=words, best=share_words(best.accuracy), step=f"{best.step:,}"
    )


def best_look(looks: Sequence[Looked]) -> Looked:
    """The most accurate one, the earlier of equal ones."""
    return max(looks, key=lambda look: look.accuracy.mean)


def accuracy_description(looks: Sequence[Looked]) -> str:
    """The accuracies in words."""
    text = _("step {step}: {share}")
    return "; ".join(
        text.format(step=look.step, share=share_words(look.accuracy)) for look in looks[-12:]
    )


def loss_description(points: Sequence[tuple[int, float]]) -> str:
    """The losses in words: the first and the last."""
    if not points:
        return ""
    (first, high), (last, low) = points[0], points[-1]
    return _("{high:.3g} at step {first}, {low:.3g} at step {last}").format(
        high=high, first=first, low=low, last=last
    )


def episode_words(episode: ExampleEpisode) -> str:
    """How well it does in the episode that is shown."""
    right = sum(shown.label == shown.answer for shown in episode.targets)
    text = ngettext(
        "After {step} step: {right} of {count} targets right. Always the same task, with classes "
        "that it does not learn from.",
        "After {step} steps: {right} of {count} targets right. Always the same task, with "
        "classes that it does not learn from.",
        episode.step,
    )
    return text.format(step=f"{episode.step:,}", right=right, count=len(episode.targets))


def comparison_words(comparison: Comparison) -> str:
    """Which of the two did better in one kind of task, and by how much."""
    kind = ngettext(
        "{ways} classes, {shots} example of each",
        "{ways} classes, {shots} examples of each",
        comparison.shots,
    ).format(ways=comparison.ways, shots=comparison.shots)
    points, interval = 100 * comparison.difference.mean, comparison.difference.interval95
    spread = "" if interval is None else f" ± {100 * interval:.1f}"
    sure = interval is not None and abs(comparison.difference.mean) > interval
    if not sure:
        verdict = _("no different beyond chance ({points:+.1f}{spread} points)")
    elif points > 0:
        verdict = _("better by {points:.1f}{spread} points")
    else:
        verdict = _("worse by {points:.1f}{spread} points")
        points = -points
    return _("{kind}: {new} right, before {old}: {verdict}").format(
        kind=kind,
        new=share_words(comparison.new),
        old=share_words(comparison.old),
        verdict=verdict.format(points=points, spread=spread),
    )


def done_words(done: Done) -> str:
    """What was kept."""
    text = _(
        "Kept as it was after {step} of {steps} steps, where it did best with the classes that "
        "it was watched with: {share} right."
    )
    return text.format(
        step=f"{done.best_step:,}", steps=f"{done.steps:,}", share=share_words(done.validation)
    )


def answer_words(episode: ExampleEpisode, shown: ShownPicture) -> str:
    """What the learner says of one picture; of an example, what it is."""
    name = shortened(episode.classes[shown.label], _LETTERS)
    if shown.answer < 0:
        return _("An example of “{name}”").format(name=name)
    share = 100 * shown.confidence
    if shown.answer == shown.label:
        return _("“{name}”: right, {share:.0f} % sure").format(name=name, share=share)
    return _("“{name}” taken for “{other}”, {share:.0f} % sure").format(
        name=name, other=shortened(episode.classes[shown.answer], _LETTERS), share=share
    )


def wrong_words(episode: ExampleEpisode) -> str:
    """What it gets wrong, in words."""
    wrong = [shown for shown in episode.targets if shown.answer != shown.label]
    if not wrong:
        return _("All targets are right.")
    return "; ".join(answer_words(episode, shown) for shown in wrong)
