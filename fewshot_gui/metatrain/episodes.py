"""Episodes: small sorting tasks with known answers, drawn from pictures in classes.

Episode ``i`` depends on the classes, the plan and ``i`` alone: not on how many are drawn, in
which order, or by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from fewshot_gui.plain_text import plain_text
from fewshot_gui.texts import _, ngettext

STRANGER = -1
STRANGERS_SHARE = 0.2
UNEVENNESS = 2.0  # parameter of the Dirichlet distribution; 1 would be wilder, 10 nearly even
_NAMED = 3  # classes that a notice names

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Episode:
    """One task. All arrays are int64.

    Attributes:
        classes: ``(N,)`` the classes with examples, by their place in the ``ClassRows``,
            ascending.
        support: ``(s,)`` rows of the examples, class after class.
        labels: ``(s,)`` place in ``classes`` of each example.
        targets: ``(t,)`` rows of the targets, in random order; none is an example.
        answers: ``(t,)`` place in ``classes`` of each target; ``STRANGER`` where its class
            is not among them.
    """

    classes: Ints
    support: Ints
    labels: Ints
    targets: Ints
    answers: Ints


@dataclass(frozen=True)
class EpisodeSampler:
    """Draws episodes; ``episode_sampler`` makes one of a plan that can be met.

    Attributes:
        data: The classes.
        plan: What the episodes should be like.
        pools: The classes that an episode is drawn from, int64; one array for each group,
            or just one. Each has as many as an episode needs.
    """

    data: ClassRows
    plan: EpisodePlan
    pools: tuple[Ints, ...]

    def episode(self, number: int) -> Episode:
        """The episode of this number, from 0."""
        rng = np.random.default_rng([self.plan.seed, number])
        pool = self.pools[rng.integers(len(self.pools))]
        classes = pool
        if self.plan.mode is not Mode.FOLDER:
            classes = np.sort(rng.choice(pool, self.plan.ways, replace=False))
        # Drawn in every mode, so that modes share their examples.
        mix = rng.dirichlet(np.full(len(classes), UNEVENNESS))
        orders = [rng.permutation(self.data.rows[c]) for c in classes.tolist()]
        # Targets from the front and examples from the back: more shots take nothing away.
        room = np.asarray([len(order) - self.plan.kept for order in orders], np.int64)
        counts = self._counts(room, mix)
        targets = [order[:count] for order, count in zip(orders, counts.tolist(), strict=True)]
        answers = np.repeat(np.arange(len(classes)), counts)
        if self.plan.mode is Mode.STRANGERS:
            targets.append(self._strangers(classes, len(answers), rng))
            answers = np.append(answers, np.full(len(targets[-1]), STRANGER))
        shuffled = rng.permutation(len(answers))
        return Episode(
            classes,
            np.concatenate([order[len(order) - self.plan.shots :] for order in orders]),
            np.repeat(np.arange(len(classes)), self.plan.shots),
            np.concatenate(targets)[shuffled],
            answers[shuffled],
        )

    def _counts(self, room: Ints, mix: NDArray[np.float64]) -> Ints:
        """How many targets each class has, of at most ``room``."""
        if self.plan.mode is Mode.FOLDER:
            return room
        if self.plan.mode is Mode.BALANCED:
            return np.full(len(room), self.plan.targets, np.int64)
        return _in_proportion(mix * len(room) * self.plan.targets, room)

    def _strangers(self, classes: Ints, others: int, rng: np.random.Generator) -> Ints:
        """Rows of classes without examples, of the same group where it has such."""
        outside = np.setdiff1d(np.arange(len(self.data)), classes)
        if self.plan.within_groups:
            near = outside[self.data.group_of[outside] == self.data.group_of[classes[0]]]
            outside = near if self.data.sizes[near].any() else outside
        rows = np.concatenate([self.data.rows[c] for c in outside.tolist()])
        wanted = max(1, round(others * STRANGERS_SHARE / (1 - STRANGERS_SHARE)))
        return rng.choice(rows, min(wanted, len(rows)), replace=False)


def episode_sampler(data: ClassRows, plan: EpisodePlan, job: Job) -> EpisodeSampler:
    """A sampler of classes that have enough pictures; the others are left out with a notice.

    Raises:
        UserError: The plan makes no sense, or too few classes have enough pictures for it.
    """
    _check(plan)
    fit = data.sizes >= plan.needed
    candidates = np.flatnonzero(fit)
    pools = data.by_group(candidates) if plan.within_groups else [candidates]
    wanted = 2 if plan.mode is Mode.FOLDER else plan.ways
    groups = len(np.unique(data.group_of)) if plan.within_groups else 1
    enough = tuple(pool for pool in pools if len(pool) >= wanted)
    if not enough:
        raise _too_few(data, plan, wanted)
    if plan.mode is Mode.STRANGERS and np.count_nonzero(data.sizes) <= plan.ways:
        raise UserError(
            _("There is no class left for the strangers: all {ways} have examples.").format(
                ways=plan.ways
            ),
            _("Ask for fewer classes in a task."),
        )
    _tell_small([data.names[c] for c in np.flatnonzero(~fit).tolist()], plan.needed, job)
    _tell_groups(groups - len(enough), wanted, job)
    return EpisodeSampler(data, plan, enough)


def _in_proportion(wanted: NDArray[np.float64], room: Ints) -> Ints:
    """Whole numbers in the proportions of ``wanted``, none above ``room``; at least one in all.

    Where a class has too few pictures all others get fewer, too: cutting only the frequent
    ones would make the mix more even than it was drawn.
    """
    shares = wanted * min(1.0, float((room / np.maximum(wanted, 1e-9)).min()))
    counts = np.floor(shares).astype(np.int64)
    missing = max(int(shares.sum()), 1) - int(counts.sum())
    if missing > 0:
        counts[np.argsort(counts - shares, kind="stable")[:missing]] += 1
    return counts


def _check(plan: EpisodePlan) -> None:
    if plan.mode is not Mode.FOLDER and plan.ways < 2:
        raise UserError(_("A task needs at least two classes."))
    if plan.shots < 1:
        raise UserError(_("A task needs at least one example of each class."))
    if plan.targets < 1:
        raise UserError(_("A task needs at least one target of each class."))
    if plan.seed < 0:
        raise UserError(_("The seed must not be negative."))


def _too_few(data: ClassRows, plan: EpisodePlan, wanted: int) -> UserError:
    """What is missing, and the nearest thing that would do."""
    if len(data) < wanted:
        text = _("There are only {count} classes; {wanted} are needed for a task.")
        return UserError(text.format(count=len(data), wanted=wanted))
    found = int(np.count_nonzero(data.sizes >= plan.needed))
    if plan.within_groups and found >= wanted:
        return UserError(
            _("No folder holds {wanted} classes of at least {needed} pictures.").format(
                wanted=wanted, needed=plan.needed
            ),
            _("Ask for fewer classes in a task, or let it have classes of several folders."),
        )
    message = ngettext(
        "Of {wanted} classes that are needed, {found} has at least {needed} pictures.",
        "Of {wanted} classes that are needed, {found} have at least {needed} pictures.",
        found,
    )
    message = message.format(found=found or _("none"), needed=plan.needed, wanted=wanted)
    return UserError(message, _remedy(data.sizes, plan, wanted, found))


def _remedy(sizes: Ints, plan: EpisodePlan, wanted: int, found: int) -> str:
    largest = np.sort(sizes)[::-1]
    left = int(largest[wanted - 1]) - plan.kept if wanted <= len(sizes) else 0
    if plan.mode is not Mode.FOLDER and left >= 1:
        text = ngettext(
            "It would do with {left} target of each class instead of {targets}.",
            "It would do with {left} targets of each class instead of {targets}.",
            left,
        )
        return text.format(left=left, targets=plan.targets)
    if found >= 2:
        return _("It would do with {found} classes.").format(found=found)
    return _("Ask for fewer examples, or add pictures.")


def _tell_small(names: Sequence[str], needed: int, job: Job) -> None:
    if not names:
        return
    text = ngettext(
        "{count} class has fewer than {needed} pictures and is left out: {names}.",
        "{count} classes have fewer than {needed} pictures and are left out: {names}.",
        len(names),
    )
    shown = ", ".join(map(plain_text, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
    job.notice(text.format(count=len(names), needed=needed, names=shown))


def _tell_groups(count: int, wanted: int, job: Job) -> None:
    if count:
        text = ngettext(
            "{count} folder holds fewer than {wanted} such classes and is left out.",
            "{count} folders hold fewer than {wanted} such classes and are left out.",
            count,
        )
        job.notice(text.format(count=count, wanted=wanted))
