"""What the traced programs do: system calls with arguments that a script can know.

`python workload.py JOB TOKEN`, standard library only. TOKEN is a number that tells the run from
others: the thread takes the name wTOKEN before it starts its job, and takes another one after it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NAME = 15
_SHMGET_KEY = 0x5EED


def idle(token: str) -> None:
    """Nothing but the name."""


def dups(token: str) -> None:
    """System calls that fail, with telling arguments: dup2 is given descriptors nobody has."""
    for old, new in ((901, 902), (903, -4), (905, 906)):
        _LIBC.dup2(old, new)


def parent(token: str) -> None:
    """Three calls without arguments that tell only the process that asks."""
    for _ in range(3):
        _LIBC.getppid()


def files(token: str) -> None:
    """Opens and removes files of short, long and empty names that are not there."""
    for name in ("short", "/nowhere/" + "x" * 70, "", "spaced name\twith\\strange\"letters'"):
        _LIBC.open(name.encode(), os.O_RDONLY)
        _LIBC.unlink(name.encode())


def writes(token: str) -> None:
    """Writes of 0 to 4096 bytes to /dev/null."""
    target = os.open("/dev/null", os.O_WRONLY)
    for size in (0, 1, 2, 3, 7, 8, 100, 100, 1000, 4096):
        _LIBC.write(target, b"The quick brown fox\0jumps".ljust(size, b".")[:size], size)
    os.close(target)


class _Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_short))


class _Record(ctypes.Structure):
    """`struct record` of scripts/cdefs.txt."""

    _fields_ = (
        ("magic", ctypes.c_uint), ("big", ctypes.c_ulong), ("name", ctypes.c_char * 16),
        ("low", ctypes.c_ushort, 3), ("high", ctypes.c_ushort, 7),
        ("signed_low", ctypes.c_int, 5), ("signed_high", ctypes.c_int, 20),
        ("short", ctypes.c_short), ("points", _Point * 3), ("grid", ctypes.c_int * 6),
        ("word", ctypes.c_uint), ("next", ctypes.c_void_p), ("argv", ctypes.c_void_p),
        ("color", ctypes.c_int), ("flag", ctypes.c_bool), ("tiny", ctypes.c_byte * 3),
    )  # fmt: skip


def records(token: str) -> None:
    """Writes one struct, which points to another and to strings, to /dev/null."""
    words = [ctypes.create_string_buffer(word) for word in (b"first", b"second word", b"")]
    argv = (ctypes.c_void_p * 4)(*map(ctypes.addressof, words), None)
    other = _Record(magic=2, big=77, name=b"other", color=7)
    points = (_Point * 3)(_Point(1, -1), _Point(-2, 200), _Point(1 << 30, 32767))
    record = _Record(
        magic=0xDEADBEEF, big=123456789012, name=b"a name", low=5, high=99, signed_low=-7,
        signed_high=-300000, short=-3, points=points, grid=(0, 10, 20, -30, 40, 50),
        word=0x64636261, next=ctypes.addressof(other), argv=ctypes.addressof(argv), color=2,
        flag=True, tiny=(1, -2, 3),
    )  # fmt: skip
    target = os.open("/dev/null", os.O_WRONLY)
    _LIBC.write(target, ctypes.byref(record), ctypes.sizeof(record))
    os.close(target)


def connects(token: str) -> None:
    """Asks for connections to nobody, of both families: a UDP socket only notes the address."""
    for family, address in ((socket.AF_INET, "127.0.0.9"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as plug:
            plug.connect((address, 4660))


def signals(token: str) -> None:
    """Signals to itself that are ignored, and one that is refused."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    for number in (0, signal.SIGUSR1, signal.SIGUSR1, 65):
        _LIBC.kill(os.getpid(), number)


def child(token: str) -> None:
    """A child that ends at once with status 3."""
    pid = os.fork()
    if pid == 0:
        os._exit(3)
    os.waitpid(pid, 0)


def execs(token: str) -> None:
    """A child that becomes another program."""
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/true", ["true", "first argument", ""])
    os.waitpid(pid, 0)


_JOBS: dict[str, Callable[[str], None]] = {
    job.__name__: job
    for job in (idle, dups, parent, files, writes, records, connects, signals, child, execs)
}


def main(job: str, token: str) -> int:
    # Whatever is looked up for the first time must not be looked up under the job's name.
    run = _JOBS[job]
    _LIBC.prctl(_PR_SET_NAME, b"w" + token.encode())
    run(token)
    _LIBC.prctl(_PR_SET_NAME, b"done")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
