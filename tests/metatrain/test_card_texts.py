"""Texts of learner files: nothing in them hides, and none says where somebody's files lie."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fewshot_gui.metatrain.learner_card import card_from_plain, card_to_plain
from fewshot_gui.metatrain.learner_file import read_card
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.ordered_learner import finished_card
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.training_events import Done
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.plain_text import plain_text, without_folders
from tests.metatrain.small_learner import small_card, small_learner
from tests.metatrain.toys import classes_of

HIDDEN = ["\n", "\x1b[2J", "\x00", "\u202e", "\u2066", "\u200f", "\u2028", "\udcff", "\x7f", "\x85"]


@pytest.mark.parametrize("sign", HIDDEN)
def test_what_is_not_seen_is_written_out(sign):
    shown = plain_text(f"a{sign}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("b")
    assert plain_text(shown) == shown
    shown.encode()


@pytest.mark.parametrize("text", ["", "Äpfel & Birnen", "字母/あ", "عربي", "🍎 red", "back\\slash"])
def test_what_is_seen_stays_as_it_is(text):
    assert plain_text(text) == text


def test_what_is_long_is_cut():
    assert plain_text("x" * 10, 10) == "x" * 10
    assert plain_text("x" * 11, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("auto", "auto"),
        ("timm:resnet18+flip", "timm:resnet18+flip"),
        ("/home/anna/old.safetensors", "old.safetensors"),
        ("C:\\Users\\anna\\old.safetensors", "old.safetensors"),
        ("timm:resnet18=/home/anna/w.safetensors+flip", "timm:resnet18=w.safetensors+flip"),
    ],
)
def test_folders_are_left_out_of_what_names_a_file(key, named):
    assert without_folders(key) == named


@pytest.mark.parametrize("sign", HIDDEN)
def test_a_card_hides_nothing_when_it_is_written(tmp_path, sign):
    odd = f"a{sign}b"
    facts = dict.fromkeys(("title", "licence", "notice", "compared_with", "program"), odd)
    path = small_learner(
        tmp_path / "l.safetensors", classes={"test": {odd: 3}}, settings={odd: [odd, 2]}, **facts
    )
    card = read_card(path)
    shown = plain_text(odd)
    assert {name: getattr(card, name) for name in facts} == dict.fromkeys(facts, shown)
    assert (card.classes, card.settings) == ({"test": {shown: 3}}, {shown: [shown, 2]})


def test_a_card_of_somebody_elses_hides_nothing_when_it_is_read():
    plain = card_to_plain(small_card())
    plain["title"] = "exe.\u202etxt"
    plain["classes"] = {"test": {"a\nb": 1}}
    card = card_from_plain(json.loads(json.dumps(plain)))
    assert (card.title, card.classes) == ("exe.\\u202etxt", {"test": {"a\\nb": 1}})


def _finished(order: TrainingOrder, names: list[str]):
    data = replace(classes_of([2] * len(names)), names=tuple(names))
    done = Done(order.output, 4, 2, Estimate(0.5, 0.1), "own", None, 1.0)
    return finished_card(order, ClassSplit(data, data, data), done, 1, None)


def test_a_card_does_not_say_where_files_lie():
    order = TrainingOrder(
        "/home/anna/pictures",
        "/home/anna/out/letters.safetensors",
        classes_file="/home/anna/parts.csv",
        compare="/home/anna/old.safetensors",
        compare_backbone="/home/anna/other.safetensors",
    )
    text = json.dumps(card_to_plain(_finished(order, ["a", "b"])))
    assert "anna" not in text
    assert "old.safetensors" in text


def test_the_card_of_very_many_classes_stays_small_and_can_be_read():
    order = TrainingOrder("/p", "/o/" + 80 * "\u202e" + ".safetensors")
    names = [f"{number} " + "字" * 3000 for number in range(30_000)]
    card = _finished(order, names)
    text = json.dumps(card_to_plain(card))
    assert len(json.dumps(text)) < 8 << 20  # what a learner file has room for
    assert card.settings["classes"] == [30_000] * 3
    assert len(card.classes["training"]) == 2000
    assert next(iter(card.classes["training"])).startswith("0 字")
    assert card_from_plain(json.loads(text)) == replace(card, settings=json.loads(text)["settings"])
