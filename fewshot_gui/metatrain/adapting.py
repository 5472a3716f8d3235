"""Trained learners that change their network for every task: MAML, ANIL and Reptile.

As fine-tuning does, they read the examples themselves, and that is a job: the network learns
the task, all images are looked at once more, and what the descent made of the head answers.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.pipeline import EmbeddingPipeline
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, checked_support
from fewshot_gui.learners.finetune import example_pixels
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.metatrain.learner_backbone import inputs_of
from fewshot_gui.metatrain.learner_file import LoadedLearner, load_learner
from fewshot_gui.metatrain.own_head import FittedHead
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fewshot_gui.metatrain.algorithms.inner_loop import Start


@dataclass(frozen=True)
class Adapting:
    """Learns a task by descent, with a learner from a file.

    Attributes:
        file: The learner file.
    """

    file: str

    def adapted(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        support: SupportSet,
        card: BackboneCard,
        pool: DecodePool,
        device: str,
        job: Job,
    ) -> tuple[EmbeddingTable, AdaptedHead]:
        """The same images, as the network sees them that has learned the task.

        Args:
            table: Of the same images; its embeddings do not matter.
            rows: int64, those that are looked at; the examples among them.
            support: The examples, with two classes at least.
            card: The learner's own backbone.
            pool: Decodes.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            job: Progress, notices and cancellation.

        Returns:
            A table with the same rows, and the learner for it.

        Raises:
            UserError: The file is damaged, or there are too many examples.
            Cancelled: The job was cancelled.
        """
        from fewshot_gui.backbones.torch_runtime import TorchRuntime

        pixels, labels = example_pixels(table, support, card, pool, job)
        learner = load_learner(Path(self.file), card.weights_sha256)
        network, head = adapted_network(learner, pixels, labels, card, job)
        runtime = TorchRuntime(card, device, load=lambda _card: network)
        fresh = EmbeddingTable(card.width + 1)
        fresh.add((table.file(row) for row in range(len(table))), as_targets=True)
        with tempfile.TemporaryDirectory() as folder:  # these embeddings are of no later use
            cache = EmbeddingCache(Path(folder), "adapted", fresh.width)
            EmbeddingPipeline(card, pool, runtime, cache).run(fresh, rows, job)
        return fresh, head


@dataclass(frozen=True, eq=False)
class AdaptedHead:
    """What the descent made of the head: it has learned its task already.

    Attributes:
        weights: float32 ``(k, d + 1)``, a row a class; the last component gives the length
            of the features back, see ``AdaptedNetwork``.
        constant: That component before the features were scaled to length 1.
        law: Of its sharpness; None leaves the logits as they are.
    """

    weights: FloatArray
    constant: float
    law: SharpnessLaw | None = None

    def fit(
        self, support: FloatArray, labels: IntArray, job: Job, folder: FloatArray | None = None
    ) -> FittedHead:
        """The classifier, for the classes that were learned, in the order of their ids."""
        support, labels = checked_support(support, labels)
        classes, counts = np.unique(labels, return_counts=True)
        if len(classes) != len(self.weights):
            raise ValueError(f"{len(self.weights)} classes were learned, not {len(classes)}")
        length = np.zeros((1, self.weights.shape[1]), np.float32)
        length[0, -1] = 1.0
        projection = np.concatenate([self.weights, length])
        sharpness = 1.0 if self.law is None else self.law(counts)
        ids = tuple(classes.tolist())
        return FittedHead(ids, projection, _Lengthened(self.constant), sharpness)


@dataclass(frozen=True)
class _Lengthened:
    """Products as they would be with features of the length that they had."""

    constant: float

    def __call__(self, products: FloatArray) -> FloatArray:
        scale = np.maximum(products[-1], np.float32(1e-6)) / np.float32(self.constant)
        return products[:-1] / scale


def adapted_network(
    learner: LoadedLearner,
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    card: BackboneCard,
    job: Job,
) -> tuple[nn.Module, AdaptedHead]:
    """A network for the runtime that has learned a task, and the head that goes with it.

    Args:
        learner: A learner that learns by descent.
        pixels: uint8 ``(n, h, w, 3)``, as the card's preprocessing wants them.
        labels: int64 ``(n,)``, from 0 without a gap.
        card: Its backbone.
        job: Progress in steps, and cancellation.

    Raises:
        Cancelled: The job was cancelled.
    """
    import torch

    from fewshot_gui.metatrain.torch_embedders import AdaptedNetwork

    inputs = inputs_of(learner.card.network)
    with torch.no_grad():
        support = inputs(_normalised(pixels, card))
        end = _learned(learner, support, torch.from_numpy(labels), job)
        plain = AdaptedNetwork(inputs, learner.network, end.body, support, 0.0)
        features = plain(_normalised(pixels, card))
        constant = max(float(features.norm(dim=1).mean()), 1e-3)
    network = AdaptedNetwork(inputs, learner.network, end.body, support, constant)
    weights = np.pad(end.head.detach().numpy(), ((0, 0), (0, 1)))
    law = None if learner.card.sharpness is None else SharpnessLaw(*learner.card.sharpness)
    return network.eval(), AdaptedHead(weights, constant, law)


def _learned(learner: LoadedLearner, support: Tensor, labels: Tensor, job: Job) -> Start:
    """Where the descent ends; the same as in the algorithm's ``answer``."""
    import torch

    from fewshot_gui.metatrain.algorithms.inner_loop import Start, Task, common_head, steps
    from fewshot_gui.metatrain.algorithms.maml import Maml

    network, algorithm = learner.network, learner.algorithm
    body = {name: weight.detach() for name, weight in network.named_parameters()}
    task, ways = Task(support, labels, support[:0]), int(labels.max()) + 1
    if isinstance(algorithm, Maml):
        rates, head_only = algorithm.log_rates.exp(), algorithm.head_only
        with torch.no_grad():
            start = algorithm.start(network, body, task, ways)
    else:
        rates, head_only = torch.full((algorithm.answer_steps, 2), algorithm.rate), False
        start = Start(body, common_head(algorithm.head.detach(), ways))
    for number, rate in enumerate(rates):
        job.report(number, len(rates), _("Learning the task"))
        start = steps(network, start, task, rate[None], through=False, head_only=head_only)[-1]
    return start


def _normalised(pixels: NDArray[np.uint8], card: BackboneCard) -> Tensor:
    """As the runtime does it, float32 ``(n, 3, h, w)``."""
    import torch

    mean, std = torch.tensor(card.preprocessing.mean), torch.tensor(card.preprocessing.std)
    colours = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    return (colours - mean[:, None, None]) / std[:, None, None]
