"""iter: a BPF iterator, read once when everything is attached; or pinned, for others to read.

Target: name, pin (a path, below /sys/fs/bpf if it is relative; null: read here).
"""

from __future__ import annotations

import errno
import os

from aotrace.loader.attach.mechanism import Mechanism, Walk
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program

_BPFFS = "/sys/fs/bpf/"
# The kernel ends a read when it has so many bytes; its own buffer is several times larger. So no
# element is given up half-way and begun anew, which would count it twice in the script's maps.
_READ = 8192


# Which way an iterator goes that must be told: parents before their children, from the root on.
_ORDERS = {"cgroup": 2}  # BPF_CGROUP_ITER_DESCENDANTS_PRE
_NEEDS_MAP = (errno.EINVAL, errno.EBADF)


class Iteration(Walk):
    """An iterator that is read here."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def chunks(self) -> Iterator[bytes]:
        fd = self._link.open_iterator()
        try:
            while True:
                try:
                    chunk = os.read(fd, _READ)
                except OSError as error:
                    if error.errno == errno.EAGAIN:  # a million elements without a word
                        continue
                    raise BpfError("read", error.errno or 0) from None
                if not chunk:
                    return
                yield chunk
        finally:
            os.close(fd)

    def close(self) -> None:
        self._link.close()


class Pinned(Walk):
    """An iterator that whoever reads its file runs."""

    def __init__(self, link: Link, path: str) -> None:
        self._link = link
        self.notice = f"Program pinned to {path}"

    def close(self) -> None:
        self._link.close()


def attach(program: Program, target: Target, scope: Scope) -> Walk:
    link = program.attach_iterator(_ORDERS.get(target["name"], 0))
    path = pin_path(target)
    if not path:
        return Iteration(link)
    try:
        link.pin(path)
    except BpfError:
        link.close()
        raise
    return Pinned(link, path)


def pin_path(target: Target) -> str:
    """Where it is pinned; empty: nowhere."""
    pin = target.get("pin") or ""
    return pin if pin.startswith("/") or not pin else _BPFFS + pin


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    name, path = target["name"], pin_path(target)
    if "pin" in error.function:
        if error.errno == errno.EEXIST:
            return f"cannot pin to {path}: there is such a file already", f"remove it: rm {path}"
        hint = f"a pin lies on a BPF file system: mount -t bpf bpf {_BPFFS.rstrip('/')}"
        return f"cannot pin to {path}: {error}", hint
    if error.errno in _NEEDS_MAP and "map" in name:
        return f"iterator {name} walks over the elements of one map, which a script cannot name", ""
    return f"iterator {name}: {error}", ""


MECHANISM = Mechanism(attach, explain, thing="iterator")
