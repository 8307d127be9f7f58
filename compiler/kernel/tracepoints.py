"""Tracepoints: which struct a tracepoint's context is, and the fields a script may use of it.

Three kinds of knowledge meet here: BTF (layouts), formats (categories, and what BTF leaves in
doubt) and the table of system calls (names of their arguments). Only BTF is necessary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .btf import Btf
from .event_tracepoints import EventTracepoints
from .syscall_tracepoints import SYSCALLS, SyscallTracepoints
from .tracepoint import Tracepoint
from .tracepoint_fields import TracepointField
from .tracepoint_formats import Formats

__all__ = ["Tracepoint", "TracepointField", "Tracepoints"]


class Tracepoints:
    """The tracepoints of one kernel. Without formats a category is taken as the script has it.

    `modules` are searched for events that the kernel's own BTF does not have.
    """

    def __init__(
        self,
        btf: Btf,
        formats: Formats | None = None,
        arch: str = "x86_64",
        modules: Iterable[Btf] = (),
    ) -> None:
        self._formats = formats
        self._events = EventTracepoints(btf, formats, modules)
        self._syscalls = SyscallTracepoints(btf, formats, arch)

    def find(
        self, category: str, name: str, required_fields: Collection[str] = ()
    ) -> Tracepoint | None:
        """The tracepoint, or None if there is none of that category and name.

        Where BTF leaves several structs possible, the one that the format describes is taken,
        else the likeliest that has the `required_fields` (those the script uses).
        """
        return self._family(category).find(category, name, frozenset(required_fields))

    def categories(self) -> list[str]:
        """Known categories, sorted; of events only where there are formats."""
        known = self._formats.categories() if self._formats else []
        return sorted({*known, SYSCALLS})

    def events(self, category: str) -> list[str]:
        """Names of a category's tracepoints, sorted; empty where only a format could tell."""
        return self._family(category).events(category)

    def suggestions(self, category: str, name: str) -> list[str]:
        """`category:name` of tracepoints that may have been meant, for a hint."""
        return self._family(category).suggestions(category, name)

    def _family(self, category: str) -> EventTracepoints | SyscallTracepoints:
        return self._syscalls if category == SYSCALLS else self._events
