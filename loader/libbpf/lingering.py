"""Programs and events that the kernel takes long to let go of: many at once, or left to themselves.

To detach a program from an event, Linux waits until no processor may run it any more, and once more
to take the kprobe away, for each of them: a thousand take a minute or two. Linux 5.10, where both
are one step, lets threads wait for several at a time. Where there are links, nothing runs at the
event any longer once its link is closed, and the second wait is nobody's business: a process of its
own has the events until the loader is gone.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FEW = 16  # that many are not worth threads and a process
_THREADS = 64
_links: list[int] = []
_events: list[int] = []


def add(link: int, event: int | None = None) -> None:
    """Keep what attaches a program until `let_go`, and what it is attached to, if that is apart."""
    _links.append(link)
    if event is not None:
        _events.append(event)


def let_go() -> None:
    """Detach all that were added."""
    if len(_links) > _FEW:
        _in_threads(lambda: _close(_links))
    _close(_links)
    if len(_events) > _FEW:
        _leave_to_child()
    _close(_events)


def _close(files: list[int]) -> None:
    while files:
        try:
            file = files.pop()
        except IndexError:
            return  # another thread was quicker
        os.close(file)


def _in_threads(work: Callable[[], None]) -> None:
    import threading

    threads = [threading.Thread(target=work) for _ in range(min(_THREADS, len(_links)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _leave_to_child() -> None:
    """To close an event is quick while another process has it too."""
    reader, writer = os.pipe()  # the writer is closed by the loader's end
    if os.fork():
        os.close(reader)
        return
    try:
        os.close(writer)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nothing, standard)
        os.read(reader, 1)
    finally:
        os._exit(0)
