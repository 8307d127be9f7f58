"""Which file a script means by `/bin/bash`, `bash`, `libc` or `app.apk!/lib/x.so`.

The compiler asks for what it can read types from, the loader for what it attaches to. `root` stands
before every path: "" or /proc/PID/root, for a process that sees other files.
"""

from __future__ import annotations

import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE = "!/"  # between a ZIP archive and what is in it
WILD = "*?["
_CACHE = "/etc/ld.so.cache"
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_CACHE_HEADER, _CACHE_ENTRY = 48, struct.Struct("<iIIIQ")
#: flags of a 64-bit library in ld.so's cache, by machine (glibc: sysdeps/generic/ldconfig.h)
_CACHE_FLAGS = {"x86_64": 0x0303, "aarch64": 0x0A03}
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(binary: str, root: str = "", search: str | None = None) -> str:
    """The path of what a script calls `binary`; "" where nothing is found.

    A name without a slash is a library of ld.so's cache if it begins with `lib`, a file of the
    current folder, or a program of the folders in `search` ($PATH, if that is not given).
    """
    if "/" in binary:
        archive = binary.partition(ARCHIVE)[0]
        return root + binary if os.path.isfile(root + archive) else ""
    if binary.startswith("lib"):
        library = find_library(binary, root)
        if library:
            return root + library
    return next((path for path in _candidates(binary, root, search) if os.path.isfile(path)), "")


def expand(pattern: str, root: str = "", search: str | None = None) -> list[str]:
    """The files that a path or name with wildcards stands for, in order."""
    import glob

    if "/" in pattern:
        found = glob.glob(_escaped(root) + pattern)
    else:
        found = [
            path
            for folder in _folders(root, search)
            for path in glob.glob(f"{_escaped(folder)}{pattern}")
        ]
    return sorted({path for path in found if os.path.isfile(path)})


def find_library(name: str, root: str = "") -> str:
    """The path that ld.so knows a library by: `libc`, `libssl.so.3`. It counts from `root`."""
    try:
        with open(f"{root}{_CACHE}", "rb") as file:
            cache = file.read()
    except OSError:
        return ""
    known = list(_libraries(cache, _CACHE_FLAGS.get(os.uname().machine, 0)))
    for fits in (name.__eq__, lambda known: known.startswith(f"{name}.so")):
        for library, path in known:
            if fits(library):
                return path
    return ""


def digest(path: str) -> str:
    """What tells builds of a file apart that the linker gave no id."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _libraries(cache: bytes, flags: int) -> Iterator[tuple[str, str]]:
    """(name, path) of each library of one kind in ld.so's cache."""
    start = cache.find(_CACHE_MAGIC)
    if start < 0:
        return
    count = int.from_bytes(cache[start + 20 : start + 24], "little")
    for index in range(count):
        at = start + _CACHE_HEADER + index * _CACHE_ENTRY.size
        if at + _CACHE_ENTRY.size > len(cache):
            return
        found, name, path, _, _ = _CACHE_ENTRY.unpack_from(cache, at)
        if found == flags:
            yield _text(cache, start + name), _text(cache, start + path)


def _text(data: bytes, at: int) -> str:
    return os.fsdecode(data[at : data.find(b"\0", at)])


def _candidates(name: str, root: str, search: str | None) -> Iterator[str]:
    return (folder + name for folder in _folders(root, search))


def _folders(root: str, search: str | None) -> Iterator[str]:
    """Where programs are looked for, each ending in a slash or empty."""
    if not root:
        yield ""
    paths = os.environ.get("PATH", _DEFAULT_PATH) if search is None else search
    yield from (f"{root}{folder}/" for folder in paths.split(":") if folder)


def _escaped(path: str) -> str:
    import glob

    return glob.escape(path)
