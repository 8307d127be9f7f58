"""Things to close, in the reverse order of opening, whatever happens."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    class Closable(Protocol):
        def close(self) -> None: ...

    T = TypeVar("T", bound=Closable)


class Owned:
    """A `with` block that closes what was given to it: contextlib.ExitStack, without its import."""

    def __init__(self) -> None:
        self._things: list[Closable] = []

    def __enter__(self) -> Owned:
        return self

    def __exit__(self, *unused: object) -> None:
        while self._things:
            self._things.pop().close()

    def own(self, thing: T) -> T:
        self._things.append(thing)
        return thing
