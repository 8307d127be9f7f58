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
    """By a build id in hexadecimal, and by the name in .gnu_debuglink, where a file has them."""
    if build_id:
        for root in folders:
            yield f"{root}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    name = os.fsdecode(link.split(b"\0")[0])
    if name:
        folder = os.path.dirname(os.path.realpath(path))
        yield from (f"{folder}/{name}", f"{folder}/.debug/{name}")
        for root in folders:
            yield f"{root}{folder}/{name}"
