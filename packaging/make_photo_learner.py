"""Makes ``resources/learners/photos.safetensors`` of what ``fewshot-gui train`` learned.

    fewshot-gui train FOLDER --output photos.safetensors --validation 0.13 --test 0.268 \\
        --device cpu --seed 0
    PYTHONPATH=. python packaging/make_photo_learner.py photos.safetensors

FOLDER is the ``grocery`` of the Grocery Store data, 82 classes: a layer on EfficientNet-Lite0
learns from 49 of them, is watched by 11 and tested with the other 22.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from fewshot_gui.metatrain.learner_file import load_learner, save_learner

PLACE = Path(__file__).parents[1] / "resources" / "learners" / "photos.safetensors"
NOTICE = (
    "Trained on 49 classes of the Grocery Store dataset (Klasson, Zhang and Kjellström 2019, "
    "MIT licence) on top of EfficientNet-Lite0."
)


def main() -> None:
    """Give the learner its name and say whose pictures it learned from."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("learner", type=Path, help="what the training wrote")
    learner = load_learner(parser.parse_args().learner)
    card = replace(learner.card, title="Photographs", notice=NOTICE)
    PLACE.parent.mkdir(exist_ok=True)
    save_learner(PLACE, card, learner.network, learner.algorithm)


if __name__ == "__main__":
    main()
