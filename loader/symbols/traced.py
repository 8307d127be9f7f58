"""Functions of user space that a run traces: names for addresses of processes that are gone.

What is mapped where went with the process. But files are mapped by whole pages, so that the lower
bits of an address are those of its place in the file; and an address that a probe gave is that of
one of the run's own functions, if it has the same lower bits as one of them alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.attach.mechanism import Target
    from aotrace.loader.services import Run

_PAGE = 0xFFF  # the smallest page there is
_MECHANISM = "uprobe"


class Traced:
    """The functions at which the uprobes of a run are. Raises nothing: what is not found is not."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._names: dict[int, set[str]] | None = None

    def name(self, address: int) -> str | None:
        """The one traced function that an address may be; None if there is none, or several."""
        if self._names is None:
            self._names = {}
            for name, offset in self._functions():
                self._names.setdefault(offset & _PAGE, set()).add(name)
        found = self._names.get(address & _PAGE, ())
        return next(iter(found)) if len(found) == 1 else None

    def _functions(self) -> Iterator[tuple[str, int]]:
        from aotrace.loader.attach.mechanism import Scope
        from aotrace.loader.attach.uprobe import looked_up
        from aotrace.loader.errors import PlaceError

        scope = Scope(self._run.process.pid if self._run.process else 0)
        for target in self._targets():
            try:
                place = target if "path" in target else looked_up(target, scope)
            except (PlaceError, OSError, KeyError):
                continue
            if place.get("function"):
                yield place["function"], place["at"]

    def _targets(self) -> Iterator[Target]:
        for program in self._run.meta.programs:
            if program.mechanism == _MECHANISM:
                known = self._run.members.of if self._run.members else {}
                members = known.get(program.name)
                yield from [program.target] if members is None else [m.target for m in members]
