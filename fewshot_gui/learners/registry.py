"""The learners there are. Importing this imports none of them."""

from __future__ import annotations

from importlib import import_module

from fewshot_gui.errors import UserError
from fewshot_gui.learners.base import Learner, LearnerInfo
from fewshot_gui.texts import _

DEFAULT_LEARNER = "auto"
_TRAINED = "fewshot_gui.metatrain.shelf"  # knows the learners that were trained


def all_learners() -> tuple[LearnerInfo, ...]:
    """Every learner, the default first."""
    return (
        LearnerInfo("auto", _("Automatic"), "fewshot_gui.learners.auto:Auto", transductive=True),
        LearnerInfo(
            "prototypes", _("Nearest prototype"), "fewshot_gui.learners.prototypes:Prototypes"
        ),
        LearnerInfo("nearest", _("Nearest example"), "fewshot_gui.learners.nearest:Nearest"),
        LearnerInfo("matching", _("Matching"), "fewshot_gui.learners.matching:Matching"),
        LearnerInfo("ridge", _("Ridge regression"), "fewshot_gui.learners.ridge:Ridge"),
        LearnerInfo("logistic", _("Logistic regression"), "fewshot_gui.learners.logistic:Logistic"),
        LearnerInfo(
            "lda", _("Discriminant analysis"), "fewshot_gui.learners.discriminant:Discriminant"
        ),
        LearnerInfo(
            "refine",
            _("Refine on the folder"),
            "fewshot_gui.learners.refine:Refine",
            transductive=True,
        ),
    )


def image_learners() -> tuple[LearnerInfo, ...]:
    """Those that read the images and change the backbone: a job first, then a usual learner."""
    return (
        LearnerInfo(
            "finetune",
            _("Fine-tuning"),
            "fewshot_gui.learners.finetune:FineTune",
            reads="images",
        ),
    )


def trained_learners() -> tuple[LearnerInfo, ...]:
    """Those that were trained and have a name: they come with the program, or were kept."""
    return import_module(_TRAINED).trained_infos()


def learner_info(key: str) -> LearnerInfo:
    """The entry of a learner.

    Args:
        key: Of one of ``all_learners`` or ``trained_learners``, or a learner file.

    Raises:
        UserError: There is none; names the keys there are. Or its file is damaged.
    """
    for info in all_learners():
        if info.key == key:
            return info
    info = import_module(_TRAINED).learner_info_of(key)
    if info is not None:
        return info
    known = ", ".join(info.key for info in (*all_learners(), *trained_learners()))
    raise UserError(
        _("There is no learner called “{key}”.").format(key=key),
        _("Choose one of: {known}.").format(known=known),
    )


def make_learner(key: str) -> Learner:
    """A learner with its default hyper-parameters."""
    info = learner_info(key)
    module, _colon, name = info.factory.partition(":")
    factory = getattr(import_module(module), name)
    return factory(info.file) if info.file else factory()
