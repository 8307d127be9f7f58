"""Where the debug file of an ELF file may lie; places and names are gdb's ("Separate Debug Files").

The folders are those of this run of a program: --debuginfo puts its own before the usual one.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

folders = ["/usr/lib/debug"]


def search(listed: str) -> None:
    """Search these folders first: DIR[:DIR]."""
    folders[:0] = [folder for folder in listed.split(":") if folder]


def candidates(path: str, build_id: str, link: bytes) -> Iterator[str]:
    """By a build id in hexadecimal, and by a name: that in .gnu_debuglink, else the file's own.

    A folder that is given relatively may also be one beside the file.
    """
    if build_id:
        for root in folders:
            yield f"{root}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    folder, own = os.path.split(os.path.realpath(path))
    name = os.fsdecode(link.split(b"\0")[0])
    if not name and build_id:  # by which one can tell whether it is the right file
        name = f"{own}.debug"
    if name:
        yield from (f"{folder}/{name}", f"{folder}/.debug/{name}")
        for root in folders:
            yield from (f"{root}{folder}/{name}", f"{root}/{name}")
            if not os.path.isabs(root):
                yield f"{folder}/{root}/{name}"
