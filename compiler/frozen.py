"""Frozen dataclasses that are cheap to define.

The standard decorator writes and compiles six methods for every class; for the hundred classes of
the compiler that is a fifth of the time a script takes to compile. Here each class gets an
`__init__` of its own, and shares the rest. fields() and replace() of dataclasses work as ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool) -> Callable[[type[T]], type[T]]:
        """As dataclasses.dataclass(frozen=True); fields with compare=False are left out of `==`."""
        assert frozen
        return _frozen


def _frozen(cls: type[T]) -> type[T]:
    made = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    shared: dict[str, Any] = {
        "__init__": _init(fields),
        "__eq__": _eq,
        "__hash__": _hash,
        "__repr__": _repr,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "_compared": tuple(field.name for field in fields if field.compare),
        "_shown": tuple(field.name for field in fields if field.repr),
    }
    for name, value in shared.items():
        setattr(made, name, value)
    return made


def _init(fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    space: dict[str, Any] = {"_missing": MISSING}
    params, lines = [], []
    for field in fields:
        name, value = field.name, field.name
        if field.default is not MISSING:
            space[f"_{name}"] = field.default
            params.append(f"{name}=_{name}")
        elif field.default_factory is not MISSING:
            space[f"_{name}"] = field.default_factory
            params.append(f"{name}=_missing")
            value = f"_{name}() if {name} is _missing else {name}"
        else:
            params.append(name)
        lines.append(f"    own[{name!r}] = {value}")
    head = f"def __init__(self, {', '.join(params)}):"
    exec("\n".join([head, "    own = self.__dict__", *lines]), space)
    return space["__init__"]


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    mine, its = self.__dict__, other.__dict__
    return all(mine[name] == its[name] for name in self._compared)


def _hash(self: Any) -> int:
    own = self.__dict__
    return hash((self.__class__, *[own[name] for name in self._compared]))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._shown)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(self: Any, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
