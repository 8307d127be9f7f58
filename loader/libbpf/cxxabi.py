"""__cxa_demangle of libstdc++ (Itanium C++ ABI, "Demangler API")."""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARIES = ("libstdc++.so.6", "libc++abi.so.1")


def open_demangler() -> Callable[[str], str] | None:
    """What demangles a name, or gives it back; None where there is no such library."""
    for library in _LIBRARIES:
        try:
            found = ctypes.CDLL(library).__cxa_demangle
        except (OSError, AttributeError):
            continue
        return _demangler(found)
    return None


def _demangler(demangle: ctypes._NamedFuncPointer) -> Callable[[str], str]:
    demangle.restype = ctypes.c_void_p
    demangle.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]

    def shown(name: str) -> str:
        made = demangle(name.encode("utf-8", "surrogateescape"), None, None, None)
        if not made:
            return name
        text = ctypes.string_at(made).decode("utf-8", "surrogateescape")
        free(made)
        return text

    return shown
