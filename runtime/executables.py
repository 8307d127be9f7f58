"""Symbols of executables, as the compiler asks the loader for them: `uaddr:SIZE:SYMBOL:BINARY`.

SIZE is what the compiler found the symbol to have. The setting's value is counted from where the
executable's code ends in memory (mm_struct.end_code), since that may lie anywhere: it is the same
for every process.
"""

from __future__ import annotations

SUBJECT = "uaddr"
PIE = 0x08000000  # DF_1_PIE, in DT_FLAGS_1
#: what is said of another file, and what to do
NO_EXECUTABLE = (
    "is not an executable",
    "a library lies elsewhere in each process: uaddr() is for executables alone",
)


def setting(size: int, symbol: str, binary: str) -> str:
    return f"{SUBJECT}:{size}:{symbol}:{binary}"


def parts(name: str) -> tuple[int, str, str]:
    """(size, symbol, binary) of what stands behind the subject."""
    size, symbol, binary = name.split(":", 2)
    return int(size), symbol, binary
