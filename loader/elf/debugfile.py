"""What a stripped ELF file keeps elsewhere: .gnu_debugdata, and debug files by build id or link."""

from __future__ import annotations

import os

from aotrace.loader.elf.file import ElfError, ElfFile, open_elf
from aotrace.runtime.debugfiles import candidates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def extras(elf: ElfFile) -> Iterator[ElfFile]:
    """The debug file of a file, if it is here; else what lies compressed in the file itself."""
    path = find(elf)
    if path:
        yield open_elf(path)
        return
    packed = elf.section(".gnu_debugdata")
    if packed:
        yield from _unpacked(elf, elf.data(packed))


def find(elf: ElfFile) -> str:
    """The path of a file's debug file; "" if there is none."""
    return next((path for path in _candidates(elf) if _fits(path, elf)), "")


def _candidates(elf: ElfFile) -> Iterator[str]:
    link = elf.section(".gnu_debuglink")
    return candidates(elf.path, elf.build_id or "", elf.data(link) if link else b"")


def _fits(path: str, elf: ElfFile) -> bool:
    """Whether a file is there and is of the same build."""
    if not os.path.isfile(path) or os.path.realpath(path) == os.path.realpath(elf.path):
        return False
    try:
        with open_elf(path) as found:
            return found.build_id == elf.build_id
    except (ElfError, OSError):
        return False


def _unpacked(elf: ElfFile, packed: bytes) -> Iterator[ElfFile]:
    import lzma

    try:
        yield ElfFile(elf.path, lzma.decompress(packed))
    except (lzma.LZMAError, ElfError):
        raise elf.damaged() from None
