"""A memory of things that take room, of which the least used are forgotten."""

from __future__ import annotations

from collections import OrderedDict


class ByteLru:
    """A dictionary that forgets what was used longest ago once it holds too many bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._items: OrderedDict[object, tuple[object, int]] = OrderedDict()

    def get(self, key: object) -> object | None:
        item = self._items.get(key)
        if item is None:
            return None
        self._items.move_to_end(key)
        return item[0]

    def peek(self, key: object) -> object | None:
        """What ``get`` finds, without counting as a use."""
        item = self._items.get(key)
        return item[0] if item is not None else None

    def put(self, key: object, value: object, size: int) -> None:
        old = self._items.pop(key, None)
        self._bytes += size - (old[1] if old else 0)
        self._items[key] = (value, size)
        while self._bytes > self._limit and len(self._items) > 1:
            _key, (_value, freed) = self._items.popitem(last=False)
            self._bytes -= freed

    def clear(self) -> None:
        self._items.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)
