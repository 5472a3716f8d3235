"""Fine-tuning a backbone on the examples of a project: what comes out is a learner file.

So whatever can be done with a trained learner can be done with it: it is used in the project
that it was made for, and its network looks at the pictures there from then on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fewshot_gui import __version__
from fewshot_gui.backbones.catalogue import BackboneCard, backbone_card
from fewshot_gui.errands import ProcessDiedError, run_errand
from fewshot_gui.errors import UserError
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Job
from fewshot_gui.learners.finetune import HEAD, decoded_examples
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.learner_card import (
    AlgorithmPart,
    LearnerCard,
    NetworkPart,
    TunedSettings,
)
from fewshot_gui.metatrain.learner_file import save_learner
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.plain_text import plain_text
from fewshot_gui.texts import _

_LONGEST_TITLE = 100


@dataclass(frozen=True)
class TuningOrder:
    """What to fine-tune on what.

    Attributes:
        paths: The examples.
        labels: Class of each, any numbers.
        names: Of the classes, by ascending number.
        backbone: Key of a backbone of the catalogue, without views.
        title: Of the learner.
        output: The file that it is written to, if it is better than before.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        steps: At most.
        seed: Of everything random.
    """

    paths: tuple[str, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...]
    backbone: str
    title: str
    output: str
    device: str = "auto"
    steps: int = 20
    seed: int = 0


@dataclass(frozen=True)
class TuningResult:
    """What came of it.

    Attributes:
        steps: How many were good; 0 where it did not help, and there is no file.
        held: Examples that were held back to find out; 0 where no class has two.
        before, after: How many of these were sorted right.
    """

    steps: int
    held: int
    before: int
    after: int


def fine_tune_in_process(order: TuningOrder, job: Job) -> TuningResult:
    """``fine_tune`` in a process of its own, which may import torch.

    Raises:
        UserError: As ``fine_tune``, or the process was ended from outside.
        Cancelled: The job was cancelled; there is no file.
    """
    try:
        found = run_errand("fewshot_gui.metatrain.tuner", "--tuner", asdict(order), job)
    except ProcessDiedError as error:
        raise UserError(
            _("The process that fine-tunes has ended all of a sudden."),
            _("It was ended from outside, or the memory ran out."),
        ) from error
    return from_plain(TuningResult, found)


def fine_tune(order: TuningOrder, job: Job) -> TuningResult:
    """Fine-tune a backbone, and write it down if that helps with examples held back.

    Args:
        order: What.
        job: Progress, notices and cancellation.

    Raises:
        UserError: There are too many examples, too few can be read, the backbone or the
            device is not there, or the file cannot be written.
        Cancelled: The job was cancelled; there is no file.
    """
    from fewshot_gui.backbones.torch_finetune import TuningPlan, tune_anywhere

    card = backbone_card(order.backbone)
    job.report(0, 0, _("Reading the examples"))
    with DecodePool() as pool:
        pixels, labels = decoded_examples(order.paths, np.asarray(order.labels), card, pool, job)
    counts = np.bincount(labels).tolist()
    if len(counts) < 2:
        raise UserError(_("Fine-tuning needs two bins with examples that can be read."))
    plan = TuningPlan(steps=order.steps, seed=order.seed)
    tuned = tune_anywhere(card, pixels, labels, order.device, plan, job)
    if tuned.steps:
        job.checkpoint()
        _keep(order, card, tuned.network, tuned.steps, counts)
    return TuningResult(tuned.steps, tuned.held, *tuned.right)


def _keep(
    order: TuningOrder, card: BackboneCard, body: object, steps: int, counts: list[int]
) -> None:
    from fewshot_gui.metatrain.building import built_algorithm
    from fewshot_gui.metatrain.tuned_networks import TunedBackbone

    settings = TunedSettings(card.key, card.weights_sha256, card.width, Freedom.WHOLE)
    algorithm = AlgorithmPart("prototypical")
    described = LearnerCard(
        title=plain_text(order.title, _LONGEST_TITLE),
        algorithm=algorithm,
        network=NetworkPart("tuned", settings),
        head=HEAD,
        classes={"training": _counted(order.names, counts)},
        settings={"fine_tuned": True, "steps": steps},
        seed=order.seed,
        licence=plain_text(card.licence, _LONGEST_TITLE),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        program=__version__,
    )
    network = TunedBackbone(card, Freedom.WHOLE)
    network.body.load_state_dict(body.cpu().state_dict())
    path = Path(order.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_learner(path, described, network, built_algorithm(algorithm, card.width))


def _counted(names: tuple[str, ...], counts: list[int]) -> dict[str, int]:
    """Classes of one name count together; where some were left out, nothing is known."""
    if len(names) != len(counts):
        return {}
    counted: dict[str, int] = {}
    for name, count in zip(names, counts, strict=True):
        shown = plain_text(name, _LONGEST_TITLE)
        counted[shown] = counted.get(shown, 0) + count
    return counted
