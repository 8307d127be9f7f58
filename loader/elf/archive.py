"""Where an ELF file lies in a ZIP archive, which is mapped as it is: `app.apk!/lib/x.so`."""

from __future__ import annotations

import os

from aotrace.loader.elf.file import ElfError, ElfFile, open_elf

_MARK = "!/"  # runtime/binaries.py has it as well, for what it finds
_HEADER = 30  # bytes of a local header before the name
_PAGE = 4096


def open_binary(path: str) -> ElfFile:
    """An ELF file by its path, which may lead into an archive. Raises ElfError, OSError."""
    archive, mark, member = path.partition(_MARK)
    if not mark or not os.path.isfile(archive):
        return open_elf(path)
    return open_elf(archive, _start(archive, member))


def _start(archive: str, member: str) -> int:
    """The offset of a member's contents, which must be stored uncompressed."""
    import zipfile

    try:
        with zipfile.ZipFile(archive) as file:
            info = file.getinfo(member)
    except KeyError:
        raise ElfError(f"{archive} has no {member}") from None
    except zipfile.BadZipFile:
        raise ElfError(f"{archive} is no ZIP archive") from None
    if info.compress_type != zipfile.ZIP_STORED:
        raise ElfError(f"{member} is compressed in {archive}: it cannot be mapped from there")
    with open(archive, "rb") as raw:
        raw.seek(info.header_offset)
        head = raw.read(_HEADER)
    name, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    start = info.header_offset + _HEADER + name + extra
    if start % _PAGE:
        raise ElfError(f"{member} does not begin at a page of {archive}: it cannot be mapped")
    return start
