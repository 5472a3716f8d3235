"""What an evaluation found, in plain sentences: also for those who cannot see charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from fewshot_gui.evaluate import Evaluation
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.plan import Mode
from fewshot_gui.texts import _, ngettext

ENOUGH = 0.01  # more examples that gain less are not worth the work
_LETTERS = 60  # of a class in a sentence
_TOLD = 12  # classes, pairs or intervals that a description lists


def mode_words() -> dict[Mode, tuple[str, str]]:
    """Title and explanation of each mode."""
    return {
        Mode.BALANCED: (
            _("As many of each class"),
            _("Each task has equally many pictures of each class, as in most research papers."),
        ),
        Mode.UNEVEN: (
            _("Some frequent, some rare"),
            _("Some classes have many pictures to sort and some have few, as in most folders."),
        ),
        Mode.STRANGERS: (
            _("Uneven, with strangers"),
            _(
                "Some frequent, some rare, and one picture in five belongs to none of the "
                "classes: how well are such told apart?"
            ),
        ),
        Mode.FOLDER: (
            _("The whole folder"),
            _(
                "A few examples of every class, and all other pictures are sorted: as in "
                "your own work."
            ),
        ),
    }


def heading_tips() -> tuple[str, ...]:
    """What each column of the table means."""
    return (
        _("How the program learns from the examples"),
        _("The network that turns pictures into numbers"),
        _("Examples of each class"),
        _("Share of the pictures that are put into the right class"),
        _("How much better or worse than the learner in the first line, on the same tasks"),
        _("How far “90 % sure” is from being right 90 times in 100; 0 is perfect"),
        _(
            "How well pictures of no class are told apart: 50 % is guessing, 100 % is perfect. "
            "It does not depend on the learner."
        ),
        _("To learn from the examples and sort the pictures of one task"),
    )


def titles_of(results: Iterable[Result]) -> dict[str, str]:
    """What the learners are called on screen, by key."""
    known = {info.key: info.title for info in all_learners()}
    return {result.learner: known.get(result.learner, result.learner) for result in results}


def result_title(result: Result, results: Sequence[Result]) -> str:
    """What tells a result from the others: its learner, and the backbone where there are two."""
    title = titles_of([result])[result.learner]
    if len({other.backbone for other in results}) > 1:
        return _("{learner}, {backbone}").format(learner=title, backbone=result.backbone)
    return title


def share_words(value: Estimate) -> str:
    """A mean share in percent, with its interval."""
    share = _("{share:.1f} %").format(share=100 * value.mean)
    if value.interval95 is None:
        return share
    return _("{share} ± {interval:.1f}").format(share=share, interval=100 * value.interval95)


def with_most_examples(results: Sequence[Result]) -> list[Result]:
    """One result for each learner and backbone; of a learning curve, its end."""
    most = max(result.plan.shots for result in results)
    return [result for result in results if result.plan.shots == most]


def best_of(results: Sequence[Result]) -> Result:
    """The most accurate one, the earlier of equal ones."""
    return max(with_most_examples(results), key=lambda result: result.accuracy.mean)


def headline(found: Evaluation) -> str:
    """The answer in one sentence."""
    best = best_of(found.results)
    text = ngettext(
        "“{learner}” puts {share} of the pictures into the right class, with {shots} example "
        "of each.",
        "“{learner}” puts {share} of the pictures into the right class, with {shots} examples "
        "of each.",
        best.plan.shots,
    )
    return text.format(
        learner=result_title(best, found.results),
        share=share_words(best.accuracy),
        shots=best.plan.shots,
    )


def facts(found: Evaluation) -> str:
    """What was tried, and with which pictures."""
    result, images = found.results[0], int(found.data.sizes.sum())
    tasks = ngettext("{count} task", "{count} tasks", result.episodes)
    classes = ngettext("{count} class", "{count} classes", len(found.data))
    pictures = ngettext("{count} picture", "{count} pictures", images)
    return _(
        "{tasks} of {ways:g} classes and {targets:.0f} pictures to sort, drawn from {classes} "
        "with {pictures}."
    ).format(
        tasks=tasks.format(count=f"{result.episodes:,}"),
        ways=round(result.ways, 1),
        targets=result.targets,
        classes=classes.format(count=len(found.data)),
        pictures=pictures.format(count=f"{images:,}"),
    )


def enough_words(results: Sequence[Result]) -> str:
    """How many examples the best learner needs; empty where that was not asked."""
    best = best_of(results)
    curve = curve_of(best, results)
    if len(curve) < 2:
        return ""
    goal = max(result.accuracy.mean for result in curve) - ENOUGH
    enough = next(result.plan.shots for result in curve if result.accuracy.mean >= goal)
    if enough == curve[-1].plan.shots:
        text = _("Up to {shots} examples of each class, every few more have helped.")
        return text.format(shots=enough)
    text = ngettext(
        "{shots} example of each class is enough: more gain less than one point.",
        "{shots} examples of each class are enough: more gain less than one point.",
        enough,
    )
    return text.format(shots=enough)


def curve_of(result: Result, results: Sequence[Result]) -> list[Result]:
    """The results of the same learner and backbone, by their numbers of examples."""
    same = [r for r in results if (r.learner, r.backbone) == (result.learner, result.backbone)]
    return sorted(same, key=lambda r: r.plan.shots)


def accuracy_description(results: Sequence[Result]) -> str:
    """The bars in words."""
    return _listed(
        f"{result_title(result, results)}: {share_words(result.accuracy)}"
        for result in with_most_examples(results)
    )


def curve_description(results: Sequence[Result]) -> str:
    """The learning curves in words."""
    lines = []
    for result in with_most_examples(results):
        points = (
            _("{shots}: {share}").format(shots=r.plan.shots, share=share_words(r.accuracy))
            for r in curve_of(result, results)
        )
        lines.append(f"{result_title(result, results)}: {', '.join(points)}")
    return _listed(lines)


def calibration_description(result: Result) -> str:
    """The reliability curve in words."""
    found = result.calibration
    used = np.flatnonzero(found.counts)
    text = _("{confidence:.0f} % sure: {accuracy:.0f} % right")
    return _listed(
        text.format(confidence=100 * found.confidence[i], accuracy=100 * found.accuracy[i])
        for i in used.tolist()
    )


def class_shares(result: Result) -> list[tuple[int, float]]:
    """(class, share put right) of the classes that were targets, the worst first."""
    tested = result.confusion.tested
    used = np.flatnonzero(tested)
    shares = result.confusion.right[used] / tested[used]
    order = np.argsort(shares, kind="stable")
    return [(int(used[i]), float(shares[i])) for i in order]


def classes_description(result: Result, names: Sequence[str]) -> str:
    """Which classes are hardest, in words."""
    text = _("{name}: {share:.0f} %")
    return _listed(
        text.format(name=shortened(names[place], _LETTERS), share=100 * share)
        for place, share in class_shares(result)[:_TOLD]
    )


def shortened(name: str, letters: int) -> str:
    """A name on one line of at most so many letters."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def cell_words(name: str, other: str, count: int, tested: int) -> str:
    """One field of the confusion matrix: so many pictures of a class were put into another."""
    right = name == other
    name, other = shortened(name, _LETTERS), shortened(other, _LETTERS)
    if not tested:
        return _("“{name}” was not among the pictures to sort").format(name=name)
    numbers = {
        "count": f"{count:,}",
        "tested": f"{tested:,}",
        "share": f"{100 * count / tested:.1f}",
    }
    if right:
        text = _("“{name}” put right: {count} of {tested} ({share} %)")
        return text.format(name=name, **numbers)
    text = _("“{name}” taken for “{other}”: {count} of {tested} ({share} %)")
    return text.format(name=name, other=other, **numbers)


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)
