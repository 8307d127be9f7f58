"""The signals that end a run or that a script reacts to."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    try:
        import _signal as signal  # what signal wraps: without its enums, which take 5 ms to import
    except ImportError:
        import signal

_GRACE = 2.0  # seconds
_PENDING = 4096  # bytes of the pipe that signals write to, one each


class Signals:
    """SIGINT and SIGTERM: the first asks to stop, a second one ends the program at once.

    What is queued by then has two seconds to be worked off, so that a script whose events come
    faster than its commands run can be stopped; `late` is called when they are over. They do not
    run from `pause` to `resume`, which starts them anew: the kernel may take long to detach.

    SIGUSR1 is a script's to react to (self:signal:SIGUSR1), and else does nothing.
    """

    def __init__(self, late: Callable[[], None]) -> None:
        self.received = False
        self._asked = False
        self.late = late
        self.fd, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGUSR1, self._ask)
        signal.signal(signal.SIGALRM, self._over)

    def _stop(self, number: int, frame: object) -> None:
        self.received = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _GRACE)

    def _over(self, number: int, frame: object) -> None:
        self.late()

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True

    def taken(self) -> bool:
        """Whether SIGUSR1 came since the last time."""
        asked, self._asked = self._asked, False
        if asked:
            os.read(self.fd, _PENDING)
        return asked

    def pause(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def resume(self) -> None:
        if self.received:
            signal.setitimer(signal.ITIMER_REAL, _GRACE)
