"""How much was decided, and how quickly."""

from __future__ import annotations

from fewshot_gui.gui.sitting import PAUSE_S, Sitting


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def sitting(labels: int = 0) -> tuple[Sitting, Clock]:
    clock = Clock()
    made = Sitting(clock)
    made.begin(labels)
    return made, clock


def test_only_what_was_decided_in_this_sitting_counts():
    made, _clock = sitting(500)
    assert made.words(0, 600) == ""
    made.note(512)
    assert made.decided == 12
    assert made.words(512, 600) == "512 of 600 decided"
    made.note(510)  # two were taken back
    assert made.decided == 10


def test_the_pace_is_that_of_the_time_spent_on_it():
    made, clock = sitting()
    for labels in range(1, 61):
        made.note(labels)
        clock.now += 2
    clock.now += 10_000  # a night
    made.note(61)
    assert made.active == 59 * 2
    assert round(made.per_hour) == round(61 / 118 * 3600)
    assert made.words(61, 1000) == "61 of 1,000 decided · 1,861/h"


def test_a_short_pause_is_work_and_a_long_one_is_none():
    made, clock = sitting()
    made.note(1)
    clock.now += PAUSE_S
    made.note(2)
    clock.now += PAUSE_S + 1
    made.note(3)
    assert made.active == PAUSE_S


def test_another_project_begins_at_nothing():
    made, _clock = sitting()
    made.note(40)
    made.begin(7)
    assert (made.decided, made.per_hour) == (0, 0.0)


def test_labels_that_only_found_their_images_are_no_work():
    made, _clock = sitting()
    made.note(3)
    made.rebase(500)
    made.note(501)
    assert made.decided == 4
