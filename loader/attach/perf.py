"""Perf events for what a run traces: on every CPU, or for every thread of the one process."""

from __future__ import annotations

import errno
import os

from aotrace.loader.libbpf.lib import BpfError
from aotrace.runtime.perf_events import INHERIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.attach.mechanism import Scope
    from aotrace.loader.libbpf.handles import Link, Program

_ONLINE = "/sys/devices/system/cpu/online"
_PARANOID = "/proc/sys/kernel/perf_event_paranoid"
_ALL = -1  # perf_event_open: every process, or every CPU
_GONE = (errno.ENODEV, errno.ESRCH)  # the CPU went offline, the thread ended


class Links:
    """Several links that are one probe to the script."""

    places = 1

    def __init__(self, links: list[Link]) -> None:
        self._links = links

    def close(self) -> None:
        while self._links:
            self._links.pop().close()


def attach(program: Program, scope: Scope, **event: int) -> Links:
    """Open an event (fields of perf_event_attr) wherever it is to be counted, and run the program
    with it. Raises BpfError.

    Threads and processes that the traced ones start later are traced as well (bpftrace: inherit).
    """
    links: list[Link] = []
    flags = INHERIT if scope.pid else 0
    gone: BpfError | None = None
    try:
        for pid, cpu in _places(scope):
            try:
                links.append(program.attach_perf_event(pid, cpu, flags, **event))
            except BpfError as error:
                if error.errno not in _GONE:
                    raise
                gone = error
        if gone and not links:
            raise gone
    except BpfError:
        Links(links).close()
        raise
    return Links(links)


def _places(scope: Scope) -> Iterator[tuple[int, int]]:
    if not scope.pid:
        yield from ((_ALL, cpu) for cpu in online())
        return
    try:
        threads = sorted(map(int, os.listdir(f"/proc/{scope.pid}/task")))
    except OSError:
        threads = [scope.pid]
    yield from ((thread, _ALL) for thread in threads)


def online() -> list[int]:
    """The CPUs that are online. The file lists ranges: `0-3,5`; CPU 0 need not be in it."""
    try:
        with open(_ONLINE) as file:
            ranges = [part.partition("-") for part in file.read().strip().split(",")]
        return [cpu for low, _, high in ranges for cpu in range(int(low), int(high or low) + 1)]
    except (OSError, ValueError):
        return [0]


def refused(error: BpfError) -> tuple[str, str]:
    """What every kind of perf event can be refused for, in words; ("", "") for other reasons."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"not allowed to open perf events: {error}", f"see {_PARANOID}, and CAP_PERFMON"
    if error.errno == errno.EMFILE:
        return "too many open files: a perf event is one for each CPU or thread", "see ulimit -n"
    return "", ""
