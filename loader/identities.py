"""Users and cgroups of this machine, by number."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSWD = "/etc/passwd"
_MOUNTS = "/proc/mounts"


class Users:
    """The names of the password file, which is read once."""

    def __init__(self) -> None:
        self._names: dict[str, str] | None = None

    def name(self, uid: int) -> str:
        if self._names is None:
            self._names = dict(_users())
        return self._names.get(str(uid), "")


def _users() -> Iterator[tuple[str, str]]:
    """(number, name) of each user; the first of a number counts, so they come backwards."""
    try:
        with open(_PASSWD, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in reversed(lines):
        fields = line.split(":")
        if len(fields) >= 3:
            yield fields[2], fields[0]


class Cgroups:
    """Where cgroups are in the hierarchies that are mounted; what was found is looked at again."""

    def __init__(self) -> None:
        self._roots: list[tuple[str, str]] | None = None
        self._known: dict[tuple[int, str], str] = {}

    def paths(self, cgroup: int, pattern: str) -> str:
        from fnmatch import fnmatchcase

        if self._roots is None:
            self._roots = list(_roots())
        shown = (
            (name, self._path(cgroup, root))
            for name, root in self._roots
            if fnmatchcase(name, pattern)
        )
        return ",".join(f"{name}:{path}" for name, path in shown if path)

    def _path(self, cgroup: int, root: str) -> str:
        known = self._known.get((cgroup, root))
        if known is None or _number(root + known) != cgroup:
            known = self._known[cgroup, root] = _search(cgroup, root)
        return known


def _roots() -> list[tuple[str, str]]:
    """(name, mount point): the unified hierarchy first, then the others by name."""
    unified, others = [], []
    with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            _, point, kind = line.split(" ")[:3]
            if kind == "cgroup2":
                unified.append(("unified", point))
            elif kind == "cgroup":
                others.append((os.path.basename(point), point))
    return unified + sorted(others)


def _search(cgroup: int, root: str) -> str:
    """The folder of that inode below a mount point; "" if there is none."""
    if _number(root) == cgroup:
        return "/"
    for folder, names, _ in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if _number(path) == cgroup:
                return path[len(root) :]
    return ""


def _number(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def cgroup_id(path: str) -> int:
    """The id of the cgroup at a path. Raises OSError."""
    found = os.stat(path)
    os.stat(os.path.join(path, "cgroup.procs"))  # each cgroup has it
    return found.st_ino
