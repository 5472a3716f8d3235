"""Frozen dataclasses to plain values for JSON, and back with every value checked."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Kind = TypeVar("_Kind")


def from_plain(kind: type[_Kind], value: Any) -> _Kind:
    """The inverse of ``dataclasses.asdict``, after a way through JSON.

    Understands dataclasses of dataclasses, tuples, what may be None, enumerations of texts,
    texts, truth values, whole and finite floating point numbers.

    Args:
        kind: A dataclass.
        value: What claims to be one.

    Raises:
        ValueError: It is not.
    """
    return _read(kind, value)


def _read(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _read_dataclass(kind, value)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), value)
    if get_origin(kind) in (UnionType, Union):
        (one,) = (part for part in get_args(kind) if part is not NoneType)
        return None if value is None else _read(one, value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(_read(str, value))
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{value!r:.80} is not of the kind {kind}")
    return value


def _read_dataclass(kind: Any, value: Any) -> Any:
    hints = get_type_hints(kind)
    wanted = {field.name for field in fields(kind)}
    if not isinstance(value, dict) or value.keys() != wanted:
        raise ValueError(f"not a {kind.__name__}")
    return kind(**{name: _read(hints[name], value[name]) for name in wanted})


def _read_tuple(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r:.80} is not a list")
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], part) for part in value)
    if len(value) != len(kinds):
        raise ValueError(f"{value!r:.80} has another length than {len(kinds)}")
    return tuple(_read(one, part) for one, part in zip(kinds, value, strict=True))
