"""Symbols of traced files, as the compiler asks the loader for them: `symbol:SIZE:SYMBOL:BINARY`.

SIZE is what the compiler found the symbol to have. The setting's value is the address that the file
gives the symbol. A process may have the file anywhere: how far from there, the program knows by the
place that it is attached to (runtime/members.py, PLACES).
"""

from __future__ import annotations

SUBJECT = "symbol"


def setting(size: int, symbol: str, binary: str) -> str:
    return f"{SUBJECT}:{size}:{symbol}:{binary}"


def parts(name: str) -> tuple[int, str, str]:
    """(size, symbol, binary) of what stands behind the subject."""
    size, symbol, binary = name.split(":", 2)
    return int(size), symbol, binary
