"""The command of -c: forked before the programs load, started once they are attached."""

from __future__ import annotations

import os

from aotrace.loader.errors import LoaderError, StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.lib import Libbpf

_SIGTERM, _SIGKILL = 15, 9
_SIGPIPE, _SIG_DFL = 13, 0
_PR_SET_PDEATHSIG = 1
_PATIENCE = 50  # tries, of 20 ms
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Process:
    """A process that is watched: when it ends, the trace does. `pidfd` is readable from then on."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd

    def start(self) -> None:
        """It runs already."""

    def close(self) -> None:
        os.close(self.pidfd)


class Child(Process):
    """A command that waits for its start. It dies with the loader."""

    def __init__(self, pid: int, go: int, failed: int) -> None:
        super().__init__(pid, _open_pidfd(pid))
        self._go = go
        self._failed = failed

    def start(self) -> None:
        """Let it run. Raises LoaderError when it cannot be executed."""
        os.write(self._go, b"!")
        os.close(self._go)
        with os.fdopen(self._failed, "rb") as failed:
            reason = failed.read()  # ends when exec has closed the other end
        if reason:
            raise StartError(f"cannot run the command: {reason.decode()}", "see -c")

    def close(self) -> None:
        """End it, if it has not ended: with SIGTERM, and after a second with SIGKILL."""
        from time import sleep

        for attempt in range(_PATIENCE):
            if self._ended():
                break
            if attempt == 0:
                os.kill(self.pid, _SIGTERM)
            sleep(0.02)
        else:
            os.kill(self.pid, _SIGKILL)
            os.waitpid(self.pid, 0)
        super().close()

    def _ended(self) -> bool:
        return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid


def watch(pid: int) -> Process:
    """A process that runs. Raises LoaderError."""
    return Process(pid, _open_pidfd(pid))


def spawn(command: str, lib: Libbpf) -> Child:
    """Fork a child that will execute the command. Raises LoaderError."""
    argv = _words(command)
    path = _executable(argv[0]) if argv else None
    if path is None:
        raise LoaderError(f"cannot run {command!r}: no such command", "see -c")
    wait, go = os.pipe()
    failed, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        _become(path, argv, wait, report, lib)
    os.close(wait)
    os.close(report)
    return Child(pid, go, failed)


def _words(command: str) -> list[str]:
    """Words between white space; quotes hold some together. A quote that none ends is a letter."""
    import shlex

    found = shlex.shlex(command, posix=True, punctuation_chars=False)
    found.whitespace_split, found.commenters, found.escape = True, "", ""
    try:
        return list(found)
    except ValueError:
        return command.split()


def _become(path: str, argv: list[str], wait: int, report: int, lib: Libbpf) -> None:
    """In the child: wait, then execute. Never returns."""
    try:
        lib.libc.prctl(_PR_SET_PDEATHSIG, _SIGTERM, 0, 0, 0)
        lib.libc.signal(_SIGPIPE, _SIG_DFL)  # Python ignores it, and exec hands that on
        if os.read(wait, 1):  # nothing comes when the loader has given up
            os.execv(path, argv)
    except OSError as error:
        os.write(report, f"{path}: {error.strerror}".encode())
    finally:
        os._exit(127)


def _executable(name: str) -> str | None:
    folders = os.environ.get("PATH", _DEFAULT_PATH).split(":") if "/" not in name else [""]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def require(pid: int) -> None:
    """Raises LoaderError if there is no such process."""
    os.close(_open_pidfd(pid))


def _open_pidfd(pid: int) -> int:
    """Raises LoaderError."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise LoaderError(f"there is no process {pid}", "see -p") from None
    except OSError as error:
        raise LoaderError(f"cannot watch process {pid}: {error.strerror}") from None
