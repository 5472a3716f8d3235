"""Labels that change at once, against plain dictionaries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.project.changes import Changes
from fewshot_gui.project.values import Label, Source

label = st.none() | st.builds(Label, st.integers(0, 3), st.sampled_from(Source))
change = st.tuples(label, label)
labels = st.dictionaries(st.text(max_size=3), change, max_size=30)


def told(changes: Changes) -> list[tuple[str, tuple[Label | None, Label | None]]]:
    return list(changes.items())


@given(labels)
def test_what_keeps_its_label_is_no_change(pairs):
    before, after = [b for b, _ in pairs.values()], [a for _, a in pairs.values()]
    changes = Changes.between(tuple(pairs), before, after)
    assert told(changes) == [(path, pair) for path, pair in pairs.items() if pair[0] != pair[1]]


@given(labels)
def test_all_ways_to_ask_say_the_same(pairs):
    changes = Changes.of(pairs)
    assert told(changes) == list(pairs.items())
    assert list(changes) == list(changes.paths) == list(pairs)
    assert len(changes) == len(pairs)
    assert all(changes[path] == pair for path, pair in pairs.items())
    assert changes == pairs
    assert list(zip(changes.before(), changes.after(), strict=True)) == list(pairs.values())


@given(labels)
def test_taken_back_twice_is_as_before(pairs):
    changes = Changes.of(pairs)
    assert told(changes.inverse()) == [(path, pair[::-1]) for path, pair in pairs.items()]
    assert changes.inverse().inverse() == changes


def test_images_that_change_alike_share_one_change():
    one, other = Label(1, Source.SUPPORT), Label(1, Source.CONFIRMED)
    changes = Changes.between(("a", "b", "c"), [None] * 3, [one, other, one])
    assert len(changes.kinds) == 2
    assert changes.which.dtype == "int32"
